"""The day report: cards merged over their jobs, and what may never be merged."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from drive import Drive
from fault_mount import FaultMount
from mount_bench import Bench
from offload_bench import House, make_card, spec_for

from app.engine import Engine
from app.jobs.snapshot import JobSnapshot, JobState
from app.offload.evidence.account import Account
from app.offload.evidence.union import Union
from app.offload.spec import OffloadSpec, VerifyMode
from app.reports.model import DayCard

pytestmark = pytest.mark.root
FILES = {"A003C001.mov": 5_000_000, "A003C002.mov": 2000}
DAY = date(2026, 11, 20)
MOMENT = datetime(2026, 11, 20, 17, 4, tzinfo=UTC)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "profile")


@pytest.fixture
def drives(bench: Bench, house: House) -> list[Drive]:
    made = [Drive(bench, name) for name in ("one", "two")]
    house.declare(*(drive.point for drive in made))
    return made


@pytest.fixture
def engine(house: House, drives: list[Drive]) -> Iterator[Engine]:
    with house.engine() as made:
        yield made


@pytest.fixture
def offload(engine: Engine) -> Callable[..., JobSnapshot]:
    """Offloads a card on the day."""

    def run(card: Path, *drives: Drive, **facts: object) -> JobSnapshot:
        facts.setdefault("moment", MOMENT)
        return engine.run(spec_for(card, *(drive.point for drive in drives), **facts))

    return run


def only(engine: Engine, day: date = DAY) -> DayCard:
    (card,) = engine.day(day).cards
    return card


def test_two_jobs_that_each_made_one_copy_make_one_safe_card(engine, drives, offload, tmp_path):
    card = make_card(tmp_path / "A003", FILES)
    first, second = offload(card, drives[0]), offload(card, drives[1])
    found = only(engine)

    assert (first.safe, second.safe) == (False, False)
    assert (found.safe, found.verdict, found.open) == (True, "SAFE TO FORMAT", ())
    assert found.copies == ("drive one (as declared)", "drive two (as declared)")
    assert found.job == f"{first.id}, {second.id}"
    assert (found.files, found.size) == (2, 5_002_000)


def test_two_copies_on_one_drive_count_once(engine, drives, offload, tmp_path):
    card = make_card(tmp_path / "A003", FILES)
    offload(card, drives[0])
    offload(card, drives[0], template="again")
    found = only(engine)

    assert found.verdict == "KEEP, 1 of 2 copies verified"
    assert len(found.copies) == 1


def test_copies_of_other_bytes_under_the_same_names_are_not_merged(
    engine, drives, offload, tmp_path
):
    card = make_card(tmp_path / "A003", FILES)
    offload(card, drives[0])
    (card / "A003C002.mov").write_bytes(b"x" * 2000)  # recorded again: same name, same size
    offload(card, drives[1])
    found = only(engine)

    assert found.verdict == "KEEP, 1 of 2 copies verified"
    assert found.copies == ("drive two (as declared)",)
    assert "A003C002.mov is verified on 1 of 2 devices." in found.open


def test_a_card_that_was_recorded_again_is_not_safe_by_its_old_copies(
    engine, drives, offload, tmp_path
):
    card = make_card(tmp_path / "A003", FILES)
    offload(card, *drives)
    assert only(engine).safe
    (card / "A003C002.mov").write_bytes(b"x" * 2000)
    begun = offload(card, drives[0], template="again", verify=VerifyMode.TRANSFER)
    found = only(engine)

    assert begun.state is JobState.DONE
    assert (found.safe, found.copies) == (False, ())


def test_a_copy_that_a_later_job_found_to_be_different_counts_no_more(
    engine, drives, offload, tmp_path
):
    card = make_card(tmp_path / "A003", FILES)
    offload(card, *drives)
    (drives[0].point / "A003" / "A003C002.mov").write_bytes(b"rotten".ljust(2000, b"."))
    later = offload(card, drives[0])
    found = only(engine)

    assert later.state is JobState.FAILED
    assert (found.safe, found.copies) == (False, ("drive two (as declared)",))
    assert any(f"Job {later.id} failed: A different file" in text for text in found.open)


def test_a_job_that_has_not_begun_is_open(engine, drives, tmp_path):
    card = make_card(tmp_path / "A003", FILES)
    spec: OffloadSpec = spec_for(card, drives[0].point, moment=MOMENT)
    job = engine.submit(spec)
    found = only(engine)

    assert (found.safe, found.files, found.copies) == (False, 2, ())
    assert f"Job {job} is queued." in found.open


def test_what_is_offloaded_at_two_in_the_morning_belongs_to_the_day_before(
    engine, drives, offload, tmp_path
):
    card = make_card(tmp_path / "A003", FILES)
    offload(card, drives[0], moment=datetime(2026, 11, 21, 2, 0, tzinfo=UTC), rollover_hour=6)

    assert len(engine.day(DAY).cards) == 1
    assert engine.day(date(2026, 11, 21)).cards == ()


def test_a_copy_made_on_the_next_day_counts_in_the_first_days_report(
    engine, drives, offload, tmp_path
):
    card = make_card(tmp_path / "A003", FILES)
    offload(card, drives[0])
    offload(card, drives[1], moment=datetime(2026, 11, 21, 12, 0, tzinfo=UTC))

    assert only(engine).safe
    assert only(engine, date(2026, 11, 21)).safe


def test_two_cards_of_one_day_stay_two(engine, drives, offload, tmp_path):
    for roll in ("A003", "A004"):
        offload(make_card(tmp_path / roll, {f"{roll}C001.mov": 1000}), *drives, template="{roll}")
    engine.settings.set("project.first_day", date(2026, 11, 9))
    report = engine.day(DAY)

    assert [card.roll for card in report.cards] == ["A003", "A004"]
    assert report.number == 12
    assert all(card.safe for card in report.cards)


def test_two_cards_that_only_look_alike_are_two(engine, drives, offload, tmp_path):
    """Names and sizes are the same, as on cards of a recorder with takes of a fixed length."""
    first = make_card(tmp_path / "cards" / "A003", FILES)
    # One small file is the same: cameras write such on every card.
    second = make_card(tmp_path / "more" / "A003", {**FILES, "A003C001.mov": b"x" * 5_000_000})
    offload(first, *drives)
    offload(second, drives[0], template="second")
    safe, open_one = engine.day(DAY).cards

    assert (safe.roll, open_one.roll) == ("A003", "A003")
    assert (safe.safe, len(safe.copies)) == (True, 2)
    assert (open_one.verdict, len(open_one.copies)) == ("KEEP, 1 of 2 copies verified", 1)

    offload(second, drives[1], template="second")
    assert [card.safe for card in engine.day(DAY).cards] == [True, True]
    offload(first, drives[0], template="first again")
    assert len(engine.day(DAY).cards) == 2


def test_cards_of_which_nothing_could_be_read_are_told_apart_by_their_times(
    engine, drives, offload, bench
):
    names = ("one reader", "other reader")
    first, second = cards = [FaultMount(bench, name) for name in names]
    for card in cards:
        make_card(card.backing, {"A003C002.mov": 2000})
        card.set({"op": "read", "do": "EIO"})
    offload(first.point, drives[0])
    offload(first.point, drives[1])
    assert len(engine.day(DAY).cards) == 1

    os.utime(second.backing / "A003C002.mov", (1_800_000_000, 1_800_000_000))
    offload(second.point, drives[0], template="second")
    assert len(engine.day(DAY).cards) == 2


@pytest.mark.parametrize("taken", [(0,), (0, 1)], ids=["one drive", "two drives"])
def test_a_lone_job_says_the_same_as_when_it_is_joined_with_others(
    engine, drives, offload, tmp_path, taken
):
    card = make_card(tmp_path / "A003", {**FILES, "clips/A003C003.mov": 300, ".DS_Store": 9})
    (card / "empty").mkdir()
    (card / "latest.mov").symlink_to("A003C002.mov")
    os.mkfifo(card / "pipe")
    job = offload(card, *(drives[n] for n in taken))
    spec = engine.journal.job(job.id).spec
    assert isinstance(spec, OffloadSpec)
    accounts = [Account(engine.journal, job.id, spec) for _ in range(2)]
    alone, joined = Union.of(accounts[:1]), Union.of(accounts)

    assert (alone.files, alone.size) == (joined.files, joined.size) == (5, 5_002_300)
    assert alone.verdict() == joined.verdict()
    assert alone.complete() == joined.complete()
    assert "pipe" in " ".join(alone.verdict().reasons)
