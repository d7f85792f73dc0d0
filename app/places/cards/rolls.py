"""The row of rolls: was this one seen before, and is one missing beside it?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.places.cards.card import Card, Finding, FindingKind
from app.units import bytes_text, count_text, moment_text

_ROLL = re.compile(r"([A-Z][A-Z_]?_?)(\d{2,4})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRoll:
    """A card that was offloaded before, as the journal remembers it."""

    roll: str
    structure: str
    camera: str
    first_clip: str
    last_clip: str
    clips: int
    size: int
    """Bytes of all files."""
    when: datetime


def seen_roll(card: Card, when: datetime) -> SeenRoll:
    """What to remember of a card that was offloaded at *when*."""
    first, last = _ends(card)
    return SeenRoll(
        roll=card.roll,
        structure=card.structure,
        camera=card.camera,
        first_clip=first,
        last_clip=last,
        clips=len(card.clips),
        size=card.size,
        when=when,
    )


def compare_rolls(card: Card, seen: Sequence[SeenRoll]) -> tuple[Finding, ...]:
    """What the rolls seen so far tell of *card*: its name used twice, or a gap beside it.

    Names without a number (EOS_DIGITAL, Untitled) are no roll names and tell nothing.
    """
    rolls = [roll.strip() for roll in card.roll.split(",")]
    findings = [
        finding
        for roll in rolls
        if re.search(r"\d", roll) and (finding := _seen_before(card, roll, seen))
    ]
    names = [name.strip() for old in seen for name in old.roll.split(",")]
    for roll in rolls:
        findings += _beside(roll, [*names, *rolls])
    return tuple(dict.fromkeys(findings))


def _seen_before(card: Card, roll: str, seen: Sequence[SeenRoll]) -> Finding | None:
    same = [old for old in seen if roll.lower() in _names(old)]
    if not same or any(_holds_same(card, old) for old in same):
        return None
    old = max(same, key=lambda seen_roll: seen_roll.when)
    then = _content(old.clips, old.size, old.first_clip, old.last_clip)
    now = _content(len(card.clips), card.size, *_ends(card))
    if now == then:  # sizes are rounded for people
        more = card.size - old.size
        now = f"as many clips, and {abs(more):,} bytes {'more' if more > 0 else 'less'}"
    text = (
        f"{roll} was offloaded on {moment_text(old.when)} with other content: {then}; "
        f"this card holds {now}."
    )
    return Finding(kind=FindingKind.ROLL_SEEN, text=text)


def _names(old: SeenRoll) -> set[str]:
    return {name.strip().lower() for name in old.roll.split(",")}


def _holds_same(card: Card, old: SeenRoll) -> bool:
    ends = (old.first_clip, old.last_clip)
    return (len(card.clips), card.size, _ends(card)) == (old.clips, old.size, ends)


def _ends(card: Card) -> tuple[str, str]:
    return (card.clips[0].name, card.clips[-1].name) if card.clips else ("", "")


def _content(clips: int, size: int, first: str, last: str) -> str:
    names = first if first == last else f"{first} to {last}"
    return f"{count_text(clips, 'clip')}, {bytes_text(size)}" + (f" ({names})" if names else "")


def _beside(roll: str, names: Sequence[str]) -> list[Finding]:
    """Gaps between *roll* and its next neighbours of the same camera letter."""
    match = _ROLL.fullmatch(roll)
    if not match:
        return []
    letter, number, width = match[1].upper(), int(match[2]), len(match[2])
    row = {
        int(other[2])
        for name in names
        if (other := _ROLL.fullmatch(name)) and other[1].upper() == letter
    }
    before = max((known for known in row if known < number), default=number)
    after = min((known for known in row if known > number), default=number)
    gaps = [(low, high) for low, high in ((before, number), (number, after)) if high > low + 1]
    return [_gap(letter, width, low, high) for low, high in gaps]


def _gap(letter: str, width: int, low: int, high: int) -> Finding:
    first, last = f"{letter}{low + 1:0{width}d}", f"{letter}{high - 1:0{width}d}"
    what = f"{first} is" if first == last else f"{first} to {last} are"
    text = f"{what} missing between {letter}{low:0{width}d} and {letter}{high:0{width}d}."
    return Finding(kind=FindingKind.ROLL_GAP, text=text)
