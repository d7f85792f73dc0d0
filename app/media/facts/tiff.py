"""The tags of a TIFF or DNG frame; CinemaDNG writes rate, timecode and reel into them."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from app.media.facts.header import (
    PictureHeader,
    packed_timecode,
    plain_text,
    told_rate,
    written_moment,
)

_ORDERS = {b"II": "<", b"MM": ">"}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8, 13: 4}
"""Bytes of one value, by its type's number."""
_WIDTH, _HEIGHT, _INNER, _DATE = 256, 257, 330, 306
_DNG, _TIMECODES, _RATE, _REEL = 0xC612, 0xC763, 0xC764, 0xC789
_CAMERA = {
    271: "make", 272: "model", 305: "software", 0xC614: "unique_model", 0xC62F: "serial",
    0xC7A1: "camera_label",
}  # fmt: skip
_MOST_TAGS = 1000
_LARGEST = 64 << 10
"""Bytes of a tag's value that is read; lists of strips may be longer, and are not asked for."""
_MOST_DIRECTORIES = 16


@dataclass(frozen=True, slots=True)
class _Tag:
    kind: int
    order: str
    data: bytes

    @property
    def numbers(self) -> tuple[int, ...]:
        letter = {1: "B", 3: "H", 4: "I", 13: "I"}.get(self.kind)
        if letter is None:
            return ()
        return struct.unpack(
            f"{self.order}{len(self.data) // _SIZES[self.kind]}{letter}", self.data
        )

    @property
    def fraction(self) -> Fraction | None:
        if self.kind not in {5, 10} or len(self.data) < 8:
            return None
        letter = "I" if self.kind == 5 else "i"
        top, bottom = struct.unpack_from(f"{self.order}2{letter}", self.data)
        return Fraction(top, bottom) if top > 0 and bottom > 0 else None


def tiff_header(path: Path) -> PictureHeader | None:
    """What a TIFF or DNG file says of its largest picture; None for any other. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(8)
        order = _ORDERS.get(head[:2])
        if order is None or len(head) < 8 or struct.unpack_from(f"{order}H", head, 2)[0] != 42:
            return None
        size = os.fstat(file.fileno()).st_size
        main = dict(_tags(file, struct.unpack_from(f"{order}I", head, 4)[0], order, size))
        inner = main[_INNER].numbers[:_MOST_DIRECTORIES] if _INNER in main else ()
        tags = [main, *(dict(_tags(file, at, order, size)) for at in inner)]
    width, height = max((_size(one) for one in tags), default=(0, 0))
    digital_negative = _DNG in main
    rate = main[_RATE].fraction if _RATE in main else None
    camera = {name: plain_text(main[tag].data) for tag, name in _CAMERA.items() if tag in main}
    return PictureHeader(
        container="DNG" if digital_negative else "TIFF",
        codec="dng" if digital_negative else "",
        codec_name="CinemaDNG" if _TIMECODES in main or rate else "DNG" if digital_negative else "",
        width=width,
        height=height,
        rate=told_rate(rate) if rate else Fraction(0),
        timecode=_timecode(main.get(_TIMECODES)),
        reel=plain_text(main[_REEL].data) if _REEL in main else "",
        recorded=written_moment(plain_text(main[_DATE].data)) if _DATE in main else "",
        camera={name: text for name, text in camera.items() if text},
    )


def _size(tags: dict[int, _Tag]) -> tuple[int, int]:
    sides = [tags[tag].numbers if tag in tags else () for tag in (_WIDTH, _HEIGHT)]
    return (sides[0][0], sides[1][0]) if all(sides) else (0, 0)


def _timecode(tag: _Tag | None) -> str:
    """The first of the timecodes that a CinemaDNG frame has: frames in its first byte."""
    if tag is None or len(tag.data) < 8:
        return ""
    return packed_timecode(int.from_bytes(tag.data[:4], "little"))


def _tags(file: BinaryIO, at: int, order: str, size: int) -> Iterator[tuple[int, _Tag]]:
    """The tags of one directory; a damaged one gives those before the damage."""
    file.seek(at)
    head = file.read(2)
    if len(head) < 2:
        return
    count = min(_MOST_TAGS, struct.unpack(f"{order}H", head)[0])
    entries = file.read(12 * count)
    for n in range(len(entries) // 12):
        number, kind, values = struct.unpack_from(f"{order}HHI", entries, 12 * n)
        length = values * _SIZES.get(kind, 0)
        data = entries[12 * n + 8 : 12 * n + 12][:length]
        if length > 4:
            (where,) = struct.unpack_from(f"{order}I", entries, 12 * n + 8)
            if length > _LARGEST or where + length > size:
                continue
            file.seek(where)
            data = file.read(length)
        if data:
            yield number, _Tag(kind, order, data)
