"""What a picture of high range tells of the display on which it was finished, and of its light.

Told once by a file's header or with its pictures; encoders are told in words of their own.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

_CHROMA, _NITS = 50_000, 10_000
"""Steps of a coordinate of colour, and of a nit."""
_NAMES = ("G", "B", "R", "WP")
_WORDS = re.compile(r"([A-Z]+)\((\d+),(\d+)\)")


def mastering_of(frame: Any) -> str:
    """`G(13250,34500)B(…)R(…)WP(…)L(10000000,1)`; "" where a picture does not tell all of it."""
    told = _told(frame, "MASTERING_DISPLAY_METADATA")
    if told is None or len(told) < 88:
        return ""
    numbers = struct.unpack("=22i", told[:88])
    if not (numbers[20] and numbers[21]) or not all(numbers[1:20:2]):
        return ""
    values = [
        Fraction(above, below) for above, below in zip(numbers[:20:2], numbers[1:20:2], strict=True)
    ]
    red, green, blue, white = (values[n : n + 2] for n in (0, 2, 4, 6))
    words = "".join(
        f"{name}({_steps(x, _CHROMA)},{_steps(y, _CHROMA)})"
        for name, (x, y) in zip(_NAMES, (green, blue, red, white), strict=True)
    )
    return f"{words}L({_steps(values[9], _NITS)},{_steps(values[8], _NITS)})"


def light_of(frame: Any) -> str:
    """Nits of the brightest pixel and the brightest frame, `1000,400`; "" where it is not told."""
    told = _told(frame, "CONTENT_LIGHT_LEVEL")
    if told is None or len(told) < 8:
        return ""
    brightest, mean = struct.unpack("=2I", told[:8])
    return f"{brightest},{mean}" if brightest or mean else ""


def _told(frame: Any, kind: str) -> bytes | None:
    try:
        return next((bytes(one) for one in frame.side_data if one.type.name == kind), None)
    except ValueError:  # PyAV lists none where one of them is of a kind that it has no name for
        return None


def _steps(value: Fraction, of: int) -> int:
    return round(value * of)


def for_x264(mastering: str, light: str) -> str:
    """As an option of x264."""
    return ":".join(_said("mastering-display", mastering) + _said("cll", light))


def for_x265(mastering: str, light: str) -> str:
    """As an option of x265."""
    return ":".join(_said("master-display", mastering) + _said("max-cll", light))


def for_svt(mastering: str, light: str) -> str:
    """As an option of SVT-AV1, which counts in ones."""
    plain = "".join(_plain(mastering))
    return ":".join(_said("mastering-display", plain) + _said("content-light", light))


def _plain(mastering: str) -> Iterator[str]:
    for name, x, y in _WORDS.findall(mastering):
        steps, digits = (_NITS, 4) if name == "L" else (_CHROMA, 5)
        yield f"{name}({int(x) / steps:.{digits}f},{int(y) / steps:.{digits}f})"


def _said(name: str, value: str) -> list[str]:
    return [f"{name}={value}"] if value else []
