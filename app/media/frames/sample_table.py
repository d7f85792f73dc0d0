"""How much later than decoded each picture of a QuickTime or MP4 file is shown (ISO 14496-12).

FFmpeg tells of each sample where it lies and when it is decoded, an edit list applied, but not
that; without it every packet of a long recording would have to be read.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from app.media.facts.atoms import atoms
from app.media.frames.frame_index import Numbers
from app.media.frames.source import ByteSource

_LARGEST = 128 << 20
"""Bytes of a movie's header; ten hours of 60 frames a second with 16 sound tracks have 60 MB."""
MOST_SAMPLES = 1 << 22
"""Of one track: 19 hours of 60 frames a second."""
_TABLES = {b"tkhd", b"stsz", b"stsc", b"stco", b"co64", b"ctts"}

Tables = Mapping[bytes, memoryview]


@dataclass(frozen=True, slots=True)
class SampleTable:
    """Of one track, in the order in which its samples are decoded."""

    places: Numbers
    """First byte of each in the file."""
    sizes: Numbers
    """Bytes."""
    offsets: Numbers
    """From decoding to showing, in units of the track's time, but for the same number for all."""


def sample_table(source: ByteSource, track: int) -> SampleTable | None:
    """The tables of the track with this ID.

    None where they are not all there, do not agree with each other, or are not alone in telling
    where samples are; and for what is no movie. Raises NotFound, MediaFault.
    """
    movie = _movie(source)
    if movie is None:
        return None
    found = [tables for tables in _tracks(movie) if _track_id(tables) == track]
    if len(found) != 1:
        return None
    (tables,) = found
    sizes = _sizes(tables)
    if sizes is None:
        return None
    places, offsets = _places(tables, sizes), _offsets(tables, len(sizes))
    if places is None or offsets is None:
        return None
    return SampleTable(places, sizes, offsets)


def _movie(source: ByteSource) -> memoryview | None:
    """The content of the header; None where there is none that is whole, or it is compressed."""
    try:
        with io.BufferedReader(cast(io.RawIOBase, source.open())) as file:
            for kind, at, length in atoms(file, 0, source.size, deep=False):
                if kind == b"moov":
                    file.seek(at)
                    data = file.read(length) if length <= _LARGEST else b""
                    return memoryview(data) if data and len(data) == length else None
    except OSError:  # what reads the packets meets it too, and has words for it
        pass
    return None


def _tracks(movie: memoryview) -> Iterator[Tables]:
    """The tables of each track; none at all where fragments behind the header go on."""
    tracks: list[dict[bytes, memoryview]] = []
    for kind, at, length in atoms(io.BytesIO(movie), 0, len(movie)):
        if kind == b"mvex":
            return
        if kind == b"trak":
            tracks.append({})
        elif kind in _TABLES and tracks:
            tracks[-1].setdefault(kind, movie[at : at + length])
    yield from tracks


def _track_id(tables: Tables) -> int:
    head = bytes(tables.get(b"tkhd", b""))
    at = 20 if head[:1] == b"\1" else 12  # times are twice as long in its second form
    return int.from_bytes(head[at : at + 4], "big")


def _numbers(table: memoryview | None, head: int, columns: int, form: str = ">u4") -> Numbers:
    """The rows of a table whose count ends its *head* bytes; no more than are there."""
    if table is None or len(table) < head:
        return np.empty((0, columns), dtype=np.int64)
    count = int.from_bytes(table[head - 4 : head], "big")
    width = columns * np.dtype(form).itemsize
    if count > MOST_SAMPLES or count * width > len(table) - head:
        return np.empty((0, columns), dtype=np.int64)
    found = np.frombuffer(table, dtype=form, count=count * columns, offset=head)
    return found.astype(np.int64).reshape(count, columns)


def _sizes(tables: Tables) -> Numbers | None:
    table = tables.get(b"stsz", memoryview(b""))
    if len(table) < 12 or table[4:8] != bytes(4):  # one size for all is for sound
        return None
    sizes = _numbers(table, 12, 1)[:, 0]
    return sizes if 0 < len(sizes) <= MOST_SAMPLES else None


def _places(tables: Tables, sizes: Numbers) -> Numbers | None:
    """By the chunks in which samples lie one behind the other."""
    chunks = _numbers(tables.get(b"stco"), 8, 1)[:, 0]
    if b"co64" in tables:
        chunks = _numbers(tables[b"co64"], 8, 1, ">i8")[:, 0]
    runs = _numbers(tables.get(b"stsc"), 8, 3)
    if not len(chunks) or not len(runs) or len(np.unique(runs[:, 2])) > 1:
        return None
    lengths = np.diff(runs[:, 0], append=len(chunks) + 1)
    in_each = runs[:, 1]
    if runs[0, 0] != 1 or np.any(lengths < 1) or np.any((in_each < 1) | (in_each > len(sizes))):
        return None
    if int(np.sum(lengths * in_each)) != len(sizes):
        return None
    in_each = np.repeat(in_each, lengths)
    before = np.concatenate(([0], np.cumsum(sizes)))
    first = np.cumsum(in_each) - in_each
    return np.repeat(chunks - before[first], in_each) + before[:-1]


def _offsets(tables: Tables, count: int) -> Numbers | None:
    if b"ctts" not in tables:
        return np.zeros(count, dtype=np.int64)
    runs = _numbers(tables[b"ctts"], 8, 2, ">i4")
    lengths = runs[:, 0] & 0xFFFFFFFF
    if int(np.sum(lengths)) != count:
        return None
    return np.repeat(runs[:, 1], lengths)
