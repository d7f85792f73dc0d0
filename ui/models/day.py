"""How the shooting day stands, for the status line."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QObject, QTimer, Signal

from app.jobs.snapshot import JobSnapshot, JobState
from app.reports.model import DayReport
from app.units import count_text
from ui.bridge import Bridge
from ui.words import counts_text

PATIENCE_MS = 3000
"""The journal is asked at most so often, and only when a job has begun, ended or changed."""
_AT_WORK = {JobState.RUNNING, JobState.PAUSED}


class Standing(StrEnum):
    """How a card stands."""

    SAFE = "safe"
    RUNNING = "running"
    TO_DO = "to do"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOnDesk:
    """A card that the window shows, as its tile has it."""

    standing: Standing
    jobs: frozenset[str]
    """Ids of the jobs that its tile speaks of."""


class DayLine(QObject):
    """Asks for the day in a worker whenever a job's state is another than before.

    A card that the window shows counts as its tile says; of those that have gone home the journal
    tells. So the line and the tiles never say different things of one card.
    """

    changed = Signal(str)
    """The line for people; "" while there is no card today."""

    def __init__(self, bridge: Bridge, desk: Callable[[], Sequence[CardOnDesk]] = tuple) -> None:
        super().__init__()
        self._bridge, self._desk = bridge, desk
        self._report: DayReport | None = None
        self._states: tuple[object, ...] = ()
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(PATIENCE_MS)
        self._wait.timeout.connect(self._ask)
        bridge.snapshots_changed.connect(self._look)

    def end(self) -> None:
        """Ask no more."""
        self._wait.stop()
        self._bridge.snapshots_changed.disconnect(self._look)

    def _look(self, jobs: tuple[JobSnapshot, ...]) -> None:
        states = tuple((job.id, job.state, job.safe) for job in jobs)
        if states == self._states:
            return
        first, self._states = not self._states, states
        if first:
            self._ask()
        elif not self._wait.isActive():
            self._wait.start()

    def _ask(self) -> None:
        self._bridge.ask(self._bridge.engine.day, self._tell, self._forget)

    def _tell(self, report: DayReport) -> None:
        self._report = report
        self.tell_again()

    def tell_again(self) -> None:
        """The cards that the window shows are others, or stand otherwise."""
        if self._report is None:
            return
        working = {str(job.id) for job in self._bridge.snapshots if job.state in _AT_WORK}
        self.changed.emit(day_text(self._report, working, self._desk()))

    def _forget(self, _: Exception) -> None:
        """The counts of the queue stand there instead; the log has the reason."""
        self.changed.emit("")


def day_text(report: DayReport, working: Set[str], desk: Sequence[CardOnDesk] = ()) -> str:
    """E.g. `Day 12 · 14 cards, 11 safe, 2 running, 1 to do`; *working*: ids of running jobs."""
    shown = frozenset[str]().union(*(card.jobs for card in desk))
    standings = [card.standing for card in desk]
    for card in report.cards:
        jobs = set(card.job.split(", "))
        if not shown & jobs:
            at_work = Standing.RUNNING if working & jobs else None
            standings.append(at_work or (Standing.SAFE if card.safe else Standing.TO_DO))
    if not standings:
        return ""
    day = f"Day {report.number}" if report.number else "Today"
    counts = counts_text((standings.count(one), one) for one in Standing)
    return f"{day} · {count_text(len(standings), 'card')}, {counts}"
