"""What the header of one picture's file tells, whatever its format."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from app.errors import BadInput
from app.timecode import frame_rate

_BCD = ((0x3F, 3), (0x7F, 2), (0x7F, 1), (0x3F, 0))
"""Bits that count of hours, minutes, seconds and frames in a packed SMPTE timecode."""
_DROP = 0x40
_MOMENT = re.compile(r"(\d{4}):(\d\d):(\d\d)[: ](\d\d:\d\d:\d\d)(.*)", re.DOTALL)
_STEP = 1001
"""Rates that are stored as a binary number are taken for a fraction with no finer steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureHeader:
    """Of one file; what it does not say is empty, and never guessed."""

    container: str
    """`DPX`, `EXR`, `R3D`; also where the facts are said to come from."""
    codec: str = ""
    codec_name: str = ""
    """For a format that cannot be decoded here."""
    width: int = 0
    height: int = 0
    rate: Fraction = Fraction(0)
    """Frames a second."""
    frames: int = 0
    """Of a file that holds more than one picture; 0 where it does not say."""
    timecode: str = ""
    """Of this picture: `01:00:00:00`, with a semicolon where it is counted in drop-frame."""
    reel: str = ""
    scene: str = ""
    take: str = ""
    project: str = ""
    recorded: str = ""
    transfer: str = ""
    """How numbers become light, where it has no code in ITU-T H.273."""
    camera: Mapping[str, str] = field(default_factory=dict)


def packed_timecode(packed: int) -> str:
    """The text of a timecode in 32 bits (SMPTE ST 12-1: hours in the highest byte); "" for none."""
    if packed in {0xFFFFFFFF, 0x7FFFFFFF}:  # how DPX writes that there is none
        return ""
    pairs = []
    for mask, place in _BCD:
        byte = packed >> 8 * place & mask
        tens, ones = byte >> 4, byte & 0x0F
        if ones > 9:
            return ""
        pairs.append(f"{tens}{ones}")
    mark = ";" if packed & _DROP else ":"
    return f"{pairs[0]}:{pairs[1]}:{pairs[2]}{mark}{pairs[3]}"


def stored_rate(said: float) -> Fraction:
    """The exact rate behind a binary number: 23.976 as a float is 24000/1001; 0 for nonsense."""
    if not math.isfinite(said) or not 0 < said < 100_000:
        return Fraction(0)
    return told_rate(Fraction(said).limit_denominator(_STEP))


def told_rate(said: str | Fraction) -> Fraction:
    """The exact rate behind what is written; 0 where it is none."""
    try:
        return frame_rate(said)
    except BadInput:
        return Fraction(0)


def plain_text(raw: bytes) -> str:
    """Text of a field that ends with a zero byte, or is filled up with 0xFF where it is unused."""
    return raw.split(b"\0", 1)[0].rstrip(b"\xff").decode("utf-8", "replace").strip()


def written_moment(text: str) -> str:
    """A moment as pictures write it, `2026:11:20 09:10:00`, with the usual day; others as is."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return text
    return f"{found[1]}-{found[2]}-{found[3]} {found[4]}{found[5].strip(':')}"
