"""The one door to the engine, for the window, the command line and scripts."""

from __future__ import annotations

from app.jobs.snapshot import JobSnapshot
from app.jobs.spec import JobId, Spec


class Engine:
    """Plans, runs and watches jobs of one profile."""

    def snapshots(self) -> tuple[JobSnapshot, ...]:
        """Every job of the queue as it stands, in the user's order."""
        raise NotImplementedError

    def submit(self, spec: Spec) -> JobId:
        """Put a job in the queue."""
        raise NotImplementedError
