"""Changes the atoms of a QuickTime or MP4 file, as other programs write them, or damage."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

_HOLDERS = (b"moov", b"trak", b"edts", b"mdia", b"minf", b"stbl")

Change = Callable[[bytes], tuple[bytes, bytes]]
"""The content of an atom → what it is called now, and its new content."""


def changed_atoms(data: bytes, changes: Mapping[bytes, Change]) -> bytes:
    """*data*, whole atoms, with those of the named kinds changed, and all sizes around them."""
    out = b""
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + size]
        if kind in changes:
            kind, body = changes[kind](body)
        elif kind in _HOLDERS:
            body = changed_atoms(body, changes)
        out += struct.pack(">I4s", len(body) + 8, kind) + body
        at += size
    return out
