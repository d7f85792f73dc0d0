"""How the shooting day stands, for the status line."""

from __future__ import annotations

from collections.abc import Set

from PySide6.QtCore import QObject, QTimer, Signal

from app.jobs.snapshot import JobSnapshot, JobState
from app.reports.model import DayReport
from app.units import count_text
from ui.bridge import Bridge
from ui.words import counts_text

PATIENCE_MS = 3000
"""The journal is asked at most so often, and only when a job has begun, ended or changed."""
_AT_WORK = {JobState.RUNNING, JobState.PAUSED}


class DayLine(QObject):
    """Asks for the day in a worker whenever a job's state is another than before."""

    changed = Signal(str)
    """The line for people; "" while there is no card today."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
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
        working = {str(job.id) for job in self._bridge.snapshots if job.state in _AT_WORK}
        self.changed.emit(day_text(report, working))

    def _forget(self, _: Exception) -> None:
        """The counts of the queue stand there instead; the log has the reason."""
        self.changed.emit("")


def day_text(report: DayReport, working: Set[str]) -> str:
    """E.g. `Day 12 · 14 cards, 11 safe, 2 running, 1 to do`; *working*: ids of running jobs."""
    if not report.cards:
        return ""
    running = [card for card in report.cards if working & set(card.job.split(", "))]
    safe = [card for card in report.cards if card.safe and card not in running]
    to_do = len(report.cards) - len(running) - len(safe)
    day = f"Day {report.number}" if report.number else "Today"
    counts = counts_text(((len(safe), "safe"), (len(running), "running"), (to_do, "to do")))
    return f"{day} · {count_text(len(report.cards), 'card')}, {counts}"
