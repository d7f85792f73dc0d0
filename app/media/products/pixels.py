"""Sizes that encoders take, and what kinds of pixels there are."""

from __future__ import annotations

from fractions import Fraction

_RGB = ("rgb", "gbr", "bgr", "argb", "abgr", "0rgb", "0bgr", "pal", "xyz", "bayer")
_ALPHA = ("rgba", "bgra", "argb", "abgr", "gbrap", "yuva", "ya", "pal")


def even(number: Fraction | int) -> int:
    """The even number at or below *number*, at least 2: chroma is shared by pairs of pixels."""
    return max(2, int(round(number) // 2 * 2))


def is_rgb(pixel_format: str) -> bool:
    """Whether pixels, named as FFmpeg does, are colours themselves: they have no matrix."""
    return pixel_format.startswith(_RGB)


def has_alpha(pixel_format: str) -> bool:
    """Whether pixels may be seen through."""
    return pixel_format.startswith(_ALPHA)
