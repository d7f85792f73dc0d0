"""A card that is started again beside its interrupted job: that job goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from mount_bench import Bench, run
from offload_bench import MB, House, accepted_by_ascmhl, generations, make_card, spec_for, wait_for

from app.integrity.hashing import HashKind
from app.jobs.snapshot import JobState
from app.jobs.spec import JobId, spec_to_json
from app.offload.copying.target import PARTIAL
from app.offload.plan import Weight
from app.offload.spec import OffloadSpec

pytestmark = pytest.mark.root
_PROGRAM = Path(__file__).parent.parent / "shared" / "offload_process.py"


def cut_off(house: House, spec: OffloadSpec, root: Path) -> JobId:
    """Begin *spec* in a process of its own and kill that in the middle of it."""
    house.profile.mkdir()
    (house.profile / "declared.json").write_text(json.dumps(house.declared))
    order = house.profile / "spec.json"
    order.write_text(spec_to_json(spec))
    process = subprocess.Popen(
        [sys.executable, _PROGRAM, house.profile, order],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    try:
        assert process.stdout is not None
        job = JobId(process.stdout.readline().split()[1])
        wait_for(lambda: list(root.rglob("*.mov")), "a clip of which the name is final")
    finally:
        process.kill()
        process.communicate()
    return job


@pytest.fixture
def spec(bench: Bench, house: House) -> OffloadSpec:
    """A card of many clips and two drives, so that a kill comes before the end."""
    card = make_card(bench.folder / "card/A003", {f"C{n:03d}.mov": 2 * MB for n in range(60)})
    drives = [bench.ext4(name, name, 256) for name in ("one", "two")]
    house.declare(*drives)
    return spec_for(card, *drives)


def test_the_interrupted_job_goes_on_instead_of_a_second_one(
    house: House, spec: OffloadSpec
) -> None:
    roots = [one.path / "A003" for one in spec.destinations]
    job = cut_off(house, spec, roots[0])
    with house.engine() as engine:
        plan = engine.plan(spec)
        assert plan.resumes == job
        assert any(f"goes on with job {job}" in remark.text for remark in plan.remarks)
        ended = engine.run(spec)
        assert (ended.id, ended.state, ended.safe) == (job, JobState.DONE, True)
        assert [shown.id for shown in engine.snapshots()] == [job]
        assert engine.plan(spec).resumes is None
    for root in roots:
        assert len(generations(root)) == 1
        accepted_by_ascmhl(root)


def test_another_choice_makes_a_job_of_its_own_and_says_so(house: House, spec: OffloadSpec) -> None:
    job = cut_off(house, spec, spec.destinations[0].path / "A003")
    other = replace(spec, hashes=(HashKind.MD5,))
    with house.engine() as engine:
        plan = engine.plan(other)
        assert plan.resumes is None
        (said,) = (r for r in plan.remarks if "its choices were others: hashes" in r.text)
        assert said.weight is Weight.ATTENTION
        assert job in said.text


def test_other_folders_or_another_card_make_a_job_of_their_own(
    house: House, spec: OffloadSpec
) -> None:
    job = cut_off(house, spec, spec.destinations[0].path / "A003")
    with house.engine() as engine:
        elsewhere = replace(spec, template="second day/A003")
        assert engine.plan(elsewhere).resumes is None
        assert not any(job in remark.text for remark in engine.plan(elsewhere).remarks)
        (spec.source / "C999.mov").write_bytes(b"one clip more")
        assert engine.plan(spec).resumes is None


def test_what_it_left_half_written_counts_as_room(house: House, spec: OffloadSpec) -> None:
    """A card that fills its drive goes on there: the job drops its own partial files first."""
    job = cut_off(house, spec, spec.destinations[0].path / "A003")
    half = [one.path / "A003" / f"{PARTIAL}{job}-half" for one in spec.destinations]
    for left in half:
        _fill(left)
    with house.engine() as engine:
        plan = engine.plan(spec)
        assert (plan.resumes, plan.refusals) == (job, ())
        ended = engine.run(spec)
    assert (ended.id, ended.state, ended.safe) == (job, JobState.DONE, True)
    assert not any(left.exists() for left in half)


def test_what_it_left_and_nobody_can_remove_stops_nothing(house: House, spec: OffloadSpec) -> None:
    job = cut_off(house, spec, spec.destinations[0].path / "A003")
    stays = spec.destinations[0].path / "A003" / f"{PARTIAL}{job}-half.part"
    stays.write_bytes(b"half a clip")
    run("chattr", "+i", stays)
    try:
        with house.engine() as engine:
            ended = engine.run(spec)
            assert (ended.id, ended.state, ended.safe) == (job, JobState.DONE, True)
        assert stays.exists()
    finally:
        run("chattr", "-i", stays)


def _fill(path: Path) -> None:
    with path.open("wb") as file:
        free = os.statvfs(path.parent)
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - MB)
