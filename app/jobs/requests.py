"""What one Reelkeep asks of another that has a job in hand: a row in the journal, soon heeded."""

from __future__ import annotations

from app.jobs.journal import Journal
from app.jobs.spec import JobId

_CANCEL = "asked to cancel"


def ask_to_cancel(journal: Journal, job: JobId) -> None:
    """Ask whoever has *job* in hand to cancel it."""
    journal.set_fact(job, _CANCEL, True)


def asked_to_cancel(journal: Journal) -> tuple[JobId, ...]:
    """Jobs, of whatever owner, that somebody asked to cancel."""
    rows = journal.rows("SELECT job FROM facts WHERE name=? AND value='true'", (_CANCEL,))
    return tuple(JobId(job) for (job,) in rows)


def heeded(journal: Journal, job: JobId) -> None:
    """The wish is granted, or no longer holds: the job was taken up again."""
    if journal.fact(job, _CANCEL):
        journal.set_fact(job, _CANCEL, False)
