"""Rows of numbers on a card: what is missing in them, in words."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable

from app.places.cards.card import Finding, FindingKind
from app.places.cards.draft import ClipDraft
from app.units import count_text

MOST_GAPS = 20
"""Gaps told one by one; beyond that their number is told."""
MOST_NAMED = 10
"""Absent parts named one by one; a longer gap is told by its ends."""

RowPlace = tuple[str, int, str]
"""A row of clips, a number in it, and the form in which its camera writes such numbers."""
_ROLL_CLIP = re.compile(r"([A-Z][A-Z_]?\d{3,4})_?([A-Z])(\d{3,4})(?=\D|$)", re.IGNORECASE)
_LAST_DIGITS = re.compile(r"(.*?)(\d{3,})\D{0,2}$", re.DOTALL)


def roll_of(name: str) -> str:
    """The roll that a clip name begins with, as in `A003C017_…` or `A003_C017_…`; else ""."""
    match = _ROLL_CLIP.match(name)
    return match[1].upper() if match else ""


def short_of(name: str) -> str:
    """Roll and clip number out of a long clip name: `A003C017`; else the name itself."""
    match = _ROLL_CLIP.match(name)
    return match[0] if match else name


def gaps(numbers: Iterable[int], *, start: int | None = None) -> list[tuple[int, int]]:
    """First and last number of each gap; *start* is the number the row should begin with."""
    found: list[tuple[int, int]] = []
    before = None if start is None else start - 1
    for number in sorted(set(numbers)):
        if before is not None and number > before + 1:
            found.append((before + 1, number - 1))
        before = number
    return found


def lacks_numbered(clip: ClipDraft, present: Iterable[int], name_of: Callable[[int], str]) -> None:
    """Note every numbered part that is absent, from the first on; the end is not known."""
    for first, last in gaps(present, start=1):
        if last - first >= MOST_NAMED:
            what = f"{name_of(first)} to {name_of(last)}"
            count = count_text(last - first + 1, "file")
            text = (
                f"{clip.called} has no {_tail(clip, name_of(first))} to {name_of(last)} ({count})."
            )
            clip.lacks(FindingKind.PART_MISSING, what, text)
            continue
        for name in map(name_of, range(first, last + 1)):
            text = f"{clip.called} has no {_tail(clip, name)}."
            clip.lacks(FindingKind.PART_MISSING, name, text)


def _tail(clip: ClipDraft, name: str) -> str:
    return name.removeprefix(clip.name) or name


def lacks_frames(clip: ClipDraft, numbers: Iterable[int], *, width: int) -> None:
    """Note every gap in a row of frames, as ranges."""
    present = sorted(set(numbers))
    found = gaps(present)
    if found and present[0] == 0 and (present[-1] + 1) % 86400 == 0:
        # Frame numbers that count from midnight begin anew there: that jump is no gap.
        found.remove(max(found, key=lambda gap: gap[1] - gap[0]))
    for first, last in found[:MOST_GAPS]:
        if first == last:
            what, verb = f"frame {first:0{width}d}", "is"
        else:
            what, verb = f"frames {first:0{width}d} to {last:0{width}d}", "are"
        count = "" if first == last else f" ({count_text(last - first + 1, 'frame')})"
        text = f"{clip.called}: {what} {verb} missing{count}."
        clip.lacks(FindingKind.PART_MISSING, what, text)
    if len(found) > MOST_GAPS:
        rest = found[MOST_GAPS:]
        lost = sum(last - first + 1 for first, last in rest)
        what = f"{count_text(lost, 'frame')} in {count_text(len(rest), 'further gap')}"
        clip.lacks(FindingKind.PART_MISSING, what, f"{clip.called}: {what} are missing.")


def numbered(name: str) -> RowPlace | None:
    """The row a clip name belongs to, its number in it, and how that number is written."""
    match = _ROLL_CLIP.match(name)
    if match:
        letter = match[2].upper()
        # A camera that runs out of C999 goes on with D001.
        value = int(match[3]) + (999 if letter == "D" and len(match[3]) == 3 else 0)
        return match[1].upper(), value, f"C{len(match[3])}" if letter in "CD" else letter
    match = _LAST_DIGITS.match(name)
    if match:
        return match[1], int(match[2]), f"#{len(match[2])}"
    return None


def written(row: str, form: str, number: int) -> str:
    """A clip number as its camera writes it."""
    if form.startswith("C"):
        letter, value = ("D", number - 999) if number > 999 and form == "C3" else ("C", number)
        return f"{letter}{value:0{form[1:]}d}"
    if form.startswith("#"):
        return f"{row}{number:0{form[1:]}d}"
    return f"{form}{number:03d}"


def clip_gaps(
    names: Iterable[str],
    *,
    row_of: Callable[[str], RowPlace | None] = numbered,
    from_one: bool = False,
) -> list[Finding]:
    """What is missing in the rows of clip numbers; *from_one* where every roll begins at 1."""
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for name in names:
        place = row_of(name)
        if place:
            rows[place[0], place[2]].append(place[1])
    findings: list[Finding] = []
    for (row, form), numbers in rows.items():
        findings += _row_findings(row, form, numbers, from_one and not form.startswith("#"))
    if len(findings) > MOST_GAPS:
        more = f"There are {len(findings) - MOST_GAPS:,} more gaps in the clip numbers."
        findings = [*findings[:MOST_GAPS], Finding(kind=FindingKind.CLIP_GAP, text=more)]
    return findings


def _row_findings(row: str, form: str, numbers: list[int], from_one: bool) -> list[Finding]:
    lowest = min(numbers)
    where = "" if form.startswith("#") else f" on {row}"
    findings = []
    for first, last in gaps(numbers, start=1 if from_one else None):
        head, tail = written(row, form, first), written(row, form, last)
        what = f"Clip {head} is" if first == last else f"Clips {head} to {tail} are"
        after = written(row, form, last + 1)
        place = (
            f"before {after}"
            if first < lowest
            else f"between {written(row, form, first - 1)} and {after}"
        )
        text = f"{what} missing{where}, {place}."
        findings.append(Finding(kind=FindingKind.CLIP_GAP, text=text))
    return findings
