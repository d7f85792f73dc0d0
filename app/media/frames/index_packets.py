"""The frame index of a clip from what its packets say: their times, places and marks."""

from __future__ import annotations

import contextlib
from array import array
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from app.media.facts.guess import has_times
from app.media.frames.frame_index import FrameIndex, Numbers, Way
from app.media.frames.index_rate import measured_rate, said_rate
from app.media.frames.opened import OpenClip
from app.media.frames.reading import decoded

Flags = NDArray[np.bool_]

_TRIAL = 12
"""Pictures that are decoded to see whether they come as the times say."""
_BY_BYTES = {"mpegts", "h264", "hevc", "mpegvideo", "m4v"}
"""Containers without a table, in which only the byte leads to a key frame for sure."""
_FROM_THE_START = {"mpeg"}
"""Where what a search finds has the times of its neighbours."""
_DEPTH = 16
"""Frames that a picture may be stored ahead of those that are shown before it."""
_UNKNOWN = -(1 << 63)
_NOBODY = np.int64(1 << 62)


@dataclass(slots=True)
class Rows:
    """What the packets say, in the order of the file."""

    pts: array[int] = field(default_factory=lambda: array("q"))
    dts: array[int] = field(default_factory=lambda: array("q"))
    byte: array[int] = field(default_factory=lambda: array("q"))
    key: bytearray = field(default_factory=bytearray)
    hidden: bytearray = field(default_factory=bytearray)
    torn: array[int] = field(default_factory=lambda: array("q"))
    """Numbers of packets that the container says are incomplete."""

    def add(self, packet: Packet[VideoStream]) -> None:
        """The next packet of the file."""
        self.pts.append(_UNKNOWN if packet.pts is None else packet.pts)
        self.dts.append(_UNKNOWN if packet.dts is None else packet.dts)
        self.byte.append(-1 if packet.pos is None else packet.pos)
        self.key.append(packet.is_keyframe)
        self.hidden.append(packet.is_discard)
        if packet.is_corrupt:
            self.torn.append(len(self.pts) - 1)

    @property
    def times(self) -> Numbers:
        """When each is to be shown."""
        return np.frombuffer(self.pts, dtype=np.int64)

    @property
    def keys(self) -> Flags:
        """Which ones are key frames."""
        return np.frombuffer(bytes(self.key), dtype=np.uint8).astype(bool)

    @property
    def unseen(self) -> Flags:
        """Which ones an edit list hides."""
        return np.frombuffer(bytes(self.hidden), dtype=np.uint8).astype(bool)

    def rate(self, clip: OpenClip) -> Fraction:
        """By when they are to be decoded; headers of files without times are often wrong."""
        dts = np.frombuffer(self.dts, dtype=np.int64)
        invented = not has_times(clip.container)
        if invented or (dts == _UNKNOWN).any() or np.any(np.diff(dts) <= 0):
            return said_rate(clip)
        rate, steady = measured_rate(clip, dts)
        return rate if steady else said_rate(clip)

    def way(self, clip: OpenClip) -> tuple[Way, Numbers]:
        """What leads to a packet, and where that is for each of them."""
        byte = np.frombuffer(self.byte, dtype=np.int64)
        times = self.times[self.keys]
        if clip.kind in _BY_BYTES and np.all(np.diff(byte[self.keys]) > 0):
            return Way.BYTE, byte
        found = len(times) and np.all(np.diff(times) > 0) and not (times == _UNKNOWN).any()
        if clip.kind in _FROM_THE_START or not found:
            return Way.START, np.zeros(len(self.pts), dtype=np.int64)
        return Way.TIME, self.times


def index_of_packets(clip: OpenClip, rows: Rows) -> FrameIndex | None:
    """The index, or None where the times can't be relied on."""
    pts, hidden, key = rows.times, rows.unseen, rows.keys
    if hidden.all() or not key.any() or not _usable(pts, key, hidden):
        return None
    shown, holes = _with_holes(clip, rows, np.sort(pts[~hidden]))
    numbers = np.searchsorted(shown, pts).astype(np.int64)
    leads_to = _keys(key, hidden, numbers)
    packets = np.flatnonzero(key)[leads_to < len(shown)]
    leads_to = leads_to[leads_to < len(shown)]
    order = np.argsort(leads_to, kind="stable")
    packets = packets[order]
    first_key = int(np.min(numbers[key & ~hidden], initial=len(shown)))
    lost = 0 if clip.intra_codec else _lost_at_head(clip, shown, first_key)
    if lost is None:
        return None
    rate, steady = measured_rate(clip, shown)
    way, places = rows.way(clip)
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
        key_bytes=np.frombuffer(rows.byte, dtype=np.int64)[packets],
        suspect=_suspect(rows, numbers, holes, len(shown), exact="mov" in clip.kind),
        lost_at_head=lost,
        missing_at_end=_missing_at_end(clip, len(pts) + len(holes), shown),
    )


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


def _lost_at_head(clip: OpenClip, shown: Numbers, first_key: int) -> int | None:
    """How many frames at the head never come out; None: pictures don't come as the times say."""
    came: list[int] = []
    with OpenClip(clip.source, clip.track) as fresh, contextlib.suppress(av.FFmpegError):
        fresh.stream.thread_type = "SLICE"
        for packet in fresh.packets():
            came.extend(f.pts for f in decoded(fresh.stream, packet).frames if f.pts is not None)
            if len(came) >= _TRIAL:
                break
        else:
            last = decoded(fresh.stream, None)
            came.extend(frame.pts for frame in last.frames if frame.pts is not None)
    if not came:
        return 0
    places = np.searchsorted(shown, came)
    known = np.all(places < len(shown)) and np.array_equal(shown[places], came)
    skipped = int(places[-1] - places[0]) + 1 - len(came)
    # Some may be damaged; but where half are left out, or order differs, times mean other things.
    if not known or np.any(np.diff(places) <= 0) or skipped > len(came) // 2:
        return None
    return min(int(places[0]), first_key)


# Damage


def _suspect(rows: Rows, numbers: Numbers, holes: Numbers, frames: int, *, exact: bool) -> Numbers:
    """The frames whose packets are incomplete, or lie where others were lost."""
    torn = np.frombuffer(rows.torn, dtype=np.int64)
    # FFmpeg says so with the packet that it had just finished.
    both = np.union1d(torn, torn + 1)
    found = numbers[both[both < len(numbers)]]
    if len(holes):
        # Where tables tell each packet, those beside a hole are whole.
        depth = 0 if exact else int(np.max(np.maximum.accumulate(numbers) - numbers))
        around = (holes[:, None] + np.arange(-depth, depth + 1)).ravel()
        found = np.concatenate([found, around])
    found = found[(found >= 0) & (found < frames)]
    return np.unique(found).astype(np.int64)


def _with_holes(clip: OpenClip, rows: Rows, shown: Numbers) -> tuple[Numbers, Numbers]:
    """With a time for each frame that was lost on the way, and the numbers of those.

    They are missing, nobody left them out on purpose: MXF has a picture for each of its units,
    a transport stream says that something was lost, and a file that was cut off ends with pictures
    whose neighbours would have come next.
    """
    none = np.empty(0, dtype=np.int64)
    step = round(1 / (said_rate(clip) * Fraction(clip.stream.time_base or 1)))
    ways = np.diff(shown)
    missed = np.rint(ways / max(step, 1)).astype(np.int64) - 1
    on_grid = np.abs(ways - (missed + 1) * step) <= missed + 2
    if step < 1 or np.any(missed < 0) or not np.all(on_grid):
        return shown, none
    at = np.flatnonzero(missed)
    at_tail = len(at) > 0 and at[0] >= len(ways) - _DEPTH and missed.sum() <= _DEPTH
    head = none
    if clip.kind == "mxf" and shown[-1] + 1 == clip.stream.duration:
        head = np.arange(shown[0])
    elif clip.kind != "mxf" and not rows.torn and not at_tail:
        return shown, none
    filled = [head, shown[:1]]
    filled += [
        after - step * np.arange(count, -1, -1)
        for after, count in zip(shown[1:], missed, strict=True)
    ]
    whole = np.concatenate(filled).astype(np.int64)
    return whole, np.flatnonzero(~np.isin(whole, shown)).astype(np.int64)


def _missing_at_end(clip: OpenClip, came: int, shown: Numbers) -> int:
    """How many frames more than came the header promises, where its word is good."""
    if "mov" in clip.kind:
        return max(sum(entry.size > 0 for entry in clip.stream.index_entries) - came, 0)
    if clip.kind == "mxf" and clip.stream.duration:
        return max(clip.stream.duration - len(shown), 0)
    return 0
