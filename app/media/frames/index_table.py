"""Where each frame stands for itself, the container's header tells all that an index needs."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass
from itertools import combinations

import av
import numpy as np

from app.media.frames.frame_index import Numbers, Way
from app.media.frames.index_samples import Entries
from app.media.frames.opened import OpenClip

_TRIED = 9
"""Places of an MXF at which its counting is looked at."""
_BEHIND = 256
"""Packets behind the last one of a table that are enough to see that it isn't the last."""


@dataclass(frozen=True, slots=True)
class Table:
    """What a header says of frames that stand for themselves."""

    stamps: Numbers
    missing_at_end: int = 0
    way: Way = Way.TIME
    places: Numbers | None = None


def header_table(clip: OpenClip, entries: Entries | None) -> Table | None:
    """The table of *clip*, proven by its last frame; None where only its packets can tell.

    *entries* are those of its container's index, where that has one.
    """
    table = _edit_units(clip) if entries is None else _sample_table(clip, entries)
    if table is None or not len(table.stamps) or not _ends_with(clip, int(table.stamps[-1])):
        return None
    return table


def _sample_table(clip: OpenClip, entries: Entries) -> Table | None:
    """Of MOV, MP4 and AVI whose table says that every frame is a key frame."""
    if not len(entries.times) or not entries.keys.all():
        return None
    if clip.stream.frames > len(clip.stream.index_entries):
        return None
    first = next(clip.packets(), None)
    if first is None or first.pts is None or first.pts != first.dts:
        return None
    head = 8 if clip.kind == "avi" else 0  # AVI counts from the label of a piece
    shown = ~entries.hidden
    there = shown & (entries.places + head + entries.sizes <= clip.source.size)
    stamps = entries.times[there]
    if np.any(np.diff(stamps) <= 0):
        return None
    return Table(stamps, missing_at_end=int(shown.sum() - there.sum()))


def _edit_units(clip: OpenClip) -> Table | None:
    """Of MXF with an intra codec: frame N is edit unit N."""
    count = clip.stream.duration
    if clip.kind != "mxf" or not clip.intra_codec or not count:
        return None
    places: dict[int, int] = {}
    for n in sorted({(count - 1) * part // (_TRIED - 1) for part in range(_TRIED)}):
        try:
            clip.container.seek(n, stream=clip.stream)
            packet = next(clip.packets(), None)
        except av.FFmpegError:
            continue
        if packet is None or packet.pts != n or packet.is_discard or packet.pos is None:
            return None
        places[n] = packet.pos
    stamps = np.arange(count, dtype=np.int64)
    line = _line(places)
    if line is None:
        return Table(stamps)
    return Table(stamps, way=Way.EVEN, places=line[0] + stamps * line[1])


def _line(places: dict[int, int]) -> tuple[int, int] | None:
    """First byte and step, where nearly all frames take equally many; some may be damaged."""
    lines: Counter[tuple[int, int]] = Counter()
    for (a, at_a), (b, at_b) in combinations(places.items(), 2):
        step, rest = divmod(at_b - at_a, b - a)
        if not rest:
            lines[at_a - a * step, step] += 1
    if not lines:
        return None
    (first, step), _ = lines.most_common(1)[0]
    on = sum(place == first + n * step for n, place in places.items())
    return (first, step) if on > len(places) * 2 / 3 and step > 0 else None


def _ends_with(clip: OpenClip, last: int) -> bool:
    """Whether *last* is there and nothing comes after it."""
    seen = []
    with contextlib.suppress(av.FFmpegError):  # cut off within the next frame, this is the last
        clip.container.seek(last, stream=clip.stream)
        for packet in clip.packets():
            seen.append(packet.pts)
            if len(seen) > _BEHIND:
                return False
    return last in seen and all(stamp is not None and stamp <= last for stamp in seen)
