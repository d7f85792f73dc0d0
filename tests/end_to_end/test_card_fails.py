"""Cards and readers that fail in the middle of an offload."""

from __future__ import annotations

import gc
import os
import threading
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
    noise,
    spec_for,
    tree,
    wait_for,
)

from app.engine import Engine
from app.jobs.snapshot import JobSnapshot, JobState
from app.offload.spec import VerifyMode

pytestmark = pytest.mark.root
Faulty = Callable[[str], FaultMount]
HOLD = {"op": "read", "match": "*C002.mov", "at": 3 * MB, "do": "hold"}


@pytest.fixture
def drives(bench: Bench, house: House) -> list[Drive]:
    made = [Drive(bench, name) for name in ("one", "two")]
    house.declare(*(drive.point for drive in made))
    return made


@pytest.fixture
def bad_card(faulty: Faulty) -> FaultMount:
    mount = faulty("A003")
    make_card(mount.backing, SMALL_CARD)
    return mount


def points(drives: list[Drive]) -> list[Path]:
    return [drive.point for drive in drives]


def whole(drive: Drive, card: Path, told: int = 1) -> None:
    copy = drive.point / "A003"
    assert tree(copy) == tree(card)
    assert not leftovers(drive.point)
    assert len(generations(copy)) == told
    accepted_by_ascmhl(copy)


def all_but(card: FaultMount, drive: Drive, missing: str) -> None:
    """Everything of the card is on the drive, except one file."""
    expected = tree(card.backing)
    del expected[missing.encode()]
    assert tree(drive.point / "A003") == expected
    assert not leftovers(drive.point)


def kept(engine: Engine, done: JobSnapshot, path: str, state: str, *words: str) -> None:
    """The job failed for one file, says why, and the card is to be kept."""
    assert done.state is JobState.FAILED
    assert done.verdict.startswith("KEEP")
    verdict = engine.verdict(done.id)
    assert not verdict.safe
    assert any(path in reason for reason in verdict.reasons), verdict
    rows = {row.path: row for row in engine.files(done.id)}
    assert rows[path].state == state
    for word in words:
        assert word in rows[path].trouble, rows[path].trouble
    assert all(row.state == "verified" for row in rows.values() if row.path != path)


@pytest.mark.parametrize(
    ("path", "at", "said"),
    [
        ("CLIPS/A003C002.mov", 3_000_001, "between byte 2,949,120 and 3,014,656"),
        ("SOUND/T001.wav", 66_000, "between byte 65,536 and 131,072"),
    ],
)
def test_a_range_that_cannot_be_read_is_named_and_the_rest_goes_on(
    bad_card: FaultMount, drives: list[Drive], house: House, path: str, at: int, said: str
) -> None:
    bad_card.set({"op": "read", "match": f"/{path}", "at": at, "do": "EIO"})
    with house.engine() as engine:
        done = engine.run(spec_for(bad_card.point, *points(drives)))
        kept(engine, done, path, "unreadable", path, said)
        for drive in drives:
            all_but(bad_card, drive, path)
        bad_card.set()
        done = engine.run(done.id)
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT"), done


def test_a_place_that_can_be_read_at_the_second_attempt_is_no_failure(
    bad_card: FaultMount, drives: list[Drive], house: House
) -> None:
    bad_card.set({"op": "read", "match": "*C001.mov", "at": 2 * MB, "do": "EIO", "times": 1})
    with house.engine() as engine:
        done = engine.run(spec_for(bad_card.point, *points(drives)))
    assert bad_card.acted()
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT"), done
    for drive in drives:
        whole(drive, bad_card.backing)


@pytest.mark.parametrize(
    ("path", "at"), [("CLIPS/A003C001.mov", 4_500_000), ("SOUND/T001.wav", 60_000)]
)
def test_a_reader_that_gives_other_bytes_at_the_second_read_is_found_out(
    bad_card: FaultMount, drives: list[Drive], house: House, path: str, at: int
) -> None:
    bad_card.set({"op": "read", "match": f"/{path}", "at": at, "do": "flaky"})
    with house.engine() as engine:
        done = engine.run(spec_for(bad_card.point, *points(drives)))
        assert "flaky" in bad_card.acted()[0]
        words = "the second read differs from the first and the third"
        kept(engine, done, path, "unsteady", words)
        for drive in drives:
            all_but(bad_card, drive, path)


def test_a_reader_that_was_wrong_the_first_time_is_found_out(
    bad_card: FaultMount, drives: list[Drive], house: House
) -> None:
    rule = {"op": "read", "match": "*C001.mov", "at": 2 * MB, "do": "flip", "times": 1}
    with house.engine() as engine, Watched(engine, spec_for(bad_card.point, *points(drives))) as j:
        bad_card.set(rule)
        done = j.end()
        words = "the first read differs from the second and the third"
        kept(engine, done, "CLIPS/A003C001.mov", "unsteady", words)


def test_a_flaky_reader_goes_unnoticed_where_only_the_drives_are_read_back(
    bad_card: FaultMount, drives: list[Drive], house: House
) -> None:
    """Why the default reads the card twice: without it these bytes would be called safe."""
    bad_card.set({"op": "read", "match": "*C001.mov", "at": 2 * MB, "do": "flip"})
    with house.engine() as engine:
        spec = spec_for(bad_card.point, *points(drives), verify=VerifyMode.READ_BACK)
        done = engine.run(spec)
    assert done.verdict == "SAFE TO FORMAT"
    assert tree(drives[0].point / "A003") != tree(bad_card.backing)


def test_a_card_pulled_and_put_back_is_finished(
    bad_card: FaultMount, drives: list[Drive], house: House
) -> None:
    bad_card.set({"op": "read", "match": "*C002.mov", "at": 3 * MB, "do": "kill"})
    with house.engine() as engine, Watched(engine, spec_for(bad_card.point, *points(drives))) as j:
        waiting = j.until(lambda s: s.wants, "the job says what it wants")
        assert waiting.wants == "Put the card A003 back."
        bad_card.set()
        run("umount", "-l", bad_card.point)
        bad_card.start()
        done = j.end()
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT"), done
    for drive in drives:
        whole(drive, bad_card.backing)


def test_another_card_in_the_slot_is_refused_by_name(
    bad_card: FaultMount, drives: list[Drive], house: House, bench: Bench
) -> None:
    other = Drive(bench, "slot two")
    make_card(other.point, {"CLIPS/B007C001.mov": 5 * MB, "CLIPS/B007C002.mov": 5 * MB})
    run("umount", other.point)
    bad_card.set({"op": "read", "match": "*C002.mov", "at": 3 * MB, "do": "kill"})
    with house.engine() as engine, Watched(engine, spec_for(bad_card.point, *points(drives))) as j:
        j.until(lambda s: s.wants, "the job says what it wants")
        bad_card.set()
        run("umount", "-l", bad_card.point)
        other.plug(bad_card.point)
        refused = j.until(lambda s: len(s.wants) > 30, "the other card is refused")
        assert "Put the card A003 back." in refused.wants
        assert "SLOT TWO" in refused.wants, refused.wants
        assert tree(other.point).keys() == {
            b"CLIPS", b"CLIPS/B007C001.mov", b"CLIPS/B007C002.mov",
        }  # fmt: skip
        run("umount", bad_card.point)
        bad_card.start()
        done = j.end()
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT"), done
    for drive in drives:
        whole(drive, bad_card.backing)


def test_a_card_that_comes_back_under_another_mount_point_is_known(
    bad_card: FaultMount, drives: list[Drive], house: House, bench: Bench
) -> None:
    bad_card.set({"op": "read", "match": "*C002.mov", "at": 3 * MB, "do": "kill"})
    with house.engine() as engine, Watched(engine, spec_for(bad_card.point, *points(drives))) as j:
        j.until(lambda s: s.wants, "the job says what it wants")
        bad_card.set()
        run("umount", "-l", bad_card.point)
        bad_card.start(bench.point("another slot"))
        done = j.end()
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT"), done
    for drive in drives:
        whole(drive, bad_card.backing)


@pytest.mark.parametrize("path", ["CLIPS/A003C002.mov", "SOUND/T001.wav"])
@pytest.mark.parametrize("what", ["grows", "changes", "shrinks", "goes"])
def test_a_file_of_the_card_that_another_program_touches_is_reported(
    bad_card: FaultMount, drives: list[Drive], house: House, path: str, what: str
) -> None:
    real = bad_card.backing / path
    before = real.stat()
    bad_card.set({"op": "read", "match": f"/{path}", "at": 65_600, "do": "hold", "times": 1})
    with house.engine() as engine:
        with Watched(engine, spec_for(bad_card.point, *points(drives))) as j:
            bad_card.wait_acted("hold")
            if what == "grows":
                with real.open("ab") as file:
                    file.write(b"more")
            elif what == "changes":
                with real.open("r+b") as file:
                    file.write(b"else")
                os.utime(real, ns=(before.st_atime_ns, before.st_mtime_ns))
            elif what == "shrinks":
                os.truncate(real, before.st_size - 5000)
            else:
                real.unlink()
            bad_card.set()
            done = j.end()
        assert done.state is JobState.FAILED
        assert done.verdict.startswith("KEEP")
        reasons = engine.verdict(done.id).reasons
        assert any(path in r and "changed" in r for r in reasons), reasons
        for drive in drives:
            assert not leftovers(drive.point)
            assert path.encode() not in tree(drive.point / "A003")
        if what == "goes":
            make_card(bad_card.backing, {path: 70_001})
        done = engine.run(done.id)
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT"), done
    for drive in drives:
        whole(drive, bad_card.backing, told=2)


def test_a_file_added_to_the_card_after_it_was_listed_keeps_it(
    bad_card: FaultMount, drives: list[Drive], house: House
) -> None:
    with house.engine() as engine:
        assert engine.run(spec_for(bad_card.point, *points(drives))).safe
        bad_card.set({**HOLD})
        again = spec_for(bad_card.point, *points(drives), check_known=True)
        with Watched(engine, again) as j:
            bad_card.wait_acted("hold")
            (bad_card.backing / "CLIPS" / "A003C003.mov").write_bytes(noise(1000, "late"))
            bad_card.set()
            done = j.end()
        said = "CLIPS/A003C003.mov came onto the card A003 after it was listed. Start again: only"
        assert (done.state, done.safe) == (JobState.FAILED, False)
        assert done.verdict.startswith("KEEP")
        assert done.error.startswith(said)
        assert engine.verdict(done.id).reasons[0].startswith(said)
        (told,) = engine.day().cards
        assert not told.safe, "though the job before it found the card as it was listed"


def test_a_folder_of_the_card_that_cannot_be_listed_keeps_it(
    bad_card: FaultMount, drives: list[Drive], house: House
) -> None:
    bad_card.set({"op": "readdir", "match": "/SOUND", "do": "EIO"})
    with house.engine() as engine:
        done = engine.run(spec_for(bad_card.point, *points(drives)))
        assert done.state is JobState.FAILED
        assert done.verdict.startswith("KEEP")
        assert any("SOUND" in reason for reason in engine.verdict(done.id).reasons)
        bad_card.set()
        done = engine.run(done.id)
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT"), done
    for drive in drives:
        whole(drive, bad_card.backing, told=2)


def test_a_card_is_never_written_to(drives: list[Drive], house: House, bench: Bench) -> None:
    card = Drive(bench, "a003")
    make_card(card.point, SMALL_CARD)
    run("umount", card.point)
    card.plug()
    run("mount", "-o", "remount,ro", card.point)
    before = card.image.read_bytes()
    with house.engine() as engine:
        done = engine.run(spec_for(card.point, *points(drives)))
    assert done.safe, done
    assert card.image.read_bytes() == before
    wait_for(lambda: gc.collect() >= 0 and threading.active_count() == 1, "the threads end")


def test_a_folder_elsewhere_that_looks_like_the_card_is_not_taken_for_it(
    drives: list[Drive], house: House, bench: Bench
) -> None:
    card, other = Drive(bench, "a003"), Drive(bench, "other")
    make_card(card.point, SMALL_CARD)
    run("cp", "-a", *card.point.iterdir(), other.point)
    with house.engine() as engine:
        job = engine.submit(spec_for(card.point, *points(drives)))
        run("umount", card.point)
        with Watched(engine, job) as watched:
            watched.until(lambda now: "card" in now.wants, "a wish for the card")
            assert not watched.ended.wait(2)
            elsewhere = card.plug(bench.folder / "another slot")
            done = watched.end()
        assert (done.state, done.safe, done.card) == (JobState.DONE, True, str(elsewhere))


def test_a_file_that_was_rewritten_behind_its_reads_keeps_the_card(
    bad_card: FaultMount, drives: list[Drive], house: House
) -> None:
    """Its size and time are put back; the moment of the change cannot be."""
    early = bad_card.backing / "CLIPS/A003C001.mov"
    bad_card.set({**HOLD})
    spec = spec_for(bad_card.point, *points(drives), verify=VerifyMode.READ_BACK)
    with house.engine() as engine, Watched(engine, spec) as j:
        bad_card.wait_acted("hold")
        facts = early.stat()
        early.write_bytes(noise(facts.st_size, "other takes"))
        os.utime(early, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        bad_card.set()
        done = j.end()
    assert (done.state, done.safe) == (JobState.FAILED, False)
    assert done.error.startswith("CLIPS/A003C001.mov changed on the card A003")
