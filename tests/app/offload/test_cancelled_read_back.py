"""Cancelling late, or by Ctrl-C: a cancelled job, not a failed one, watched to its true end."""

import os
import signal
import threading
import time

import pytest
from fault_mount import FaultMount
from offload_bench import MB, House, Watched, make_card, spec_for, wait_for

from app.jobs.snapshot import JobState
from app.offload.spec import VerifyMode


@pytest.mark.root
@pytest.mark.parametrize("verify", [VerifyMode.READ_BACK, VerifyMode.FULL])
def test_a_job_cancelled_during_the_last_read_back_is_cancelled(bench, tmp_path, verify):
    drive = FaultMount(bench, "drive")
    drive.set({"op": "read", "match": "*.part", "at": 1, "do": "hold"})
    card = make_card(tmp_path / "A003", {"A003C001.mov": 6 * MB})
    with House(tmp_path / "profile").engine() as engine:
        with Watched(engine, spec_for(card, drive.point, verify=verify)) as watched:
            drive.wait_acted("hold")
            engine.cancel(watched.job)
            drive.set()
            ended = watched.end()

        assert ended.state is JobState.CANCELLED
        assert [path.name for path in drive.backing.rglob("*.mov")] == []


@pytest.mark.root
@pytest.mark.parametrize("times", [1, 20])
def test_ctrl_c_in_a_script_is_waited_for_until_the_job_has_ended(bench, tmp_path, times, request):
    # Whoever starts the tests in the background of a shell has them ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    drive = FaultMount(bench, "drive")
    drive.set({"op": "read", "match": "*.part", "at": 1, "do": "hold"})
    card = make_card(tmp_path / "A003", {"A003C001.mov": 6 * MB})

    def interrupt() -> None:
        drive.wait_acted("hold")
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
        controls = engine._runner._controls.values()
        wait_for(lambda: all(control.cancelled for control in controls), "it was heard")
        drive.set()

    with House(tmp_path / "profile").engine() as engine:
        helper = threading.Thread(target=interrupt)
        helper.start()
        ended = engine.run(spec_for(card, drive.point))
        helper.join()

        assert ended.state is JobState.CANCELLED
        assert not [t.name for t in threading.enumerate() if t.name.startswith(("runner", "job "))]
