"""The one object a running job talks to, and through which others pause, cancel and watch it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.errors import JobCancelled
from app.jobs.rate import Rate
from app.jobs.snapshot import JobSnapshot, JobState, PlaceSnapshot, PlaceState


class JobControl:
    """Checkpoints in, progress out.

    The job's threads call `checkpoint`, `advance`, `show` and `place`; anyone may take a
    `snapshot`. Counters are plain integers under one lock: cheap enough for every block.
    """

    def __init__(self, snapshot: JobSnapshot) -> None:
        self._lock = threading.Lock()
        self._go = threading.Event()
        self._go.set()
        self._cancelled = threading.Event()
        self._left_out: frozenset[int] = frozenset()
        self._base = snapshot
        self._work = snapshot.work_done
        self._copied = snapshot.copied
        self._verified = snapshot.verified
        self._files = snapshot.files_done
        self._current = snapshot.current
        self._set_places(snapshot.places)
        self._rate = Rate()
        self._work_rate = Rate()

    def _set_places(self, places: Sequence[PlaceSnapshot]) -> None:
        self._places = list(places)
        self._written = [place.written for place in places]
        self._proven = [place.verified for place in places]
        self._place_rates = [Rate() for _ in places]

    # For the job

    def checkpoint(self) -> None:
        """Return at once, wait while paused, or raise JobCancelled."""
        if not self._go.is_set():
            self._go.wait()
        if self._cancelled.is_set():
            raise JobCancelled

    def advance(self, work: int = 0, *, copied: int = 0, verified: int = 0, files: int = 0) -> None:
        """Count bytes of work done, of the source copied and verified, and files done."""
        with self._lock:
            self._work += work
            self._copied += copied
            self._verified += verified
            self._files += files

    def show(self, **facts: Any) -> None:
        """Set any of the snapshot's facts: stage, current, totals, wants, verdict, report …"""
        with self._lock:
            if "places" in facts:
                self._set_places(facts.pop("places"))
            if "copied" in facts:
                self._rate.restart()
            if "work_done" in facts:
                self._work_rate.restart()
            self._current = facts.pop("current", self._current)
            self._work = facts.pop("work_done", self._work)
            self._copied = facts.pop("copied", self._copied)
            self._verified = facts.pop("verified", self._verified)
            self._files = facts.pop("files_done", self._files)
            if facts:
                self._base = replace(self._base, **facts)

    def place(self, index: int, *, written: int = 0, verified: int = 0, **facts: Any) -> None:
        """Count bytes written to and verified on destination *index*, or set its facts."""
        with self._lock:
            self._written[index] += written
            self._proven[index] += verified
            if facts:
                self._places[index] = replace(self._places[index], **facts)

    def wait(self, seconds: float) -> None:
        """Sleep, but wake at once when cancelled; then behave like a checkpoint."""
        self._cancelled.wait(seconds)
        self.checkpoint()

    @property
    def cancelled(self) -> bool:
        """Whether the person has cancelled the job."""
        return self._cancelled.is_set()

    @property
    def left_out(self) -> frozenset[int]:
        """Destinations without which the person wants the job to go on, should they be gone."""
        return self._left_out

    # For others

    def go_without(self, place: int) -> None:
        """Wait no longer for destination *place*, which was pulled."""
        with self._lock:
            self._left_out |= {place}

    def pause(self) -> None:
        """Hold the job at its next checkpoint."""
        with self._lock:
            if self._base.state is JobState.RUNNING and not self._cancelled.is_set():
                self._base = replace(self._base, state=JobState.PAUSED)
                self._go.clear()

    def resume(self) -> None:
        """Let a paused job go on."""
        with self._lock:
            if self._base.state is JobState.PAUSED:
                self._base = replace(self._base, state=JobState.RUNNING)
            self._hold_rates()
            self._go.set()

    def cancel(self) -> None:
        """Raise JobCancelled at the job's next checkpoint, paused or not."""
        with self._lock:
            self._cancelled.set()
            self._go.set()

    def start(self, moment: datetime) -> None:
        """Mark the job as running."""
        self.show(state=JobState.RUNNING, started=moment)

    def end(self, state: JobState, moment: datetime) -> None:
        """Mark the job as ended (or interrupted)."""
        self.show(state=state, finished=moment, stage="", wants="")

    @property
    def state(self) -> JobState:
        """The state right now."""
        return self._base.state

    def snapshot(self) -> JobSnapshot:
        """An immutable picture of this moment; asking also moves the smoothed rates on."""
        with self._lock:
            running = self._base.state is JobState.RUNNING and not self._base.wants
            if running:
                rate = self._rate.update(self._copied)
                self._work_rate.update(self._work)
            else:  # waiting for a person is not slowness
                rate = 0.0
                self._hold_rates()
            total = self._base.work_total
            left = self._work_rate.left(total - self._work) if running and total else None
            return replace(
                self._base,
                current=self._current,
                work_done=self._work,
                copied=self._copied,
                verified=self._verified,
                files_done=self._files,
                rate=rate,
                left=left,
                places=tuple(self._shown(i, running) for i in range(len(self._places))),
            )

    def _hold_rates(self) -> None:
        for rate in (self._rate, self._work_rate, *self._place_rates):
            rate.pause()

    def _shown(self, index: int, running: bool) -> PlaceSnapshot:
        place, written = self._places[index], self._written[index]
        rate = place.rate
        if running and place.state is PlaceState.WRITING:
            rate = self._place_rates[index].update(written)
        return replace(place, written=written, verified=self._proven[index], rate=rate)
