"""What the queue and the journal need to know of an offload before it runs."""

from __future__ import annotations

from typing import Any

from app.errors import PlanRefused
from app.jobs.kind import Task
from app.jobs.snapshot import PlaceSnapshot
from app.jobs.spec import CONVERTER
from app.offload.card.surroundings import Surroundings
from app.offload.copying.place import record_of
from app.offload.plan import OffloadPlan
from app.offload.planning.room import ROOM
from app.places.cards import seen_roll
from app.units import now


def accepted(plan: OffloadPlan) -> OffloadPlan:
    """*plan*, unless something stands against it; then PlanRefused says what."""
    if plan.refusals:
        raise PlanRefused(" ".join(remark.text for remark in plan.refusals))
    return plan


def offload_task(plan: OffloadPlan, around: Surroundings) -> Task:
    """What the runner and the journal need to know of an offload."""
    spec = plan.spec
    lanes = {place.volume.device.id for place in plan.destinations}
    card = around.volume_of(spec.source)
    lanes.add(card.device.id)
    facts: dict[str, Any] = {
        "places": [CONVERTER.unstructure(record_of(place)) for place in plan.destinations],
        ROOM: [place.needed for place in plan.destinations],
        "identity": CONVERTER.unstructure(plan.identity),
        "card volume": card.uuid,
        "camera": plan.card.camera,
        "seen roll": CONVERTER.unstructure(seen_roll(plan.card, spec.moment or now())),
        "operator": around.operator,
        "tool": f"Reelkeep {around.tool_version}",
    }
    if spec.report is not None:
        facts["report volume"] = around.volume_of(spec.report).identity
    return Task(
        title=f"Offload {plan.card.roll}", lanes=frozenset(lanes), facts=facts, shown=_shown(plan)
    )


def _shown(plan: OffloadPlan) -> dict[str, Any]:
    """What a queued offload shows of its card and destinations."""
    places = [
        PlaceSnapshot(
            name=place.name or place.volume.label,
            path=str(place.root),
            device=place.volume.device.name,
            lane=place.volume.device.id,
            total=place.size,
        )
        for place in plan.destinations
    ]
    return {
        "card": str(plan.spec.source),
        "size": plan.size,
        "files_total": plan.files,
        "clips_total": plan.clips,
        "places": CONVERTER.unstructure(places),
    }
