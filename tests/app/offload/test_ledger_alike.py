"""What the ledger tells of many files at once is what it tells of them one by one."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.integrity.verdict import Problem, ReadWay
from app.jobs.journal import Journal
from app.jobs.spec import JobId
from app.offload.copying.work import CopyFact, CopyState
from app.offload.evidence.ledger import Ledger
from app.offload.evidence.rows import SCHEMA
from app.places.tree import Entry, EntryKind

MOMENTS = [datetime(2026, 11, 20, 12, n, n, n * 1001, tzinfo=UTC) for n in range(3)]
FILES = 9000
"""More than are read at once."""


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A card with all that can be known of a file, in every mixture."""
    journal = Journal(tmp_path / "journal.sqlite3", schemas=(SCHEMA,))
    draw = random.Random(7)
    kinds = [EntryKind.FILE] * 8 + list(EntryKind)
    problems = [None] * 8 + list(Problem)
    entries = [
        (Entry(f"A/{n:05}é'|;.mov", draw.choice(kinds), size=n), "", draw.choice(problems), "")
        for n in range(FILES)
    ]
    ledger = Ledger(journal, JobId("AF1ADD"))
    ledger.list_card(entries)
    ledger.confirm(
        _copy(n, to, draw) for n in range(FILES) for to in (2, 0, 10) if draw.random() > 0.2
    )
    yield ledger
    journal.close()


def _copy(n: int, destination: int, draw: random.Random) -> CopyFact:
    written = draw.choice(MOMENTS)
    return CopyFact(
        n, destination, f"copy/{n}", draw.choice(list(CopyState)), draw.choice(list(ReadWay)),
        "xxh64", written, draw.choice([None, written + timedelta(seconds=1)]), 5,
        draw.random() > 0.5, "words; that | look like marks",
    )  # fmt: skip


def test_files_that_are_alike_are_told_of_together(ledger: Ledger) -> None:
    expected: Counter[object] = Counter()
    first: dict[object, str] = {}
    for row, facts in ledger.with_copies():
        if row.entry.kind is EntryKind.FOLDER and row.problem is not Problem.UNREADABLE:
            continue
        known = tuple((f.destination, f.state, f.way, f.written, f.read, f.found) for f in facts)
        expected[row.problem, known] += 1
        first.setdefault((row.problem, known), row.entry.path)
    told = list(ledger.alike())
    assert {(some.problem, tuple(map(tuple, some.copies))): some.files for some in told} == expected
    assert len(told) == len(expected)
    assert [some.path for some in told] == list(first.values()), "in the card's order"


@pytest.mark.parametrize(
    "enough",
    [{CopyState.VERIFIED}, {CopyState.VERIFIED, CopyState.WRITTEN}, set(CopyState)],
    ids=["verified", "written", "any"],
)
def test_what_is_not_done_is_found_file_by_file(ledger: Ledger, enough: set[CopyState]) -> None:
    expected = []
    for row, facts in ledger.with_copies(10):
        if row.entry.kind is EntryKind.FOLDER or row.problem is Problem.IGNORED:
            continue
        fact = facts[0] if facts else None
        if row.problem is not None or fact is None or fact.state not in enough:
            expected.append((row, fact))
    assert expected
    assert list(ledger.short_of(10, enough)) == expected


def test_a_manifest_is_told_of_every_file_that_is_held(ledger: Ledger) -> None:
    expected = [
        (fact.path, row.entry.size, fact.mtime_ns, fact.written, fact.read)
        for row, facts in ledger.with_copies(0)
        for fact in facts
        if row.entry.kind is EntryKind.FILE
        and row.problem is not Problem.IGNORED
        and fact.state is not CopyState.FAILED
    ]
    held = list(ledger.held_files(0))
    assert [(f.path, f.size, f.mtime_ns, f.written, f.read) for f in held] == expected
    assert {f.proven for f in held} == {read or written for *_, written, read in expected}
