"""How many frames of a QuickTime or MP4 track are shown, by its tables: its header counts others.

An edit list hides those that only lead up to its beginning. A copy of a part of a clip may end with
frames whose neighbours, stored behind them, were left out: those count too, as the clip goes on.
"""

from __future__ import annotations

import contextlib
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import av
from av.container import InputContainer

from app.media.facts.packets import packets_of

DEPTH = 16
"""Frames that a picture may be stored ahead of those that are shown before it."""
_READ = 3000
"""Packets that are read at most to see how a track ends."""


class Shown(NamedTuple):
    """Frames of one track."""

    frames: int = 0
    even: bool = False
    """Whether all are shown equally long."""


def shown_frames(container: InputContainer, stream: Any, rate: Fraction) -> Shown:
    """How many there are; 0 where the tables do not tell, as in other containers.

    Those that the tables promise behind the end of the file are counted.
    """
    entries = stream.index_entries
    if "mov" not in container.format.name or not 0 < stream.frames <= len(entries):
        return Shown()
    stored = [entry for entry in entries if entry.size]
    times = [entry.timestamp for entry in stored if not entry.is_discard]
    if not times or not rate or not stream.time_base:
        return Shown(len(times))
    step = round(1 / (rate * stream.time_base))
    # Hidden ones may be stored between others, behind pictures that are made from them.
    decoded = [entry.timestamp for entry in stored]
    even = all(abs(after - before - step) <= 2 for before, after in pairwise(decoded))
    codec = stream.codec_context
    if not even or codec is None or codec.codec.intra_only:
        return Shown(len(times), even)
    keys = [e.timestamp for e in stored[: -2 * DEPTH] if e.is_keyframe] or [stored[0].timestamp]
    return Shown(len(times) + _left_out(_times_from(container, stream, keys[-1]), step), even)


def _times_from(container: InputContainer, stream: Any, key: int) -> list[int]:
    """When the pictures from a key frame on are shown, in order; none where that is not known."""
    times: list[int] = []
    with contextlib.suppress(av.FFmpegError):
        container.seek(key, stream=stream)
        for read, packet in enumerate(packets_of(container, stream)):
            if packet.pts is None or read > _READ:
                times = []
                break
            if not packet.is_discard:
                times.append(packet.pts)
    with contextlib.suppress(av.FFmpegError):
        container.seek(0)
    return sorted(times)


def _left_out(times: list[int], step: int) -> int:
    """How many are missing among the last ones."""
    ways = [after - before for before, after in pairwise(times[-2 * DEPTH :])]
    missed = [round(way / step) - 1 for way in ways]
    if any(abs(way - (n + 1) * step) > n + 2 for way, n in zip(ways, missed, strict=True)):
        return 0
    return sum(missed[-DEPTH:]) if 0 < sum(missed) <= DEPTH and min(missed) >= 0 else 0
