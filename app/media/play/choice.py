"""Which version of a clip to show: one pure function for player and server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

HEADROOM = 0.7
"""Share of what comes through that a version may need: rates of clips and of networks vary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One file in which a clip can be seen."""

    name: str
    """`original`, `preview-360`."""
    height: int
    """Pixels, as shown."""
    peak: int = 0
    """Bits a second in its worst two seconds; 0 where nobody knows: a line may not bear it."""

    @property
    def needs(self) -> float:
        """Bits a second to be ready for."""
        return self.peak or inf


def choose(
    versions: Iterable[Version],
    height: float,
    *,
    ratio: float = 1.0,
    throughput: float | None = None,
) -> Version | None:
    """The version for a display of *height* points with *ratio* pixels each; None without any.

    The smallest one that fills the display and whose peak is at most 0.7 of *throughput* (bits a
    second as measured; None for a disk, which is not counted); else the largest of the smaller ones
    that comes through; and where none does, the one that needs least.
    """
    known = sorted(versions, key=lambda one: (one.height, one.needs, one.name))
    if not known:
        return None
    limit = inf if throughput is None else HEADROOM * throughput
    flowing = [one for one in known if one.needs <= limit]
    if not flowing:
        return min(known, key=lambda one: (one.needs, -one.height, one.name))
    filling = [one for one in flowing if one.height >= height * ratio]
    if filling:
        return filling[0]
    tallest = flowing[-1].height
    return next(one for one in flowing if one.height == tallest)
