"""Running jobs write down now and then how they stand, so that other Reelkeeps can say it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from app.jobs.control import JobControl
from app.jobs.ending import ending_of
from app.jobs.journal import Journal
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId

_SECONDS = 5.0
"""So often at most, while nothing but the progress changes."""


class Telling:
    """What was told of the running jobs of this process, and when."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._told: dict[JobId, tuple[object, float]] = {}

    def tell(self, controls: Mapping[JobId, JobControl]) -> None:
        """Write down how the jobs stand where that has changed; JournalFault when it cannot."""
        self._told = {job: told for job, told in self._told.items() if job in controls}
        for job, control in controls.items():
            shown = control.snapshot()
            stands = (
                shown.wants,
                shown.stage if not shown.wants else "",
                tuple((place.state, place.trouble) for place in shown.places),
            )
            before, moment = self._told.get(job, (None, 0.0))
            if stands != before or time.monotonic() - moment >= _SECONDS:
                self._told[job] = stands, time.monotonic()
                self._write(shown)

    def _write(self, shown: JobSnapshot) -> None:
        """Only as long as it runs: its end has more to say."""
        ending = {**ending_of(shown), "wants": shown.wants}
        with self._journal.transaction() as db:
            db.execute(
                "UPDATE jobs SET ending=? WHERE id=? AND state=?",
                (json.dumps(ending), shown.id, JobState.RUNNING),
            )
