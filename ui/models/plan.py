"""What will happen when Start is pressed: the plans of all chosen cards as one reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from app.jobs.snapshot import JobSnapshot, PlaceState
from app.offload.plan import OffloadPlan, PlannedDestination, Remark, Weight
from app.offload.spec import OffloadSpec, VerifyMode
from app.units import bytes_text, count_text, duration_text
from ui.models.destinations import place_name

CHECKS = {
    VerifyMode.FULL: "card read twice, each drive read back",
    VerifyMode.READ_BACK: "card read once, each drive read back",
    VerifyMode.SOURCE: "card read twice, drives not read back",
    VerifyMode.TRANSFER: "sizes only, nothing is read back",
}

ROOM_AFTER = "Room after, smallest"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRoom:
    """The room on one destination before and after all chosen cards."""

    key: str
    name: str
    capacity: int
    free: int
    needed: int
    after: int
    root: str
    """Folder of the first card below the destination."""
    promised: int = 0
    """Bytes that jobs which run or wait will still take there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReading:
    """The plan as the pane shows it."""

    title: str
    rows: tuple[tuple[str, str], ...] = ()
    """What and value."""
    remarks: tuple[Remark, ...] = ()
    ignored: tuple[str, ...] = ()
    rooms: tuple[PlannedRoom, ...] = ()
    safe_already: tuple[str, ...] = ()
    """Names of the cards of which every file is verified on all destinations already."""
    cards: int = 0
    """How many cards are planned."""
    resumes: bool = False
    """A start goes on with interrupted jobs, and with nothing else."""
    nothing_to_copy: bool = False
    """All of it is verified on every destination: a start would only confirm that."""

    @property
    def refusals(self) -> tuple[Remark, ...]:
        """What stands against it."""
        return tuple(r for r in self.remarks if r.weight is Weight.REFUSAL)

    def room(self, key: str) -> PlannedRoom | None:
        """The room on the destination *key*."""
        return next((room for room in self.rooms if room.key == key), None)


def read_plans(plans: Sequence[OffloadPlan]) -> PlanReading:
    """Several cards' plans, all for the same destinations, as one reading."""
    if not plans:
        return PlanReading(title="")
    rooms = _rooms(plans)
    names = ", ".join(_rolls(plans))
    title = f"{names} → {count_text(len(rooms), 'drive')}"
    remarks = _remarks(plans)
    if not any(r.weight is Weight.REFUSAL for r in remarks):
        remarks = (*_short_of_room(rooms), *remarks)
    return PlanReading(
        title=title,
        rows=_rows(plans, rooms),
        remarks=remarks,
        ignored=tuple(path for plan in plans for path in plan.ignored),
        rooms=rooms,
        safe_already=tuple(plan.card.roll for plan in plans if plan.already_safe),
        cards=len(plans),
        resumes=all(plan.resumes is not None for plan in plans),
        nothing_to_copy=all(p.already_safe for p in plans),
    )


def _rolls(plans: Sequence[OffloadPlan]) -> Iterator[str]:
    """Each roll once, with how many cards are called so where several are."""
    for roll, cards in Counter(plan.card.roll for plan in plans).items():
        yield f"{roll} ({cards:,} cards)" if cards > 1 else roll


def settled(reading: PlanReading) -> PlanReading:
    """The plan of a job that has begun: what stood against it, or lay there before, is past."""
    past = {Weight.REFUSAL, Weight.NOTE}
    kept = tuple(
        r
        for r in reading.remarks
        if r.weight not in past or (r.weight is Weight.NOTE and r.destination is None)
    )
    return replace(reading, remarks=kept)


def seen_now(reading: PlanReading, free: Mapping[str, int]) -> PlanReading:
    """The plan without figures that the drives have overtaken; *free*: bytes now, by key.

    Jobs that write to them have taken room since it was made, and nothing grows by being filled.
    """
    overtaken = {room.key for room in reading.rooms if free.get(room.key, room.after) < room.after}
    if not overtaken:
        return reading
    rooms = tuple(
        replace(room, needed=0, after=free[room.key]) if room.key in overtaken else room
        for room in reading.rooms
    )
    rows = tuple(row for row in reading.rows if row[0] != ROOM_AFTER)
    return replace(reading, rooms=rooms, rows=rows)


def read_job(job: JobSnapshot) -> PlanReading:
    """What a job that is on its way was asked to do, where its plan is no longer known."""
    what = count_text(job.clips_total, "clip") if job.clips_total else ""
    what = what or count_text(job.files_total, "file")
    rows = [("To copy", f"{what}, {bytes_text(job.size)}")] if job.size else []
    if job.places:
        rows.append(("Read once, written to", count_text(len(job.places), "destination")))
    return PlanReading(title=job.title, rows=tuple(rows))


def _rows(
    plans: Sequence[OffloadPlan], rooms: Sequence[PlannedRoom]
) -> tuple[tuple[str, str], ...]:
    spec = plans[0].spec
    clips, files = sum(p.clips for p in plans), sum(p.files for p in plans)
    what = count_text(clips, "clip") if clips else count_text(files, "file")
    hashes = ", ".join(dict.fromkeys([*map(str, spec.hashes), "blake3"]))
    whole = f"{what}, {bytes_text(sum(p.size for p in plans))}"
    already = any(d.already for p in plans for d in p.destinations)
    left = sum(_left(p) for p in plans)
    rest = f"{bytes_text(left)}, the rest is verified there" if left else "nothing"
    free = "Card free after" if len(plans) == 1 else "Cards free after"
    rows = [
        *([("On the card" if len(plans) == 1 else "On the cards", whole)] if already else []),
        ("To copy", rest if already else whole),
        ("Read once, written to", count_text(len(rooms), "destination")),
        ("Check", CHECKS[spec.verify]),
        ("Hashes", hashes),
        *_proxies(spec, rooms),
        *([(free, _time(plans))] if left else []),
    ]
    tightest = min(rooms, key=lambda room: room.after, default=None)
    if tightest:
        room = bytes_text(abs(tightest.after))
        short = " too few" if tightest.after < 0 else ""
        rows.append((ROOM_AFTER, f"{tightest.name}, {room}{short}"))
    return tuple(rows)


def _proxies(spec: OffloadSpec, rooms: Sequence[PlannedRoom]) -> Iterator[tuple[str, str]]:
    """What is made of the copies afterwards, and where it goes."""
    wanted = [(spec.proxies, "into the cache")]
    named = {room.key: room.name for room in rooms}
    for one in spec.destinations:
        wanted.append((one.proxies, f"on {named.get(str(one.path), one.path.name)}"))
    words = [f"{', '.join(names)} {where}" for names, where in wanted if names]
    if words:
        yield "Proxies after", "; ".join(words)


def _time(plans: Sequence[OffloadPlan]) -> str:
    known = [p.seconds for p in plans if p.seconds is not None]
    if len(known) < len(plans):
        return "known once it runs"
    seconds = sum(known)
    return f"about {duration_text(seconds if seconds < 60 else 60 * round(seconds / 60))}".replace(
        " 00 s", ""
    )


def _left(plan: OffloadPlan) -> int:
    """Bytes of the card that some destination does not hold verified yet."""
    if plan.already_safe:
        return 0
    return max((d.size - d.already for d in plan.destinations), default=plan.size)


def thinned(plan: OffloadPlan, job: JobSnapshot | None) -> tuple[str, ...]:
    """Destinations on which *job* verified the card and the plan no longer finds all of it."""
    if job is None or not job.state.ended:
        return ()
    whole = _whole_on(job)
    short = (d for d in plan.destinations if str(d.root) in whole and d.already < d.size)
    return tuple(place_name(d.path, d.volume) for d in short)


def still_whole(plan: OffloadPlan, job: JobSnapshot) -> bool:
    """Whether the plan of *job* finds all that it verified where it was verified."""
    held = {str(d.root) for d in plan.destinations if d.already >= d.size}
    return bool(_whole_on(job)) and _whole_on(job) <= held


def _whole_on(job: JobSnapshot) -> set[str]:
    return {p.path for p in job.places if p.state is PlaceState.DONE and p.verified >= p.total}


def _needed(planned: PlannedDestination) -> int:
    """Bytes of room that one plan takes, as the engine reckons it."""
    return max(0, planned.needed)


def _rooms(plans: Sequence[OffloadPlan]) -> tuple[PlannedRoom, ...]:
    """Per destination; two of them on one volume share its room."""
    spent: dict[str, int] = {}
    for plan in plans:
        for planned in plan.destinations:
            point = str(planned.volume.mount_point)
            spent[point] = spent.get(point, 0) + _needed(planned)
    return tuple(
        PlannedRoom(
            key=str(planned.path),
            name=place_name(planned.path, planned.volume),
            capacity=planned.volume.capacity,
            free=planned.volume.free,
            needed=spent[str(planned.volume.mount_point)],
            after=planned.volume.free - planned.promised - spent[str(planned.volume.mount_point)],
            root=str(planned.root),
            promised=planned.promised,
        )
        for planned in plans[-1].destinations
    )


def _remarks(plans: Sequence[OffloadPlan]) -> tuple[Remark, ...]:
    """Most serious first; what two cards both say is said once."""
    order = [Weight.REFUSAL, Weight.ATTENTION, Weight.NOTE]
    once: dict[tuple[str, int | None], Remark] = {}
    for plan in plans:
        for remark in plan.remarks:
            once.setdefault((remark.text, remark.destination), remark)
    return tuple(sorted(once.values(), key=lambda remark: order.index(remark.weight)))


def _promised(room: PlannedRoom) -> str:
    return f" {bytes_text(room.promised)} of it promised to other jobs," if room.promised else ""


def _short_of_room(rooms: Sequence[PlannedRoom]) -> tuple[Remark, ...]:
    """Each card may fit alone where all of them together do not."""
    return tuple(
        Remark(
            weight=Weight.REFUSAL,
            text=(
                f"{room.name} has {bytes_text(room.free)} free,{_promised(room)} all chosen cards "
                f"need {bytes_text(room.needed)}: {bytes_text(-room.after)} too few. "
                "Choose fewer cards, free space or take another drive."
            ),
            destination=index,
            brief=f"Too small: {bytes_text(-room.after)} missing",
        )
        for index, room in enumerate(rooms)
        if room.after < 0
    )
