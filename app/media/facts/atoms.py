"""What a QuickTime or MP4 file says of tracks that nobody here can decode (ISO 14496-12)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

_INSIDE = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}
_MOST_ATOMS = 100_000
"""A damaged file may hold nothing but headers."""
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
    for kind, at, length in _atoms(file, 0, size, [_MOST_ATOMS]):
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


def _atoms(
    file: BinaryIO, begin: int, end: int, left: list[int]
) -> Iterator[tuple[bytes, int, int]]:
    """Kind, place and length of the content of each atom, those inside of some included."""
    at = begin
    while at + 8 <= end and left[0] > 0:
        left[0] -= 1
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return
        size, kind, inner = int.from_bytes(head[:4], "big"), head[4:8], 8
        if size == 1 and len(head) == 16:
            size, inner = int.from_bytes(head[8:16], "big"), 16
        elif size == 0:
            size = end - at
        if size < inner or at + size > end:
            return
        yield kind, at + inner, size - inner
        if kind in _INSIDE:
            yield from _atoms(file, at + inner, at + size, left)
        at += size
