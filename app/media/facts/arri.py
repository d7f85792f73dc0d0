"""The header of an ARRIRAW frame, .ari (SMPTE RDD 30): that it is one, and how large.

Rate, timecode and reel stand in it too; no open source says where, so the camera's log beside the
frames (an ALE) is asked for them.
"""

from __future__ import annotations

import struct
from pathlib import Path

from app.media.facts.header import PictureHeader, plain_text

_MAGIC = b"ARRI\x12\x34\x56\x78"
"""The four letters, and a number that tells the order of bytes."""
_WHOLE = 4096


def ari_header(path: Path) -> PictureHeader | None:
    """What an ARRIRAW file says of its picture; None for any other file. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(_WHOLE)
    if len(head) < _WHOLE or head[:8] != _MAGIC:
        return None
    width, height = struct.unpack_from("<II", head, 20)
    model = plain_text(head[668:684])
    return PictureHeader(
        container="ARRIRAW",
        codec="arriraw",
        codec_name="ARRIRAW",
        width=width,
        height=height,
        camera={"model": model} if model.isprintable() and model else {},
    )
