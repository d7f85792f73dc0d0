"""Writes into a QuickTime or MP4 file how a player is to turn its picture.

Programs differ in what they do with it where one decode feeds several outputs: some keep it in the
first file only. So it is set afterwards, in place.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO

from app.errors import MediaFault

_ONE = 1 << 16
_LAST = 1 << 30
_TURNS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


def set_turn(path: Path, degrees: int, size: tuple[int, int]) -> None:
    """Have players turn the first picture of *path*, of *size* pixels, clockwise.

    Only quarters are known. Raises MediaFault, OSError.
    """
    a, b, c, d = _TURNS[degrees]
    x = -min(0, a * size[0] + c * size[1])
    y = -min(0, b * size[0] + d * size[1])
    values = (a * _ONE, b * _ONE, 0, c * _ONE, d * _ONE, 0, x * _ONE, y * _ONE, _LAST)
    with path.open("r+b") as file:
        at = _matrix_of_picture(file, os.fstat(file.fileno()).st_size)
        if at is None:
            raise MediaFault(f"{path} has no picture track to turn.", path=path)
        file.seek(at)
        file.write(struct.pack(">9i", *values))


def _matrix_of_picture(file: BinaryIO, size: int) -> int | None:
    for kind, at, end in _atoms(file, 0, size):
        if kind == b"moov":
            for inner, begin, stop in _atoms(file, at, end):
                if inner == b"trak" and (found := _matrix(file, begin, stop)):
                    return found
    return None


def _matrix(file: BinaryIO, begin: int, end: int) -> int | None:
    """Where the matrix of a track lies, if it is one of pictures."""
    matrix, picture = None, False
    for kind, at, stop in _atoms(file, begin, end):
        if kind == b"tkhd":
            file.seek(at)
            matrix = at + (52 if file.read(1) == b"\1" else 40)
        elif kind == b"mdia":
            for inner, place, _ in _atoms(file, at, stop):
                if inner == b"hdlr":
                    file.seek(place + 8)
                    picture = file.read(4) == b"vide"
    return matrix if picture else None


def _atoms(file: BinaryIO, begin: int, end: int) -> list[tuple[bytes, int, int]]:
    """Kind, and where the content begins and ends, of each atom between two places."""
    found, at = [], begin
    while at + 8 <= end:
        file.seek(at)
        head = file.read(16)
        size, kind, inner = int.from_bytes(head[:4], "big"), head[4:8], 8
        if size == 1:
            size, inner = int.from_bytes(head[8:16], "big"), 16
        elif size == 0:
            size = end - at
        if size < inner or at + size > end:
            break
        found.append((kind, at + inner, at + size))
        at += size
    return found
