"""Whether the machine's battery will last: looked at while jobs are on their way."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from app.jobs.snapshot import JobSnapshot, JobState
from ui.bridge import Bridge

LOOK_MS = 60_000
_AT_WORK = {JobState.QUEUED, JobState.RUNNING, JobState.PAUSED}


class PowerWatch(QObject):
    """Asks in a worker when the first job begins, then once a minute until the last has ended."""

    warned = Signal(str)
    """The warning for people; "" when nobody needs to act any more."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._said = ""
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        bridge.snapshots_changed.connect(self._heed)

    def end(self) -> None:
        """Ask no more."""
        self._timer.stop()
        self._bridge.snapshots_changed.disconnect(self._heed)

    def look(self) -> None:
        """Ask once."""
        engine = self._bridge.engine
        self._bridge.ask(lambda: engine.power_warning, self._tell, lambda _: self._tell(""))

    def _heed(self, jobs: tuple[JobSnapshot, ...]) -> None:
        at_work = any(job.state in _AT_WORK and not job.foreign for job in jobs)
        if at_work == self._timer.isActive():
            return
        if at_work:
            self._timer.start()
            self.look()
        else:
            self._timer.stop()
            self._tell("")

    def _tell(self, warning: str) -> None:
        late = warning and not self._timer.isActive()
        if warning != self._said and not late:
            self._said = warning
            self.warned.emit(warning)
