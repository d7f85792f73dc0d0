"""Whether there is room on the drives, with what jobs that run or wait will still need there."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.jobs.journal import JobRow, Journal
from app.jobs.snapshot import JobState
from app.jobs.spec import CONVERTER, JobId
from app.offload.copying.place import room_of_partials
from app.offload.copying.work import CopyState
from app.offload.naming import split_template
from app.offload.plan import OffloadPlan, PlannedDestination, Remark, Weight
from app.offload.spec import OffloadSpec
from app.places.cards import CardIdentity, same_card
from app.places.patience import ask
from app.places.silence import watcher
from app.places.volumes import volume_of
from app.units import bytes_text

ROOM_TO_SPARE = 16 << 20
"""Bytes kept free for manifests, folders and the file system's own needs."""
ROOM = "room"
"""The fact of a job: bytes of room that it was planned to take on each of its destinations."""


def with_room(plan: OffloadPlan, journal: Journal) -> OffloadPlan:
    """*plan*, with what other jobs still need on its drives, and what is too small for all of it.

    The other jobs are those of any process; what they have written is not free any more.
    """
    rows = [
        row
        for row in journal.jobs_in(JobState.QUEUED, JobState.RUNNING)
        if row.kind == OffloadSpec.kind
    ]
    places = tuple(
        _with_promises(one, _needs(rows, one, plan, journal) if one.volume.capacity else Counter())
        for one in plan.destinations
    )
    remarks = (*plan.remarks, *_promises(places), *room_remarks(places))
    return replace(plan, destinations=places, remarks=remarks)


def _with_promises(one: PlannedDestination, needs: Counter[JobId]) -> PlannedDestination:
    if not needs:
        return one
    now = volume_of(one.root)  # looked at now, as what the jobs need is
    free = now.free if now.capacity else one.volume.free
    promised = needs.total()
    return replace(
        one,
        volume=replace(one.volume, free=free),
        free_after=free - promised - one.needed,
        promised=promised,
        promised_to=tuple(needs),
    )


def _promises(planned: Sequence[PlannedDestination]) -> Iterator[Remark]:
    """What is promised to other jobs, said once for each drive."""
    told: set[Path] = set()
    for index, one in enumerate(planned):
        if not one.promised or one.volume.mount_point in told:
            continue
        told.add(one.volume.mount_point)
        amount, jobs = bytes_text(one.promised), _jobs(one.promised_to)
        yield Remark(
            weight=Weight.NOTE,
            text=f"Of {bytes_text(one.volume.free)} free on {one.name}, {amount} are promised to"
            f" {jobs}.",
            destination=index,
            brief=f"{amount} promised to {jobs}",
        )


def room_remarks(planned: Sequence[PlannedDestination]) -> list[Remark]:
    """Whether all of it fits, folders on one volume counted together."""
    needs: Counter[str] = Counter()
    remarks = []
    for index, one in enumerate(planned):
        if one.volume.read_only:
            continue  # that is said, and room would not help
        if not one.volume.capacity:
            remarks.append(
                Remark(
                    weight=Weight.ATTENTION,
                    text=f"{one.name} does not say how much room it has; {bytes_text(one.size)} are"
                    " to come.",
                    destination=index,
                    brief="Room not known",
                )
            )
            continue
        key = str(one.volume.mount_point)
        needs[key] += one.needed
        short = shortage(needs[key], one)
        if needs[key] > 0 and short > 0:
            remarks.append(
                Remark(
                    weight=Weight.REFUSAL,
                    text=f"{one.name} is too small: {room_text(needs[key], one)}. {way_out(one)}",
                    destination=index,
                    brief=f"Too small: {bytes_text(short)} missing",
                )
            )
    return remarks


def shortage(needed: int, one: PlannedDestination) -> int:
    """Bytes that are missing on the volume of *one* for *needed* ones; negative: none are."""
    return needed + one.promised + ROOM_TO_SPARE - one.volume.free


def room_text(needed: int, one: PlannedDestination) -> str:
    """Why *needed* bytes do not fit on the volume of *one*, as a sum that adds up."""
    promised = ""
    if one.promised:
        promised = f" {bytes_text(one.promised)} are promised to {_jobs(one.promised_to)}"
    joined = f",{promised} and" if promised else " and"
    return (
        f"{bytes_text(needed)} are to come{joined} {bytes_text(ROOM_TO_SPARE)} are kept for"
        f" manifests and folders, {bytes_text(one.volume.free)} are free,"
        f" {bytes_text(shortage(needed, one))} missing"
    )


def way_out(one: PlannedDestination) -> str:
    """What to do where there is no room."""
    cancel = ", or cancel a job that waits" if one.promised else ""
    return f"Free space or choose another drive{cancel}."


def _jobs(jobs: Sequence[JobId]) -> str:
    return f"job {jobs[0]}" if len(jobs) == 1 else f"{len(jobs):,} other jobs"


def _needs(
    rows: list[JobRow], one: PlannedDestination, plan: OffloadPlan, journal: Journal
) -> Counter[JobId]:
    """What each job still needs on the volume of *one*, in bytes; those that need nothing not."""
    needs: Counter[JobId] = Counter()
    for row in rows:
        for n, place in _on_volume(row, one, journal):
            if not _is_the_same(row, place, one, plan, journal):
                needs[row.id] += _still(row, n, place, one, journal)
    return +needs


def _on_volume(
    row: JobRow, one: PlannedDestination, journal: Journal
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The destinations of a job that lie on the volume of *one*, with their numbers."""
    for n, place in enumerate(journal.fact(row.id, "places", [])):
        if one.volume.may_be(place["identity"], place["device"]):
            yield n, place


def _is_the_same(
    row: JobRow,
    place: Mapping[str, Any],
    one: PlannedDestination,
    plan: OffloadPlan,
    journal: Journal,
) -> bool:
    """Whether a job brings this very card to this very folder: the plan counts that itself."""
    if one.volume.mount_point / place["below"] != one.root:
        return False
    identity = journal.fact(row.id, "identity")
    return identity is not None and same_card(
        CONVERTER.structure(identity, CardIdentity), plan.identity
    )


def _still(
    row: JobRow, n: int, place: Mapping[str, Any], one: PlannedDestination, journal: Journal
) -> int:
    """Bytes that a job will still take on its destination *n*."""
    planned = journal.fact(row.id, ROOM)  # older Reelkeeps wrote none
    total: int = planned[n] if planned else row.ending["places"][n]["total"]
    if row.started is None:
        return total
    left = total - _made(journal, row.id, n)
    if left > 0 and row.state is JobState.RUNNING:  # what is half written is not free any more
        left -= _half_written(row, n, one.volume.mount_point / place["below"], journal)
    return max(0, left)


def _made(journal: Journal, job: JobId, n: int) -> int:
    """Bytes of the copies that a job has confirmed on its destination *n*."""
    ((size,),) = journal.rows(
        "SELECT coalesce(sum(e.size), 0) FROM copies c JOIN entries e ON e.job=c.job AND e.n=c.n"
        " WHERE c.job=? AND c.destination=? AND c.state!=? AND NOT c.found AND e.kind='file'",
        (job, n, CopyState.FAILED),
    )
    return int(size)


def _half_written(row: JobRow, n: int, root: Path, journal: Journal) -> int:
    """Bytes on disk of a running job's files that are not confirmed yet."""
    spec = row.spec
    assert isinstance(spec, OffloadSpec)
    by_clip = split_template(spec.destinations[n].template or spec.template)[1]
    lacking = journal.rows(
        "SELECT path FROM entries e WHERE job=? AND kind='file' AND NOT EXISTS"
        " (SELECT 1 FROM copies c WHERE c.job=e.job AND c.n=e.n AND c.destination=?)",
        (row.id, n),
    )
    # Where each clip has a folder of its own, that stands before the card's folders.
    folders = None if by_clip else {os.path.dirname(os.fsdecode(path)) for (path,) in lacking}
    return ask(
        ("half written", row.id, n),
        lambda: room_of_partials(root, row.id, folders),
        0,
        watcher().patience.answer,
    )
