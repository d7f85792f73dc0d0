"""What models, widgets and commands agree on about the queue: columns, roles, and verbs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from enum import IntEnum, StrEnum
from pathlib import PurePath

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from app.jobs.snapshot import JobSnapshot, JobState, PlaceSnapshot, PlaceState
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
    OUTCOME = "Show what was found"
    REPAIR = "Repair from the other verified copy"
    WITHOUT = "Finish without the drive"
    CANCEL = "Cancel"
    UP = "Move up"
    DOWN = "Move down"
    FORGET = "Clear from queue"


SHORT: dict[Verb, str] = {
    Verb.RETRY: "Retry",
    Verb.REPORT: "Report",
    Verb.FORGET: "Clear",
    Verb.FILES: "Files",
    Verb.OUTCOME: "Details",
    Verb.REPAIR: "Repair",
    Verb.WITHOUT: "Finish",
}
"""The words on the buttons of a row, where they are shorter than in the menus."""


def is_offload(job: JobSnapshot) -> bool:
    """Whether a job copies a card; others have no files, verdicts or cards of their own."""
    return job.kind in {"", "offload"}


def gone_places(job: JobSnapshot) -> tuple[int, ...]:
    """Which of a running job's destinations were pulled, from 0."""
    if job.state.ended:
        return ()
    return tuple(n for n, place in enumerate(job.places) if place.state is PlaceState.GONE)


def repairable(job: JobSnapshot) -> tuple[int, ...]:
    """Which destinations of an ended offload have damaged files that another copy still has.

    Where files were never written, as on a full drive, the card is needed: that is a retry.
    """
    if not is_offload(job) or not job.state.ended:
        return ()
    if not any(place.state is PlaceState.DONE and place.verified for place in job.places):
        return ()
    return tuple(n for n, place in enumerate(job.places) if _damaged(place))


_DIFFER = re.compile(r"([\d,]+) files? differs?\b")
"""How the sentence of a verify job begins."""


def since_mended(jobs: Sequence[JobSnapshot]) -> tuple[JobSnapshot, ...]:
    """*jobs*, where a verify job of which repairs have brought back all that differed is done.

    A file that is too much is repaired by none, and so stays said.
    """
    repairs = [job for job in jobs if job.kind == "repair" and job.state is JobState.DONE]
    return tuple(_mended(job, repairs) if repairs else job for job in jobs)


def _mended(job: JobSnapshot, repairs: Sequence[JobSnapshot]) -> JobSnapshot:
    found = _DIFFER.match(job.verdict) if job.kind == "verify" else None
    if found is None or job.state is not JobState.FAILED:
        return job
    mended = sum(repair.files_total for repair in repairs if _followed(job, repair))
    if mended < int(found[1].replace(",", "")):
        return job
    said = f"{found[0].rpartition(' ')[0]} differed, repaired since"
    return replace(job, state=JobState.DONE, verdict=said, error="", hint="")


def _followed(verify: JobSnapshot, repair: JobSnapshot) -> bool:
    """Whether *repair* came after *verify*, on a copy that it had read."""
    later = verify.finished and repair.started and repair.started >= verify.finished
    one, other = PurePath(verify.checked), PurePath(repair.checked)
    return bool(later) and (one.is_relative_to(other) or other.is_relative_to(one))


def _damaged(place: PlaceSnapshot) -> bool:
    return place.state is PlaceState.FAILED and place.written >= place.total > 0


def verbs_of(job: JobSnapshot) -> tuple[Verb, ...]:
    """What may be done with *job* now; the first one is the button of its row."""
    if not is_offload(job):
        return _verbs_of_check(job)
    if job.foreign:
        return (Verb.FILES,)
    if job.wants and gone_places(job):
        return (Verb.PAUSE, Verb.WITHOUT, Verb.FILES, Verb.CANCEL, Verb.UP, Verb.DOWN)
    found = _verbs_of_offload(job)
    return (Verb.REPAIR, *found) if repairable(job) else found


def _verbs_of_check(job: JobSnapshot) -> tuple[Verb, ...]:
    """Of a verify or repair job."""
    if job.foreign:
        return (Verb.OUTCOME,)
    order = (Verb.UP, Verb.DOWN)
    shown = (Verb.OUTCOME,) if job.kind == "verify" and job.verdict else ()
    repair = (Verb.REPAIR,) if shown else ()
    return {
        JobState.QUEUED: (Verb.CANCEL, *order),
        JobState.RUNNING: (Verb.PAUSE, Verb.CANCEL, *order),
        JobState.PAUSED: (Verb.RESUME, Verb.CANCEL, *order),
        JobState.INTERRUPTED: (Verb.RESUME, Verb.CANCEL, *order),
        JobState.FAILED: (*repair, *shown, Verb.RETRY, Verb.FORGET),
        JobState.DONE: (*shown, Verb.FORGET),
        JobState.CANCELLED: (Verb.FORGET, Verb.RETRY),
    }[job.state]


def _verbs_of_offload(job: JobSnapshot) -> tuple[Verb, ...]:
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
