"""Nothing of a job keeps a drive busy once the job has ended."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from mount_bench import Bench, run
from offload_bench import House, spec_for

from app.jobs.snapshot import JobState

pytestmark = pytest.mark.root


def held_below(folder: Path) -> list[str]:
    """What this process holds open there."""
    links = []
    for number in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink(f"/proc/self/fd/{number}"))
        except FileNotFoundError:
            continue  # it was the listing itself
    return [link for link in links if Path(link).is_relative_to(folder)]


def test_a_drive_that_refused_to_be_written_to_can_be_unmounted(
    bench: Bench, house: House, card: Path
) -> None:
    drives = [bench.ext4(name, name, 64) for name in ("one", "two")]
    house.declare(*drives)
    with house.engine() as engine:
        job = engine.submit(spec_for(card, *drives))
        (drives[1] / "A003").mkdir()
        run("mount", "-o", "remount,ro", drives[1])
        engine._runner.run((job,))
        assert engine.snapshot(job).state is JobState.FAILED
        assert held_below(drives[1]) == []
        run("umount", drives[1])
