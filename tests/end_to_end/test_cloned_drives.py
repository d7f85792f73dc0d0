"""Two drives with one file-system UUID, as cloning makes them: never one for the other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from mount_bench import Bench, run
from offload_bench import MB, House, Watched, make_card, spec_for, wait_for

from app.integrity.verify.spec import VerifySpec
from app.jobs.snapshot import JobSnapshot, JobState, PlaceState
from app.offload.spec import OffloadSpec

pytestmark = pytest.mark.root
_UUID = "5ef0c0de-1111-4222-8333-444455556666"


@pytest.fixture
def card(bench: Bench) -> Path:
    return make_card(bench.folder / "card/A003", {f"C{n:03d}.mov": 2 * MB for n in range(4)})


def _twin(bench: Bench, house: House, name: str) -> Path:
    image = bench.image(f"{name}.img", 64, "mkfs.ext4", "-qF", "-U", _UUID)
    return _mounted(bench, house, image, name)


def _mounted(bench: Bench, house: House, image: Path, name: str) -> Path:
    point = bench.mount(bench.loop(image), name)
    house.declared[str(point)] = f"drive {name}"
    return point


def _verify(house: House, root: Path) -> JobSnapshot:
    with house.engine() as engine:
        return engine.run(VerifySpec(path=root))


def test_a_job_waits_for_its_drive_and_does_not_take_the_twin(
    bench: Bench, house: House, card: Path
) -> None:
    mine, twin = (_twin(bench, house, name) for name in ("mine", "twin"))
    spec = spec_for(card, mine, twin)
    with house.engine() as engine:
        job = engine.submit(spec)
        run("umount", mine)
        with Watched(engine, job) as watched:
            watched.until(lambda now: now.wants, "a wish for the drive that is gone")
            states = [place.state for place in watched.now.places]
            assert states[0] is PlaceState.GONE
            wait_for(lambda: len(list(twin.rglob("*.mov"))) == 4, "the copy on the twin")
            run("mount", bench.folder / "mine.img", mine)
            ended = watched.end()
    assert (ended.state, ended.safe) == (JobState.DONE, True)
    for root in (mine, twin):
        assert len(list((root / "A003").glob("*.mov"))) == 4


def test_copies_on_a_clone_are_not_known_before_they_were_read(
    bench: Bench, house: House, card: Path
) -> None:
    mine = _twin(bench, house, "mine")
    with house.engine() as engine:
        assert engine.run(spec_for(card, mine, wanted_copies=1)).safe
    run("umount", mine)
    image = shutil.copy(bench.folder / "mine.img", bench.folder / "clone.img")
    run("mount", bench.folder / "mine.img", mine)
    clone = _mounted(bench, house, image, "clone")
    spec = spec_for(card, mine, clone)
    with house.engine() as engine:
        plan = engine.plan(spec)
        assert not plan.already_safe
        assert [one.already for one in plan.destinations] == [8 * MB, 0]
        assert engine.run(spec).safe


def test_what_a_look_at_the_twin_found_says_nothing_good_of_the_other(
    bench: Bench, house: House, card: Path
) -> None:
    mine, twin = (_twin(bench, house, name) for name in ("mine", "twin"))
    spec: OffloadSpec = spec_for(card, mine, twin)
    with house.engine() as engine:
        job = engine.run(spec)
        assert job.safe
    (mine / "A003/C001.mov").unlink()
    _verify(house, mine / "A003")
    _verify(house, twin / "A003")
    with house.engine() as engine:
        verdict = engine.snapshot(job.id)
    assert not verdict.safe
