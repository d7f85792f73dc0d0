"""The plans of an offload in words, and what stands against several cards together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from app.cli.output import Output
from app.media.proxy.spec import ProxySpec
from app.offload.plan import OffloadPlan, PlannedDestination, Remark, Weight
from app.offload.planning.room import room_text, shortage, way_out
from app.places.tree import EntryKind, list_tree
from app.units import bytes_text, count_text, duration_text

_NAMED = 5


def together(plans: Sequence[OffloadPlan]) -> list[Remark]:
    """What stands against carrying out all *plans*, though each alone may be possible."""
    return [*_room(plans), *_same_folder(plans)]


def _room(plans: Sequence[OffloadPlan]) -> Iterator[Remark]:
    needs: Counter[str] = Counter()
    users: Counter[str] = Counter()
    tightest: dict[str, PlannedDestination] = {}
    for plan in plans:
        of_plan = {str(place.volume.mount_point): place for place in plan.destinations}
        users.update(of_plan.keys())
        for key, place in of_plan.items():
            # The least room that any plan has seen: other programs write too.
            if key not in tightest or _free(place) < _free(tightest[key]):
                tightest[key] = place
        for place in plan.destinations:
            needs[str(place.volume.mount_point)] += place.needed
    for key, place in tightest.items():
        if users[key] > 1 and needs[key] > 0 and shortage(needs[key], place) > 0:
            yield Remark(
                weight=Weight.REFUSAL,
                text=f"{place.volume.label} is too small for {count_text(users[key], 'card')}"
                f" together: {room_text(needs[key], place)}. {way_out(place)}",
            )


def _free(place: PlannedDestination) -> int:
    return place.volume.free - place.promised


def _same_folder(plans: Sequence[OffloadPlan]) -> Iterator[Remark]:
    """Cards that would mix: files of the same name from two of them in one folder."""
    first: dict[str, OffloadPlan] = {}
    for plan in plans:
        for place in plan.destinations:
            other = first.setdefault(str(place.root), plan)
            if other is plan:
                continue
            both = sorted(_names(plan) & _names(other))
            if both:
                yield Remark(
                    weight=Weight.REFUSAL,
                    text=f"{plan.card.root} and {other.card.root} would both be copied to"
                    f" {place.root}, and both hold {both[0]}. Give each a folder of its own,"
                    " e.g. --name {roll}_{counter:2}.",
                    paths=tuple(both[:_NAMED]),
                )
                return


def _names(plan: OffloadPlan) -> set[str]:
    ignored = set(plan.ignored)
    return {
        entry.path
        for entry in list_tree(plan.card.root)
        if entry.kind is EntryKind.FILE and entry.path not in ignored
    }


def show_plan(plan: OffloadPlan, output: Output, later: Sequence[ProxySpec] = ()) -> None:
    """Say what will be done, before it is; *later*: the proxies that are made after it."""
    for line in _lines(plan):
        output.say(line)
    for spec in later:
        names = ", ".join(recipe.name for recipe in spec.recipes)
        output.say(f"  proxies   {names}  {spec.to or 'into the cache'}")
        if spec.beside:
            beside = ", ".join(recipe.name for recipe in spec.beside)
            output.say(f"  proxies   {beside}  into the cache, from the same decode")
    for remark in plan.remarks:
        show_remark(remark, output)
    output.event("plan", **_facts(plan))


def show_remark(remark: Remark, output: Output) -> None:
    """Say one thing that a plan has to say; what forbids it goes to stderr."""
    if remark.weight is Weight.REFUSAL:
        output.warn(remark.text)
    else:
        output.say(f"  {remark.weight!s:<9} {remark.text}")


def _lines(plan: OffloadPlan) -> Iterator[str]:
    card, spec = plan.card, plan.spec
    sizes = [count_text(plan.clips, "clip")] if plan.clips else []
    sizes += [count_text(plan.files, "file"), bytes_text(plan.size)]
    yield f"{card.roll}  {card.camera}, {', '.join(sizes)}"
    yield f"  from      {spec.source}"
    for place in plan.destinations:
        yield f"  to        {place.root}  {_place(place)}"
    hashes = ", ".join(spec.hashes)
    known = not spec.check_known and any(place.already for place in plan.destinations)
    verify = f"{spec.verify} for what is copied" if known else spec.verify
    yield f"  prove     {verify}, {hashes}; {count_text(spec.wanted_copies, 'copy', 'copies')}"
    if plan.ignored:
        more = f" and {len(plan.ignored) - _NAMED:,} more" if len(plan.ignored) > _NAMED else ""
        yield f"  ignored   {', '.join(plan.ignored[:_NAMED])}{more}"
    if plan.seconds is not None:
        yield f"  time      about {duration_text(plan.seconds)}"


def _place(place: PlannedDestination) -> str:
    parts = [f"{count_text(place.files, 'file')}, {bytes_text(place.size)}"]
    if place.already:
        parts.append(f"{bytes_text(place.already)} there already, known")
    if place.volume.capacity:
        parts.append(f"{bytes_text(max(0, place.free_after))} free afterwards")
    parts.append(f"on {place.volume.device.name}")
    parts += [f"stage {place.stage + 1}"] if place.stage else []
    parts += [] if place.flush else ["not flushed"]
    return ", ".join(parts)


def _facts(plan: OffloadPlan) -> dict[str, Any]:
    return {
        "source": str(plan.spec.source),
        "roll": plan.card.roll,
        "camera": plan.card.camera,
        "files": plan.files,
        "clips": plan.clips,
        "size": plan.size,
        "already_safe": plan.already_safe,
        "ignored": list(plan.ignored),
        "seconds": plan.seconds,
        "destinations": [
            {
                "path": str(place.path),
                "root": str(place.root),
                "volume": place.volume.label,
                "device": place.volume.device.name,
                "files": place.files,
                "size": place.size,
                "already": place.already,
                "free_after": place.free_after,
                "promised": place.promised,
                "stage": place.stage,
                "flush": place.flush,
            }
            for place in plan.destinations
        ],
        "remarks": [remark_facts(remark) for remark in plan.remarks],
    }


def remark_facts(remark: Remark) -> dict[str, Any]:
    """A remark as JSON."""
    return {
        "weight": str(remark.weight),
        "text": remark.text,
        "destination": remark.destination,
        "paths": list(remark.paths),
    }
