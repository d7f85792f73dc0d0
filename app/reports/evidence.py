"""What a transfer report's rows add up to: marks, copies in order, and the evidence table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from app.reports.model import CopyRow, DestinationRow, FileRow, TransferReport


class Mark(StrEnum):
    """The glyph beside a state; the word always stands with it."""

    DONE = "done"
    ATTENTION = "attention"
    FAILED = "failed"
    NONE = "none"


_MARKS = {
    "verified": Mark.DONE,
    "complete": Mark.DONE,
    "safe": Mark.DONE,
    "failed": Mark.FAILED,
    "missing": Mark.FAILED,
    "unreadable": Mark.FAILED,
    "changed": Mark.FAILED,
    "not asked for": Mark.NONE,
    "ignored": Mark.NONE,
    "": Mark.NONE,
}
_READS = {
    "verified": "read back from the medium",
    "verified through the cache": "read back through the cache, does not count",
    "written, not verified": "written, not read back",
    "already there": "there before, not read in this job",
    "failed": "failed",
    "not asked for": "not asked for",
}
_ORDER = tuple(_READS)
_OPEN = (Mark.FAILED, Mark.ATTENTION)
_NAMED = 20
"""Files named under one cause."""


def mark_of(state: str, trouble: str = "", read_back: datetime | None = None) -> Mark:
    """The mark of a state; trouble never looks done, and an unknown state asks for attention."""
    if state == "already there" and read_back is not None:
        state = "verified"
    mark = _MARKS.get(state, Mark.ATTENTION)
    return Mark.ATTENTION if trouble and mark is Mark.DONE else mark


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionGroup:
    """Files that a person has to look at for one and the same cause."""

    cause: str
    mark: Mark
    count: int
    paths: tuple[str, ...]
    """The first of them; all are marked in the table of files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What the rows of a report add up to."""

    evidence: tuple[EvidenceRow, ...]
    """What is behind the verdict, by destination and by kind of read."""
    attention: tuple[AttentionGroup, ...]
    """The files that are not simply done, by cause, failures first."""
    kinds: tuple[str, ...]
    """Every kind of hash, the job's own first."""


def sums_of(report: TransferReport) -> Sums:
    """Go through all rows once; all forms of a report say the same of them."""
    kinds = dict.fromkeys(report.hash_kinds)
    tallies: defaultdict[_Key, _Tally] = defaultdict(_Tally)
    groups: defaultdict[_Causes, _Group] = defaultdict(_Group)
    for row in report.files:
        if row.hashes.keys() - kinds.keys():
            kinds |= dict.fromkeys(row.hashes)
        for copy in row.copies:
            key = (copy.destination, copy.state, copy.read_back is not None, copy.earlier)
            tallies[key].add(copy.read_back)
        if causes := tuple(_causes(row, report.destinations)):
            groups[causes].add(row.path)
    found = [_attention_group(causes, group) for causes, group in groups.items()]
    return Sums(
        evidence=tuple(
            _evidence_row(report, key, tallies[key])
            for key in sorted(tallies, key=lambda k: (k[0], _rank(k[1]), not k[2], k[3]))
        ),
        attention=tuple(sorted(found, key=lambda group: group.mark is not Mark.FAILED)),
        kinds=tuple(kinds),
    )


_Causes = tuple[tuple[Mark, str], ...]


@dataclass(slots=True)
class _Group:
    count: int = 0
    paths: list[str] = field(default_factory=list)

    def add(self, path: str) -> None:
        self.count += 1
        if len(self.paths) < _NAMED:
            self.paths.append(path)


def _attention_group(causes: _Causes, group: _Group) -> AttentionGroup:
    return AttentionGroup(
        cause="; ".join(words for _, words in causes),
        mark=Mark.FAILED if any(m is Mark.FAILED for m, _ in causes) else Mark.ATTENTION,
        count=group.count,
        paths=tuple(group.paths),
    )


def _causes(row: FileRow, destinations: Sequence[DestinationRow]) -> Iterator[tuple[Mark, str]]:
    told = False
    for copy in row.copies:
        mark = mark_of(copy.state, copy.trouble, copy.read_back)
        if mark in _OPEN:
            told = True
            name = _name(destinations, copy.destination)
            yield mark, f"{name}: {(copy.trouble or copy.state).rstrip('.')}"
    mark = mark_of(row.state, row.trouble)
    if row.trouble or (mark in _OPEN and not told):
        yield mark, (row.trouble or row.state).rstrip(".")


def _name(destinations: Sequence[DestinationRow], index: int) -> str:
    return destinations[index].name if 0 <= index < len(destinations) else "unknown destination"


def copies_in_order(row: FileRow, destinations: int) -> list[CopyRow | None]:
    """A file's copies by destination, None where there is none."""
    cells: list[CopyRow | None] = [None] * destinations
    for copy in row.copies:
        if 0 <= copy.destination < destinations:
            cells[copy.destination] = copy
    return cells


def remarks(row: FileRow, destinations: Sequence[DestinationRow]) -> Iterator[tuple[str, str]]:
    """What stands below a file's row, as words and the path they speak of ("" for none)."""
    if row.trouble:
        yield row.trouble, ""
    for copy in row.copies:
        name = _name(destinations, copy.destination)
        if copy.trouble:
            yield f"{name}: {copy.trouble}", ""
        if copy.path and not copy.path.endswith(row.path):
            yield f"On {name} as", copy.path


def destination_result(row: DestinationRow) -> tuple[Mark, str]:
    """A destination's result in one phrase, e.g. `all 1,204 verified`."""
    if not row.asked:
        words, mark = "no files", Mark.NONE
    elif row.verified == row.asked:
        words, mark = f"all {row.asked:,} verified", Mark.DONE
    elif row.verified:
        words, mark = f"{row.verified:,} of {row.asked:,} verified", Mark.ATTENTION
    else:
        words, mark = "nothing verified", Mark.ATTENTION
    if known := sum(one.files for one in row.known):
        words = f"{words}, {known:,} of them by an earlier job, not read in this one"
    if not row.flushed:
        words, mark = f"{words}, not flushed", Mark.ATTENTION
    return (Mark.FAILED, words) if row.trouble else (mark, words)


def shared_device(destinations: Sequence[DestinationRow], index: int) -> int | None:
    """The earlier destination on the same device, by index; None where there is none."""
    device = destinations[index].device
    return next((i for i in range(index) if device and destinations[i].device == device), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """One line of evidence: which device, which read, when, by which hash."""

    device: str
    place: str
    read: str
    files: int
    first: datetime | None
    last: datetime | None
    hashes: str
    mark: Mark


@dataclass(slots=True)
class _Tally:
    files: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def add(self, moment: datetime | None) -> None:
        self.files += 1
        if moment is not None:
            self.first = moment if self.first is None else min(self.first, moment)
            self.last = moment if self.last is None else max(self.last, moment)


_Key = tuple[int, str, bool, str]
"""Destination, state, whether it was read back, and the earlier job that did so."""


def _rank(state: str) -> int:
    return _ORDER.index(state) if state in _ORDER else len(_ORDER)


def _evidence_row(report: TransferReport, key: _Key, tally: _Tally) -> EvidenceRow:
    index, state, was_read, earlier = key
    known = 0 <= index < len(report.destinations)
    destination = report.destinations[index] if known else None
    read = _READS.get(state, state)
    if state == "already there" and was_read:
        read = "there before, read back from the medium"
    if earlier:
        read = f"known from job {earlier}, read back then, not in this job"
    return EvidenceRow(
        device=destination.device if destination else "unknown device",
        place=destination.name if destination else f"destination {index + 1}",
        read=read,
        files=tally.files,
        first=tally.first,
        last=tally.last,
        hashes=", ".join(report.hash_kinds) if was_read else "",
        mark=mark_of(state, read_back=tally.last),
    )
