"""The atoms of QuickTime and MP4 files, and what they say of tracks that cannot be decoded here.

By ISO 14496-12.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

_INSIDE = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}
_MOST_ATOMS = 100_000
"""A damaged file may hold nothing but headers."""
_DEEPEST = 8
"""Atoms inside of each other; tables stand at the fifth level."""
_NAMES = {
    "brxq": "Blackmagic RAW", "brhq": "Blackmagic RAW", "brst": "Blackmagic RAW",
    "brlt": "Blackmagic RAW", "brvn": "Blackmagic RAW", "brs2": "Blackmagic RAW",
    "aprn": "Apple ProRes RAW", "aprh": "Apple ProRes RAW HQ",
    "crx ": "Canon Cinema RAW Light", "xntm": "Nikon N-RAW", "nraw": "Nikon N-RAW",
}  # fmt: skip


class Sample(NamedTuple):
    """How the samples of one track are stored."""

    code: str
    """Four letters, `brhq`."""
    width: int
    height: int

    @property
    def name(self) -> str:
        """For people."""
        return _NAMES.get(self.code, f"unknown ({self.code})")


def picture_samples(path: Path) -> list[Sample]:
    """The first sample description of each picture track, in the file's order. Raises OSError."""
    with path.open("rb") as file:
        return list(_samples(file, os.fstat(file.fileno()).st_size))


def _samples(file: BinaryIO, size: int) -> Iterator[Sample]:
    picture = False
    for kind, at, length in atoms(file, 0, size):
        if kind == b"hdlr":
            file.seek(at + 4)
            what, whose = file.read(4), file.read(4)
            if what != b"dhlr":  # QuickTime names the handler of the data too
                picture = whose == b"vide"
        elif kind == b"stsd" and picture and length >= 8 + 36:
            file.seek(at + 8)
            entry = file.read(36)
            code = entry[4:8].decode("latin-1")
            yield Sample(code, *(int.from_bytes(entry[n : n + 2], "big") for n in (32, 34)))


def atoms(
    file: BinaryIO, begin: int, end: int, *, deep: bool = True
) -> Iterator[tuple[bytes, int, int]]:
    """Kind, place and length of the content of each atom; one that makes no sense ends its level.

    *deep*: with those inside of the ones that hold tables, each behind the one that it is in.
    """
    ends = [end]
    at = begin
    for _ in range(_MOST_ATOMS):
        kind, inner, size = _head(file, at, ends[-1])
        if not size:
            if len(ends) == 1:
                return
            at = ends.pop()
            continue
        yield kind, at + inner, size - inner
        if deep and kind in _INSIDE and len(ends) < _DEEPEST:
            ends.append(at + size)
            at += inner
        else:
            at += size


def _head(file: BinaryIO, at: int, end: int) -> tuple[bytes, int, int]:
    """Kind of the atom at *at*, bytes of its head, and of all of it; 0 where there is none."""
    file.seek(at)
    head = file.read(16)
    size, kind, inner = int.from_bytes(head[:4], "big"), head[4:8], 8
    if size == 1 and len(head) == 16:
        size, inner = int.from_bytes(head[8:16], "big"), 16
    elif size == 0:
        size = end - at
    if len(head) < 8 or size < inner or at + size > end:
        return b"", 0, 0
    return kind, inner, size
