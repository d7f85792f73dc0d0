"""A job that follows another one starts when that has ended well, and never waits in silence."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from offload_bench import wait_for

from app.errors import NotFound
from app.jobs.control import JobControl
from app.jobs.instance import Instance, Lanes
from app.jobs.journal import JobRow, Journal
from app.jobs.kind import JobKind, Task
from app.jobs.runner import Runner
from app.jobs.snapshot import JobState
from app.jobs.spec import JobId, Spec, job_kind


@job_kind
@dataclass(frozen=True, slots=True, kw_only=True)
class ErrandSpec(Spec):
    """Succeeds if its file is there."""

    kind: ClassVar[str] = "errand"

    file: Path


class House:
    """A queue for errands."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "there"
        self.journal = Journal(folder / "journal.db")
        self.instance = Instance(folder / "instances")
        self.lanes = Lanes(folder / "lanes")
        self.runner = Runner(self.journal, self.instance, self.lanes)
        self.runner.kinds[ErrandSpec.kind] = JobKind(prepare=self.prepare, run=self.work)
        self.done: list[JobId] = []

    def prepare(self, spec: Spec) -> Task:
        return Task(title="Errand", lanes=frozenset({"the shop"}), facts={})

    def work(self, job: JobId, spec: Spec, control: JobControl) -> bool:
        assert isinstance(spec, ErrandSpec)
        self.done.append(job)
        return spec.file.exists()

    def submit(self, after: JobId | None = None) -> JobId:
        spec = ErrandSpec(file=self.file, after=after)
        return self.runner.submit(spec, self.prepare(spec))

    def state(self, job: JobId) -> JobState:
        return self.runner.snapshot(job).state

    @contextmanager
    def open(self) -> Iterator[None]:
        """While inside, the queue runs."""
        thread = threading.Thread(target=self.runner.run)
        thread.start()
        try:
            yield
        finally:
            self.runner.stop()
            thread.join(20)
            assert not thread.is_alive()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.instance.close()
    made.journal.close()


def wants(house: House, job: JobId) -> str:
    """What the job asks for; alone and in the queue it says the same."""
    (queued,) = (shown for shown in house.runner.snapshots() if shown.id == job)
    assert queued.wants == house.runner.snapshot(job).wants
    return queued.wants


def test_a_job_that_follows_one_that_failed_says_so_and_goes_on_once_that_is_retried(
    house: House,
) -> None:
    first = house.submit()
    second = house.submit(after=first)
    assert house.runner.snapshot(second).stage == f"Waits for job {first} (Errand)"
    with house.open():
        wait_for(lambda: house.state(first) is JobState.FAILED, "the first one fails")
        said = f"Waits for job {first} (Errand), which failed. Retry that one, or cancel this one."
        wait_for(lambda: wants(house, second) == said, "the second one asks for a person")
        assert (house.state(second), house.done) == (JobState.QUEUED, [first])
        house.file.touch()
        house.runner.resume(first)
        wait_for(lambda: house.state(second) is JobState.DONE, "the second one goes on")
    assert house.done == [first, first, second]
    assert wants(house, second) == ""


def test_a_job_that_waits_for_one_that_was_cancelled_can_be_cancelled(house: House) -> None:
    first = house.submit()
    second = house.submit(after=first)
    house.runner.cancel(first)
    assert "was cancelled. Retry that one, or cancel this one." in wants(house, second)
    house.runner.cancel(second)
    assert house.state(second) is JobState.CANCELLED
    assert wants(house, second) == ""


def test_a_run_ends_when_what_is_left_waits_for_a_person(house: House) -> None:
    first = house.submit()
    jobs = {first, house.submit(after=first)}
    thread = threading.Thread(target=house.runner.run, args=(jobs,), daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert house.done == [first]


def test_a_job_cannot_follow_one_that_there_is_not(house: House) -> None:
    with pytest.raises(NotFound, match="There is no job 0AF1AD"):
        house.submit(after=JobId("0AF1AD"))
    assert house.runner.snapshots() == ()


def test_a_job_that_is_cancelled_in_the_moment_of_its_start_does_not_run(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = house.submit()
    has_read, may_go_on = threading.Event(), threading.Event()
    read = house.journal.job

    def read_slowly(asked: JobId) -> JobRow:
        row = read(asked)
        has_read.set()
        may_go_on.wait(20)
        return row

    monkeypatch.setattr(house.journal, "job", read_slowly)
    cancelling = threading.Thread(target=house.runner.cancel, args=(job,))
    cancelling.start()
    assert has_read.wait(20)
    with house.open():
        cancelling.join(0.5)  # long enough for the queue to begin with it
        may_go_on.set()
        cancelling.join(20)
        wait_for(lambda: house.state(job) is JobState.CANCELLED, "the job to be cancelled")
    assert house.done == []


def test_a_device_that_another_program_lets_go_of_is_the_first_jobs(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it comes free between the look for the first job and the one for the second."""
    house.file.touch()
    other = Lanes(tmp_path / "lanes")
    assert other.take({"the shop"})
    first, second = house.submit(), house.submit()
    take = house.lanes.take

    def then_it_comes_free(lanes: frozenset[str]) -> bool:
        taken = take(lanes)
        other.release({"the shop"})
        return taken

    monkeypatch.setattr(house.lanes, "take", then_it_comes_free)
    with house.open():
        wait_for(lambda: house.state(second) is JobState.DONE, "both have run")
    assert house.done == [first, second]


def test_a_job_that_was_taken_up_meanwhile_is_not_called_interrupted(house: House) -> None:
    job = house.submit()
    house.journal.set_state(job, JobState.RUNNING)
    seen = house.journal.job(job)
    assert house.journal.interrupt(seen, {})
    assert house.journal.claim(job, house.instance.id, [JobState.INTERRUPTED])
    assert not house.journal.interrupt(seen, {})
    assert house.state(job) is JobState.QUEUED
