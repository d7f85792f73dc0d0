"""Edit lists as programs that cut without encoding write them: several parts, exact ends."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from movie_atoms import changed_atoms


def with_edits(path: Path, parts: Iterable[tuple[int, int]], rate: Fraction) -> None:
    """Make *path*, a MOV of one picture track, show only *parts*: first frame and how many.

    Its table of contents has to be the last thing in the file.
    """
    data = path.read_bytes()
    movie_scale = _scale(data, b"mvhd")
    media_scale = _scale(data, b"mdhd")
    shift = _first_shown(data)
    entries = b"".join(
        struct.pack(
            ">IiI",
            round(count / rate * movie_scale),
            round(first / rate * media_scale) + shift,
            1 << 16,
        )
        for first, count in parts
    )
    count = len(entries) // 12
    elst = struct.pack(">II", 0, count) + entries
    path.write_bytes(changed_atoms(data, {b"elst": lambda _: (b"elst", elst)}))


def _scale(data: bytes, kind: bytes) -> int:
    at = data.index(kind) + 4
    assert data[at] == 0, f"{kind!r} in its long form"
    return int(struct.unpack_from(">I", data, at + 12)[0])


def _first_shown(data: bytes) -> int:
    """Where the media of the first frame begins: what B-frames shift it by."""
    at = data.index(b"elst") + 4
    return int(struct.unpack_from(">i", data, at + 12)[0])
