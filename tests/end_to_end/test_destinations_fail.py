"""Destinations that fail in the middle of an offload, each by a real file system that does so."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from drive import Drive
from fault_mount import FaultMount
from mount_bench import Bench, run
from offload_bench import (
    MB,
    SMALL_CARD,
    House,
    Watched,
    accepted_by_ascmhl,
    generations,
    leftovers,
    make_card,
    spec_for,
    tree,
    wait_for,
)

from app.jobs.snapshot import JobState, PlaceState
from app.reports.evidence import destination_result

pytestmark = pytest.mark.root
Faulty = Callable[[str], FaultMount]
HOLD = {"op": "read", "match": "*C002.mov", "at": 3 * MB, "do": "hold"}
"""Holds the card in the middle of its second clip."""
BEGIN = {"op": "open", "match": "*C001.mov", "do": "hold"}
"""Holds the card before its first clip."""


@pytest.fixture
def slow_card(faulty: Faulty) -> FaultMount:
    """A card that stops in the middle of its second clip, until told to go on."""
    mount = faulty("A003")
    make_card(mount.backing, SMALL_CARD)
    mount.set(HOLD)
    return mount


@pytest.fixture
def drives(bench: Bench, house: House) -> list[Drive]:
    made = [Drive(bench, name) for name in ("one", "two", "three")]
    house.declare(*(drive.point for drive in made))
    return made


def points(drives: list[Drive]) -> list[Path]:
    return [drive.point for drive in drives]


def whole(drive: Drive, card: FaultMount) -> None:
    copy = drive.point / "A003"
    assert tree(copy) == tree(card.backing)
    assert not leftovers(drive.point)
    assert len(generations(copy)) == 1
    accepted_by_ascmhl(copy)


def test_a_full_drive_is_named_and_the_others_finish(
    slow_card: FaultMount, drives: list[Drive], house: House
) -> None:
    spec = spec_for(slow_card.point, *points(drives), wanted_copies=3)
    slow_card.set(BEGIN)
    with house.engine() as engine, Watched(engine, spec) as job:
        slow_card.wait_acted("hold")
        drives[1].fill(leave=2 * MB)
        slow_card.set()
        done = job.end()
        verdict = engine.verdict(job.job)
        rows = engine.files(job.job)
    assert done.state is JobState.FAILED
    assert done.verdict.startswith("KEEP")
    assert not verdict.safe
    whole(drives[0], slow_card)
    whole(drives[2], slow_card)
    assert not leftovers(drives[1].point / "A003")
    place = done.places[1]
    assert place.state is PlaceState.FAILED
    assert "TWO is full" in place.trouble
    assert "C001.mov" in place.trouble
    found = re.search(r"needs 5\.2 MB, (\d\.\d) MB left, (\d\.\d) MB missing", place.trouble)
    assert found, place.trouble
    assert float(found[1]) + float(found[2]) == pytest.approx(5.2, abs=0.15)
    assert "TWO is full" in done.error
    assert [p.state for p in (done.places[0], done.places[2])] == [PlaceState.DONE] * 2
    assert not done.places[1].safe_to_eject
    for row in rows:
        assert [row.copies[i].state for i in (0, 2)] == ["verified"] * 2, row


def test_two_whole_copies_are_safe_though_a_third_drive_was_full(
    slow_card: FaultMount, drives: list[Drive], house: House
) -> None:
    spec = spec_for(slow_card.point, *points(drives), wanted_copies=2)
    slow_card.set(BEGIN)
    with house.engine() as engine, Watched(engine, spec) as job:
        slow_card.wait_acted("hold")
        drives[1].fill(leave=2 * MB)
        slow_card.set()
        done = job.end()
    assert (done.state, done.verdict) == (JobState.FAILED, "SAFE TO FORMAT")
    assert "TWO is full" in done.error


def test_a_drive_that_small_files_fill_is_named_and_the_others_finish(
    faulty: Faulty, drives: list[Drive], house: House
) -> None:
    card = faulty("A003")
    make_card(card.backing, {f"S/{n:03}.bin": 40_000 for n in range(200)})
    card.set({"op": "open", "match": "*.bin", "do": "hold"})
    spec = spec_for(card.point, *points(drives), wanted_copies=3)
    with house.engine() as engine, Watched(engine, spec) as job:
        card.wait_acted("hold")
        drives[1].fill(leave=3 * MB)
        card.set()
        done = job.end()
        report = engine.report(done.id)
    assert done.state is JobState.FAILED
    assert done.verdict.startswith("KEEP")
    whole(drives[0], card)
    whole(drives[2], card)
    assert not leftovers(drives[1].point / "A003")
    full = report.destinations[1]
    assert full.asked == 200
    assert full.verified < 200
    assert destination_result(full)[1] != "all 200 verified"
    assert destination_result(report.destinations[0])[1] == "all 200 verified"
    assert re.search(r"TWO is full: S/\d+\.bin needs 40\.0 kB, .* missing", done.places[1].trouble)


def test_a_drive_that_runs_out_of_inodes_is_named(
    slow_card: FaultMount, drives: list[Drive], house: House
) -> None:
    spec = spec_for(slow_card.point, *points(drives), wanted_copies=3)
    slow_card.set(BEGIN)
    with house.engine() as engine, Watched(engine, spec) as job:
        slow_card.wait_acted("hold")
        for n in range(os.statvfs(drives[1].point).f_favail):
            (drives[1].point / f"{n}").touch()
        slow_card.set()
        done = job.end()
    assert done.state is JobState.FAILED
    assert "TWO can take no more files" in done.places[1].trouble
    whole(drives[0], slow_card)


def test_a_full_drive_gets_the_rest_at_a_retry(
    slow_card: FaultMount, drives: list[Drive], house: House
) -> None:
    spec = spec_for(slow_card.point, *points(drives), wanted_copies=3)
    slow_card.set(BEGIN)
    with house.engine() as engine:
        with Watched(engine, spec) as job:
            slow_card.wait_acted("hold")
            filler = drives[1].fill(leave=2 * MB)
            slow_card.set()
            job.end()
        filler.unlink()
        done = engine.run(engine.snapshot(job.job).id)
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT"), done
    for drive in drives:
        whole(drive, slow_card)


def test_a_drive_pulled_and_put_back_is_finished(
    slow_card: FaultMount, drives: list[Drive], house: House
) -> None:
    spec = spec_for(slow_card.point, *points(drives), wanted_copies=3)
    with house.engine() as engine, Watched(engine, spec) as job:
        slow_card.wait_acted("hold")
        drives[0].pull()
        slow_card.set()
        waiting = job.until(lambda s: s.wants, "the job says what it wants")
        assert waiting.wants == "Connect ONE again."
        assert waiting.places[0].state is PlaceState.GONE
        assert (waiting.rate, waiting.left) == (0.0, None)
        assert list(drives[0].point.iterdir()) == []
        for drive in drives[1:]:
            assert len(tree(drive.point / "A003")) == len(tree(slow_card.backing))
        drives[0].plug()
        work: list[int] = []
        job.until(lambda s: work.append(s.work_done) or s.state.ended, "the job has ended")
        assert min(work) >= waiting.work_done  # what was lost was lost when the drive was
        done = job.end()
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT"), done
    for drive in drives:
        whole(drive, slow_card)


def test_a_drive_that_comes_back_elsewhere_is_found_and_the_old_place_stays_empty(
    slow_card: FaultMount, drives: list[Drive], house: House, bench: Bench
) -> None:
    spec = spec_for(slow_card.point, *points(drives), wanted_copies=3)
    with house.engine() as engine, Watched(engine, spec) as job:
        slow_card.wait_acted("hold")
        old = drives[0].point
        drives[0].pull()
        slow_card.set()
        job.until(lambda s: s.wants, "the job says what it wants")
        drives[0].plug(bench.folder / "elsewhere")
        done = job.end()
        report = engine.report(job.job)
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT"), done
    assert list(old.iterdir()) == []
    for drive in drives:
        whole(drive, slow_card)
    assert report.destinations[0].path == str(bench.folder / "elsewhere" / "A003")


def test_a_drive_pulled_during_small_files_gets_nothing_written_beside_it(
    faulty: Faulty, drives: list[Drive], house: House
) -> None:
    card = faulty("A003")
    make_card(card.backing, {f"S/{n:03}.bin": 4_000 + n for n in range(120)})
    card.set({"op": "read", "match": "*/0[5-9]*.bin", "do": "hold"})
    spec = spec_for(card.point, *points(drives), wanted_copies=3)
    with house.engine() as engine, Watched(engine, spec) as job:
        card.wait_acted("hold")
        drives[2].pull()
        card.set()
        job.until(lambda s: s.wants, "the job says what it wants")
        assert list(drives[2].point.iterdir()) == []
        drives[2].plug()
        done = job.end()
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT"), done
    for drive in drives:
        whole(drive, card)


def test_a_drive_whose_cable_is_torn_out_is_named_and_gets_the_rest_at_a_retry(
    slow_card: FaultMount, drives: list[Drive], house: House
) -> None:
    spec = spec_for(slow_card.point, *points(drives), wanted_copies=3)
    with house.engine() as engine:
        with Watched(engine, spec) as job:
            slow_card.wait_acted("hold")
            drives[0].die()
            slow_card.set()
            done = job.end()
        assert (done.state, done.verdict) == (JobState.FAILED, "KEEP, 2 of 3 copies verified")
        said = r"Writing CLIPS/A003C00[12]\.mov to ONE failed: Input/output error"
        assert re.search(said, done.places[0].trouble), done.places[0].trouble
        whole(drives[1], slow_card)
        whole(drives[2], slow_card)
        run("umount", drives[0].point)
        drives[0].plug()
        done = engine.run(job.job)
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT"), done
    for drive in drives:
        whole(drive, slow_card)


def test_a_read_only_drive_is_refused_in_the_plan(
    slow_card: FaultMount, drives: list[Drive], house: House
) -> None:
    run("mount", "-o", "remount,ro", drives[1].point)
    with house.engine() as engine:
        plan = engine.plan(spec_for(slow_card.point, *points(drives)))
    (refusal,) = plan.refusals
    assert refusal.destination == 1
    assert "TWO is read-only" in refusal.text


def test_a_drive_that_becomes_read_only_is_detached(
    slow_card: FaultMount, drives: list[Drive], house: House
) -> None:
    slow_card.set({"op": "open", "match": "*C002.mov", "do": "hold"})
    spec = spec_for(slow_card.point, *points(drives), wanted_copies=3)
    remount = f"mount -o remount,ro '{drives[1].point}' 2>/dev/null"
    with house.engine() as engine, Watched(engine, spec) as job:
        slow_card.wait_acted("hold")
        wait_for(lambda: os.system(remount) == 0, "no file of the drive is open for writing")
        slow_card.set()
        done = job.end()
    assert done.state is JobState.FAILED
    assert done.verdict.startswith("KEEP")
    assert "TWO cannot be written to" in done.places[1].trouble
    assert "A003C00" in done.places[1].trouble
    whole(drives[0], slow_card)
    whole(drives[2], slow_card)


def test_a_card_is_read_no_further_than_somebody_wants_it(
    faulty: Faulty, drives: list[Drive], house: House
) -> None:
    card = faulty("A003")
    make_card(card.backing, {"CLIPS/A003C001.mov": 36 * MB})
    card.set(BEGIN)
    with house.engine() as engine:
        with Watched(engine, spec_for(card.point, drives[0].point)) as job:
            card.wait_acted("hold")
            drives[0].fill(leave=2 * MB)
            card.set({"op": "read", "match": "*C001.mov", "at": 30 * MB, "do": "EIO"})
            done = job.end()
        assert "ONE is full" in done.error
        assert not any(line.startswith("EIO") for line in card.acted())
        assert not any("could not be read" in r for r in engine.verdict(job.job).reasons)


def test_a_damaged_history_beside_the_copy_is_said_and_fails_the_job(
    card: Path, drives: list[Drive], house: House
) -> None:
    with house.engine() as engine:
        spec = spec_for(card, drives[0].point, wanted_copies=1)
        assert engine.run(spec).safe
        (drives[0].point / "A003/ascmhl/ascmhl_chain.xml").write_text("<broken")
        (drives[0].point / "A003" / next(iter(SMALL_CARD))).unlink()
        done = engine.run(spec)
    assert (done.state, done.safe) == (JobState.FAILED, True)
    assert "ascmhl_chain.xml" in done.error
