"""Rates and times left that do not jump."""

from __future__ import annotations

import time
from collections.abc import Callable

WINDOW = 4.0
"""Seconds after which an old rate has lost most of its weight."""


class Rate:
    """A smoothed rate over a growing count; safe to ask from one thread at a time."""

    __slots__ = ("_clock", "_count", "_last", "_value")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: float | None = None
        self._count = 0
        self._value = 0.0

    def update(self, count: int) -> float:
        """Take in the count so far; answers units per second."""
        now = self._clock()
        if self._last is None:
            self._last, self._count = now, count
            return 0.0
        if count < self._count:  # counted anew, as at the next stage of a cascade
            self._last, self._count = now, count
            return self._value
        elapsed = now - self._last
        if elapsed < 0.05:
            return self._value
        fresh = (count - self._count) / elapsed
        weight = min(1.0, elapsed / WINDOW) if self._value else 1.0
        self._value += (fresh - self._value) * weight
        self._last, self._count = now, count
        return max(0.0, self._value)

    def pause(self) -> None:
        """Forget the clock, so that a pause does not count as slowness."""
        self._last = None

    def restart(self) -> None:
        """Begin anew: the count was set, not reached."""
        self._last, self._value = None, 0.0

    def left(self, remaining: int) -> float | None:
        """Seconds until *remaining* more units are done; None while nobody can know."""
        if remaining <= 0:
            return 0.0
        return remaining / self._value if self._value > 0 else None
