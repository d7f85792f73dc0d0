"""A job whose process was killed, and that nobody wants to go on: nothing half written stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from drive import Drive
from fault_mount import FaultMount
from mount_bench import Bench, run
from offload_bench import MB, SMALL_CARD, House, leftovers, make_card, spec_for, tree

from app.jobs.instance import Lanes
from app.jobs.snapshot import JobState
from app.jobs.spec import JobId, spec_to_json

pytestmark = pytest.mark.root
_PROGRAM = Path(__file__).parent.parent / "shared" / "offload_process.py"


@pytest.fixture
def drives(bench: Bench, house: House) -> list[Drive]:
    made = [Drive(bench, name, size=128) for name in ("one", "two")]
    house.declare(*(drive.point for drive in made))
    return made


@pytest.fixture
def card(faulty: Callable[[str], FaultMount]) -> FaultMount:
    mount = faulty("A003")
    make_card(mount.backing, SMALL_CARD)
    return mount


@pytest.fixture
def killed(card: FaultMount, drives: list[Drive], house: House, tmp_path: Path) -> JobId:
    """A job that was killed in the middle of a clip."""
    card.set({"op": "read", "match": "*C002.mov", "at": 3 * MB, "do": "hold"})
    house.profile.mkdir(exist_ok=True)
    (house.profile / "declared.json").write_text(json.dumps(house.declared))
    spec = tmp_path / "spec.json"
    spec.write_text(spec_to_json(spec_for(card.point, *(drive.point for drive in drives))))
    process = subprocess.Popen(
        [sys.executable, _PROGRAM, house.profile, spec],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    try:
        card.wait_acted("hold")
    finally:
        process.kill()
        card.set()  # the kernel ends nobody who waits for a drive
        out, _ = process.communicate(timeout=60)
    assert all(any(".part" in name for name in leftovers(drive.point)) for drive in drives)
    return JobId(out.split()[1])


def test_a_cancel_removes_what_a_killed_job_has_left_half_written(
    killed: JobId, card: FaultMount, drives: list[Drive], house: House
) -> None:
    with house.engine() as engine:
        assert engine.cancel(killed) == ()
        assert engine.snapshot(killed).state is JobState.CANCELLED
        assert [leftovers(drive.point) for drive in drives] == [[], []]
        assert engine.run(killed).verdict == "SAFE TO FORMAT"
    assert all(tree(drive.point / "A003") == tree(card.backing) for drive in drives)


def test_a_cancel_says_which_drive_it_could_not_reach_or_clear(
    killed: JobId, drives: list[Drive], house: House
) -> None:
    away, locked = drives
    away.pull()
    run("mount", "-o", "remount,ro", locked.point)
    with house.engine() as engine:
        first, second = engine.cancel(killed)
    assert first.startswith(f"{away.label} is not connected")
    assert f"`reelkeep jobs resume {killed}`" in first
    assert second.startswith(f"What the job left half written on {locked.label} could not be")
    assert leftovers(locked.point)

    away.plug()
    run("mount", "-o", "remount,rw", locked.point)
    with house.engine() as engine:
        assert engine.run(killed).verdict == "SAFE TO FORMAT"
    assert [leftovers(drive.point) for drive in drives] == [[], []]


def test_nothing_is_removed_while_another_reelkeep_has_begun_the_job_again(
    killed: JobId, drives: list[Drive], house: House
) -> None:
    other = Lanes(house.profile / "lanes")
    assert other.take({f"job {killed}"})
    before = [leftovers(drive.point) for drive in drives]
    with house.engine() as engine:
        assert engine.cancel(killed) == ()
    assert [leftovers(drive.point) for drive in drives] == before
