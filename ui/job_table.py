"""What models, widgets and commands agree on about the queue: columns, roles, and verbs."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum, StrEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId

Index = QModelIndex | QPersistentModelIndex
JOB_ROLE = int(Qt.ItemDataRole.UserRole)
"""The newest snapshot of a row."""
TEXT_JOB_ROLE = JOB_ROLE + 1
"""The snapshot that a row's words are made from."""


class Column(IntEnum):
    """The columns of the queue, from the left."""

    STATE = 0
    JOB = 1
    STAGE = 2
    PROGRESS = 3
    RATE = 4
    LEFT = 5
    GOES_TO = 6
    VERBS = 7


class Verb(StrEnum):
    """What a person may do with a job."""

    PAUSE = "Pause"
    RESUME = "Resume"
    RETRY = "Retry failed"
    REPORT = "Open report"
    FILES = "Show files"
    CANCEL = "Cancel"
    UP = "Move up"
    DOWN = "Move down"
    FORGET = "Clear from queue"


SHORT: dict[Verb, str] = {Verb.RETRY: "Retry", Verb.REPORT: "Report", Verb.FORGET: "Clear"}
"""The words on the buttons of a row, where they are shorter than in the menus."""


def verbs_of(job: JobSnapshot) -> tuple[Verb, ...]:
    """What may be done with *job* now; the first one is the button of its row."""
    if job.foreign:
        return (Verb.FILES,)
    order = (Verb.UP, Verb.DOWN)
    report = (Verb.REPORT,) if job.report else ()
    return {
        JobState.QUEUED: (Verb.CANCEL, Verb.FILES, *order),
        JobState.RUNNING: (Verb.PAUSE, Verb.FILES, Verb.CANCEL, *order),
        JobState.PAUSED: (Verb.RESUME, Verb.FILES, Verb.CANCEL, *order),
        JobState.INTERRUPTED: (Verb.RESUME, Verb.FILES, Verb.CANCEL, *order),
        JobState.FAILED: (Verb.RETRY, *report, Verb.FILES, Verb.FORGET),
        JobState.DONE: (*report, Verb.FILES, Verb.FORGET),
        JobState.CANCELLED: (Verb.FORGET, Verb.RETRY, *report, Verb.FILES),
    }[job.state]


class JobTable(QAbstractTableModel):
    """The queue as a table, whoever fills it."""

    @property
    def jobs(self) -> tuple[JobSnapshot, ...]:
        """The jobs as shown."""
        raise NotImplementedError

    def job(self, row: int) -> JobSnapshot | None:
        """The job of a row."""
        jobs = self.jobs
        return jobs[row] if 0 <= row < len(jobs) else None

    def row_of(self, job: JobId) -> int:
        """The row of a job, -1 when it is not there."""
        return next((row for row, shown in enumerate(self.jobs) if shown.id == job), -1)

    def show(self, jobs: Sequence[JobSnapshot]) -> None:
        """Take over what the engine says."""
        raise NotImplementedError
