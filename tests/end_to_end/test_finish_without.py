"""A drive that was pulled and will not come back: the job may be finished without it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from drive import Drive
from fault_mount import FaultMount
from mount_bench import Bench
from offload_bench import MB, SMALL_CARD, House, Watched, make_card, spec_for, tree

from app.jobs.snapshot import JobState, PlaceState

pytestmark = pytest.mark.root


@pytest.fixture
def card(faulty: Callable[[str], FaultMount]) -> FaultMount:
    """A card that stops in the middle of its second clip, until told to go on."""
    mount = faulty("A003")
    make_card(mount.backing, SMALL_CARD)
    mount.set({"op": "read", "match": "*C002.mov", "at": 3 * MB, "do": "hold"})
    return mount


@pytest.fixture
def drives(bench: Bench, house: House) -> list[Drive]:
    made = [Drive(bench, name) for name in ("one", "two", "three")]
    house.declare(*(drive.point for drive in made))
    return made


def points(drives: list[Drive]) -> list[Path]:
    return [drive.point for drive in drives]


def test_a_job_that_waits_for_a_drive_can_be_finished_without_it(
    card: FaultMount, drives: list[Drive], house: House
) -> None:
    spec = spec_for(card.point, *points(drives), wanted_copies=2)
    with house.engine() as engine, Watched(engine, spec) as job:
        card.wait_acted("hold")
        drives[0].pull()
        card.set()
        job.until(lambda s: s.wants, "the job says what it wants")
        engine.go_without(job.job, 0)
        done = job.end()
    assert (done.state, done.verdict, done.wants) == (JobState.FAILED, "SAFE TO FORMAT", "")
    assert "ONE was removed, and the job was finished without it." in done.error
    assert [p.state for p in done.places] == [PlaceState.FAILED, PlaceState.DONE, PlaceState.DONE]
    assert not done.places[0].safe_to_eject
    assert list(drives[0].point.iterdir()) == []


def test_a_drive_left_out_gets_the_rest_by_a_retry_once_it_is_back(
    card: FaultMount, drives: list[Drive], house: House
) -> None:
    spec = spec_for(card.point, *points(drives), wanted_copies=3)
    with house.engine() as engine:
        with Watched(engine, spec) as job:
            card.wait_acted("hold")
            drives[0].pull()
            engine.go_without(job.job, 0)
            card.set()
            done = job.end()
        assert done.verdict == "KEEP, 2 of 3 copies verified", engine.verdict(job.job)
        drives[0].plug()
        again = engine.run(job.job)
    assert (again.state, again.verdict) == (JobState.DONE, "SAFE TO FORMAT"), again
    assert tree(drives[0].point / "A003") == tree(card.backing)


def test_a_job_whose_turn_is_to_come_shows_its_card_and_destinations(
    card: FaultMount, drives: list[Drive], house: House
) -> None:
    card.set()
    with house.engine() as engine:
        job = engine.submit(spec_for(card.point, *points(drives), wanted_copies=3))
        queued = engine.snapshot(job)
    assert (queued.state, queued.card) == (JobState.QUEUED, str(card.point))
    assert [p.path for p in queued.places] == [str(d.point / "A003") for d in drives]
    assert {p.state for p in queued.places} == {PlaceState.WAITING}
    assert queued.size == sum(p.total for p in queued.places) / 3 > 0
    with house.engine() as engine:  # its process has gone, as after a crash
        left = engine.snapshot(job)
    assert (left.card, left.places) == (queued.card, queued.places)
