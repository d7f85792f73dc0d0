"""Collects garbage in the window's thread, and looks at everything only while nothing runs.

Left alone, Python collects in whatever thread happens to make an object: a worker would take down
the widgets of a closed dialog. And a look at everything holds all threads, for a third of a second
once the files of a large card are in memory.
"""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QObject, QTimer

from app.jobs.snapshot import JobState
from ui.bridge import Bridge

LOOK_MS = 50
MANY = 20_000
"""Objects made between two looks that a job has made: rows of its card, which live on, and no
garbage. To look at them would hold the window for longer than anybody should notice."""
LATE_SECONDS = 3600.0
"""A look at everything is not put off for longer."""


class Collector(QObject):
    """Stands in for Python's own collector while the window lives."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._whole = time.monotonic()
        self._put_off = False
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)

    def begin(self) -> None:
        """From now on nothing is collected elsewhere; what is there already is not looked at."""
        gc.disable()
        gc.freeze()
        self._timer.start()

    def end(self) -> None:
        """Give collecting back."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()

    def look(self) -> None:
        """Collect what is due."""
        young, _, old = gc.get_count()
        most_young, _, most_old = gc.get_threshold()
        late = time.monotonic() - self._whole > LATE_SECONDS
        if (old > most_old or self._put_off) and (self._idle or late):
            self._collect_all()
        elif young > MANY and not self._idle:
            gc.freeze()  # takes no time, whatever there is
            self._put_off = True
        elif young > most_young:
            gc.collect(1)  # what lives on is not looked at again: each look stays a short one

    def _collect_all(self) -> None:
        """Look at everything, also at what was put off; what lives on is not looked at again."""
        gc.unfreeze()
        gc.collect(2)
        gc.freeze()
        self._put_off = False
        self._whole = time.monotonic()

    @property
    def _idle(self) -> bool:
        jobs = self._bridge.snapshots
        at_work = any(job.state in {JobState.QUEUED, JobState.RUNNING} for job in jobs)
        return not at_work and not self._bridge.waiting
