"""Makes the frame index of a clip.

From the container's own table where each frame stands for itself, whatever the size; else in one
pass over its packets, without decoding; and where the file's times are unusable, by decoding once.
"""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from app.errors import MediaFault
from app.media.frame_index import FrameIndex, Numbers, Stamps, Way
from app.media.opened import OpenClip
from app.media.source import ByteSource
from app.timecode import frame_rate

__all__ = ["FrameIndex", "build_index"]

Flags = NDArray[np.bool_]
Checkpoint = Callable[[], object]
Progress = Callable[[float], object]

_OFTEN = 256
"""Packets between two looks at whether somebody still wants the index."""
_TRIAL = 12
"""Pictures that are decoded to see whether they come as the times say."""
_BY_BYTES = {"mpegts", "h264", "hevc", "mpegvideo", "m4v"}
"""Containers without a table, in which only the byte leads to a key frame for sure."""
_FROM_THE_START = {"mpeg"}
"""Where what a search finds has the times of its neighbours."""


def build_index(
    source: ByteSource,
    *,
    track: int = 0,
    checkpoint: Checkpoint | None = None,
    progress: Progress | None = None,
) -> FrameIndex:
    """The index of a picture track of *source*.

    *checkpoint* is called often and may raise to give up; *progress* is told from 0 to 1. Raises
    MediaFault for what is no clip or holds no frame, BadInput for a track that isn't there.
    """
    build = _Build(source, track, checkpoint or _nothing, progress or _nothing)
    try:
        index = build.from_table() or build.from_packets()
    except av.FFmpegError as error:
        raise MediaFault(f"{source.name} cannot be read: {error.strerror}.") from error
    if not index.frames:
        raise MediaFault(f"{source.name} holds no picture that could be shown.")
    return index


def _nothing(*_: object) -> None:
    """Nobody asked."""


@dataclass(slots=True)
class _Rows:
    """What the packets say, in the order of the file."""

    pts: array[int] = field(default_factory=lambda: array("q"))
    dts: array[int] = field(default_factory=lambda: array("q"))
    byte: array[int] = field(default_factory=lambda: array("q"))
    key: bytearray = field(default_factory=bytearray)
    hidden: bytearray = field(default_factory=bytearray)
    torn: array[int] = field(default_factory=lambda: array("q"))
    """Numbers of packets that the container says are incomplete."""

    def add(self, packet: Packet[VideoStream]) -> None:
        self.pts.append(_UNKNOWN if packet.pts is None else packet.pts)
        self.dts.append(_UNKNOWN if packet.dts is None else packet.dts)
        self.byte.append(-1 if packet.pos is None else packet.pos)
        self.key.append(packet.is_keyframe)
        self.hidden.append(packet.is_discard)
        if packet.is_corrupt:
            self.torn.append(len(self.pts) - 1)


_UNKNOWN = -(1 << 63)
_NOBODY = np.int64(1 << 62)


@dataclass(frozen=True, slots=True)
class _Build:
    """One index in the making."""

    source: ByteSource
    track: int
    checkpoint: Checkpoint
    progress: Progress

    # Each frame stands for itself

    def from_table(self) -> FrameIndex | None:
        """From what the container's header says, proven by its last frame; None: it won't do."""
        with OpenClip(self.source, self.track) as clip:
            found = _stamps_of_table(clip) or _stamps_of_edit_units(clip)
            if found is None:
                return None
            stamps, missing = found
            if not len(stamps) or not _ends_with(clip, int(stamps[-1])):
                return None
            rate, steady = _rate(clip, stamps)
            count = np.arange(len(stamps), dtype=np.int64)
            return FrameIndex(
                pts=stamps,
                time_base=Fraction(clip.stream.time_base or 1),
                rate=rate,
                steady=steady,
                intra=True,
                key_frames=count,
                key_stamps=stamps,
                key_places=stamps,
                missing_at_end=missing,
            )

    # One pass over the packets

    def from_packets(self) -> FrameIndex:
        """From one pass over all packets."""
        with OpenClip(self.source, self.track) as clip:
            rows = _Rows()
            for packet in self._passing(clip):
                rows.add(packet)
            return _from_rows(clip, rows) or self._counted(rows)

    def _passing(self, clip: OpenClip) -> Iterator[Packet[VideoStream]]:
        """All packets; a file that is cut off or damaged ends where it does."""
        size = max(self.source.size, 1)
        with contextlib.suppress(av.FFmpegError):
            for n, packet in enumerate(clip.packets()):
                if n % _OFTEN == 0:
                    self.checkpoint()
                    self.progress(min((packet.pos or 0) / size, 1.0))
                yield packet
        self.progress(1.0)

    # Times that are unusable

    def _counted(self, rows: _Rows) -> FrameIndex:
        """By decoding everything once: each picture tells which packet it came from."""
        with OpenClip(self.source, self.track) as clip:
            way, places = _way(clip, rows)
            order = array("q")
            if clip.intra_codec:
                order.extend(n for n, hidden in enumerate(rows.hidden) if not hidden)
            else:
                order.extend(self._decoded_order(clip))
            rate = _rate_of_packets(clip, rows)
        packets = np.array(order, dtype=np.int64)
        keys = np.flatnonzero(np.frombuffer(bytes(rows.key), dtype=np.uint8)).astype(np.int64)
        numbers = {int(packet): n for n, packet in enumerate(packets)}
        shown = [(numbers[int(key)], int(key)) for key in keys if int(key) in numbers]
        shown.sort()
        return FrameIndex(
            pts=np.arange(len(packets), dtype=np.int64),
            time_base=1 / rate,
            rate=rate,
            steady=True,
            intra=len(shown) == len(packets),
            stamped_by=Stamps.ORDER,
            packet_of=packets,
            key_frames=np.array([number for number, _ in shown], dtype=np.int64),
            key_stamps=np.array([key for _, key in shown], dtype=np.int64),
            key_places=places[[key for _, key in shown]],
            way=way,
        )

    def _decoded_order(self, clip: OpenClip) -> Iterator[int]:
        clip.stream.thread_type = "AUTO"
        for n, packet in enumerate(self._passing(clip)):
            packet.pts = n
            yield from _pictures(packet)
        with contextlib.suppress(av.FFmpegError):
            for frame in clip.stream.codec_context.decode(None):
                if frame.pts is not None:
                    yield frame.pts


def _pictures(packet: Packet[VideoStream]) -> list[int]:
    """The stamps of the pictures that come out; none for a damaged packet."""
    try:
        return [frame.pts for frame in packet.decode() if frame.pts is not None]
    except av.FFmpegError:
        return []


# From the container's header


def _stamps_of_table(clip: OpenClip) -> tuple[Numbers, int] | None:
    """Of MOV, MP4 and AVI whose table says that every frame is a key frame."""
    if "mov" not in clip.kind and clip.kind != "avi":
        return None
    entries = [
        (entry.timestamp, entry.pos + entry.size)
        for entry in clip.stream.index_entries
        if not entry.is_discard
    ]
    if not entries or not all(entry.is_keyframe for entry in clip.stream.index_entries):
        return None
    if clip.stream.frames and clip.stream.frames > len(clip.stream.index_entries):
        return None
    first = next(clip.packets(), None)
    if first is None or first.pts is None or first.pts != first.dts:
        return None
    size = clip.source.size
    there = [stamp for stamp, end in entries if end <= size]
    stamps = np.array(there, dtype=np.int64)
    if len(stamps) > 1 and np.any(np.diff(stamps) <= 0):
        return None
    return stamps, len(entries) - len(there)


def _stamps_of_edit_units(clip: OpenClip) -> tuple[Numbers, int] | None:
    """Of MXF with an intra codec: frame N is edit unit N."""
    if clip.kind != "mxf" or not clip.intra_codec or not clip.stream.duration:
        return None
    count = clip.stream.duration
    for n in (0, count // 2):
        with contextlib.suppress(av.FFmpegError):
            clip.container.seek(n, stream=clip.stream)
            packet = next(clip.packets(), None)
            if packet is None or packet.pts != n or packet.is_discard:
                return None
    return np.arange(count, dtype=np.int64), 0


def _ends_with(clip: OpenClip, last: int) -> bool:
    """Whether *last* is there and nothing comes after it."""
    seen = []
    try:
        clip.container.seek(last, stream=clip.stream)
        for packet in clip.packets():
            seen.append(packet.pts)
            if len(seen) > _OFTEN:
                return False
    except av.FFmpegError:
        pass  # a file that is cut off within the next frame ends with this one
    return last in seen and all(stamp is not None and stamp <= last for stamp in seen)


# From the packets


def _from_rows(clip: OpenClip, rows: _Rows) -> FrameIndex | None:
    """The index, or None where the times can't be relied on."""
    pts = np.frombuffer(rows.pts, dtype=np.int64)
    hidden = np.frombuffer(bytes(rows.hidden), dtype=np.uint8).astype(bool)
    key = np.frombuffer(bytes(rows.key), dtype=np.uint8).astype(bool)
    if not len(pts) or not key.any() or not _usable(pts, key, hidden):
        return None
    shown = np.sort(pts[~hidden])
    if rows.torn:
        shown = _with_holes(clip, shown)
    leads_to = _keys(key, hidden, np.searchsorted(shown, pts).astype(np.int64))
    packets = np.flatnonzero(key)[leads_to < len(shown)]
    leads_to = leads_to[leads_to < len(shown)]
    order = np.argsort(leads_to, kind="stable")
    packets = packets[order]
    way, places = _way(clip, rows)
    lost = 0
    if not clip.intra_codec:
        found = _trial(clip, shown)
        if found is None:
            return None
        lost = found
    rate, steady = _rate(clip, shown)
    return FrameIndex(
        pts=shown,
        time_base=Fraction(clip.stream.time_base or 1),
        rate=rate,
        steady=steady,
        intra=bool(key[~hidden].all()),
        way=way,
        key_frames=leads_to[order],
        key_stamps=pts[packets],
        key_places=places[packets],
        suspect=np.searchsorted(shown, np.sort(pts[_torn(rows)])).astype(np.int64),
        lost_at_head=lost,
        missing_at_end=max(_promised(clip) - len(pts), 0),
    )


def _torn(rows: _Rows) -> Numbers:
    """The packets that are incomplete: FFmpeg says so with the one that it had just finished."""
    torn = np.frombuffer(rows.torn, dtype=np.int64)
    both = np.union1d(torn, torn + 1)
    return both[both < len(rows.pts)]


def _with_holes(clip: OpenClip, shown: Numbers) -> Numbers:
    """With a time for each frame that was lost on the way: it is missing, it was not left out."""
    step = round(1 / (_said_rate(clip) * Fraction(clip.stream.time_base or 1)))
    ways = np.diff(shown)
    missed = np.rint(ways / max(step, 1)).astype(np.int64) - 1
    if step < 2 or np.any(missed < 0) or np.any(np.abs(ways - (missed + 1) * step) > missed + 2):
        return shown
    filled = [shown[:1]]
    filled += [
        after - step * np.arange(count, -1, -1)
        for after, count in zip(shown[1:], missed, strict=True)
    ]
    return np.concatenate(filled)


def _usable(pts: Numbers, key: Flags, hidden: Flags) -> bool:
    """Whether each frame has a time of its own, and groups follow each other as their times do."""
    shown = pts[~hidden]
    if (pts == _UNKNOWN).any() or len(np.unique(shown)) != len(shown):
        return False
    visible = key & ~hidden
    if np.any(np.diff(pts[visible]) <= 0):
        return False
    # What follows a key frame may be shown before it, but not before the key frame before that.
    group = np.cumsum(visible)
    floor_of = np.concatenate(([_UNKNOWN, _UNKNOWN], pts[visible]))[group]
    return bool(np.all((pts >= floor_of)[~hidden]))


def _keys(key: Flags, hidden: Flags, numbers: Numbers) -> Numbers:
    """The number that each key packet leads to; *numbers* are those of all packets.

    A hidden one is there for the frames of its own group, and for those of the next group that are
    shown before that begins.
    """
    begins = np.flatnonzero(key)
    shown = np.where(hidden, _NOBODY, numbers)
    least = np.minimum.reduceat(shown, begins)
    next_least = np.append(least[1:], _NOBODY)
    reach = np.minimum(least, next_least)
    reach = np.minimum.accumulate(reach[::-1])[::-1]
    return np.where(hidden[begins], reach, numbers[begins])


def _way(clip: OpenClip, rows: _Rows) -> tuple[Way, Numbers]:
    """What leads to a packet, and where that is for each of them."""
    byte = np.frombuffer(rows.byte, dtype=np.int64)
    pts = np.frombuffer(rows.pts, dtype=np.int64)
    key = np.frombuffer(bytes(rows.key), dtype=np.uint8).astype(bool)
    if clip.kind in _BY_BYTES and np.all(np.diff(byte[key]) > 0):
        return Way.BYTE, byte
    times = pts[key]
    if clip.kind in _FROM_THE_START:
        return Way.START, pts
    if np.all(np.diff(times) > 0) and not (times == _UNKNOWN).any():
        return Way.TIME, pts
    return Way.START, np.zeros(len(pts), dtype=np.int64)


def _trial(clip: OpenClip, shown: Numbers) -> int | None:
    """How many frames at the head never come out; None: they don't come as their times say."""
    came: list[int] = []
    with OpenClip(clip.source, clip.track) as fresh, contextlib.suppress(av.FFmpegError):
        fresh.stream.thread_type = "SLICE"
        for packet in fresh.packets():
            came.extend(_pictures(packet))
            if len(came) >= _TRIAL:
                break
        else:
            came.extend(f.pts for f in fresh.stream.codec_context.decode(None) if f.pts is not None)
    if not came:
        return 0
    first = int(np.searchsorted(shown, came[0]))
    if list(shown[first : first + len(came)]) != came:
        return None
    return first


def _promised(clip: OpenClip) -> int:
    """How many frames the header says there are, where its word is good."""
    return len(clip.stream.index_entries) if "mov" in clip.kind else 0


# Rate


def _said_rate(clip: OpenClip) -> Fraction:
    stream = clip.stream
    said = stream.average_rate or stream.guessed_rate or stream.base_rate or Fraction(25)
    return frame_rate(Fraction(said))


def _rate_of_packets(clip: OpenClip, rows: _Rows) -> Fraction:
    """By when they are to be decoded; what headers say of files without times is often wrong."""
    dts = np.frombuffer(rows.dts, dtype=np.int64)
    if (dts == _UNKNOWN).any() or np.any(np.diff(dts) <= 0):
        return _said_rate(clip)
    rate, steady = _rate(clip, dts)
    return rate if steady else _said_rate(clip)


def _rate(clip: OpenClip, stamps: Numbers) -> tuple[Fraction, bool]:
    """Frames a second, and whether they are steady: within one unit of rounding."""
    base = Fraction(clip.stream.time_base or 1)
    way = int(stamps[-1] - stamps[0])
    if len(stamps) < 2 or way <= 0:
        return _said_rate(clip), True
    counted = frame_rate((len(stamps) - 1) / (way * base))
    for rate in (_said_rate(clip), Fraction(clip.stream.base_rate or counted), counted):
        expected = np.arange(len(stamps)) * float(1 / (rate * base))
        if np.all(np.abs(stamps - stamps[0] - expected) <= 1.01):
            return rate, True
    return counted, False
