"""The power goes during an offload: what no disk had taken yet is gone, on every drive at once.

The processes are stopped, so that nothing happens between one file system and the next; each of
these is shut down, its log written out or not; the processes are killed, and all is mounted anew.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from drive import Drive
from mount_bench import Bench, need, run
from offload_bench import (
    MB,
    House,
    accepted_by_ascmhl,
    generations,
    leftovers,
    make_card,
    tree,
    wait_for,
)

from app.jobs.snapshot import JobState
from app.offload.copying.work import CopyFact, CopyState
from app.offload.evidence.ledger import Ledger

pytestmark = pytest.mark.root
ROOT = Path(__file__).parents[2]


class Power:
    """A card, two drives, a profile on a disk of its own, and a process until the power goes."""

    def __init__(self, bench: Bench, profile_on: str, small: int) -> None:
        files: dict[str, bytes | int] = {f"CLIPS/C{n}.mov": 5 * MB + n * 700_001 for n in range(5)}
        files |= {f"SIDE/CAR/{n % 5}/{n:04}.xml": 200 + n * 37 for n in range(small)}
        self.card = make_card(bench.folder / "card" / "A003", files)
        self.whole = tree(self.card)
        self.drives = [
            Drive(bench, "one", size=128),
            Drive(bench, "two", size=330, file_system="xfs"),
        ]
        self.disk = Drive(bench, "home", size=330, file_system=profile_on)
        self.house = House(self.disk.point / "profile")
        self.house.declare(*(drive.point for drive in self.drives))
        self.house.profile.mkdir()
        lines = [f'"{key}" = "{name}"\n' for key, name in self.house.declared.items()]
        settings = self.house.profile / "settings.toml"
        settings.write_text("[devices.declared]\n" + "".join(lines))
        run("sync", "-f", settings)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def copies(self) -> list[Path]:
        return [drive.point / "A003" for drive in self.drives]

    def reelkeep(self, *arguments: object) -> subprocess.Popen[bytes]:
        """The program, at work."""
        command = [sys.executable, "-m", "app", "--profile", self.house.profile, *arguments]
        self._process = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT
        )
        return self._process

    def offload(self) -> subprocess.Popen[bytes]:
        to = [part for drive in self.drives for part in ("--to", drive.point)]
        return self.reelkeep("offload", self.card, *to, "--buffer-size", MB)

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            for helper in psutil.Process(process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    helper.kill()  # one that is stopped would not notice
            process.kill()
            process.communicate()

    def _stopped(self) -> list[psutil.Process]:
        """The program comes to a stop; answers its helpers, which have, too."""
        assert self._process is not None
        if self._process.poll() is not None:
            return []
        program = psutil.Process(self._process.pid)
        program.suspend()
        helpers = program.children(recursive=True)
        for helper in helpers:
            with contextlib.suppress(psutil.NoSuchProcess):  # it was just ending
                helper.suspend()
        return helpers

    def cut(self, *, log_written: bool) -> None:
        """The power goes, and comes back."""
        helpers = self._stopped()
        for drive in (*self.drives, self.disk):
            drive.die(log_written=log_written)
        if self._process is not None:
            self._process.kill()
        for helper in helpers:
            with contextlib.suppress(psutil.NoSuchProcess):
                helper.kill()
                helper.wait(timeout=20)
        self.close()
        for drive in (*self.drives, self.disk):
            run("umount", drive.point)
            drive.plug()

    def confirmed(self) -> list[CopyFact]:
        """The copies that the journal calls verified."""
        with self.house.engine() as engine:
            assert not engine.journal.trouble
            (job,) = engine.history()
            facts = [*Ledger(engine.journal, job.id).copies()]
        return [fact for fact in facts if fact.state is CopyState.VERIFIED]

    def check(self) -> list[CopyFact]:
        """Nothing has a final name that is not whole, and nothing is missing that is confirmed."""
        for copy in self.copies:
            for path, facts in (tree(copy) if copy.exists() else {}).items():
                if facts[0] == "file":
                    assert facts[:3] == self.whole[path][:3], path
        facts = self.confirmed()
        found = [tree(copy) if copy.exists() else {} for copy in self.copies]
        for fact in facts:
            path = os.fsencode(fact.path)
            assert found[fact.destination].get(path) == self.whole[path], fact
        return facts

    def finish(self) -> None:
        """The next start goes on, and all is as if nothing had been."""
        before = {(f.n, f.destination): f for f in self.check()}
        process = self.reelkeep("jobs", "resume")
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0, out.decode()
        after = {(f.n, f.destination): f for f in self.check_end()}
        assert before.items() <= after.items(), "what was confirmed has been done again"

    def check_end(self) -> list[CopyFact]:
        """The card is on both drives with one history for all of it, and the journal says so."""
        with self.house.engine() as engine:
            (job,) = engine.history()
        assert (job.state, job.verdict) == (JobState.DONE, "SAFE TO FORMAT"), job
        for copy in self.copies:
            assert tree(copy) == self.whole
            assert not leftovers(copy)
            assert len(generations(copy)) == 1
            accepted_by_ascmhl(copy)
        facts = self.confirmed()
        assert len(facts) == 2 * sum(1 for facts in self.whole.values() if facts[0] == "file")
        return facts

    def until(self, pattern: str) -> None:
        """Wait until something of this name lies on a drive."""
        process = self._process
        assert process is not None

        def there() -> bool:
            return any(any(copy.rglob(pattern)) for copy in self.copies)

        wait_for(lambda: process.poll() is not None or there(), pattern)
        assert there(), process.communicate()[0].decode()


@pytest.fixture
def power(bench: Bench, request: pytest.FixtureRequest) -> Iterator[Power]:
    """With the profile on the file system, and so many small files, as the test names."""
    need("mkfs.xfs", "xfs_io")
    made = Power(bench, *request.param)
    yield made
    made.close()


BEGUN, LARGE, SMALL, MANIFEST = "*.part", "*.mov", "*.xml", "ascmhl"
"""What lies on a drive when the power goes: a partial file, one with its name, a history."""
LOST, WRITTEN = False, True
EXT4, XFS, HELPED = ("ext4", 200), ("xfs", 200), ("ext4", 600)
"""Where the profile lies, and how many small files there are; many are given to helpers."""


@pytest.mark.parametrize(
    ("power", "moment", "log_written"),
    [
        (EXT4, BEGUN, LOST),
        (XFS, LARGE, LOST),
        (HELPED, SMALL, LOST),
        (EXT4, SMALL, WRITTEN),
        (EXT4, MANIFEST, LOST),
    ],
    indirect=["power"],
)
def test_a_power_cut_loses_nothing_that_was_confirmed(
    power: Power, moment: str, log_written: bool
) -> None:
    power.offload()
    power.until(moment)
    power.cut(log_written=log_written)
    power.finish()


@pytest.mark.parametrize("power", [EXT4, XFS], indirect=True)
def test_a_card_that_was_called_safe_still_is_when_the_power_goes_then(power: Power) -> None:
    out, _ = power.offload().communicate(timeout=60)
    assert b"SAFE TO FORMAT" in out
    power.cut(log_written=False)
    power.check_end()


@pytest.mark.soak
@pytest.mark.parametrize("power", [HELPED, XFS], indirect=True)
@pytest.mark.parametrize("seed", range(20))
def test_power_cuts_at_drawn_moments_lose_nothing_that_was_confirmed(
    power: Power, seed: int
) -> None:
    dice = random.Random(seed)
    process = power.offload()
    power.until(".reelkeep-*")
    for _ in range(4):
        time.sleep(dice.uniform(0, 1.2))  # the moment is what is drawn here
        if process.poll() is not None:
            break
        power.cut(log_written=dice.random() < 0.5)
        power.check()
        process = power.reelkeep("jobs", "resume")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out.decode()
    power.finish()


@pytest.mark.parametrize("power", [EXT4], indirect=True)
def test_the_disk_with_the_journal_dies_and_the_job_goes_on_when_it_is_back(power: Power) -> None:
    process = power.offload()
    power.until(LARGE)
    power.disk.die()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"SAFE TO FORMAT" not in out
    assert b"Traceback" not in out
    assert b"Check the disk that holds the profile" in out, out.decode()
    run("umount", power.disk.point)
    power.disk.plug()
    power.finish()
