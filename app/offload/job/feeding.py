"""Which drive of an earlier stage a cascade's later stage is read from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from app.errors import DestinationSilent, SourceGone
from app.offload.card.source import Source
from app.offload.card.watch import watched_source
from app.offload.copying.place import Place
from app.offload.copying.work import CopyFact, CopyState
from app.offload.evidence.rows import EntryRow
from app.offload.job.share import Share
from app.places.silence import watcher
from app.places.tree import EntryKind

if TYPE_CHECKING:
    from app.offload.job.roster import Roster


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


def feeding_source(place: Place) -> Source:
    """An earlier stage's drive as the source of a pass; its every call is watched over."""
    assert place.target is not None
    return watched_source(place.target.folder, place.name, place.target.silence)


def waits_for(place: Place, seconds: float, at: str) -> None:
    """A hand has waited so long for a drive that feeds it: give that up after the usual patience.

    *at* is the file. SourceGone then: another drive may feed the rest.
    """
    if place.target is not None and seconds > watcher().patience.answer:
        place.target.silence.give_up(seconds, at)
        raise _gone(place)


def read_from(place: Place, do: Callable[[], None]) -> None:
    """Have *do* read from a drive for as long as that answers; SourceGone when it hangs."""
    assert place.target is not None
    try:
        place.target.silence.work(do)
    except DestinationSilent as silent:
        raise _gone(place) from silent


def _gone(place: Place) -> SourceGone:
    return SourceGone(f"{place.name} does not answer.", path=place.root, device=place.name)


def _fed_by(roster: Roster, place: Place, shares: Sequence[Share]) -> Iterator[EntryRow]:
    for row, facts in roster.ledger.with_copies():
        if row.entry.kind is not EntryKind.FILE or row.problem is not None:
            continue
        have = {fact.destination: fact for fact in facts}
        if can_feed(have.get(place.index)) and any(
            share.place.index not in have and share.takes(row) for share in shares
        ):
            yield row
