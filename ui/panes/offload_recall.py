"""What lay on the desk before: the cards and drives of unfinished and recent jobs come back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from app.errors import ReelkeepError
from app.jobs.snapshot import JobSnapshot
from app.jobs.spec import CONVERTER
from app.offload.plan import OffloadPlan
from app.offload.spec import DestinationSpec, OffloadSpec
from app.places.cards import Card, CardIdentity, identity_of, same_card
from app.places.tree import list_tree
from app.units import now
from ui.models.plan import still_whole

if TYPE_CHECKING:
    from app.engine import Engine

RECENT = timedelta(hours=24)
MOST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """One card of an earlier job."""

    root: str
    card: Card | None
    """None where nobody can read it now; an unfinished job still wants it."""
    confirmed: bool
    """It holds exactly what its job verified, and where it did so all of it still is."""
    destinations: tuple[DestinationSpec, ...]
    unfinished: bool


def worth_recalling(jobs: Sequence[JobSnapshot]) -> tuple[JobSnapshot, ...]:
    """The newest job of each card that is unfinished, or ended within a day; oldest first."""
    fresh = [j for j in newest_per_card(jobs) if not j.state.ended or _is_recent(j)]
    return tuple(fresh[-MOST:])


def newest_per_card(jobs: Iterable[JobSnapshot]) -> tuple[JobSnapshot, ...]:
    """The last job of each card."""
    return tuple({job.card: job for job in jobs if job.card}.values())


def _is_recent(job: JobSnapshot) -> bool:
    return job.finished is not None and now() - job.finished < RECENT


def recall(engine: Engine, jobs: Sequence[JobSnapshot]) -> tuple[Recalled, ...]:
    """Look at the cards of *jobs*; reads the disk: worker only."""
    found = (_recall(engine, job) for job in jobs)
    return tuple(one for one in found if one is not None)


def _recall(engine: Engine, job: JobSnapshot) -> Recalled | None:
    spec = engine.journal.job(job.id).spec
    if not isinstance(spec, OffloadSpec):
        return None
    card, confirmed = None, False
    try:
        if job.state.ended:
            plan = engine.plan(spec)
            card = plan.card
            confirmed = job.safe and still_whole(plan, job) and _same(engine, job, plan)
        else:
            card = engine.recognise(spec.source)
    except (ReelkeepError, OSError):
        if job.state.ended:
            return None  # the card has gone home; its report stays in the queue
    return Recalled(
        root=str(spec.source),
        card=card,
        confirmed=confirmed,
        destinations=spec.destinations,
        unfinished=not job.state.ended,
    )


def earlier_jobs(
    engine: Engine, cards: Sequence[tuple[str, Card]], jobs: Sequence[JobSnapshot]
) -> dict[str, JobSnapshot | None]:
    """By root, the newest ended job that copied files of the same names and sizes.

    Reads the disk: worker only. A card that nobody can list now has none.
    """
    return {root: _earlier(engine, card, jobs) for root, card in cards}


def _earlier(engine: Engine, card: Card, jobs: Sequence[JobSnapshot]) -> JobSnapshot | None:
    alike = [j for j in jobs if j.state.ended and j.clips_total == len(card.clips)]
    if not alike:
        return None
    try:
        identity = identity_of(card, list_tree(card.root))
        for job in reversed(alike):
            known = engine.journal.fact(job.id, "identity")
            if known and same_card(CONVERTER.structure(known, CardIdentity), identity):
                return job
    except (ReelkeepError, OSError):
        return None
    return None


def _same(engine: Engine, job: JobSnapshot, plan: OffloadPlan) -> bool:
    """Whether the card holds the very files that the job copied, empty ones included."""
    known = engine.journal.fact(job.id, "identity")
    return bool(known) and same_card(CONVERTER.structure(known, CardIdentity), plan.identity)
