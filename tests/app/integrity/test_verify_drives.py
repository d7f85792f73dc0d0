"""Verifying on real drives: below a warm cache, read-only, failing, full, repaired."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from drive import Drive
from fault_mount import FaultMount
from mhl_judge import Judge
from mhl_trees import make_files, seal
from mount_bench import Bench, need, run
from verify_bench import change, found, generations, named, texts, verify

from app.errors import BadInput, DestinationGone, NotFound
from app.integrity.mhl import Action, read_manifest
from app.integrity.verify.outcome import FileState

FILES = {
    "CLIPS/A003C001.mov": os.urandom(9 << 20),
    "CLIPS/A003C002.mov": os.urandom((5 << 20) + 4097),
    "CLIPS/A003C002.xml": b"<clip/>" * 1000,
    "index.xml": b"<index/>",
    "empty.txt": b"",
}


@pytest.fixture
def faulty(bench: Bench) -> Callable[[str], FaultMount]:
    if not Path("/dev/fuse").exists() or shutil.which("fusermount") is None:
        pytest.skip("this machine has no FUSE")
    pytest.importorskip("mfusepy")
    return lambda name: FaultMount(bench, name)


def roll_on(point: Path) -> Path:
    """A sealed copy of the roll."""
    root = point / "A003"
    make_files(root, FILES)
    seal(root)
    run("sync", "-f", root)
    return root


@pytest.mark.root
@pytest.mark.parametrize("file_system", ["ext4", "xfs"])
@pytest.mark.parametrize("name", ["CLIPS/A003C001.mov", "CLIPS/A003C002.xml"])
def test_a_bit_flipped_below_a_warm_cache_is_found_and_named(
    bench: Bench, judge: Judge, file_system: str, name: str
) -> None:
    if file_system == "xfs":
        need("mkfs.xfs")
    drive = Drive(bench, "shuttle", size=320, file_system=file_system)
    root = roll_on(drive.point)
    warm = (root / name).read_bytes()
    drive.flip(root / name, 4097)
    assert (root / name).read_bytes() == warm, "the cache must hide the fault, or nothing is shown"
    assert judge.verify(root) == 0, "the public tool reads through the cache"

    outcome = verify(root)
    assert named(outcome) == {name: "changed"}
    assert outcome.cached == 0
    assert outcome.verified == len(FILES) - 1


@pytest.mark.root
def test_a_whole_drive_is_named_by_its_label(bench: Bench) -> None:
    drive = Drive(bench, "shuttle-06")
    root = roll_on(drive.point)
    assert verify(drive.point).title == "Verify SHUTTLE-06"
    assert verify(root).title == "Verify A003 on SHUTTLE-06"


@pytest.mark.root
def test_a_read_only_drive_is_verified_and_what_cannot_be_written_is_said(bench: Bench) -> None:
    drive = Drive(bench, "shuttle")
    root = roll_on(drive.point)
    run("mount", "-o", "remount,ro", drive.point)
    outcome = verify(root)
    assert outcome.done
    assert outcome.verified == len(FILES)
    assert outcome.cached == 0
    assert outcome.parts[0].generation == ""
    assert any("Read-only file system" in note for note in outcome.notes)
    assert len(generations(root)) == 1
    drive.flip(root / "CLIPS/A003C001.mov", 70_000)
    assert named(verify(root)) == {"CLIPS/A003C001.mov": "changed"}


@pytest.mark.root
def test_a_full_drive_is_verified_but_not_done(bench: Bench) -> None:
    drive = Drive(bench, "shuttle")
    root = roll_on(drive.point)
    drive.fill(64 << 10)
    while True:  # what the file system keeps for its own records, block by block
        try:
            with (drive.point / "filler 2").open("ab", buffering=0) as file:
                file.write(b"x" * 1024)
                os.fsync(file.fileno())
        except OSError:
            break
    outcome = verify(root)
    assert outcome.clean
    assert not outcome.done
    assert "No space left" in outcome.sentence
    assert len(generations(root)) == 1
    assert not list((root / "ascmhl").glob("*.partial"))


@pytest.mark.root
def test_memory_and_file_systems_with_caches_of_their_own_are_said_to_prove_nothing(
    bench: Bench, faulty: Callable[[str], FaultMount]
) -> None:
    memory = bench.mount("tmpfs", "memory", "-t", "tmpfs")
    for point in (memory, faulty("share").point):
        outcome = verify(roll_on(point))
        assert outcome.clean
        assert outcome.cached == len(FILES)
        assert "through the cache only" in outcome.sentence


@pytest.mark.root
def test_a_file_that_cannot_be_read_is_named_and_the_others_are_verified(
    faulty: Callable[[str], FaultMount],
) -> None:
    mount = faulty("shuttle")
    root = roll_on(mount.point)
    mount.set({"op": "read", "match": "*C001.mov", "at": 6_000_000, "do": "EIO"},
              {"op": "read", "match": "*index.xml", "do": "EIO"})  # fmt: skip
    outcome = verify(root)
    assert named(outcome) == {"CLIPS/A003C001.mov": "unreadable", "index.xml": "unreadable"}
    assert {d.trouble for d in outcome.differences()} == {"Input/output error"}
    assert outcome.verified == len(FILES) - 2
    said = {record.path for record in read_manifest(generations(root)[-1]).files}
    assert said == set(FILES) - set(named(outcome))
    mount.set()
    assert verify(root).done


@pytest.mark.root
def test_a_drive_that_gives_other_bytes_at_each_read_is_told_from_a_changed_file(
    faulty: Callable[[str], FaultMount],
) -> None:
    mount = faulty("shuttle")
    root = roll_on(mount.point)
    rule = {"op": "read", "match": "*C001.mov", "at": 6_000_000, "do": "flip", "times": 1}
    mount.set(rule)
    (difference,) = verify(root).differences()
    assert difference.state is FileState.CHANGED
    assert "other bytes at each read" in difference.trouble


@pytest.mark.root
def test_a_folder_that_cannot_be_listed_hides_what_is_in_it(
    faulty: Callable[[str], FaultMount],
) -> None:
    mount = faulty("shuttle")
    root = roll_on(mount.point)
    mount.set({"op": "readdir", "match": "*/CLIPS", "do": "EIO"})
    outcome = verify(root)
    assert found(outcome, FileState.MISSING) == []
    assert "CLIPS/A003C001.mov" in found(outcome, FileState.UNREADABLE)


@pytest.mark.root
def test_a_drive_that_is_pulled_meanwhile_ends_the_job_by_its_name(
    faulty: Callable[[str], FaultMount],
) -> None:
    mount = faulty("shuttle")
    root = roll_on(mount.point)
    mount.set({"op": "read", "match": "*C001.mov", "at": 6_000_000, "do": "kill"})
    with pytest.raises(DestinationGone, match="shuttle was removed"):
        verify(root)


# Repair


def test_damaged_and_missing_files_are_brought_back_and_nothing_is_lost(
    tmp_path: Path, judge: Judge
) -> None:
    here, there = roll_on(tmp_path / "here"), roll_on(tmp_path / "there")
    os.utime(there / "CLIPS/A003C001.mov", ns=(10**9, 1_700_000_000_123_456_789))
    (there / "CLIPS/A003C001.mov").chmod(0o640)
    change(here / "CLIPS/A003C001.mov", at=7_000_000)
    damaged = (here / "CLIPS/A003C001.mov").read_bytes()
    (here / "index.xml").unlink()
    (here / "empty.txt").unlink()
    outcome = verify(here, repair_from=there)

    assert outcome.done
    assert outcome.sentence == "5 files verified, nothing differs. 3 files repaired."
    for name, data in FILES.items():
        assert (here / name).read_bytes() == data
    back = (here / "CLIPS/A003C001.mov").stat()
    assert (back.st_mtime_ns, back.st_mode & 0o777) == (1_700_000_000_123_456_789, 0o640)
    (aside,) = (here / "CLIPS").glob("A003C001.mov.damaged-*")
    assert aside.read_bytes() == damaged
    kept = {d.path: d.aside for d in outcome.differences()}
    assert kept["CLIPS/A003C001.mov"] == f"CLIPS/{aside.name}"
    manifests = [read_manifest(path) for path in generations(here)]
    actions = [
        {r.path: {h.action for h in r.hashes} for r in m.files}.get("CLIPS/A003C001.mov")
        for m in manifests
    ]
    assert actions == [{Action.ORIGINAL}, {Action.FAILED}, {Action.VERIFIED}]
    assert "repaired from" in (manifests[-1].header.creator.comment or "")
    assert not list(here.rglob(".reelkeep-*"))
    judge.accepts(here)
    assert verify(here).done
    judge.accepts(here)


def test_a_whole_folder_that_is_gone_is_brought_back(tmp_path: Path, judge: Judge) -> None:
    here, there = roll_on(tmp_path / "here"), roll_on(tmp_path / "there")
    shutil.rmtree(here / "CLIPS")
    assert verify(here, repair_from=there).done
    assert (here / "CLIPS/A003C001.mov").read_bytes() == FILES["CLIPS/A003C001.mov"]
    judge.accepts(here)


def test_only_a_folder_is_repaired_from_the_same_folder_elsewhere(tmp_path: Path) -> None:
    here, there = roll_on(tmp_path / "here"), roll_on(tmp_path / "there")
    change(here / "CLIPS/A003C002.xml")
    change(here / "index.xml")
    assert verify(here / "CLIPS", repair_from=there / "CLIPS").done
    assert (here / "CLIPS/A003C002.xml").read_bytes() == FILES["CLIPS/A003C002.xml"]
    assert named(verify(here)) == {"index.xml": "changed"}


def test_a_drive_of_several_rolls_is_repaired_roll_by_roll(tmp_path: Path) -> None:
    for place in ("here", "there"):
        for roll in ("A003", "A004"):
            make_files(tmp_path / place / roll, {"C001.mov": roll.encode()})
            seal(tmp_path / place / roll)
    change(tmp_path / "here/A004/C001.mov")
    assert verify(tmp_path / "here", repair_from=tmp_path / "there").done
    assert (tmp_path / "here/A004/C001.mov").read_bytes() == b"A004"


def test_an_other_copy_that_is_damaged_too_repairs_nothing(tmp_path: Path) -> None:
    here, there = roll_on(tmp_path / "here"), roll_on(tmp_path / "there")
    for root in (here, there):
        change(root / "index.xml")
    (there / "CLIPS/A003C001.mov").unlink()
    (here / "CLIPS/A003C001.mov").unlink()
    before = texts([here / "index.xml"])
    outcome = verify(here, repair_from=there)
    assert not outcome.done
    assert named(outcome) == {"index.xml": "changed", "CLIPS/A003C001.mov": "missing"}
    troubles = " ".join(d.trouble for d in outcome.differences())
    assert "it is not the recorded file either" in troubles
    assert "No such file" in troubles
    assert texts([here / "index.xml"]) == before
    assert not list(here.rglob("*.damaged-*"))
    assert not list(here.rglob(".reelkeep-*"))


def test_a_copy_cannot_be_repaired_from_itself(tmp_path: Path) -> None:
    here = roll_on(tmp_path / "here")
    with pytest.raises(BadInput, match="no other copy"):
        verify(here, repair_from=here)
    with pytest.raises(NotFound):
        verify(here, repair_from=tmp_path / "nowhere")


@pytest.mark.root
def test_a_repair_that_finds_no_room_leaves_everything_as_it_was(bench: Bench) -> None:
    drive = Drive(bench, "shuttle")
    here, there = roll_on(drive.point), roll_on(bench.folder / "there")
    change(here / "CLIPS/A003C001.mov")
    before = texts([here / "CLIPS/A003C001.mov"])
    drive.fill(2 << 20)
    outcome = verify(here, repair_from=there)
    assert named(outcome) == {"CLIPS/A003C001.mov": "changed"}
    (difference,) = outcome.differences()
    assert "is full" in difference.trouble
    assert texts([here / "CLIPS/A003C001.mov"]) == before
    assert not list(here.rglob(".reelkeep-*"))


@pytest.mark.root
def test_a_drive_that_damages_the_repair_as_well_is_found_out(
    faulty: Callable[[str], FaultMount], tmp_path: Path
) -> None:
    mount = faulty("shuttle")
    here, there = roll_on(mount.point), roll_on(tmp_path / "there")
    change(here / "CLIPS/A003C001.mov")
    before = texts([here / "CLIPS/A003C001.mov"])
    mount.set({"op": "write", "match": "*.part", "at": 5_000_000, "do": "flip"})
    outcome = verify(here, repair_from=there)
    (difference,) = outcome.differences()
    assert "other bytes than were written" in difference.trouble
    assert texts([here / "CLIPS/A003C001.mov"]) == before
    assert not list(here.rglob(".reelkeep-*"))


@pytest.mark.root
def test_a_long_name_is_set_aside_within_255_bytes(bench: Bench) -> None:
    drive = Drive(bench, "shuttle")
    name = "é" * 125 + ".mov"
    for place in (drive.point, bench.folder / "there"):
        make_files(place / "A003", {name: b"sound and vision"})
        seal(place / "A003")
    change(drive.point / "A003" / name)
    assert verify(drive.point / "A003", repair_from=bench.folder / "there/A003").done
    assert verify(drive.point / "A003").done
