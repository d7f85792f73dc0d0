"""The header of an R3D file, as far as it is publicly known.

Places of the fields by ExifTool (both versions) and FFmpeg (the first one), which found them by
looking at files. Only what both name, or what ExifTool reads with a name of its own, is told here;
the number of frames is told by neither for files of today's cameras.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

from app.media.facts.header import PictureHeader, plain_text, told_rate

_LARGEST = 256 << 10
"""Bytes of the first block; those of cameras have some kilobytes."""
_TEXT = 1
"""Format of a tag's value, in the upper four bits of its number."""
_TIMECODE, _LETTER, _REEL, _DAY, _TIME = 0x1001, 0x1019, 0x101A, 0x1023, 0x1024
_CAMERA = {
    0x1071: "model", 0x10A0: "brain", 0x10A1: "sensor", 0x1006: "serial", 0x1025: "firmware",
    0x106E: "lens_make", 0x1070: "lens", 0x1086: "format", 0x10BE: "quality", 0x107C: "operator",
    0x1033: "medium", 0x1056: "recorded_as",
}  # fmt: skip
_ISO = 0x403B


def red_header(path: Path) -> PictureHeader | None:
    """What an R3D file says of itself; None for any other file. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(8)
        read = _VERSIONS.get(head[4:8])
        size = int.from_bytes(head[:4], "big")
        if read is None or not 8 < size <= _LARGEST:
            return None
        block = head + file.read(size - 8)
        behind = file.read(_LARGEST) if read is _first else b""
    return read(block, behind) if len(block) == size else None


def _first(block: bytes, behind: bytes) -> PictureHeader | None:
    """Of a RED ONE: size and rate in the first block, the camera's tags in the one behind it."""
    if len(block) < 0x44:
        return None
    width, height, top, bottom = struct.unpack_from(">II2xHH", block, 0x34)
    tags = dict(_tags(behind, 0x22))
    return _header(width, height, Fraction(top, bottom) if top and bottom else None, tags)


def _second(block: bytes, _: bytes) -> PictureHeader | None:
    if len(block) < 0x5C:
        return None
    width, height = struct.unpack_from(">II", block, 0x4C)
    bottom, top = struct.unpack_from(">HI", block, 0x56)
    # Three kinds of records stand before the tags; how many of each stands first.
    tags_at = 0x44 + 0x18 * block[0x40] + 0x14 * block[0x41] + 0x10 * block[0x42]
    rate = Fraction(top, bottom) if top and bottom else None
    return _header(width, height, rate, dict(_tags(block, tags_at)))


_VERSIONS: dict[bytes, Callable[[bytes, bytes], PictureHeader | None]] = {
    b"RED1": _first, b"RED2": _second,
}  # fmt: skip


def _tags(block: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Number and value of each tag in the directory at *at*; none where there is no directory."""
    if at + 2 > len(block):
        return
    end = at + 2 + int.from_bytes(block[at : at + 2], "big")
    at += 2
    while at + 4 <= min(end, len(block)):
        length, number = struct.unpack_from(">HH", block, at)
        if length < 4 or at + length > len(block):
            return
        yield number, block[at + 4 : at + length]
        at += length


def _header(
    width: int, height: int, rate: Fraction | None, tags: dict[int, bytes]
) -> PictureHeader:
    texts = {n: plain_text(value) for n, value in tags.items() if n >> 12 == _TEXT}
    letter, reel = texts.get(_LETTER, ""), texts.get(_REEL, "")
    day, time = texts.get(_DAY, ""), texts.get(_TIME, "")
    camera = {name: texts[number] for number, name in _CAMERA.items() if texts.get(number)}
    if len(tags.get(_ISO, b"")) == 2:
        camera["iso"] = str(int.from_bytes(tags[_ISO], "big"))
    return PictureHeader(
        container="R3D",
        codec="redcode",
        codec_name="REDCODE RAW",
        width=width,
        height=height,
        rate=told_rate(rate) if rate else Fraction(0),
        timecode=texts.get(_TIMECODE, ""),
        reel=f"{letter}{reel}" if re.fullmatch(r"\d{3}", reel) and letter else reel,
        recorded=" ".join(filter(None, [_parted(day, "-", 4), _parted(time, ":", 2)])),
        camera=camera,
    )


def _parted(digits: str, mark: str, first: int) -> str:
    """`20160118` as 2016-01-18, `213555` as 21:35:55; anything else as it is."""
    if not digits.isdecimal() or len(digits) != first + 4:
        return digits
    return mark.join([digits[:first], digits[first : first + 2], digits[first + 2 :]])
