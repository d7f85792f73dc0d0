"""Files that end before their picture does: what shows it, and how many frames are behind the end.

Headers speak of the whole clip, wherever the file was cut.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import BinaryIO, NamedTuple

import av
from av.container import InputContainer
from av.stream import Discard

from app.media.facts.opened import opened
from app.media.facts.packets import packets_of
from app.media.facts.picture_track import picture_streams
from app.media.facts.values import VideoTrack, cut_off_words

_LONG = 6.0
"""Seconds for counting what there is; what takes longer is worked out of what was read."""
_PATIENCE = 6.0
"""Seconds for each step of reading."""
_PARTITION = bytes.fromhex("060e2b34020501010d01020101")
"""With which the key of an MXF partition begins; headers are of kind 2."""
_RUN_IN = 1 << 16
_FOOTER = 24
"""Where a partition says at which byte the footer is, behind its own length."""
_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"
_HEAD = 4096


class Lost(NamedTuple):
    """Frames of a clip that its file does not hold."""

    frames: int
    of: int
    counted: bool = True
    """Whether those that are there were counted."""
    told: bool = True
    """Whether the file tells how many there should be."""

    def words(self, name: str) -> str:
        """One sentence for the file *name*."""
        words = cut_off_words(self.frames, self.of, counted=self.counted, told=self.told)
        return f"{name} {words}"


def lost_frames(path: Path, container: InputContainer, track: VideoTrack) -> Lost | None:
    """What lies behind the end of the file, of its first picture *track*; None for a whole one.

    Raises OSError.
    """
    size = path.stat().st_size
    stream = picture_streams(container)[0]
    if entries := [entry for entry in stream.index_entries if not entry.is_discard]:
        beyond = sum(1 for entry in entries if entry.pos + entry.size > size)
        if beyond:
            return Lost(beyond, max(track.frames, len(entries)))
    end = _told_end(path, container.format.name)
    if end <= size or not track.frames:
        return None
    there, read = _counted(path)
    if read is None:
        return Lost(max(0, track.frames - there), track.frames, told=track.counted)
    there = min(track.frames, there * size // max(1, read))
    return Lost(track.frames - there, track.frames, counted=False, told=track.counted)


def _told_end(path: Path, kind: str) -> int:
    """The byte up to which a header says that its file goes; 0 where it says nothing."""
    with path.open("rb") as file:
        if kind == "mxf":
            return _footer(file)
        return _segment(file) if "matroska" in kind else 0


def _footer(file: BinaryIO) -> int:
    head = file.read(_RUN_IN + _HEAD)
    at = head.find(_PARTITION)
    if at < 0 or at + 20 > len(head):
        return 0
    long = head[at + 16]
    at += 17 + (long & 0x7F if long & 0x80 else 0) + _FOOTER
    return int.from_bytes(head[at : at + 8], "big")


def _segment(file: BinaryIO) -> int:
    head = file.read(_HEAD)
    at = head.find(_SEGMENT)
    if not head.startswith(_EBML) or at < 0 or at + 12 > len(head):
        return 0
    at += len(_SEGMENT)
    width = 9 - head[at].bit_length()
    size = int.from_bytes(head[at : at + width], "big") & ((1 << 7 * width) - 1)
    unknown = size == (1 << 7 * width) - 1
    return 0 if unknown or width > 8 else at + width + size


def _counted(path: Path) -> tuple[int, int | None]:
    """Frames that are there, and the byte up to which was read; None for the end of the file."""
    until = time.monotonic() + _LONG
    count = at = 0
    with (
        contextlib.suppress(av.FFmpegError),
        opened(path, timeout=_PATIENCE) as container,
    ):
        stream = picture_streams(container)[0]
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all
        for packet in packets_of(container, stream):
            count += 1
            at = max(at, packet.pos or 0)
            if time.monotonic() > until:
                return count, at
    return count, None
