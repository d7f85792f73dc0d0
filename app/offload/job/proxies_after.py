"""Proxies that an offload asks for: jobs of their own, which begin once it has ended well.

They are made from the copy, never from the card, which may be gone by then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

from app.errors import BadInput
from app.jobs.journal import Journal
from app.jobs.spec import JobId
from app.media.proxy.recipes import ProxyRecipe
from app.media.proxy.spec import ProxySpec
from app.offload.plan import OffloadPlan, PlannedDestination
from app.offload.spec import DestinationSpec

FOLDER = "Proxies"
"""Of a destination that gets its own, beside its copies: what lies in a copy is in its history."""


def proxies_after(plan: OffloadPlan, recipe: Callable[[str], ProxyRecipe]) -> tuple[ProxySpec, ...]:
    """What is to be made once *plan* is carried out. Raises NotFound, BadInput.

    What goes into the cache is made together with what the drive of its copy gets: from one decode.
    """
    return tuple(_specs(plan, recipe))


def _specs(plan: OffloadPlan, recipe: Callable[[str], ProxyRecipe]) -> Iterator[ProxySpec]:
    wanted, places = plan.spec.destinations, plan.destinations
    made: list[ProxySpec] = []
    copy: PlannedDestination | None = None
    cached: tuple[ProxyRecipe, ...] = ()
    if plan.spec.proxies:
        whole = [place for place, spec in zip(places, wanted, strict=True) if not spec.only]
        cached = tuple(map(recipe, plan.spec.proxies))
        copy = (whole or places)[0]
    for place, spec in zip(places, wanted, strict=True):
        if spec.proxies:
            on = _on(place, spec, recipe)
            if place is copy:
                on, cached = replace(on, beside=cached), ()
            made.append(on)
    if copy is not None and cached:
        made.insert(0, ProxySpec(files=(copy.root,), recipes=cached))
    yield from made


def _on(
    place: PlannedDestination, spec: DestinationSpec, recipe: Callable[[str], ProxyRecipe]
) -> ProxySpec:
    if place.root == place.path:
        raise BadInput(
            f"Proxies for {place.path} would lie among the card's own files.",
            hint="Give the copy a folder of its own, e.g. --name {roll}.",
            path=place.path,
        )
    return ProxySpec(
        files=(place.root,),
        recipes=tuple(map(recipe, spec.proxies)),
        to=place.path / FOLDER / place.root.relative_to(place.path),
    )


def followers(journal: Journal, job: JobId) -> tuple[JobId, ...]:
    """Jobs that begin once *job* has ended well, in their order."""
    rows = journal.jobs(hidden=True)
    return tuple(row.id for row in rows if json.loads(row.spec_text).get("after") == job)
