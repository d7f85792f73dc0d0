"""What a running job waits for is told to every Reelkeep on the profile, and who waits for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from drive import Drive
from fault_mount import FaultMount
from mount_bench import Bench
from offload_bench import MB, House, Watched, make_card, spec_for, wait_for

from app.cli.follow import follow
from app.cli.output import Output
from app.jobs.snapshot import JobState

pytestmark = pytest.mark.root


def test_another_process_says_which_drive_a_job_waits_for_and_who_waits_for_that_job(
    bench: Bench,
    faulty: Callable[[str], FaultMount],
    house: House,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    drive, reader = Drive(bench, "shuttle"), faulty("A003")
    house.declare(drive.point)
    make_card(reader.backing, {"A003C001.mov": 9 * MB, "A003C002.mov": 9 * MB})
    card = make_card(tmp_path / "B001", {"B001C001.mov": MB})
    reader.set({"op": "read", "match": "*C002*", "do": "hold"})
    with house.engine() as engine, house.engine() as other:
        with Watched(engine, spec_for(reader.point, drive.point)) as first:
            reader.wait_acted("hold")
            second = other.submit(spec_for(card, drive.point, template="{roll}"))
            uses = f"Waits for SHUTTLE, which job {first.job} (Offload A003) uses"
            wait_for(lambda: other.snapshot(second).stage.startswith(uses), "it says who")

            drive.pull()
            reader.set()
            wants = "Connect SHUTTLE again"
            wait_for(lambda: wants in other.snapshot(first.job).wants, "the other one says it")
            seen = {job.id: job for job in other.snapshots()}
            assert (seen[first.job].foreign, wants in seen[first.job].wants) == (True, True)
            assert f"{uses}. That one says: {wants}" in seen[second].stage
            assert seen[first.job].fraction > 0

            looks = 0

            def look(_: float) -> None:
                nonlocal looks
                looks += 1
                if looks == 50:
                    other.cancel(second)

            ended = follow(
                Output(as_json=False), lambda: other.snapshot(second), plain_seconds=0, wait=look
            )
            lines = capsys.readouterr().out.splitlines()
            assert ended.state is JobState.CANCELLED
            assert len(lines) == 2, lines
            assert wants in lines[0]

            drive.plug()
            assert first.end().state is JobState.DONE
        assert other.snapshot(first.job).wants == ""
