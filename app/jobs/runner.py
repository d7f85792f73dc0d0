"""Runs jobs: each starts when all its devices are free, in the user's order.

The runner emits nothing. Whoever wants to know asks for `snapshots`.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.errors import JobCancelled, JournalFault, ReelkeepError, Refusal
from app.jobs.control import JobControl
from app.jobs.ending import as_confirmed, begun_anew, ending_of, held_back, recorded
from app.jobs.following import awaited, stuck, waits
from app.jobs.instance import Instance, Lanes
from app.jobs.journal import JobRow, Journal
from app.jobs.kind import JobKind, Task
from app.jobs.logbook import logbook
from app.jobs.requests import ask_to_cancel, asked_to_cancel, heeded
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId, Spec, new_job_id
from app.jobs.telling import Telling
from app.jobs.vigil import Vigil
from app.log import job_context
from app.units import now

log = logging.getLogger(__name__)


class Runner:
    """The queue of a profile."""

    def __init__(
        self,
        journal: Journal,
        instance: Instance,
        lanes: Lanes,
        vigil: Vigil | None = None,
        logs: Callable[[], Path] | None = None,
    ) -> None:
        """*logs* answers the folder for the logs of single jobs, None for none."""
        self._journal = journal
        self._logs = logs
        self.vigil = vigil or Vigil()
        self._instance = instance
        self._lanes = lanes
        self.kinds: dict[str, JobKind] = {}
        self._controls: dict[JobId, JobControl] = {}
        self._threads: dict[JobId, threading.Thread] = {}
        self._unwritten: dict[JobId, JobSnapshot] = {}
        """How jobs ended whose end the journal could not take yet."""
        self._rows: list[JobRow] = []
        self._waits: dict[JobId, dict[str, Any]] = {}
        """What the snapshot of each queued job shows of what it waits for."""
        self._telling = Telling(journal)
        self._busy: frozenset[str] = frozenset()
        """Devices that any job of the profile is at work on, or is about to be."""
        self._change = threading.Condition(threading.RLock())
        self._stopping = False
        self._stale = True
        self._held_by = ""
        """Why no job can be started, "" if one can."""

    # Asking

    def snapshots(self) -> tuple[JobSnapshot, ...]:
        """Every listed job as it stands, in the user's order."""
        with self._change:
            if self._stale:
                self._rows, self._busy = self._journal.jobs(), self._at_work()
                self._waits = {row.id: waits(self._journal, row, self._rows) for row in self._rows}
                self._stale = False
            rows, controls, unwritten = self._rows, dict(self._controls), dict(self._unwritten)
            busy, waiting = self._busy, self._waits
        return tuple(
            held_back(controls[row.id].snapshot())
            if row.id in controls
            else held_back(
                unwritten.get(row.id) or self._waiting(row, waiting[row.id]), row.lanes, busy
            )
            for row in rows
        )

    def _waiting(self, row: JobRow, waiting: dict[str, Any]) -> JobSnapshot:
        shown = recorded(row, self._instance.id, waiting)
        if self._held_by and shown.state is JobState.QUEUED and not shown.foreign:
            return replace(shown, wants=f"Cannot be started yet. {self._held_by}")
        return shown

    def snapshot(self, job: JobId) -> JobSnapshot:
        """One job as it stands, also one that is off the queue."""
        control = self._controls.get(job)
        if control is not None:
            return held_back(control.snapshot())
        ended = self._unwritten.get(job)
        try:
            row = self._journal.job(job)
        except JournalFault:
            if ended is None:
                raise
            return held_back(ended)
        running = self._journal.jobs_in(JobState.RUNNING) if row.state is JobState.QUEUED else []
        found = ended or self._waiting(row, waits(self._journal, row, running))
        if not any(place.safe_to_eject for place in found.places):
            return found
        return held_back(found, row.lanes, self._at_work())

    def _at_work(self) -> frozenset[str]:
        """Devices of jobs that run or are about to, in whatever process."""
        rows = self._journal.jobs_in(JobState.QUEUED, JobState.RUNNING)
        alive = [
            row for row in rows if self._instance.alive(row.owner) and not stuck(self._journal, row)
        ]
        return frozenset[str]().union(*(row.lanes for row in alive))

    # Telling

    def submit(self, spec: Spec, task: Task, job: JobId | None = None) -> JobId:
        """Put a prepared job at the end of the queue; NotFound if the one it follows is none."""
        job = job or new_job_id()
        if spec.after is not None:
            self._journal.job(spec.after)
        for name, value in task.facts.items():
            self._journal.set_fact(job, name, value)
        self._journal.add_job(
            job,
            spec,
            title=task.title,
            lanes=task.lanes,
            owner=self._instance.id,
            shown=task.shown,
        )
        with job_context(job):
            log.info("%s was queued: %s", job, task.title)
        self._changed()
        return job

    def pause(self, job: JobId) -> None:
        """Hold a running job."""
        if control := self._controls.get(job):
            control.pause()

    def resume(self, job: JobId) -> None:
        """Let a paused job go on, or queue an interrupted or cancelled one again."""
        with self._change:
            # A job that has just ended is let go of first, or the wish would be lost with it.
            self._change.wait_for(lambda: not self._ending(job), timeout=10)
            control = self._controls.get(job)
        if control is not None:
            control.resume()
            return
        if ended := self._unwritten.get(job):
            self._write_end(ended)
        states = (JobState.INTERRUPTED, JobState.CANCELLED, JobState.FAILED)
        if not self._journal.claim(job, self._instance.id, states):
            state = self._journal.job(job).state
            raise Refusal(f"Job {job} is {state}; there is nothing to resume.")
        heeded(self._journal, job)  # what was asked of an earlier owner
        self._changed()

    def _ending(self, job: JobId) -> bool:
        control = self._controls.get(job)
        return control is not None and control.state not in {JobState.RUNNING, JobState.PAUSED}

    def go_without(self, job: JobId, place: int) -> None:
        """Let a running job go on without a destination that was pulled."""
        if control := self._controls.get(job):
            control.go_without(place)

    def cancel(self, job: JobId) -> tuple[str, ...]:
        """End a job; what is confirmed stays. A job of another process ends a moment later.

        What a job that was cut off has left half written is removed; answers, in words, what could
        not be reached.
        """
        with self._change:  # or it might be started in the same moment
            if control := self._controls.get(job):
                control.cancel()
                return ()
            row = self._journal.job(job)
            waits = row.state in {JobState.QUEUED, JobState.INTERRUPTED}
            if waits and not self._foreign(row):
                self._journal.set_state(job, JobState.CANCELLED)
                self._changed()
            elif row.state.ended:
                return ()
            else:
                ask_to_cancel(self._journal, job)  # the Reelkeep that has it in hand looks for that
                return ()
        return self._clear_up(row)

    def _clear_up(self, row: JobRow) -> tuple[str, ...]:
        kind, lane = self.kinds.get(row.kind), _own_lane(row)
        if kind is None or row.started is None:
            return ()
        with self._change:
            if not self._lanes.take(lane):
                return ()  # it was taken up again, and needs what it has written
        try:
            if self._journal.job(row.id).state is JobState.CANCELLED:
                with job_context(row.id):
                    return tuple(kind.clear_up(row.id, row.spec))
        finally:
            with self._change:
                self._lanes.release(lane)
        return ()

    def move(self, job: JobId, before: JobId | None) -> None:
        """Change the user's order."""
        self._journal.move(job, before)
        self._changed()

    def forget(self, job: JobId) -> None:
        """Take an ended job off the queue; the journal keeps it."""
        if self._journal.job(job).state.ended:
            self._journal.hide(job)
            self._changed()

    # Working

    def recover(self) -> tuple[JobId, ...]:
        """Mark jobs whose process has died as interrupted; answers which."""
        lost = []
        for row in self._journal.jobs(hidden=True):
            open_still = not row.state.ended and row.state is not JobState.INTERRUPTED
            if open_still and not self._instance.alive(row.owner):
                shown = begun_anew(recorded(row, self._instance.id))
                ending = ending_of(replace(shown, **self._confirmed(row, shown)))
                if not self._journal.interrupt(row, ending):
                    continue  # another Reelkeep has taken it up meanwhile
                with job_context(row.id):
                    log.info("%s was interrupted; it can be resumed", row.id)
                lost.append(row.id)
        self._changed()
        return tuple(lost)

    def run(self, until: Iterable[JobId] | None = None) -> None:
        """Start jobs as their devices come free, until stopped or all of *until* have ended."""
        wanted = None if until is None else set(until)
        while True:
            with self._change:
                self._let_go()
                self._write_late()
                self._heed()
                if self._stopping and not self._threads:
                    return
                if not self._stopping:
                    self._start_what_can(wanted)
                if wanted is not None and not self._threads and self._all_ended(wanted):
                    return
                # Lanes may be held, and jobs queued, by another Reelkeep: look again now and then.
                self._change.wait(0.5)
                self._stale = True
                controls = dict(self._controls)
            with contextlib.suppress(JournalFault):
                self._telling.tell(controls)

    def _let_go(self) -> None:
        """Wait for threads that have nothing left to do, so that none outlives `run`."""
        for job in self._threads.keys() - self._controls.keys():
            self._threads.pop(job).join()

    def _heed(self) -> None:
        """Cancel what other processes have asked us to."""
        with contextlib.suppress(JournalFault):
            for job in asked_to_cancel(self._journal):
                row = self._journal.job(job)
                if row.owner == self._instance.id:
                    heeded(self._journal, job)
                    self.cancel(job)

    def _write_late(self) -> None:
        """Try again to write down how jobs ended."""
        for ended in list(self._unwritten.values()):
            with contextlib.suppress(ReelkeepError):
                self._write_end(ended)

    def stop(self) -> None:
        """Interrupt what runs, at its next checkpoint, and let `run` return."""
        with self._change:
            self._stopping = True
            controls = tuple(self._controls.values())
            self._change.notify_all()
        for control in controls:
            control.cancel()

    def _all_ended(self, wanted: set[JobId]) -> bool:
        """Whether nothing more comes of *wanted* by itself."""
        rows = [self._journal.job(job) for job in wanted.difference(self._unwritten)]
        return all(
            row.state not in {JobState.QUEUED, JobState.RUNNING} or stuck(self._journal, row)
            for row in rows
        )

    def _start_what_can(self, wanted: set[JobId] | None) -> None:
        """Where the profile's disk is full or fails, the queue waits; nothing else ends by it."""
        try:
            self._start_ready(wanted)
        except (ReelkeepError, OSError) as error:
            if wanted is not None and not self._threads:
                raise  # somebody waits for just these, and nothing runs that could be harmed
            if self._held_by != str(error):
                log.error("No job can be started: %s", error)
            self._held_by = str(error)
        else:
            self._held_by = ""

    def _start_ready(self, wanted: set[JobId] | None) -> None:
        held: set[str] = set()
        for row in self._journal.jobs(hidden=True):
            mine = row.state is JobState.QUEUED and row.owner == self._instance.id
            if not mine or row.id in self._threads or (wanted is not None and row.id not in wanted):
                continue
            lanes = row.lanes | _own_lane(row)
            if not held.isdisjoint(lanes) or awaited(self._journal, row) is not None:
                continue  # what another process lets go of meanwhile is an earlier job's
            if not self._lanes.take(lanes):
                held.add(self._lanes.busy)
                continue
            try:
                self._journal.set_state(row.id, JobState.RUNNING)
            except ReelkeepError:
                self._lanes.release(row.lanes | _own_lane(row))
                raise
            control = JobControl(begun_anew(recorded(row, self._instance.id)))
            control.start(now())
            thread = threading.Thread(target=self._work, args=(row, control), name=f"job {row.id}")
            self._controls[row.id] = control
            self._threads[row.id] = thread
            self._stale = True
            thread.start()

    def _work(self, row: JobRow, control: JobControl) -> None:
        try:
            with (
                job_context(row.id),
                logbook(self._logs, row.id, control),
                self.vigil.while_running(),
            ):
                log.info("%s was started: %s", row.id, row.title)
                state = self._outcome(row, control)
                self._record(row, control, state)
        finally:
            with self._change:
                self._lanes.release(row.lanes | _own_lane(row))
                self._controls.pop(row.id, None)
                self._stale = True
                self._change.notify_all()

    def _outcome(self, row: JobRow, control: JobControl) -> JobState:
        try:
            done = self.kinds[row.kind].run(row.id, row.spec, control)
        except JobCancelled:
            return JobState.INTERRUPTED if self._stopping else JobState.CANCELLED
        except ReelkeepError as error:
            log.info("%s failed: %s", row.id, error)
            control.show(error=error.message, hint=error.hint)
            return JobState.FAILED
        except Exception:
            log.exception("%s ended by an internal error", row.id)
            control.show(error="Internal error, see the log.", hint="`reelkeep log` shows it.")
            return JobState.FAILED
        return JobState.DONE if done else JobState.FAILED

    def _record(self, row: JobRow, control: JobControl, state: JobState) -> None:
        if state in {JobState.INTERRUPTED, JobState.CANCELLED}:
            control.show(**self._confirmed(row, control.snapshot()))
        control.end(state, now())
        ended = self._unwritten[row.id] = control.snapshot()
        try:
            self._write_end(ended)
        except ReelkeepError:
            log.exception("%s ended as %s, but the journal could not be written", row.id, state)
        log.info("%s ended: %s", row.id, state)

    def _confirmed(self, row: JobRow, shown: JobSnapshot) -> dict[str, Any]:
        """How far a job that was cut off is: what was not confirmed will be done again."""
        try:
            facts = dict(self.kinds[row.kind].confirmed(row.id, row.spec))
        except (ReelkeepError, KeyError):  # of a newer Reelkeep, or the journal does not answer
            return {}
        if shown.places and "places" in facts:
            facts["places"] = tuple(map(as_confirmed, shown.places, facts["places"]))
        return facts

    def _write_end(self, ended: JobSnapshot) -> None:
        """Write down how a job ended; JournalFault when that has to wait."""
        self._journal.set_state(ended.id, ended.state, ending=ending_of(ended))
        self._unwritten.pop(ended.id, None)

    def _foreign(self, row: JobRow) -> bool:
        return row.owner != self._instance.id and self._instance.alive(row.owner)

    def _changed(self) -> None:
        with self._change:
            self._stale = True
            self._change.notify_all()


def _own_lane(row: JobRow) -> frozenset[str]:
    """What keeps a job from being begun while somebody clears up after it."""
    return frozenset({f"job {row.id}"})
