"""Edit lists as programs that cut without encoding write them: several parts, exact ends."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

_HOLDERS = (b"moov", b"trak", b"edts", b"mdia")


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
    path.write_bytes(_rewritten(data, struct.pack(">II", 0, count) + entries))


def _rewritten(data: bytes, elst: bytes) -> bytes:
    out = b""
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + size]
        if kind in _HOLDERS:
            body = _rewritten(body, elst)
        elif kind == b"elst":
            body = elst
        out += struct.pack(">I4s", len(body) + 8, kind) + body
        at += size
    return out


def _scale(data: bytes, kind: bytes) -> int:
    at = data.index(kind) + 4
    assert data[at] == 0, f"{kind!r} in its long form"
    return int(struct.unpack_from(">I", data, at + 12)[0])


def _first_shown(data: bytes) -> int:
    """Where the media of the first frame begins: what B-frames shift it by."""
    at = data.index(b"elst") + 4
    return int(struct.unpack_from(">i", data, at + 12)[0])
