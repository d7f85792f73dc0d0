"""The header of a DPX frame (SMPTE ST 268-1): size, rate, timecode, and where it came from."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

from app.media.facts.header import (
    PictureHeader,
    packed_timecode,
    plain_text,
    stored_rate,
    written_moment,
)

_ORDERS = {b"SDPX": ">", b"XPDS": "<"}
_GENERIC, _WHOLE = 1664, 2048
"""Bytes of the part that every file has, and with the film and television parts behind it."""
_TRANSFERS = {1: "printing density", 3: "logarithmic"}
"""By the code of the first image element; the others are known to H.273."""


def dpx_header(path: Path) -> PictureHeader | None:
    """What a DPX file says of its picture; None for any other file. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(_WHOLE)
    order = _ORDERS.get(head[:4])
    if order is None or len(head) < _GENERIC:
        return None
    (image_at,) = struct.unpack_from(f"{order}I", head, 4)
    width, height = struct.unpack_from(f"{order}II", head, 772)
    rate, timecode, slate = Fraction(0), "", {}
    # Files without the film and television parts have pixels there.
    if image_at >= _WHOLE and len(head) == _WHOLE:
        rate, timecode = _moving(head, order)
        slate = {"frame": plain_text(head[1732:1764]), "slate": plain_text(head[1764:1864])}
    named = {
        "creator": plain_text(head[160:260]),
        "source": plain_text(head[1432:1532]),
        "device": plain_text(head[1556:1588]),
        "serial": plain_text(head[1588:1620]),
        **slate,
    }
    return PictureHeader(
        container="DPX",
        width=width,
        height=height,
        rate=rate,
        timecode=timecode,
        project=plain_text(head[260:460]),
        recorded=written_moment(plain_text(head[136:160])),
        transfer=_TRANSFERS.get(head[801], ""),
        camera={name: text for name, text in named.items() if text},
    )


def _moving(head: bytes, order: str) -> tuple[Fraction, str]:
    (film,) = struct.unpack_from(f"{order}f", head, 1724)
    packed, television = struct.unpack_from(f"{order}I16xf", head, 1920)
    return stored_rate(television) or stored_rate(film), packed_timecode(packed)
