"""Makes the plan of an offload: looks at the card and every destination, writes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from app.errors import BadInput
from app.integrity.hashing import HashKind
from app.integrity.medium import whole_pages
from app.jobs.journal import Journal
from app.offload.card.look import clips_by_path, look_at, must_answer
from app.offload.evidence import memory
from app.offload.naming import check_template
from app.offload.plan import OffloadPlan, PlannedDestination, Remark, Weight
from app.offload.planning.destination import DestinationLook
from app.offload.planning.folder import report_remarks
from app.offload.planning.remarks import (
    card_remarks,
    card_volume_remarks,
    device_remarks,
    folder_remarks,
    twin_remarks,
)
from app.offload.planning.room import with_room
from app.offload.planning.unfinished import with_unfinished
from app.offload.spec import LEAST_BUFFER, MOST_BUFFER, OffloadSpec
from app.places.cards import identity_of
from app.places.devices import count_different
from app.places.tree import EntryKind
from app.places.volumes import volume_of
from app.units import bytes_text, now


def make_plan(spec: OffloadSpec, journal: Journal, declared: Mapping[str, str]) -> OffloadPlan:
    """Plan *spec*. Refusals are remarks of the plan; only nonsense raises BadInput."""
    _check(spec)
    spec = replace(
        spec,
        moment=spec.moment or now(),
        source=Path(os.path.abspath(spec.source)),
        buffer_size=whole_pages(spec.buffer_size),
    )
    look = look_at(spec)
    sizes = [e.size for e in look.wanted() if e.kind is EntryKind.FILE]
    clip_of = clips_by_path(look.card)
    planned: list[PlannedDestination] = []
    remarks: list[Remark] = []
    known: list[int] = []
    for index, destination in enumerate(spec.destinations):
        view = DestinationLook(index, destination, spec, look, clip_of, journal, declared)
        remarks += view.remarks
        planned.append(view.planned)
        known.append(view.known)
    remarks += folder_remarks(planned)
    remarks += card_volume_remarks(volume_of(spec.source, declared), planned)
    remarks += twin_remarks(planned)
    remarks += device_remarks(spec, planned)
    remarks += card_remarks(look.card, look.wanted(), journal)
    if spec.report is not None:
        remarks += _report_remarks(Path(os.path.abspath(spec.report)), spec)
    size = sum(sizes)
    devices = count_different(p.volume.device for p in planned)
    complete = all(n == p.files for n, p in zip(known, planned, strict=True))
    sure = bool(sizes) and complete and not spec.check_known
    plan = OffloadPlan(
        spec=spec,
        card=look.card,
        files=len(sizes),
        clips=len(look.card.clips),
        size=size,
        destinations=tuple(planned),
        ignored=tuple(sorted(look.ignored)),
        remarks=tuple(remarks),
        identity=identity_of(look.card, look.entries),
        seconds=memory.expected_seconds(journal, spec, planned, size),
        already_safe=sure and devices >= spec.wanted_copies,
    )
    plan = with_room(with_unfinished(plan, journal), journal)
    remarks = sorted(plan.remarks, key=lambda remark: list(Weight).index(remark.weight))
    return replace(plan, remarks=tuple(remarks))


def _check(spec: OffloadSpec) -> None:
    if not spec.destinations:
        raise BadInput("An offload needs at least one destination.", hint="Add one with --to DIR.")
    if spec.wanted_copies < 1:
        raise BadInput("At least one copy must be wanted.")
    if not spec.hashes or all(kind in {HashKind.SHA256, HashKind.BLAKE3} for kind in spec.hashes):
        raise BadInput("An offload needs a custody hash: xxh64, xxh3, xxh128, md5, sha1 or c4.")
    for destination in spec.destinations:
        check_template(destination.template or spec.template)
    if not LEAST_BUFFER <= spec.buffer_size <= MOST_BUFFER:
        raise BadInput(
            f"A buffer of {bytes_text(spec.buffer_size)} cannot be used.",
            hint="Take 128 KiB to 64 MiB; the default is 8 MiB.",
        )


def _report_remarks(report: Path, spec: OffloadSpec) -> Iterable[Remark]:
    volume = volume_of(report)
    must_answer(report, volume, volume.label)
    return report_remarks(report, volume, spec.source)
