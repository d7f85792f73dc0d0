"""What of a job's last snapshot outlives it, and how much of that holds when it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from app.jobs.journal import JobRow
from app.jobs.snapshot import JobSnapshot, JobState, PlaceSnapshot, PlaceState
from app.jobs.spec import CONVERTER

KEPT = (
    "error", "hint", "verdict", "safe", "card", "checked", "report", "size", "files_total",
    "clips_total", "work_done", "work_total", "copied", "verified", "files_done", "stage",
    "unit", "goes_to",
)  # fmt: skip
"""What of a job's last snapshot the journal keeps."""


def recorded(row: JobRow, owner: str, waits: Mapping[str, Any] | None = None) -> JobSnapshot:
    """How a job that does not run here stands by its row, as the instance *owner* sees it.

    *waits* are the facts of the snapshot that tell what a queued one waits for.
    """
    known = {one.name for one in fields(JobSnapshot)}
    ending = {k: v for k, v in row.ending.items() if k in known and k in KEPT}
    if row.state is JobState.RUNNING:  # in another process, which tells that now and then
        ending["wants"] = row.ending.get("wants", "")
    ending |= waits or {}
    places = CONVERTER.structure(row.ending.get("places", []), tuple[PlaceSnapshot, ...])
    return JobSnapshot(
        id=row.id,
        kind=row.kind,
        title=row.title,
        state=row.state,
        created=row.created,
        started=row.started,
        finished=row.finished,
        foreign=row.owner != owner
        and not row.state.ended
        and row.state is not JobState.INTERRUPTED,
        places=places,
        lanes=row.lanes,
        **ending,
    )


def begun_anew(snapshot: JobSnapshot) -> JobSnapshot:
    """*snapshot* without what an earlier run has said of its end: that may no longer hold."""
    return replace(
        held_back(snapshot),
        foreign=False, finished=None, error="", hint="", verdict="", safe=False, stage="",
        wants="",
    )  # fmt: skip


def as_confirmed(old: PlaceSnapshot, new: PlaceSnapshot) -> PlaceSnapshot:
    """What a destination has for certain; what was said of it stays."""
    said = old.state in {PlaceState.DONE, PlaceState.FAILED, PlaceState.GONE}
    state = old.state if said else new.state  # nothing is on its way any more
    return replace(
        old, state=state, total=new.total, written=new.written, verified=new.verified, rate=0.0
    )


def held_back(
    snapshot: JobSnapshot, lanes: frozenset[str] = frozenset(), busy: frozenset[str] | None = None
) -> JobSnapshot:
    """*snapshot*, with no drive called safe to eject that is *busy*; with None, none at all.

    *lanes* are all devices of the job, for places that do not tell theirs.
    """
    places = tuple(
        replace(place, safe_to_eject=False)
        if place.safe_to_eject
        and (busy is None or not busy.isdisjoint({place.lane} if place.lane else lanes))
        else place
        for place in snapshot.places
    )
    return replace(snapshot, places=places)


def ending_of(snapshot: JobSnapshot) -> dict[str, Any]:
    """What the journal keeps of a job's last snapshot."""
    kept = {name: getattr(snapshot, name) for name in KEPT}
    return {**kept, "places": CONVERTER.unstructure(snapshot.places)}
