"""Cancelling while the last file is read back: a cancelled job, not a failed one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_mount import FaultMount
from mount_bench import Bench, need
from offload_bench import MB, House, Watched, make_card, spec_for

from app.jobs.snapshot import JobState
from app.offload.spec import VerifyMode


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    need("losetup", "mkfs.ext4")
    made = Bench(tmp_path)
    try:
        yield made
    finally:
        made.close()


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
