"""Sizes that encoders take."""

from __future__ import annotations

from fractions import Fraction


def even(number: Fraction | int) -> int:
    """The even number at or below *number*, at least 2: chroma is shared by pairs of pixels."""
    return max(2, int(round(number) // 2 * 2))
