"""Pausing and cancelling a job, in every order."""

from __future__ import annotations

import threading

import pytest

from app.errors import JobCancelled
from app.jobs.control import JobControl
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId
from app.units import now


@pytest.fixture
def control() -> JobControl:
    made = JobControl(
        JobSnapshot(id=JobId("AF1ADD"), kind="offload", title="Offload", state=JobState.QUEUED)
    )
    made.start(now())
    return made


def raises_at_its_checkpoint(control: JobControl) -> bool:
    """Whether a thread of the job comes back from its checkpoint, and that as cancelled."""
    cancelled = threading.Event()

    def work() -> None:
        try:
            control.checkpoint()
        except JobCancelled:
            cancelled.set()

    threading.Thread(target=work, daemon=True).start()
    return cancelled.wait(5)


def test_a_paused_job_can_be_cancelled(control: JobControl) -> None:
    control.pause()
    assert control.state is JobState.PAUSED
    control.cancel()
    assert raises_at_its_checkpoint(control)


def test_a_pause_that_comes_after_the_cancel_does_not_hold_the_job(control: JobControl) -> None:
    control.cancel()
    control.pause()
    assert raises_at_its_checkpoint(control)


def test_a_job_goes_on_after_a_pause(control: JobControl) -> None:
    control.pause()
    passed = threading.Event()

    def work() -> None:
        control.checkpoint()
        passed.set()

    threading.Thread(target=work, daemon=True).start()
    assert not passed.wait(0.05)
    control.resume()
    assert passed.wait(5)
    assert control.state is JobState.RUNNING


def test_a_job_that_waits_for_a_person_tells_no_rate_and_no_time_left(
    control: JobControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    for rate in (control._rate, control._work_rate):
        monkeypatch.setattr(rate, "_clock", lambda: clock[0])
    control.show(work_total=1000, size=1000)
    control.snapshot()
    clock[0] = 1.0
    control.advance(100, copied=100)
    before = control.snapshot()
    assert (before.rate, before.left) == (100.0, 9.0)
    control.show(wants="Connect SHUTTLE-07 again.")
    clock[0] = 61.0
    waiting = control.snapshot()
    assert (waiting.rate, waiting.left) == (0.0, None)
    control.show(wants="")
    control.snapshot()
    clock[0] = 62.0
    control.advance(100, copied=100)
    after = control.snapshot()
    assert (after.rate, after.left) == (100.0, 8.0)
