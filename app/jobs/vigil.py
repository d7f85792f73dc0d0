"""Keeps the machine awake for as long as any job runs: one vigil for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.jobs.awake import KeepAwake


class Vigil:
    """Counts running jobs; the first one keeps the machine awake, the last one lets it go."""

    def __init__(self, wanted: Callable[[], bool] = lambda: True) -> None:
        self._wanted = wanted
        self._lock = threading.Lock()
        self._jobs = 0
        self._awake: KeepAwake | None = None

    @property
    def held(self) -> bool:
        """Whether sleep is held off right now."""
        awake = self._awake
        return awake is not None and awake.held

    @contextmanager
    def while_running(self) -> Iterator[None]:
        """One job runs; never raises, because a machine that may sleep still copies."""
        self._begin()
        try:
            yield
        finally:
            self._end()

    def _begin(self) -> None:
        with self._lock:
            self._jobs += 1
            if self._jobs == 1 and self._wanted():
                # It says in the log by itself when it cannot.
                self._awake = KeepAwake().__enter__()

    def _end(self) -> None:
        with self._lock:
            self._jobs -= 1
            if self._jobs == 0 and self._awake is not None:
                awake, self._awake = self._awake, None
                awake.__exit__(None, None, None)
