"""A drive is safe to eject only while no job of the profile has it in hand."""

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
from mount_bench import Bench
from offload_bench import MB, SMALL_CARD, House, Watched, make_card, spec_for, wait_for
from verify_bench import change

from app.engine import Engine
from app.integrity.verify.spec import VerifySpec
from app.jobs.snapshot import JobState
from app.jobs.spec import JobId, spec_to_json

pytestmark = pytest.mark.root
CLIP = "CLIPS/A003C001.mov"
HOLD = {"op": "read", "match": "*C002.mov", "at": 3 * MB, "do": "hold"}
_PROGRAM = Path(__file__).parent.parent / "shared" / "offload_process.py"


@pytest.fixture
def drives(bench: Bench, house: House) -> list[Drive]:
    made = [Drive(bench, name, size=128) for name in ("one", "two")]
    house.declare(*(drive.point for drive in made))
    return made


@pytest.fixture
def slow_card(faulty: Callable[[str], FaultMount]) -> FaultMount:
    mount = faulty("A004")
    make_card(mount.backing, SMALL_CARD)
    mount.set(HOLD)
    return mount


def safe(engine: Engine, job: JobId) -> list[bool]:
    """What the job says of its drives; asked for alone and in the queue, it is the same."""
    alone = [place.safe_to_eject for place in engine.snapshot(job).places]
    (queued,) = (shown for shown in engine.snapshots() if shown.id == job)
    assert [place.safe_to_eject for place in queued.places] == alone
    return alone


def test_a_drive_is_not_safe_while_another_job_of_this_program_has_it(
    card: Path, slow_card: FaultMount, drives: list[Drive], house: House
) -> None:
    one, two = (drive.point for drive in drives)
    with house.engine() as engine:
        first = engine.run(spec_for(card, one, two)).id
        assert safe(engine, first) == [True, True]
        with Watched(engine, spec_for(slow_card.point, one, template="A004")) as second:
            assert safe(engine, first) == [False, True]  # queued, and about to begin
            slow_card.wait_acted("hold")
            assert safe(engine, first) == [False, True]
            engine.pause(second.job)
            assert safe(engine, first) == [False, True]
            engine.resume(second.job)
            slow_card.set()
            assert second.end().state is JobState.DONE
        assert safe(engine, first) == [True, True]


def test_a_drive_is_not_safe_while_a_job_of_another_program_has_it(
    card: Path, slow_card: FaultMount, drives: list[Drive], house: House, tmp_path: Path
) -> None:
    one, two = (drive.point for drive in drives)
    with house.engine() as engine:
        first = engine.run(spec_for(card, one, two)).id
        order = tmp_path / "spec.json"
        order.write_text(spec_to_json(spec_for(slow_card.point, two, template="A004")))
        (house.profile / "declared.json").write_text(json.dumps(house.declared))
        other = subprocess.Popen(
            [sys.executable, _PROGRAM, house.profile, order],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        try:
            slow_card.wait_acted("hold")
            assert [p.safe_to_eject for p in engine.snapshot(first).places] == [True, False]
        finally:
            other.kill()
            slow_card.set()
            other.communicate()
        wait_for(lambda: engine.snapshot(first).places[1].safe_to_eject, "the killed one lets go")


def test_a_job_that_runs_again_calls_none_of_its_drives_safe(
    slow_card: FaultMount, drives: list[Drive], house: House
) -> None:
    one, two = (drive.point for drive in drives)
    slow_card.set({"op": "read", "match": "*C002.mov", "do": "EIO"})
    with house.engine() as engine:
        failed = engine.run(spec_for(slow_card.point, one, two))
        assert failed.state is JobState.FAILED
        slow_card.set(HOLD)
        with Watched(engine, failed.id) as job:
            slow_card.wait_acted("hold")
            assert safe(engine, job.job) == [False, False]
            slow_card.set()
            assert job.end().state is JobState.DONE
        assert safe(engine, job.job) == [True, True]


def test_a_drive_with_a_copy_that_was_found_damaged_is_no_longer_called_safe(
    card: Path, drives: list[Drive], house: House
) -> None:
    one, two = (drive.point for drive in drives)
    with house.engine() as engine:
        job = engine.run(spec_for(card, one, two)).id
        change(two / "A003" / CLIP)
        engine.run(VerifySpec(path=two / "A003"))
        assert safe(engine, job) == [True, False]
        engine.run(VerifySpec(path=two / "A003", repair_from=one / "A003"))
        assert safe(engine, job) == [True, True]
