"""What a day report's cards add up to, and the sentence that says it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.reports.model import DayCard, DayReport
from app.units import count_text

_NAMED = 3
"""Unsafe rolls that the sentence names before it only counts them."""


def day_sentence(report: DayReport) -> str:
    """The day in one line: `day 12: 14 cards, 2 copies each, all safe`."""
    start = f"day {report.number}" if report.number is not None else report.day.isoformat()
    if not report.cards:
        return f"{start}: no cards"
    cards = count_text(len(report.cards), "card")
    sentence = f"{start}: {cards}, {_copies(report.cards)}, {_safety(report.cards)}"
    points = sum(len(card.open) for card in report.cards)
    return f"{sentence}, {count_text(points, 'point')} open" if points else sentence


def cards_safe(cards: Sequence[DayCard]) -> str:
    """The same in a few words, for the head of a page: `14 cards, all safe`."""
    safe = sum(1 for card in cards if card.safe)
    if not cards:
        return "No cards"
    if safe == len(cards):
        return f"{count_text(safe, 'card')}, {'all ' if safe > 1 else ''}safe"
    return f"{safe:,} of {count_text(len(cards), 'card')} safe"


def _copies(cards: Sequence[DayCard]) -> str:
    counts = {len(set(card.copies)) for card in cards}
    fewest, most = min(counts), max(counts)
    if most == 0:
        return "no verified copies"
    if fewest != most:
        return f"{fewest} to {most} copies"
    return count_text(most, "copy", "copies") + (" each" if len(cards) > 1 else "")


def _safety(cards: Sequence[DayCard]) -> str:
    unsafe = [card.roll or "a card without a name" for card in cards if not card.safe]
    if not unsafe:
        return "all safe" if len(cards) > 1 else "safe"
    if len(cards) == 1:
        return "not safe yet"
    start = f"{len(cards) - len(unsafe)} safe" if len(unsafe) < len(cards) else "none safe"
    if len(unsafe) > _NAMED:
        return f"{start}, keep {len(unsafe)} cards"
    names = [f"{roll} ({n} cards)" if n > 1 else roll for roll, n in Counter(unsafe).items()]
    named = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return f"{start}, keep {named}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalRow:
    """Cards added up under one heading: all of them, one camera's, or one device's."""

    name: str
    cards: int
    clips: int
    files: int
    size: int
    safe: int


def total(name: str, cards: Sequence[DayCard]) -> TotalRow:
    """These cards added up."""
    return TotalRow(
        name=name,
        cards=len(cards),
        clips=sum(card.clips for card in cards),
        files=sum(card.files for card in cards),
        size=sum(card.size for card in cards),
        safe=sum(card.safe for card in cards),
    )


def camera_totals(report: DayReport) -> tuple[TotalRow, ...]:
    """One row a camera, by name."""
    names = sorted({card.camera for card in report.cards})
    return tuple(
        total(name or "unknown camera", [c for c in report.cards if c.camera == name])
        for name in names
    )


def device_totals(report: DayReport) -> tuple[TotalRow, ...]:
    """One row a device: which cards it holds completely and verified."""
    names = sorted({name for card in report.cards for name in card.copies})
    return tuple(total(name, [c for c in report.cards if name in c.copies]) for name in names)
