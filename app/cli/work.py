"""Runs jobs for a command: watches them to their end, Ctrl-C cancels, a shutdown interrupts."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import FrameType

from app.cli.follow import follow
from app.cli.output import Output
from app.engine import Engine
from app.errors import JournalFault
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId

_Handler = Callable[[int, FrameType | None], None]


class Watch:
    """Jobs of one command, while they run in this process."""

    def __init__(
        self,
        engine: Engine,
        output: Output,
        told: Callable[[JobSnapshot], None] | None = None,
    ) -> None:
        """*told* hears of each job as soon as it has ended."""
        self._engine, self._output = engine, output
        self._told_of = told
        self._jobs: tuple[JobId, ...] = ()
        self._runner = threading.Thread(target=self._serve, name="runner")
        # Plain flags: a signal handler may not take a lock.
        self._cancel = self._stop = False
        self._told = False

    def until_ended(self, jobs: Sequence[JobId]) -> list[JobSnapshot]:
        """Run *jobs*, which are queued, and answer how each ended, in their order."""
        self._jobs = tuple(jobs)
        seconds = float(self._engine.settings.get("offload.progress_interval"))
        with _signals(self._on_cancel, self._on_stop):
            self._runner.start()
            try:
                return [self._followed(job, seconds) for job in self._jobs]
            finally:
                self._engine.stop()
                self._runner.join()

    def _followed(self, job: JobId, seconds: float) -> JobSnapshot:
        ended = follow(self._output, partial(self._look, job), plain_seconds=seconds)
        if self._told_of is not None:
            self._told_of(ended)
        return ended

    def _serve(self) -> None:
        """Run the queue; a journal that cannot be read is told by the next look at it."""
        with contextlib.suppress(JournalFault):
            self._engine.serve()

    def _on_cancel(self, _signal: int, _frame: FrameType | None) -> None:
        self._cancel = True

    def _on_stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stop = True

    def _look(self, job: JobId) -> JobSnapshot:
        """How *job* stands; what the signals have asked for is done here, outside of them."""
        if (self._cancel or self._stop) and not self._told:
            self._told = True
            if self._stop:
                self._output.warn("Stopping at the next safe point; the job can be resumed.")
                self._engine.stop()
            else:
                self._output.warn("Cancelling at the next safe point.")
                self._cancel_all()
        found = self._engine.snapshot(job)
        if found.state is JobState.QUEUED and not self._runner.is_alive():
            return replace(found, state=JobState.INTERRUPTED)  # it is when it is looked at again
        if found.state is JobState.QUEUED and found.wants:  # for a job that did not end well
            return replace(found, state=JobState.INTERRUPTED, error=found.wants)
        return found

    def _cancel_all(self) -> None:
        for job in reversed(self._jobs):
            if not self._engine.snapshot(job).state.ended:
                for words in self._engine.cancel(job):
                    self._output.warn(words)


@contextmanager
def _signals(cancel: _Handler, stop: _Handler) -> Iterator[None]:
    """While inside, Ctrl-C and a shutdown are asked for, not suffered."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wanted = {signal.SIGINT: cancel, signal.SIGTERM: stop}
    if hasattr(signal, "SIGHUP"):
        wanted[signal.SIGHUP] = stop  # the terminal was closed
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
