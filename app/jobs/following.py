"""Jobs that follow another one: they start when it has ended well, and say what they wait for."""

from __future__ import annotations

import json
from typing import Any

from app.jobs.journal import JobRow, Journal
from app.jobs.snapshot import JobState
from app.jobs.spec import JobId

_BADLY = {
    JobState.FAILED: "which failed. Retry that one",
    JobState.CANCELLED: "which was cancelled. Retry that one",
    JobState.INTERRUPTED: "which was interrupted. Resume that one",
}


def awaited(journal: Journal, row: JobRow) -> JobRow | None:
    """The job that a queued one still waits for; None when it may start."""
    if row.state is not JobState.QUEUED:
        return None
    after = json.loads(row.spec_text).get("after")  # its kind may be that of a newer Reelkeep
    if after is None:
        return None
    found = journal.job(JobId(after))
    return None if found.state is JobState.DONE else found


def stuck(journal: Journal, row: JobRow) -> bool:
    """Whether a queued job waits for one that ended, and not well: it needs a person."""
    first = awaited(journal, row)
    return first is not None and first.state in _BADLY


def waiting_words(first: JobRow) -> dict[str, Any]:
    """What the snapshot of a job shows that waits for *first*: a stage, or a request."""
    name = f"job {first.id} ({first.title})"
    if first.state in _BADLY:
        return {"wants": f"Waits for {name}, {_BADLY[first.state]}, or cancel this one."}
    return {"stage": f"Waits for {name}"}
