"""Later evidence: a verify changes verdicts, and a repair from another copy brings them back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from drive import Drive
from mount_bench import Bench, run
from offload_bench import (
    SMALL_CARD,
    House,
    accepted_by_ascmhl,
    leftovers,
    make_card,
    spec_for,
    tree,
)
from verify_bench import change

from app.engine import Engine
from app.errors import BadInput
from app.integrity.verify.spec import VerifySpec
from app.jobs.snapshot import JobSnapshot, JobState, PlaceState
from app.jobs.spec import JobId
from app.offload.job.repair import RepairSpec
from app.offload.spec import VerifyMode

CLIP = "CLIPS/A003C001.mov"


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "profile")


@pytest.fixture
def card(tmp_path: Path) -> Path:
    return make_card(tmp_path / "card" / "A003", SMALL_CARD)


def one_copy(engine: Engine, card: Path, drive: Path, **facts: object) -> JobSnapshot:
    """An offload to one place, which is enough for SAFE."""
    drive.mkdir(exist_ok=True)
    return engine.run(spec_for(card, drive, wanted_copies=1, **facts))


def verified(engine: Engine, path: Path, repair_from: Path | None = None) -> JobSnapshot:
    return engine.run(VerifySpec(path=path, repair_from=repair_from))


def repaired(engine: Engine, job: JobId, destination: int) -> JobSnapshot:
    return engine.run(RepairSpec(job=job, destination=destination))


def troubles(engine: Engine, job: JobId) -> list[str]:
    """What the rows of an offload say against its copies."""
    return [copy.trouble for file in engine.files(job) for copy in file.copies if copy.trouble]


def test_a_copy_that_was_found_changed_turns_the_verdict_to_keep(
    house: House, card: Path, tmp_path: Path
) -> None:
    drive = tmp_path / "drive"
    with house.engine() as engine:
        offload = one_copy(engine, card, drive)
        assert offload.safe
        assert verified(engine, drive / "A003").state is JobState.DONE
        assert engine.verdict(offload.id).safe
        change(drive / "A003" / CLIP)
        job = verified(engine, drive / "A003")

        assert job.state is JobState.FAILED
        assert f"{CLIP} is changed" in job.error
        assert "KEEP" in job.error
        later = engine.snapshot(offload.id)
        assert not later.safe
        assert later.verdict == "KEEP, 0 of 1 copies verified"
        assert later.places[0].state is PlaceState.FAILED
        assert CLIP in later.places[0].trouble
        assert not engine.verdict(offload.id).safe
        (trouble,) = troubles(engine, offload.id)
        assert trouble.startswith(f"{CLIP} on ")
        assert "is no longer what the card gave" in trouble
        assert any("SAFE TO FORMAT before" in note for note in engine.report(offload.id).notes)
        assert engine.snapshots()[0].verdict == later.verdict


def test_a_missing_copy_counts_no_more_and_a_returned_one_counts_again(
    house: House, card: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "drive/A003/index.xml"
    with house.engine() as engine:
        offload = one_copy(engine, card, tmp_path / "drive")
        copy.rename(tmp_path / "away")
        verified(engine, tmp_path / "drive")
        assert not engine.snapshot(offload.id).safe
        assert "is no longer there" in troubles(engine, offload.id)[0]
        (tmp_path / "away").rename(copy)
        verified(engine, tmp_path / "drive")
        assert engine.snapshot(offload.id).safe
        assert engine.snapshot(offload.id).places[0].state is PlaceState.DONE


def test_a_renamed_copy_still_counts_under_its_new_name(
    house: House, card: Path, tmp_path: Path
) -> None:
    root = tmp_path / "drive/A003"
    with house.engine() as engine:
        offload = one_copy(engine, card, tmp_path / "drive")
        (root / "CLIPS").rename(root / "FOOTAGE")
        assert verified(engine, root).state is JobState.FAILED
        assert engine.verdict(offload.id).safe
        paths = {copy.path for file in engine.files(offload.id) for copy in file.copies}
        assert "FOOTAGE/A003C001.mov" in paths
        assert verified(engine, root).state is JobState.DONE
        change(root / "FOOTAGE/A003C001.mov")
        verified(engine, root)
        assert not engine.verdict(offload.id).safe


def test_a_copy_that_was_only_compared_by_size_is_proven_by_a_verify(
    house: House, card: Path, tmp_path: Path
) -> None:
    with house.engine() as engine:
        offload = one_copy(engine, card, tmp_path / "drive", verify=VerifyMode.TRANSFER)
        assert not offload.safe
        assert verified(engine, tmp_path / "drive").state is JobState.DONE
        assert engine.snapshot(offload.id).safe


def test_a_history_that_took_other_bytes_for_right_does_not_save_the_verdict(
    house: House, card: Path, tmp_path: Path
) -> None:
    """The card's own digests decide, whatever the history on the drive says."""
    root = tmp_path / "drive/A003"
    with house.engine() as engine:
        offload = one_copy(engine, card, tmp_path / "drive", manifests=False)
        change(root / CLIP)
        tool = Path(sys.executable).parent / "ascmhl"
        subprocess.run([tool, "create", root], check=True, capture_output=True, timeout=60)
        job = verified(engine, root)
        assert job.state is JobState.FAILED
        assert "KEEP" in job.error
        assert not engine.snapshot(offload.id).safe


@pytest.mark.root
def test_a_drive_is_known_again_under_another_mount_point(
    bench: Bench, house: House, card: Path
) -> None:
    drive = Drive(bench, "shuttle")
    with house.engine() as engine:
        offload = one_copy(engine, card, drive.point)
        assert offload.safe
        before = drive.point
        drive.pull()
        before.joinpath("A003/CLIPS").mkdir(parents=True)  # an empty look-alike stays behind
        drive.plug(bench.folder / "elsewhere")
        drive.flip(drive.point / "A003" / CLIP, 2_000_000)
        verified(engine, drive.point)
        assert not engine.snapshot(offload.id).safe


@pytest.mark.root
def test_a_folder_of_the_same_name_on_another_drive_says_nothing(
    bench: Bench, house: House, card: Path
) -> None:
    one, two = Drive(bench, "one"), Drive(bench, "two")
    house.declare(one.point, two.point)
    with house.engine() as engine:
        first = one_copy(engine, card, one.point)
        second = one_copy(engine, card, two.point)
        change(two.point / "A003" / CLIP)
        verified(engine, two.point)
        assert engine.snapshot(first.id).safe
        assert not engine.snapshot(second.id).safe


@pytest.mark.root
def test_a_damaged_copy_is_repaired_from_the_other_and_the_card_is_safe_again(
    bench: Bench, house: House, card: Path
) -> None:
    one, two = Drive(bench, "one"), Drive(bench, "two")
    house.declare(one.point, two.point)
    with house.engine() as engine:
        offload = engine.run(spec_for(card, one.point, two.point))
        assert offload.safe
        one.flip(one.point / "A003" / CLIP, 2_000_000)
        (one.point / "A003/index.xml").unlink()
        verified(engine, one.point)
        assert engine.snapshot(offload.id).verdict == "KEEP, 1 of 2 copies verified"
        job = repaired(engine, offload.id, 0)

        assert job.state is JobState.DONE, job.error
        assert job.title == "Repair A003 on ONE"
        assert job.fraction == 1.0
        assert engine.snapshot(offload.id).safe
        assert engine.snapshot(offload.id).places[0].state is PlaceState.DONE
        assert troubles(engine, offload.id) == []
        (aside,) = (one.point / "A003/CLIPS").glob("*.damaged-*")
        aside_bytes = aside.read_bytes()
        assert aside_bytes != (one.point / "A003" / CLIP).read_bytes()
        aside.unlink()
        assert tree(one.point / "A003") == tree(card)
        assert leftovers(one.point) == []
        accepted_by_ascmhl(one.point / "A003")
        assert verified(engine, one.point).state is JobState.DONE
        assert engine.snapshot(offload.id).safe


@pytest.mark.root
def test_verify_with_repair_also_brings_the_verdict_back(
    bench: Bench, house: House, card: Path
) -> None:
    one, two = Drive(bench, "one"), Drive(bench, "two")
    house.declare(one.point, two.point)
    with house.engine() as engine:
        offload = engine.run(spec_for(card, one.point, two.point))
        one.flip(one.point / "A003" / CLIP, 2_000_000)
        job = verified(engine, one.point, repair_from=two.point)
        assert job.state is JobState.DONE
        assert engine.snapshot(offload.id).safe
        assert troubles(engine, offload.id) == []


@pytest.mark.root
@pytest.mark.parametrize("way", ["verify", "repair"])
def test_every_job_that_knows_the_file_is_judged_anew_after_a_repair(
    bench: Bench, house: House, card: Path, way: str
) -> None:
    one, two = Drive(bench, "one"), Drive(bench, "two")
    house.declare(one.point, two.point)
    with house.engine() as engine:
        both = engine.run(spec_for(card, one.point, two.point)).id
        alone = engine.run(spec_for(card, one.point, wanted_copies=1)).id
        again = engine.run(spec_for(card, one.point, two.point)).id
        jobs = (both, alone, again)
        one.flip(one.point / "A003" / CLIP, 2_000_000)
        (one.point / "A003/index.xml").unlink()
        verified(engine, one.point)
        assert [engine.snapshot(job).safe for job in jobs] == [False] * 3
        if way == "verify":
            done = verified(engine, one.point, repair_from=two.point)
        else:
            done = repaired(engine, both, 0)
        assert done.state is JobState.DONE, done.error
        for job in jobs:
            assert engine.snapshot(job).safe, job
            assert engine.snapshot(job).places[0].state is PlaceState.DONE
            assert troubles(engine, job) == []


@pytest.mark.root
def test_a_repair_does_not_believe_a_copy_that_is_damaged_itself(
    bench: Bench, house: House, card: Path
) -> None:
    one, two = Drive(bench, "one"), Drive(bench, "two")
    house.declare(one.point, two.point)
    with house.engine() as engine:
        offload = engine.run(spec_for(card, one.point, two.point))
        one.flip(one.point / "A003" / CLIP, 2_000_000)
        two.flip(two.point / "A003" / CLIP, 3_000_000)
        verified(engine, one.point)  # that the other is damaged too, nobody knows yet
        damaged = (one.point / "A003" / CLIP).stat()
        job = repaired(engine, offload.id, 0)
        assert job.state is JobState.FAILED
        assert "cannot repair anything" in job.error
        assert not engine.snapshot(offload.id).safe
        assert (one.point / "A003" / CLIP).stat().st_ino == damaged.st_ino
        assert leftovers(one.point) == []


@pytest.mark.root
def test_a_repair_never_moves_a_file_that_was_not_ours(
    bench: Bench, house: House, card: Path
) -> None:
    one, two = Drive(bench, "one"), Drive(bench, "two")
    house.declare(one.point, two.point)
    foreign = one.point / "A003/index.xml"
    foreign.parent.mkdir()
    foreign.write_bytes(b"somebody's own")
    with house.engine() as engine:
        offload = engine.run(spec_for(card, one.point, two.point))
        assert not offload.safe
        job = repaired(engine, offload.id, 0)
        assert job.state is JobState.FAILED
        assert "Something else is named index.xml" in job.error
        assert foreign.read_bytes() == b"somebody's own"
        foreign.rename(one.point / "theirs.xml")
        assert repaired(engine, offload.id, 0).state is JobState.DONE
        assert engine.snapshot(offload.id).safe


@pytest.mark.root
def test_a_repair_waits_for_nothing_and_says_which_drive_it_needs(
    bench: Bench, house: House, card: Path
) -> None:
    one, two = Drive(bench, "one"), Drive(bench, "two")
    house.declare(one.point, two.point)
    with house.engine() as engine:
        offload = engine.run(spec_for(card, one.point, two.point))
        (one.point / "A003" / CLIP).unlink()
        two.pull()
        job = repaired(engine, offload.id, 0)
        assert job.error == (
            f"No other verified copy of {CLIP} is connected. Connect TWO, then repair again."
        )
        two.plug()
        one.pull()
        job = repaired(engine, offload.id, 0)
        assert job.error.startswith("ONE is not connected.")
        assert not any(one.point.iterdir())
        one.plug()
        assert repaired(engine, offload.id, 0).state is JobState.DONE
        run("sync", "-f", one.point)


def test_a_repair_that_makes_no_sense_is_refused(house: House, card: Path, tmp_path: Path) -> None:
    with house.engine() as engine:
        offload = one_copy(engine, card, tmp_path / "drive")
        with pytest.raises(BadInput, match="no other copy"):
            engine.repair(offload.id, 0)
        with pytest.raises(BadInput, match="no destination 3"):
            engine.repair(offload.id, 2)
