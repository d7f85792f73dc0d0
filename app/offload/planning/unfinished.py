"""A start beside a job that was cut off, of the same card to the same folders, goes on with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from app.jobs.journal import JobRow, Journal
from app.jobs.snapshot import JobState
from app.jobs.spec import CONVERTER, JobId
from app.offload.copying.place import record_of, room_of_partials
from app.offload.plan import OffloadPlan, PlannedDestination, Remark, Weight
from app.offload.spec import OffloadSpec
from app.places.cards import CardIdentity, same_card

_CHOICES = {
    "hashes": "hashes",
    "verify": "verification",
    "wanted_copies": "wanted copies",
    "on_collision": "what lies there already",
    "ignore": "ignore list",
    "check_known": "check known",
    "legacy_mhl": "legacy MHL",
    "manifests": "manifests",
}
"""What makes another job of it, though card and folders are the same."""


def with_unfinished(plan: OffloadPlan, journal: Journal) -> OffloadPlan:
    """*plan*, going on with the newest interrupted job that asked for the same, and saying so."""
    found = list(_interrupted(plan, journal))
    same = [row for row, other in found if not other]
    if same:
        text = (
            f"This goes on with job {same[-1].id}, which was interrupted. Only what was not"
            " confirmed is done again."
        )
        remark = Remark(weight=Weight.NOTE, text=text)
        places = tuple(_with_room_of_partials(one, same[-1].id) for one in plan.destinations)
        remarks = (*plan.remarks, remark)
        return replace(plan, resumes=same[-1].id, destinations=places, remarks=remarks)
    if not found:
        return plan
    row, other = found[-1]
    text = (
        f"Job {row.id} of this card to these folders was interrupted, and its choices were others:"
        f" {', '.join(other)}. This is a new job beside it. Resume or cancel the other one."
    )
    return replace(plan, remarks=(*plan.remarks, Remark(weight=Weight.ATTENTION, text=text)))


def _interrupted(plan: OffloadPlan, journal: Journal) -> Iterator[tuple[JobRow, list[str]]]:
    """Interrupted jobs of the card to the plan's folders, and what they did otherwise."""
    folders = {_folder(CONVERTER.unstructure(record_of(one))) for one in plan.destinations}
    for row in journal.jobs_in(JobState.INTERRUPTED):
        spec = row.spec if row.kind == OffloadSpec.kind else None
        identity = journal.fact(row.id, "identity")
        if not isinstance(spec, OffloadSpec) or identity is None:
            continue
        places = {_folder(place) for place in journal.fact(row.id, "places", [])}
        card = CONVERTER.structure(identity, CardIdentity)
        if places == folders and same_card(card, plan.identity):
            yield row, _differences(spec, plan.spec)


def _with_room_of_partials(one: PlannedDestination, job: JobId) -> PlannedDestination:
    """*one*, with the room that the job frees when it drops what it has left half written."""
    if not one.volume.capacity:
        return one
    return replace(one, free_after=one.free_after + room_of_partials(one.root, job))


def _folder(place: dict[str, Any]) -> tuple[str, str]:
    """A destination's folder, wherever its volume is mounted."""
    return place["identity"], place["below"]


def _differences(old: OffloadSpec, new: OffloadSpec) -> list[str]:
    found = [word for name, word in _CHOICES.items() if getattr(old, name) != getattr(new, name)]
    options = [{(d.flush, d.only, d.stage) for d in spec.destinations} for spec in (old, new)]
    return found if options[0] == options[1] else [*found, "the destinations' options"]
