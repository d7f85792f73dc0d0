"""How much there is to do, to be shown when a pass begins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from app.jobs.journal import Journal
from app.jobs.snapshot import PlaceSnapshot, PlaceState
from app.jobs.spec import JobId
from app.offload.card.surroundings import Surroundings
from app.offload.copying.place import Place
from app.offload.evidence.ledger import Ledger
from app.offload.job.roster import Roster
from app.offload.job.share import Share
from app.offload.spec import OffloadSpec


class _Alike(NamedTuple):
    """Files that the same destinations want, and of which the same ones have a copy."""

    files: int
    size: int
    taken: frozenset[int]
    have: frozenset[int]


def confirmed(
    journal: Journal, job: JobId, spec: OffloadSpec, around: Surroundings
) -> dict[str, Any]:
    """The same for a job that was cut off, by the journal alone: no drive has to be there."""
    if not journal.fact(job, "listed"):
        return {}
    facts = totals(Roster(Ledger(journal, job), spec, around))
    del facts["card"]  # where it lay at last is known to whoever asks
    return facts


def totals(roster: Roster) -> dict[str, Any]:
    """Facts of a snapshot at the beginning of a run."""
    shares = [roster.share(place) for place in roster.places]
    reads = {p.record.stage: 1 for p in roster.places}
    reads[0] = 2 if roster.spec.verify.reads_source_twice else 1
    wanted, held = [0] * len(shares), [0] * len(shares)
    files = size = total = done = ready = count = 0
    for some in _alike(roster, shares):
        files, size = files + some.files, size + some.size
        for index in some.taken:
            wanted[index] += some.size
            held[index] += some.size if index in some.have else 0
        lacking = {roster.places[index].record.stage for index in some.taken - some.have}
        for stage in {roster.places[index].record.stage for index in some.taken}:
            total += some.size * reads[stage]
            done += some.size * reads[stage] if stage not in lacking else 0
        if not lacking:
            ready, count = ready + some.size, count + some.files
    for index, place in enumerate(roster.places):
        steps = 2 if roster.spec.verify.reads_back and place.record.flush else 1
        total += wanted[index] * steps
        done += held[index] * steps
    return {
        "places": tuple(map(_shown, roster.places, wanted, held)), "work_total": total,
        "work_done": done, "copied": ready, "verified": ready, "files_done": count,
        "files_total": files, "size": size, "card": str(roster.card_root),
        "clips_total": roster.identity.clips,
    }  # fmt: skip


def _alike(roster: Roster, shares: Sequence[Share]) -> list[_Alike]:
    """The files, taken together where the same destinations want and have them."""
    everyone = frozenset(range(len(shares)))
    same = all(share.takes_all for share in shares)
    files: Counter[tuple[frozenset[int], str]] = Counter()
    sizes: Counter[tuple[frozenset[int], str]] = Counter()
    for size, path, held in roster.ledger.holdings():
        taken = everyone
        if not same:
            taken = frozenset(i for i, share in enumerate(shares) if share.takes_path(path))
        files[taken, held] += 1
        sizes[taken, held] += size
    return [
        _Alike(count, sizes[key], key[0], frozenset(map(int, filter(None, key[1].split(",")))))
        for key, count in files.items()
    ]


def _shown(place: Place, size: int, have: int) -> PlaceSnapshot:
    return PlaceSnapshot(
        name=place.name,
        path=str(place.root),
        device=place.record.device_name,
        lane=place.record.device,
        state=PlaceState.DONE if size == have and size else PlaceState.WAITING,
        total=size,
        written=have,
        verified=have,
    )
