"""What queued jobs wait for: another one that must end well, or a drive that another one uses."""

from __future__ import annotations

import json
from collections.abc import Iterable
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


def waits(journal: Journal, row: JobRow, running: Iterable[JobRow]) -> dict[str, Any]:
    """What the snapshot of a queued job shows of what it waits for; nothing where it need not.

    *running* are the jobs of whatever process; others among them do not count.
    """
    if row.state is not JobState.QUEUED:
        return {}
    if first := awaited(journal, row):
        return waiting_words(first)
    for other in running:
        if other.state is JobState.RUNNING and (shared := row.lanes & other.lanes):
            says = f". That one says: {wants}" if (wants := other.ending.get("wants")) else ""
            job = f"job {other.id} ({other.title})"
            return {"stage": f"Waits for {_drives(row, shared)}, which {job} uses{says}"}
    return {}


def _drives(row: JobRow, lanes: frozenset[str]) -> str:
    """The drives of a job that lie on the devices *lanes*, by name."""
    places = row.ending.get("places", [])
    names = dict.fromkeys(one["name"] for one in places if one.get("lane") in lanes)
    return ", ".join(names) or "its drive"


def waiting_words(first: JobRow) -> dict[str, Any]:
    """What the snapshot of a job shows that waits for *first*: a stage, or a request."""
    name = f"job {first.id} ({first.title})"
    if first.state in _BADLY:
        return {"wants": f"Waits for {name}, {_BADLY[first.state]}, or cancel this one."}
    return {"stage": f"Waits for {name}"}
