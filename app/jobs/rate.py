"""Rates and times left that do not jump."""

from __future__ import annotations

import time
from collections.abc import Callable

WINDOW = 4.0
"""Seconds after which an old rate has lost most of its weight."""


STILL = 1.5
"""Seconds that a count may stand still before the rate falls: programs tell theirs in steps."""


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
        if elapsed < 0.05 or (count == self._count and elapsed < STILL):
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
        """Seconds until *remaining* more units are done; None while nobody can know.

        What comes after the last unit is not counted in units, so then nobody knows either.
        """
        if remaining <= 0 or self._value <= 0:
            return None
        passed = 0.0 if self._last is None else self._clock() - self._last
        return max(0.0, remaining / self._value - passed)
