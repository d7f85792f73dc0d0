"""What is done with the plan and the jobs: start, try, retry, eject."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId
from app.offload.plan import OffloadPlan
from app.places.eject import EjectResult
from app.units import count_text, now
from ui.models.destinations import PlaceInHand, place_for
from ui.models.plan import read_plans
from ui.panes.offload_desk import OffloadDesk
from ui.words import printable, started_text

SETTLE_MS = 500
LOOK_MS = 700
"""So long after a start the first jobs of it run."""
NEWS_MS = 8000
"""So long a job that ends after it was said to have started is told again."""


class OffloadDeeds(QObject):
    """Everything on the pane that makes the engine act."""

    def __init__(self, desk: OffloadDesk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._later: set[JobId] = set()
        self._fresh: dict[JobId, str] = {}
        """What was just put in the queue, and the root of its card."""
        self._look = QTimer(self)
        self._look.setSingleShot(True)
        self._look.setInterval(LOOK_MS)
        self._look.timeout.connect(self._tell_started)
        self._told: JobId | None = None
        """The job of which it was just said that it has started."""
        self._news = QTimer(self)
        self._news.setSingleShot(True)
        self._news.setInterval(NEWS_MS)
        desk.ended.connect(self._retry_ended)
        desk.ended.connect(self._tell_ended)
        desk.bridge.snapshots_changed.connect(self._see_started)

    def start(self) -> bool:
        """Submit one job per chosen card; False where something stands against it."""
        if self._desk.why_not():
            return False
        specs, engine = self._desk.specs(), self._desk.bridge.engine
        roots = [str(spec.source) for spec in specs]
        self._desk.starting |= set(roots)
        self._desk.cards.started(roots)
        for root in roots:
            self._desk.cards.confirm(root, False)
            self._desk.cards.thin(root, ())
        desk = self._desk
        desk.settings.write_last(desk.destinations.specs, desk.choices.preset)
        self._desk.bridge.act(
            lambda: [engine.submit(spec) for spec in specs],
            lambda ids: self._started(ids, roots),
            lambda error: self._not_started(set(roots), error),
        )
        self._desk.changed.emit()
        return True

    def _started(self, ids: Sequence[JobId], roots: Sequence[str] = ()) -> None:
        """Tell what runs and what waits, once the engine has looked at its queue."""
        self._fresh |= dict(zip(ids, roots or [""] * len(ids), strict=True))
        self._look.start()
        self._see_started(self._desk.bridge.snapshots)

    def _see_started(self, jobs: Sequence[JobSnapshot]) -> None:
        """Cards of which the job is there; a small one may be done before anybody saw it begin."""
        here = {self._fresh[job.id] for job in jobs if job.id in self._fresh}
        self._desk.no_longer_starting(here)

    def _tell_started(self) -> None:
        jobs = [job for job in self._desk.bridge.snapshots if job.id in self._fresh]
        for job in jobs:
            del self._fresh[job.id]
        if jobs:
            self._desk.said.emit(started_text(jobs))
            self._told = jobs[0].id if len(jobs) == 1 else None
            self._news.start()
        if self._fresh:
            self._look.start()

    def _tell_ended(self, ended: Sequence[JobSnapshot]) -> None:
        told = [job for job in ended if job.id == self._told]
        if told and self._news.isActive():
            self._desk.said.emit(started_text(told))

    def _not_started(self, roots: set[str], error: Exception) -> None:
        self._desk.starting -= roots
        self._desk.bridge.error_raised.emit(error)
        self._desk.plan_again()

    def attempt(self) -> None:
        """Carry the plan out in words only: everything is read and checked, nothing is written."""
        specs, engine = self._desk.specs(), self._desk.bridge.engine
        if not specs:
            return
        self._desk.tried = "Trying without writing …"
        self._desk.changed.emit()
        self._desk.bridge.ask(lambda: tuple(engine.plan(spec) for spec in specs), self._attempted)

    def _attempted(self, plans: tuple[OffloadPlan, ...]) -> None:
        found = read_plans(plans)
        against = len(found.refusals)
        outcome = f"{count_text(against, 'refusal')} above" if against else "nothing against it"
        what = next((value for name, value in found.rows if name == "To copy"), "")
        drives = count_text(len(found.rooms), "drive")
        self._desk.tried = f"Tried without writing at {now():%H:%M}: {what} to {drives}, {outcome}."
        self._desk.changed.emit()

    # Jobs

    def retry(self, job: JobSnapshot) -> None:
        """Do again what failed, now or as soon as the rest of the job has ended."""
        engine = self._desk.bridge.engine
        if not job.state.ended and job.state is not JobState.INTERRUPTED:
            self._later.add(job.id)
            self._desk.said.emit("What failed is tried again when the rest of the job is done.")
        elif job.state is JobState.INTERRUPTED:
            self._desk.bridge.act(lambda: engine.resume(job.id))
        else:
            self._desk.bridge.act(lambda: engine.retry(job.id))

    def _retry_ended(self, ended: Sequence[JobSnapshot]) -> None:
        for job in ended:
            if job.id in self._later:
                self._later.discard(job.id)
                # The engine is still closing the job's books when its last picture arrives.
                QTimer.singleShot(SETTLE_MS, self, partial(self.retry, job))

    def leave_out(self, key: str) -> None:
        """Let the job that waits for a drive finish without it."""
        hand = self._hand(key)
        if hand is None:
            return
        engine, job, index = self._desk.bridge.engine, hand.job.id, hand.index
        self._desk.bridge.act(lambda: engine.go_without(job, index))
        name = printable(hand.place.name)
        self._desk.said.emit(f"The job is finished without {name}. Retry brings it up to date.")

    def repair_destination(self, key: str) -> None:
        """Bring back what failed on a destination from the other verified copies."""
        hand = self._hand(key)
        if hand is None:
            return
        engine, job, index = self._desk.bridge.engine, hand.job.id, hand.index
        self._desk.bridge.act(lambda: engine.repair(job, index), lambda made: self._started([made]))

    def verify(self, path: str) -> None:
        """Read every copy below *path* again from its medium, against its history."""
        engine = self._desk.bridge.engine
        self._desk.bridge.act(lambda: engine.verify(Path(path)), lambda made: self._started([made]))

    def verify_copies(self, root: str) -> None:
        """Read all copies of a card again."""
        entry = self._desk.cards.get(root)
        job = self._desk.job_of(entry) if entry else None
        engine = self._desk.bridge.engine
        paths = [Path(p.path) for p in job.places if p.verified] if job else []
        self._desk.bridge.act(lambda: [engine.verify(path) for path in paths], self._started)

    def _hand(self, key: str) -> PlaceInHand | None:
        entry = self._desk.destinations.get(key)
        return place_for(entry, self._desk.jobs) if entry else None

    def eject(self, path: str, name: str, done: Callable[[], object] | None = None) -> None:
        """Unmount and power off; the message bar says when it may be unplugged."""
        engine = self._desk.bridge.engine

        def ejected(result: EjectResult) -> None:
            self._desk.said.emit(printable(result.text))
            self._desk.destinations.eject(path)
            if done:
                done()
            self._desk.bridge.look_at_volumes()

        self._desk.said.emit(f"Ejecting {printable(name)} …")
        self._desk.bridge.act(lambda: engine.eject(Path(path)), ejected)
