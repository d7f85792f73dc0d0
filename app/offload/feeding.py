"""Which drive of an earlier stage a cascade's later stage is read from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from app.offload.place import Place
from app.offload.rows import EntryRow
from app.offload.share import Share
from app.offload.work import CopyFact, CopyState
from app.places.tree import EntryKind

if TYPE_CHECKING:
    from app.offload.roster import Roster


def can_feed(fact: CopyFact | None) -> bool:
    """Whether a copy may be copied on; what is read from it is held against the card's hash."""
    return fact is not None and fact.state is not CopyState.FAILED


def feeding_place(roster: Roster, stage: int, shares: Sequence[Share]) -> Place | None:
    """The connected drive of an earlier stage that holds most of what *shares* still want."""
    best: tuple[int, Place | None] = (0, None)
    for place in roster.places:
        if place.record.stage < stage and place.target is not None and place.target.alive:
            count = sum(1 for _ in _fed_by(roster, place, shares))
            if count > best[0]:
                best = (count, place)
    return best[1]


def feeds(roster: Roster, place: Place, stage: int, without: set[int]) -> bool:
    """Whether *place* holds what destinations of a later stage still want."""
    shares = [
        Share(roster, p) for p in roster.places
        if p.record.stage == stage and p.index not in without
    ]  # fmt: skip
    return next(_fed_by(roster, place, shares), None) is not None


def _fed_by(roster: Roster, place: Place, shares: Sequence[Share]) -> Iterator[EntryRow]:
    for row, facts in roster.ledger.with_copies():
        if row.entry.kind is not EntryKind.FILE or row.problem is not None:
            continue
        have = {fact.destination: fact for fact in facts}
        if can_feed(have.get(place.index)) and any(
            share.place.index not in have and share.takes(row) for share in shares
        ):
            yield row
