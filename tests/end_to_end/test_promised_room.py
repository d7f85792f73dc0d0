"""What running and queued jobs will still write on a drive is no room for another card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from drive import Drive
from fault_mount import FaultMount
from mount_bench import Bench
from offload_bench import MB, House, Watched, make_card, spec_for, wait_for

from app.engine import Engine
from app.errors import PlanRefused
from app.jobs.snapshot import JobState
from app.offload.plan import PlannedDestination, Weight
from app.offload.spec import VerifyMode
from app.places.volumes import volume_of

pytestmark = pytest.mark.root
NEAR = 3 * MB
"""What folders, manifests and a file system's own blocks may make of a difference."""


@pytest.fixture
def cards(tmp_path: Path) -> list[Path]:
    """Two cards of 30 MB that are called otherwise than the one that is being copied."""
    return [make_card(tmp_path / n, {f"{n}C001.mov": 30 * MB}) for n in ("B001", "C001")]


def planned(engine: Engine, card: Path, drive: Drive) -> PlannedDestination:
    plan = engine.plan(spec_for(card, drive.point, template="{roll}"))
    assert not plan.refusals
    return plan.destinations[0]


def test_room_of_running_and_queued_jobs_is_counted_and_said(
    bench: Bench, faulty: Callable[[str], FaultMount], house: House, cards: list[Path]
) -> None:
    drive, reader = Drive(bench, "lto", size=112), faulty("A003")
    house.declare(drive.point)
    make_card(reader.backing, {f"A003C00{n}.mov": 14 * MB for n in (1, 2, 3)})
    free = volume_of(drive.point).free
    reader.set({"op": "read", "match": "*C002*", "at": 6 * MB, "do": "hold"})
    with house.engine() as engine:
        spec = spec_for(reader.point, drive.point, verify=VerifyMode.READ_BACK)
        with Watched(engine, spec) as first, house.engine() as other:
            reader.wait_acted("hold")
            confirmed = "SELECT 1 FROM copies WHERE state='verified'"
            wait_for(lambda: engine.journal.rows(confirmed), "a clip is confirmed")
            one = planned(other, cards[0], drive)

            assert one.promised_to == (first.job,)
            assert 14 * MB <= one.promised < 28 * MB, "what is on the drive needs no room again"
            assert abs(one.free_after - (free - 72 * MB)) < NEAR
            assert abs(one.needed - 30 * MB) < NEAR

            second = other.submit(spec_for(cards[0], drive.point, template="{roll}"))
            plan = other.plan(spec_for(cards[1], drive.point, template="{roll}"))
            (refusal,) = plan.refusals
            assert "LTO is too small: 31.5 MB are to come, " in refusal.text
            assert " are promised to 2 other jobs and 16.8 MB are kept for" in refusal.text
            with pytest.raises(PlanRefused):
                other.submit(plan)
            other.cancel(second)
            assert planned(other, cards[1], drive).promised_to == (first.job,)
            reader.set()
            done = first.end()
        assert done.state is JobState.DONE, done
        assert planned(engine, cards[0], drive).promised == 0


def test_a_card_that_is_on_its_way_to_the_same_folder_is_not_counted_twice(
    bench: Bench, house: House, cards: list[Path]
) -> None:
    drive = Drive(bench, "lto", size=64)
    with house.engine() as engine:
        spec = spec_for(cards[0], drive.point, template="{roll}")
        job = engine.submit(spec)
        assert not engine.plan(spec).destinations[0].promised
        plan = engine.plan(spec_for(cards[1], drive.point, template="{roll}"))
        notes = [r.text for r in plan.remarks if r.weight is Weight.NOTE]

    assert [r.brief for r in plan.refusals] != []
    assert [f"31.5 MB are promised to job {job}." in text for text in notes] == [True]
