"""A report that names only what is not simply done has the figures of one that names everything."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.integrity.hashing import HashKind
from app.integrity.verdict import Problem, ReadWay
from app.jobs.journal import Journal
from app.jobs.spec import CONVERTER, JobId
from app.offload.copying.place import PlaceRecord
from app.offload.copying.work import CopyFact, CopyState
from app.offload.evidence import file_rows
from app.offload.evidence.account import Account
from app.offload.evidence.ledger import Ledger
from app.offload.evidence.rows import SCHEMA, THE_CARD
from app.offload.spec import DestinationSpec, OffloadSpec
from app.places.cards import Card
from app.places.tree import Entry, EntryKind
from app.reports.write import write_transfer

JOB, EARLIER = JobId("AF1ADD"), JobId("0DDBA1")
START = datetime(2026, 11, 20, 12, 0, 0, 5, tzinfo=UTC)
FILES = 3000
"""More than are read at once."""
DONE = {"verified", "already there"}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.sqlite3", schemas=(SCHEMA,))
    yield journal
    journal.close()


def _fill(journal: Journal, places: int, oddities: float, *, found: bool) -> None:
    """A card of which so large a part is odd; *found*: nothing of it had to be written."""
    draw = random.Random(f"{places} {oddities}")
    ledger = Ledger(journal, JOB)
    odd = {n for n in range(FILES) if draw.random() < oddities}
    ledger.list_card((_entry(n, draw if n in odd else None), "", None, "") for n in range(FILES))
    ledger.read(
        (n, {HashKind.XXH64: "ab"}, _moment(n), n not in odd or draw.random() > 0.5)
        for n in range(FILES) if n not in odd or draw.random() > 0.3
    )  # fmt: skip
    troubled = [
        (draw.choice([None, *Problem]), draw.choice(["", "Hard to read."]), JOB, n) for n in odd
    ]
    with journal.transaction() as db:
        db.executemany("UPDATE entries SET problem=?, trouble=? WHERE job=? AND n=?", troubled)
    pairs = [(n, place) for n in range(FILES) for place in range(places)]
    ledger.confirm(
        _fact(n, place, draw if n in odd else None, found)
        for n, place in pairs if n not in odd or draw.random() < 0.9
    )  # fmt: skip
    ledger.know(
        (n, draw.choice([place, THE_CARD]), EARLIER)
        for n, place in pairs if n in odd and draw.random() < 0.3
    )  # fmt: skip


def _entry(n: int, draw: random.Random | None) -> Entry:
    kinds = [*EntryKind, *[EntryKind.FILE] * 9]
    kind = draw.choice(kinds) if draw is not None else EntryKind.FILE
    return Entry(f"A/{n:05}.{'wav' if n % 3 else 'mov'}", kind, size=n + 1)


def _moment(n: int) -> datetime:
    """Files are read in batches."""
    return START + timedelta(seconds=n // 50)


def _fact(n: int, place: int, draw: random.Random | None, found: bool) -> CopyFact:
    state, trouble = CopyState.VERIFIED, ""
    if draw is not None:
        state, found = draw.choice(list(CopyState)), found or draw.random() > 0.5
        trouble = draw.choice(["", "It broke."])
    return CopyFact(n, place, f"A/{n:05}", state, ReadWay.MEDIUM, "xxh64", _moment(n),
                    _moment(n), 5, found, trouble)  # fmt: skip


def _account(journal: Journal, filters: list[tuple[str, ...]]) -> Account:
    places = [
        PlaceRecord(path=f"/d{n}", below="c", root=f"/d{n}/c", name=f"d{n}", identity=f"{n}",
                    label="", file_system="ext4", device=f"{n}", device_name=f"Drive {n}",
                    counts=True, memory=False, flush=True, stage=0)
        for n in range(len(filters))
    ]  # fmt: skip
    journal.set_fact(JOB, "places", CONVERTER.unstructure(places))
    card = Card(root=Path("/card"), structure="folder", camera="Folder", roll="A003", label="A003",
                clips=(), size=0, files=0)  # fmt: skip
    journal.set_fact(JOB, "card", CONVERTER.unstructure(card))
    destinations = tuple(
        DestinationSpec(path=Path(f"/d{n}"), only=only) for n, only in enumerate(filters)
    )
    return Account(journal, JOB, OffloadSpec(source=Path("/card"), destinations=destinations))


@pytest.mark.parametrize("found", [False, True], ids=["copied", "found"])
@pytest.mark.parametrize("oddities", [0.0, 0.002, 0.5], ids=["none odd", "few odd", "half odd"])
@pytest.mark.parametrize(
    "filters",
    [[()], [(), ()], [(), (), ("sound",)]],
    ids=["one drive", "two drives", "sound for one"],
)
def test_only_what_is_not_simply_done_is_named_and_everything_counted(
    journal: Journal, filters: list[tuple[str, ...]], oddities: float, found: bool
) -> None:
    _fill(journal, len(filters), oddities, found=found)
    told = {str(n): {"rate": 5.0, "seconds": 1.0} for n in range(len(filters))}
    journal.set_fact(JOB, "destinations", told)
    account = _account(journal, filters)
    whole = account.report(START, START)
    short = account.report(START, START, every_file=False)

    assert replace(short, files=(), clips=()) == replace(whole, files=(), clips=())
    expected = [
        file for file in whole.files
        if file.state != "verified" or file.trouble
        or any(copy.state not in DONE or copy.trouble for copy in file.copies)
    ]  # fmt: skip
    assert list(short.files) == expected
    assert whole.wanted > FILES / 4
    if oddities == 0.0 and len(filters) < 3:
        assert expected == []
    elif oddities:
        assert 0 < len(expected) < len(whole.files)


def test_the_report_of_a_large_card_is_the_same_though_its_rows_are_never_held(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(journal, 2, 0.2, found=False)
    account = _account(journal, [(), ()])
    held = account.report(START, START)
    monkeypatch.setattr(file_rows, "KEPT", FILES // 2)
    anew = account.report(START, START, held=False)
    assert isinstance(anew.files, file_rows.RowsAnew)
    assert (len(anew.files), list(anew.files)) == (len(held.files), list(held.files))
    assert replace(anew, files=held.files) == held
    for report, folder in ((held, "held"), (anew, "anew")):
        write_transfer(report, tmp_path / folder, "A003")
    for ending in ("html", "csv"):
        assert (tmp_path / "held" / f"A003.{ending}").read_bytes() == (
            tmp_path / "anew" / f"A003.{ending}"
        ).read_bytes()
