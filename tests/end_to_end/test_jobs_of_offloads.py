"""Offloads as jobs: paused, cancelled, terminated, shared between programs, done again."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from drive import Drive
from fault_mount import FaultMount
from mount_bench import Bench
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

from app.errors import PlanRefused
from app.jobs.snapshot import JobState
from app.jobs.spec import spec_to_json
from app.offload.plan import Weight
from app.offload.spec import DestinationSpec, OffloadSpec, OnCollision

pytestmark = pytest.mark.root
Faulty = Callable[[str], FaultMount]
HOLD = {"op": "read", "match": "*C002.mov", "at": 3 * MB, "do": "hold"}
_PROGRAM = Path(__file__).parent.parent / "shared" / "offload_process.py"


@pytest.fixture
def drives(bench: Bench, house: House) -> list[Drive]:
    made = [Drive(bench, name, size=128) for name in ("one", "two")]
    house.declare(*(drive.point for drive in made))
    return made


@pytest.fixture
def slow_card(faulty: Faulty) -> FaultMount:
    mount = faulty("A003")
    make_card(mount.backing, SMALL_CARD)
    mount.set(HOLD)
    return mount


def points(drives: list[Drive]) -> list[Path]:
    return [drive.point for drive in drives]


def whole(drive: Drive, card: Path, told: int = 1) -> None:
    copy = drive.point / "A003"
    assert tree(copy) == tree(card)
    assert not leftovers(drive.point)
    assert len(generations(copy)) == told
    accepted_by_ascmhl(copy)


def process(house: House, *arguments: object) -> subprocess.Popen[str]:
    house.profile.mkdir(exist_ok=True)
    (house.profile / "declared.json").write_text(json.dumps(house.declared))
    started = subprocess.Popen(
        [sys.executable, _PROGRAM, house.profile, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert started.stdout is not None
    line = started.stdout.readline()
    assert line.startswith("job "), line + started.communicate()[1]
    return started


# Pause, cancel, terminate


def test_a_paused_job_writes_nothing_and_goes_on(
    slow_card: FaultMount, drives: list[Drive], house: House
) -> None:
    with house.engine() as engine, Watched(engine, spec_for(slow_card.point, *points(drives))) as j:
        slow_card.wait_acted("hold")
        engine.pause(j.job)
        slow_card.set()
        assert j.now.state is JobState.PAUSED
        settled = j.until(lambda s: s.copied > 0, "something was copied").work_done
        wait_for(lambda: _settled(j, settled), "the counters stand still")
        assert not j.ended.is_set()
        engine.resume(j.job)
        done = j.end()
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT")
    for drive in drives:
        whole(drive, slow_card.backing)


def _settled(job: Watched, _: int) -> bool:
    """Whether the job's counters are the same at a hundred looks."""
    first = job.now.work_done
    return all(job.now.work_done == first for _ in range(100))


def test_a_cancelled_job_leaves_no_partial_and_can_be_taken_up(
    slow_card: FaultMount, drives: list[Drive], house: House
) -> None:
    with house.engine() as engine:
        with Watched(engine, spec_for(slow_card.point, *points(drives))) as j:
            slow_card.wait_acted("hold")
            engine.cancel(j.job)
            slow_card.set()
            done = j.end()
        assert done.state is JobState.CANCELLED
        assert not done.safe
        expected = tree(slow_card.backing)
        for drive in drives:
            assert not leftovers(drive.point)
            assert tree(drive.point / "A003").items() <= expected.items() | {
                (path, facts) for path, facts in tree(drive.point / "A003").items()
                if facts == ("folder",)
            }  # fmt: skip
        done = engine.run(done.id)
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT")
    for drive in drives:
        whole(drive, slow_card.backing)


def test_a_paused_job_can_be_cancelled(
    slow_card: FaultMount, drives: list[Drive], house: House
) -> None:
    with house.engine() as engine, Watched(engine, spec_for(slow_card.point, *points(drives))) as j:
        slow_card.wait_acted("hold")
        engine.pause(j.job)
        slow_card.set()
        engine.cancel(j.job)
        assert j.end().state is JobState.CANCELLED


def test_a_job_that_waits_for_a_drive_can_be_cancelled(
    slow_card: FaultMount, drives: list[Drive], house: House
) -> None:
    with house.engine() as engine, Watched(engine, spec_for(slow_card.point, *points(drives))) as j:
        slow_card.wait_acted("hold")
        drives[0].pull()
        slow_card.set()
        j.until(lambda s: s.wants, "the job waits")
        engine.cancel(j.job)
        assert j.end().state is JobState.CANCELLED
        reasons = engine.report(j.job).reasons
        asked = [row.asked for row in engine.report(j.job).destinations]
    assert reasons[0] == "The job did not come to its end, so the card was not listed again."
    assert asked == [6, 6], "what was asked, not what it came to"
    assert list(drives[0].point.iterdir()) == []


def test_sigterm_interrupts_and_the_next_start_finishes(
    slow_card: FaultMount, drives: list[Drive], house: House, tmp_path: Path
) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text(spec_to_json(spec_for(slow_card.point, *points(drives))))
    first = process(house, spec)
    try:
        slow_card.wait_acted("hold")
        first.send_signal(signal.SIGTERM)
        assert first.stdout is not None
        assert first.stdout.readline() == "stopping\n"
        slow_card.set()
        out, err = first.communicate(timeout=20)
    finally:
        first.kill()
    assert out.startswith("interrupted"), out + err
    assert not any(leftovers(drive.point) for drive in drives)
    with house.engine() as engine:
        (found,) = engine.interrupted()
        done = engine.run(found.id)
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT")
    for drive in drives:
        whole(drive, slow_card.backing)


# Two programs, a damaged journal


def test_two_programs_on_one_profile_leave_each_others_jobs_alone(
    slow_card: FaultMount, drives: list[Drive], house: House, tmp_path: Path
) -> None:
    other_card = make_card(tmp_path / "B001", {"b.mov": 5 * MB, "b.wav": 100})
    spec = tmp_path / "spec.json"
    spec.write_text(spec_to_json(spec_for(slow_card.point, drives[0].point)))
    first = process(house, spec)
    try:
        slow_card.wait_acted("hold")
        with house.engine() as engine:
            (theirs,) = engine.snapshots()
            assert theirs.foreign
            assert engine.interrupted() == ()
            other = replace(spec_for(other_card, drives[1].point, wanted_copies=1), template="B001")
            done = engine.run(other)
            assert done.safe, done
            assert tree(drives[1].point / "B001") == tree(other_card)
            assert engine.snapshot(theirs.id).state is JobState.RUNNING
            first.kill()
            slow_card.set()
            first.wait()
        with house.engine() as engine:
            (lost,) = engine.interrupted()
            assert lost.id == theirs.id
            assert engine.run(lost.id).state is JobState.DONE
    finally:
        first.kill()
    whole(drives[0], slow_card.backing)


def test_a_job_of_a_dead_program_can_be_taken_over_by_one_that_runs_already(
    slow_card: FaultMount, drives: list[Drive], house: House, tmp_path: Path
) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text(spec_to_json(spec_for(slow_card.point, *points(drives))))
    with house.engine() as engine:
        first = process(house, spec)
        try:
            slow_card.wait_acted("hold")
        finally:
            first.kill()
            slow_card.set()
            first.wait()
        engine._runner.recover()
        (lost,) = engine.interrupted()
        done = engine.run(lost.id)
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT")


@pytest.mark.parametrize("damage", ["header", "middle", "empty file", "text"])
def test_a_damaged_journal_is_kept_aside_and_said(
    drives: list[Drive], house: House, card: Path, damage: str
) -> None:
    with house.engine() as engine:
        assert engine.run(spec_for(card, *points(drives))).safe
        path = engine.journal.path
    with sqlite3.connect(path) as folded:
        folded.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    folded.close()
    good = path.read_bytes()
    bad = {
        "header": b"\0" * 100 + good[100:],
        "middle": good[:4096] + noise(len(good) - 4096, "damage"),
        "empty file": b"",
        "text": b"this is no journal at all\n" * 100,
    }[damage]
    path.write_bytes(bad)
    with house.engine() as engine:
        done = engine.run(spec_for(card, *points(drives)))
        trouble = engine.journal.trouble
    assert done.safe, done
    if damage != "empty file":  # SQLite takes an empty file for a new one
        assert "damaged" in trouble
        (kept,) = path.parent.glob("journal.damaged-*.sqlite")
        assert kept.read_bytes() == bad
        assert kept.name in trouble
    assert {row.state for row in _copies(house, done.id)} == {"already there"}


def _copies(house: House, job: str) -> list:
    with house.engine() as engine:
        return [copy for row in engine.files(job) for copy in row.copies]  # type: ignore[arg-type]


# Plans


def test_two_folders_on_one_drive_are_said_copied_and_counted_once(
    bench: Bench, house: House, card: Path
) -> None:
    drive = Drive(bench, "one", size=128)
    house.declare(drive.point)
    spec = spec_for(card, drive.point / "first", drive.point / "second")
    with house.engine() as engine:
        plan = engine.plan(spec)
        assert any("together they count once" in r.text for r in plan.remarks)
        done = engine.run(spec)
    assert done.verdict == "KEEP, 1 of 2 copies verified"
    assert done.state is JobState.DONE
    for name in ("first", "second"):
        assert tree(drive.point / name / "A003") == tree(card)


@pytest.mark.parametrize(
    ("source", "destination", "said"),
    [
        ("A003", "A003", "lies inside the card"),
        ("A003", "A003/CLIPS", "lies inside the card"),
        ("A003", "A003/new/folder", "lies inside the card"),
        ("A003/CLIPS", "A003", "lies inside the destination"),
        ("link", "A003/CLIPS", "lies inside the card"),
        ("A003", "link", "lies inside the card"),
    ],
)
def test_a_destination_inside_the_card_and_the_reverse_are_refused(
    house: House, tmp_path: Path, source: str, destination: str, said: str
) -> None:
    make_card(tmp_path / "A003", {"CLIPS/a.mov": 100})
    (tmp_path / "link").symlink_to("A003")
    spec = spec_for(tmp_path / source, tmp_path / destination, wanted_copies=1)
    before = tree(tmp_path / "A003")
    with house.engine() as engine:
        assert any(said in refusal.text for refusal in engine.plan(spec).refusals)
        with pytest.raises(PlanRefused, match=said):
            engine.run(spec)
    assert tree(tmp_path / "A003") == before


def test_a_card_seen_through_a_bind_mount_is_still_the_card(
    bench: Bench, house: House, tmp_path: Path
) -> None:
    card = make_card(tmp_path / "A003", {"CLIPS/a.mov": 100})
    bound = bench.mount(card, "bound", "--bind")
    with house.engine() as engine:
        plan = engine.plan(spec_for(card, bound / "CLIPS", wanted_copies=1))
    assert any("inside the card" in refusal.text for refusal in plan.refusals)


def test_a_drive_that_is_too_small_is_refused_with_what_is_missing(
    bench: Bench, house: House, tmp_path: Path
) -> None:
    drive = Drive(bench, "one", size=32)
    card = make_card(tmp_path / "A003", {"CLIPS/a.mov": 40 * MB})
    with house.engine() as engine:
        (refusal,) = engine.plan(spec_for(card, drive.point)).refusals
    assert "ONE is too small" in refusal.text
    assert "missing" in refusal.text


def test_a_drive_that_can_take_too_few_files_is_refused(
    bench: Bench, house: House, tmp_path: Path
) -> None:
    drive = Drive(bench, "one", size=16)
    free = os.statvfs(drive.point).f_favail
    card = make_card(tmp_path / "A003", {f"{n:05}.ari": b"" for n in range(free + 1)})
    with house.engine() as engine:
        plan = engine.plan(spec_for(card, drive.point))
    assert any(
        r.text.startswith(f"ONE can take {free:,} more files and folders, and {free + 1:,}")
        for r in plan.refusals
    ), plan.refusals


# What lies there already


def test_an_identical_file_is_verified_and_left_and_a_different_one_never_touched(
    drives: list[Drive], house: House, card: Path
) -> None:
    one = drives[0].point
    make_card(
        one / "A003",
        {
            "CLIPS/A003C001.mov": (card / "CLIPS/A003C001.mov").read_bytes(),
            "CLIPS/A003C002.mov": noise(6 * MB, "other of the same size"),
            "SOUND/T001.wav": b"other of another size",
            "index.xml": (card / "index.xml").read_bytes(),
        },
    )
    before = tree(one / "A003")
    inode = (one / "A003/CLIPS/A003C001.mov").stat().st_ino
    with house.engine() as engine:
        plan = engine.plan(spec_for(card, *points(drives)))
        assert not plan.refusals
        done = engine.run(spec_for(card, *points(drives)))
        rows = {row.path: row.copies[0].state for row in engine.files(done.id)}
    assert rows["CLIPS/A003C001.mov"] == rows["index.xml"] == "already there"
    assert rows["CLIPS/A003C002.mov"] == rows["SOUND/T001.wav"] == "failed"
    assert done.verdict == "KEEP, 1 of 2 copies verified"
    after = tree(one / "A003")
    for path, facts in before.items():
        if facts[0] == "file":
            assert after[path] == facts
    assert (one / "A003/CLIPS/A003C001.mov").stat().st_ino == inode
    whole(drives[1], card)


def test_keep_both_gives_the_new_one_a_number(
    drives: list[Drive], house: House, card: Path
) -> None:
    one = drives[0].point
    make_card(
        one / "A003",
        {
            "CLIPS/A003C002.mov": noise(6 * MB, "other of the same size"),
            "SOUND/T001.wav": b"other of another size",
            "index.xml": b"<other/>",
        },
    )
    before = tree(one / "A003")
    with house.engine() as engine:
        done = engine.run(spec_for(card, *points(drives), on_collision=OnCollision.KEEP_BOTH))
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT"), done
    after, wanted = tree(one / "A003"), tree(card)
    for path, facts in before.items():
        if facts[0] == "file":
            assert after[path] == facts
    assert after[b"CLIPS/A003C002 (2).mov"] == wanted[b"CLIPS/A003C002.mov"]
    assert after[b"SOUND/T001 (2).wav"] == wanted[b"SOUND/T001.wav"]
    assert after[b"index (2).xml"] == wanted[b"index.xml"]
    assert not leftovers(one)


@pytest.mark.parametrize("path", ["CLIPS/A003C002.mov", "SOUND/T001.wav"])
@pytest.mark.parametrize("collision", [OnCollision.SKIP_IDENTICAL, OnCollision.KEEP_BOTH])
def test_a_file_that_takes_the_name_during_the_copy_is_not_replaced(
    slow_card: FaultMount, drives: list[Drive], house: House, path: str, collision: OnCollision
) -> None:
    spec = spec_for(slow_card.point, *points(drives), on_collision=collision)
    with house.engine() as engine, Watched(engine, spec) as j:
        slow_card.wait_acted("hold")
        make_card(drives[0].point / "A003", {path: b"somebody else's"})
        slow_card.set()
        done = j.end()
        row = next(row for row in engine.files(j.job) if row.path == path)
    assert (drives[0].point / "A003" / path).read_bytes() == b"somebody else's"
    if collision is OnCollision.KEEP_BOTH:
        assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT"), done
        stem, _, ending = path.rpartition(".")
        assert row.copies[0].path == f"{stem} (2).{ending}"
    else:
        assert row.copies[0].state == "failed"
        assert path in row.copies[0].trouble
        assert done.verdict == "KEEP, 1 of 2 copies verified"
    assert not leftovers(drives[0].point)
    whole(drives[1], slow_card.backing)


def test_refuse_copies_nothing_while_a_name_is_taken(
    drives: list[Drive], house: House, card: Path
) -> None:
    make_card(drives[0].point / "A003", {"index.xml": b"<index/>"})
    spec = spec_for(card, *points(drives), on_collision=OnCollision.REFUSE)
    with house.engine() as engine:
        assert engine.plan(spec).refusals
        with pytest.raises(PlanRefused, match=r"index\.xml"):
            engine.run(spec)
    assert len(tree(drives[0].point / "A003")) == 1


def test_a_card_that_comes_again_is_known_and_only_what_is_new_is_copied(
    drives: list[Drive], house: House, card: Path
) -> None:
    spec = spec_for(card, *points(drives))
    with house.engine() as engine:
        assert engine.run(spec).safe
        plan = engine.plan(spec)
        assert plan.already_safe
        assert all(one.already == one.size for one in plan.destinations)
        make_card(card, {"CLIPS/A003C003.mov": 5 * MB, "note.txt": 10})
        plan = engine.plan(spec)
        assert not plan.already_safe
        assert [one.size - one.already for one in plan.destinations] == [5 * MB + 10] * 2
        inodes = {p: p.stat().st_ino for p in (drives[0].point / "A003").rglob("*.mov")}
        done = engine.run(spec)
        rows = {row.path: row.copies[0].state for row in engine.files(done.id)}
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT"), done
    assert {path for path, state in rows.items() if state == "verified"} == {
        "CLIPS/A003C003.mov", "note.txt",
    }  # fmt: skip
    assert {p: p.stat().st_ino for p in inodes} == inodes
    for drive in drives:
        whole(drive, card, told=2)


@pytest.mark.parametrize("change", ["content", "gone", "time"])
def test_a_known_copy_that_was_touched_since_is_not_trusted(
    drives: list[Drive], house: House, card: Path, change: str
) -> None:
    spec = spec_for(card, *points(drives))
    victim = drives[0].point / "A003/CLIPS/A003C001.mov"
    with house.engine() as engine:
        assert engine.run(spec).safe
        if change == "content":
            with victim.open("r+b") as file:
                file.write(b"other")
        elif change == "gone":
            victim.unlink()
        else:
            os.utime(victim, ns=(0, 1_800_000_000_000_000_000))
        assert not engine.plan(spec).already_safe
        done = engine.run(spec)
    if change == "content":
        assert done.verdict == "KEEP, 1 of 2 copies verified"
    else:
        assert done.safe, done


def test_a_file_of_the_card_that_changed_since_is_not_taken_for_known(
    drives: list[Drive], house: House, card: Path
) -> None:
    spec = spec_for(card, *points(drives))
    with house.engine() as engine:
        assert engine.run(spec).safe
        with (card / "CLIPS/A003C001.mov").open("r+b") as file:
            file.write(b"other")
        done = engine.run(spec)
    assert done.verdict == "KEEP, 0 of 2 copies verified"
    assert "different file" in done.error


# Stages, filters, many files


def test_a_cascade_of_three_stages_is_verified_against_the_card(
    bench: Bench, house: House, faulty: Faulty
) -> None:
    card = faulty("A003")
    make_card(card.backing, SMALL_CARD)
    drives = [Drive(bench, name, size=64) for name in ("fast", "slow", "last")]
    house.declare(*(drive.point for drive in drives))
    spec = OffloadSpec(
        source=card.point,
        destinations=tuple(
            DestinationSpec(path=drive.point, stage=n) for n, drive in enumerate(drives)
        ),
        template="A003",
        wanted_copies=3,
    )
    with house.engine() as engine:
        done = engine.run(spec)
        rows = engine.files(done.id)
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT"), done
    assert all([c.state for c in row.copies] == ["verified"] * 3 for row in rows)
    for drive in drives:
        whole(drive, card.backing)


def test_a_first_stage_that_rots_before_the_second_is_found_by_the_cards_hash(
    bench: Bench, house: House, tmp_path: Path, faulty: Faulty
) -> None:
    """The second drive's copy equals the first drive's, but not the card: it must not count."""
    card = make_card(tmp_path / "A003", {"a.mov": 5 * MB, "b.wav": 5000, "c.wav": 100})
    fast = faulty("fast")
    slow = Drive(bench, "slow")
    fast.set({"op": "read", "match": "*/A003/b.wav", "at": 100, "do": "flip"},
             {"op": "read", "match": "*/A003/a.mov", "at": 100, "do": "flip"})  # fmt: skip
    spec = OffloadSpec(
        source=card,
        destinations=(
            DestinationSpec(path=fast.point),
            DestinationSpec(path=slow.point, stage=1),
        ),
        template="A003",
        wanted_copies=1,
    )
    with house.engine() as engine:
        done = engine.run(spec)
        rows = {row.path: [c.state for c in row.copies] for row in engine.files(done.id)}
    assert not done.safe
    for path in ("a.mov", "b.wav"):
        assert rows[path][1] != "verified", rows
        assert path.encode() not in tree(slow.point / "A003")


def test_a_drive_for_sound_only_gets_sound_only(
    drives: list[Drive], house: House, card: Path
) -> None:
    spec = OffloadSpec(
        source=card,
        destinations=(
            DestinationSpec(path=drives[0].point),
            DestinationSpec(path=drives[1].point, only=("sound",), template="{text}/S"),
        ),
        template="A003",
        text="Audio: night/day",
        wanted_copies=1,
    )
    with house.engine() as engine:
        done = engine.run(spec)
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT"), done
    whole(drives[0], card)
    files = [p for p, f in tree(drives[1].point).items() if f[0] == "file"]
    assert files == [b"Audio_ night_day/S/SOUND/T001.wav"]


def many(root: Path, count: int) -> Path:
    return make_card(
        root, {f"F{n % 50:02}/{n % 7}/{n:06}.ari": b"%d" % n * (n % 40) for n in range(count)}
    )


def test_5000_small_files_are_copied_and_proven(bench: Bench, house: House, tmp_path: Path) -> None:
    drive = Drive(bench, "one", size=128)
    card = many(tmp_path / "A003", 5000)
    with house.engine() as engine:
        done = engine.run(spec_for(card, drive.point, wanted_copies=1))
    assert (done.state, done.verdict, done.files_done) == (JobState.DONE, "SAFE TO FORMAT", 5000)
    assert tree(drive.point / "A003") == tree(card)
    assert not leftovers(drive.point)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_100000_small_files_are_copied_and_proven(
    bench: Bench, house: House, tmp_path: Path
) -> None:
    drive = Drive(bench, "one", size=2500)  # ext4 makes one inode for 16 KiB
    card = many(tmp_path / "A003", 100_000)
    with house.engine() as engine:
        done = engine.run(spec_for(card, drive.point, wanted_copies=1))
    assert (done.state, done.verdict, done.files_done) == (JobState.DONE, "SAFE TO FORMAT", 100_000)
    assert tree(drive.point / "A003") == tree(card)


def test_a_card_of_empty_files_is_copied(drives: list[Drive], house: House, tmp_path: Path) -> None:
    card = make_card(tmp_path / "A003", {"a.mov": b"", "D/b.wav": b""})
    with house.engine() as engine:
        done = engine.run(spec_for(card, *points(drives)))
    assert done.safe, done
    for drive in drives:
        whole(drive, card)


def test_an_empty_card_is_never_safe_to_format(
    drives: list[Drive], house: House, tmp_path: Path
) -> None:
    card = tmp_path / "A003"
    card.mkdir()
    with house.engine() as engine:
        plan = engine.plan(spec_for(card, *points(drives)))
        assert plan.files == 0
        if not plan.refusals:
            assert not engine.run(spec_for(card, *points(drives))).safe
    assert {r.weight for r in plan.remarks} <= set(Weight)
