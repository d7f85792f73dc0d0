"""The clock that pictures follow: of the sound device where there is one, else of the machine."""

from __future__ import annotations

import time
from collections.abc import Callable

_JUMP = 0.1
"""Seconds of difference from the device that are made up at once, not bit by bit."""
_SHARE = 0.1
"""Of a smaller difference, made up at each look: devices tell their place in steps."""


class PlayClock:
    """Seconds since playing began. Read by several threads, set by one."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._began: float | None = None
        self._latest = 0.0

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self._began is not None

    def start(self) -> None:
        """Begin at 0."""
        self._latest = 0.0
        self._began = self._now()

    def stop(self) -> None:
        """Stand at 0."""
        self._began = None
        self._latest = 0.0

    def elapsed(self) -> float:
        """Seconds since the start; never less than before."""
        began = self._began
        if began is None:
            return 0.0
        self._latest = max(self._latest, self._now() - began)
        return self._latest

    def heard(self, seconds: float) -> None:
        """The device has made so many seconds heard: follow it."""
        if self._began is None:
            return
        ahead = seconds - (self._now() - self._began)
        self._began -= ahead if abs(ahead) > _JUMP else ahead * _SHARE
