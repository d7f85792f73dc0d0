"""The header of an R3D file, as far as it is publicly known.

Places of the fields by ExifTool (both versions), FFmpeg (the first one) and telemetry-parser (the
slate), which found them by looking at files. The number of frames is known only of the first
version, by its index; of today's cameras nobody says where it stands. Nor is it public what the
.RMD beside a clip holds: looks, as text.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

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
_ISO, _KELVIN, _F_NUMBER, _FOCAL_LENGTH = 0x403B, 0x200D, 0x406A, 0x406B
_PRODUCTION, _SCENE, _TAKE = 0x1076, 0x107D, 0x107E
_ENDINGS = {b"REOB", b"REOF", b"REOS"}
_ENDING, _MOST_FRAMES = 56, 1 << 22


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
        frames = _indexed_frames(file) if read is _first else 0
    header = read(block, behind) if len(block) == size else None
    return replace(header, frames=frames) if header else None


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
    return PictureHeader(
        container="R3D",
        codec="redcode",
        codec_name="REDCODE RAW",
        width=width,
        height=height,
        rate=told_rate(rate) if rate else Fraction(0),
        timecode=texts.get(_TIMECODE, ""),
        reel=f"{letter}{reel}" if re.fullmatch(r"\d{3}", reel) and letter else reel,
        scene=texts.get(_SCENE, ""),
        take=texts.get(_TAKE, ""),
        project=texts.get(_PRODUCTION, ""),
        recorded=" ".join(filter(None, [_parted(day, "-", 4), _parted(time, ":", 2)])),
        camera=camera | _exposure(tags),
    )


def _exposure(tags: dict[int, bytes]) -> dict[str, str]:
    """What the operator had set, as far as it is a number."""
    iso, f_number, millimetres = (
        int.from_bytes(tags[tag], "big") if len(tags.get(tag, b"")) == 2 else 0
        for tag in (_ISO, _F_NUMBER, _FOCAL_LENGTH)
    )
    said = {"iso": str(iso or ""), "focal_length": f"{millimetres} mm" if millimetres else ""}
    said["f_number"] = f"{f_number / 10:g}" if f_number else ""
    if len(tags.get(_KELVIN, b"")) == 4:
        (kelvin,) = struct.unpack(">f", tags[_KELVIN])
        said["kelvin"] = f"{kelvin:.0f}" if 0 < kelvin < 100_000 else ""
    return {name: text for name, text in said.items() if text}


def _indexed_frames(file: BinaryIO) -> int:
    """By the index at the end of a RED ONE's file; 0 where there is none, as in one cut off."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _ENDING, 0))
    ending = file.read(_ENDING)
    at = int.from_bytes(ending[8:12], "big")
    if ending[4:8] not in _ENDINGS or not 0 < at < size:
        return 0
    file.seek(at)
    head = file.read(8)
    length = int.from_bytes(head[:4], "big") - 8
    if head[4:] != b"RDVO" or not 0 < length <= min(size - at, 4 * _MOST_FRAMES):
        return 0
    places = struct.unpack(f">{length // 4}I", file.read(length // 4 * 4))
    return next((n for n, place in enumerate(places) if not place), len(places))


def _parted(digits: str, mark: str, first: int) -> str:
    """`20160118` as 2016-01-18, `213555` as 21:35:55; anything else as it is."""
    if not digits.isdecimal() or len(digits) != first + 4:
        return digits
    return mark.join([digits[:first], digits[first : first + 2], digits[first + 2 :]])
