"""The last five minutes of every running job's rate."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable

from app.jobs.snapshot import JobSnapshot, JobState, PlaceState

SPAN = 300.0
"""Seconds kept."""
_CLEARLY = 0.97
"""Rates nearer to each other than this are the same."""
STEP = 0.5
"""Seconds between samples: what is drawn need not be finer."""


class RateHistory:
    """Samples of rates by job, fed with every look at the queue."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._samples: dict[str, deque[tuple[float, float]]] = {}

    def take(self, jobs: Iterable[JobSnapshot]) -> None:
        """Note the rates of the jobs that run now."""
        moment = self._clock()
        for job in jobs:
            if job.state is not JobState.RUNNING:
                continue
            samples = self._samples.setdefault(str(job.id), deque())
            if samples and moment - samples[-1][0] < STEP:
                continue
            samples.append((moment, job.rate))
            while samples and samples[0][0] < moment - SPAN:
                samples.popleft()

    def samples(self, job: str) -> tuple[tuple[float, float], ...]:
        """Age in seconds (newest last, near 0) and bytes per second of each sample."""
        moment = self._clock()
        return tuple((moment - at, rate) for at, rate in self._samples.get(job, ()))


def slowest(job: JobSnapshot) -> str:
    """Name of the destination that the others wait for, "" where none is slower."""
    writing = [p for p in job.places if p.state is PlaceState.WRITING and p.rate > 0]
    if len(writing) < 2:
        return ""
    last = min(writing, key=lambda place: place.rate)
    return last.name if last.rate < _CLEARLY * max(place.rate for place in writing) else ""
