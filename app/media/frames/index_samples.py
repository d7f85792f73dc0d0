"""What the packets of a QuickTime or MP4 file would say, by its tables and without reading them."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import islice

import av
import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from app.media.frames.frame_index import Numbers
from app.media.frames.index_packets import Rows
from app.media.frames.opened import OpenClip
from app.media.frames.sample_table import MOST_SAMPLES, sample_table

_TRIED = 7
"""Places at which packets are held against the tables."""
_EACH = 4
"""Packets that are read at each of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """FFmpeg's own index of a track, made of the file's tables, with its edit list applied."""

    times: Numbers
    """When each is decoded."""
    places: Numbers
    """First byte of each."""
    sizes: Numbers
    """Bytes."""
    keys: NDArray[np.bool_]
    hidden: NDArray[np.bool_]
    """Which ones an edit list needs and does not show."""


def entries_of(clip: OpenClip) -> Entries | None:
    """The index that came with the header of a MOV, MP4 or AVI, without empty samples.

    None for other containers, for one that is empty, and for one that is too long to be true.
    """
    found = clip.stream.index_entries
    if not ("mov" in clip.kind or clip.kind == "avi") or not 0 < len(found) <= MOST_SAMPLES:
        return None
    times, places, sizes = array("q"), array("q"), array("q")
    keys, hidden = bytearray(), bytearray()
    for entry in found:
        if entry.size:
            times.append(entry.timestamp)
            places.append(entry.pos)
            sizes.append(entry.size)
            keys.append(entry.is_keyframe)
            hidden.append(entry.is_discard)
    return Entries(
        times=np.array(times, dtype=np.int64),
        places=np.array(places, dtype=np.int64),
        sizes=np.array(sizes, dtype=np.int64),
        keys=np.frombuffer(bytes(keys), dtype=np.bool_),
        hidden=np.frombuffer(bytes(hidden), dtype=np.bool_),
    )


def rows_of_samples(clip: OpenClip, entries: Entries) -> Rows | None:
    """The rows that a pass over all packets would give, proven by some of them.

    None where the tables do not agree, or the file ends before what they promise. Raises
    MediaFault.
    """
    if "mov" not in clip.kind or not len(entries.times):
        return None
    if np.any(entries.places + entries.sizes > clip.source.size):
        return None
    offsets = _offsets(clip, entries)
    if offsets is None:
        return None
    shift = _proven_shift(clip, entries, entries.times + offsets)
    if shift is None:
        return None
    return Rows(
        pts=array("q", (entries.times + offsets + shift).tobytes()),
        dts=array("q", entries.times.tobytes()),
        byte=array("q", entries.places.tobytes()),
        key=bytearray(entries.keys.tobytes()),
        hidden=bytearray(entries.hidden.tobytes()),
    )


def _offsets(clip: OpenClip, entries: Entries) -> Numbers | None:
    """From decoding to showing each entry: those of the samples that lie where entries do."""
    table = sample_table(clip.source, clip.stream.id)
    if table is None:
        return None
    there = table.sizes > 0
    places, sizes, offsets = table.places[there], table.sizes[there], table.offsets[there]
    if np.array_equal(places, entries.places):
        return offsets if np.array_equal(sizes, entries.sizes) else None
    in_order, first = np.unique(places, return_index=True)
    if not len(places) or len(in_order) != len(places):
        return None
    at = first[np.searchsorted(in_order[:-1], entries.places)]
    same = np.array_equal(places[at], entries.places) and np.array_equal(sizes[at], entries.sizes)
    return offsets[at] if same else None


def _proven_shift(clip: OpenClip, entries: Entries, times: Numbers) -> int | None:
    """By how much the times of all packets differ from *times*; None if any is otherwise."""
    last = len(times) - 1
    shifts: set[int] = set()
    try:
        for n in sorted({last * part // (_TRIED - 1) for part in range(_TRIED)}):
            clip.container.seek(int(entries.times[n]), stream=clip.stream)
            packets = list(islice(clip.packets(), _EACH))
            at = _place(packets, entries)
            if at is None:
                return None
            shifts |= {(p.pts or 0) - int(times[at + k]) for k, p in enumerate(packets)}
    except av.FFmpegError:
        return None
    return shifts.pop() if len(shifts) == 1 else None


def _place(packets: list[Packet[VideoStream]], entries: Entries) -> int | None:
    """The entry that the first of *packets* is, where the others are those behind it."""
    if not packets:
        return None
    said = [(p.dts, p.pos, p.is_keyframe, p.is_discard) for p in packets]
    for at in np.flatnonzero(entries.places == (packets[0].pos or 0)).tolist():
        part = slice(at, at + _EACH)
        columns = (entries.times, entries.places, entries.keys, entries.hidden)
        if list(zip(*(column[part].tolist() for column in columns), strict=True)) == said:
            return int(at)
    return None
