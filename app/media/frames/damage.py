"""What else is lost where one picture of a group is damaged.

Decoders go on with whatever they have, so that the pictures made from a damaged one come out with
wrong content and nothing to tell. Here a group is decoded once on one thread, where each packet's
failure is known at once, and all that depends on it is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from av.packet import Packet
from av.video.stream import VideoStream

from app.media.frames.frame_index import FrameIndex
from app.media.frames.reading import Packets, Reading, decoded
from app.media.frames.source import ByteSource

_MPEG = {"mpeg1video", "mpeg2video"}
_SLICES_H264 = range(1, 6)
_SLICES_HEVC = range(32)
_NO_REFERENCES_HEVC = range(0, 15, 2)


@dataclass(slots=True)
class _Fed:
    """One packet, in the order of decoding."""

    number: int | None
    key: bool
    alone: bool
    """Whether no other picture is made from it."""
    failed: bool = False


def damaged_frames(
    source: ByteSource,
    index: FrameIndex,
    row: int,
    *,
    track: int = 0,
    checkpoint: Callable[[], object] = lambda: None,
) -> set[int]:
    """The frames from the key frame in *row* to the next one that are damaged, or made from such.

    Those that are shown before the next key frame and stored behind it belong to them.
    *checkpoint* is called after each packet and may raise to give up. Raises MediaFault.
    """
    reading = Reading(source, index, track, threads=1)
    begins = int(index.key_frames[row]) if row >= 0 else index.lost_at_head
    suspect = frozenset(index.suspect.tolist())
    came: set[int | None] = set()
    fed: list[_Fed] = []
    try:
        for packet in _group(reading.begin(row), index):
            number = None if packet.is_discard else index.number_of(packet.pts)
            if number is not None and number < begins:
                continue  # made from what lies before this group, and looked at with that
            made = decoded(reading.stream, packet)
            came.update(index.number_of(frame.pts) for frame in made.frames)
            torn = number in suspect
            alone = not torn and stands_alone(packet, reading.stream)
            fed.append(_Fed(number, packet.is_keyframe, alone, torn or made.failed))
            checkpoint()
        last = decoded(reading.stream, None)
        came.update(index.number_of(frame.pts) for frame in last.frames)
    finally:
        reading.close()
    if reading.stream.codec_context.name == "h264":
        fed = _from_recovery(fed, came)
    return set(_lost(fed, came))


def _group(packets: Packets, index: FrameIndex) -> Packets:
    """Up to the next key frame, with what follows that and is shown before it."""
    ends: int | None = None
    for n, packet in enumerate(packets):
        number = index.number_of(packet.pts)
        if n and packet.is_keyframe and not packet.is_discard:
            if ends is not None:
                return
            ends = number
        elif ends is not None and number is not None and number > ends:
            return
        yield packet


def _from_recovery(fed: list[_Fed], came: set[int | None]) -> list[_Fed]:
    """Without what H.264 holds back until a picture is refreshed bit by bit: that isn't damaged."""
    for n, one in enumerate(fed):
        if one.failed or one.number in came:
            return fed[n:]
    return []


def _lost(fed: Iterable[_Fed], came: set[int | None]) -> Iterator[int]:
    # Whether what the key frame before the last led to is spoilt, and what the last one leads to.
    before = behind = False
    for n, one in enumerate(fed):
        if one.key and n:
            before, behind = behind, False
        spoilt = behind or (before and not one.key)
        failed = one.failed or (one.number is not None and one.number not in came)
        if one.number is not None and (failed or spoilt):
            yield one.number
        if failed and not one.alone:
            behind = True


def stands_alone(packet: Packet[VideoStream], stream: VideoStream) -> bool:
    """Whether surely no other picture is made from this one, by what its first slice says."""
    name = stream.codec_context.name
    data = memoryview(packet)
    if name in _MPEG:
        at = bytes(data[:4096]).find(b"\0\0\1\0")
        return 0 <= at < len(data) - 5 and data[at + 5] >> 3 & 7 == 3
    if name not in {"h264", "hevc"}:
        return False
    head = bytes(stream.codec_context.extradata or b"")
    for unit in _units(data, head, 4 if name == "h264" else 21):
        if name == "h264" and unit & 31 in _SLICES_H264:
            return unit >> 5 & 3 == 0
        if name == "hevc" and unit >> 1 & 63 in _SLICES_HEVC:
            return unit >> 1 & 63 in _NO_REFERENCES_HEVC
    return False


def _units(data: memoryview, head: bytes, at_length: int) -> Iterator[int]:
    """The first byte of each unit, whether they follow marks or have their lengths before them."""
    if head[:1] == b"\1" and len(head) > at_length:
        size, at = (head[at_length] & 3) + 1, 0
        while at + size < len(data):
            yield data[at + size]
            at += size + int.from_bytes(data[at : at + size], "big")
        return
    text, at = bytes(data), -1
    while 0 <= (at := text.find(b"\0\0\1", at + 1)) < len(text) - 3:
        yield text[at + 3]
