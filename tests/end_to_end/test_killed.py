"""A process that dies in the middle of an offload, and the one that takes its place."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from mount_bench import Bench, run
from offload_bench import (
    MB,
    House,
    accepted_by_ascmhl,
    generations,
    leftovers,
    make_card,
    spec_for,
    tree,
    wait_for,
)
from seldom import seldom

from app.jobs.snapshot import JobState
from app.jobs.spec import spec_to_json
from app.offload.evidence.ledger import Ledger

pytestmark = pytest.mark.root
_PROGRAM = Path(__file__).parent.parent / "shared" / "offload_process.py"


class Killed:
    """A card, two drives, and processes that copy one to the others until they are killed."""

    def __init__(self, bench: Bench, house: House, files: dict[str, bytes | int]) -> None:
        self.house = house
        self.card = make_card(bench.folder / "card" / "A003", files)
        self.drives = [bench.ext4(name, name, 256) for name in ("one", "two")]
        house.declare(*self.drives)
        house.profile.mkdir()
        (house.profile / "declared.json").write_text(json.dumps(house.declared))
        self._spec = bench.folder / "spec.json"
        self._spec.write_text(spec_to_json(spec_for(self.card, *self.drives)))
        self._process: subprocess.Popen[str] | None = None

    def start(self, *, begin: bool) -> subprocess.Popen[str]:
        """A new process; answers once its job is in the journal."""
        arguments = [sys.executable, _PROGRAM, self.house.profile]
        self._process = subprocess.Popen(
            [*arguments, self._spec] if begin else arguments,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("job "), line + self._process.communicate()[1]
        return self._process

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def check_names(self) -> None:
        """Whatever has a final name has all its bytes, too."""
        whole = tree(self.card)
        for drive in self.drives:
            for path, facts in tree(drive / "A003").items():
                if facts[0] == "file":
                    assert facts[:3] == whole[path][:3], path

    def check_end(self) -> None:
        """The card is on both drives, once, with one history for all of it."""
        for drive in self.drives:
            copy = drive / "A003"
            assert tree(copy) == tree(self.card)
            assert not leftovers(drive)
            assert len(generations(copy)) == 1
            accepted_by_ascmhl(copy)
        with self.house.engine() as engine:
            (job,) = engine.history()
            assert (job.state, job.verdict) == (JobState.DONE, "SAFE TO FORMAT")
            assert not engine.interrupted()

    def kill_at_random(self, seed: int, kills: int) -> None:
        """Kill it so often, each time after another while, then let it come to its end."""
        dice = random.Random(seed)
        begin = True
        for _ in range(kills):
            process = self.start(begin=begin)
            begin = False
            time.sleep(dice.uniform(0, 1.0))  # the moment is what is drawn here
            process.kill()
            out, err = process.communicate()
            assert "Traceback" not in err, err
            self.check_names()
            if "done" in out:
                break
        else:
            out, err = self.start(begin=False).communicate(timeout=60)
            assert out == "done SAFE TO FORMAT \n", out + err
        self.check_end()


@pytest.fixture
def killed(bench: Bench, house: House) -> Iterator[Killed]:
    files: dict[str, bytes | int] = {f"CLIPS/C{n:03}.mov": 4 * MB + n * 1_000_003 for n in range(8)}
    files |= {f"SIDE/CAR/{n % 7}/{n:04}.xml": 200 + n * 37 for n in range(250)}
    made = Killed(bench, house, files)
    yield made
    made.close()


@pytest.mark.parametrize("seed", [0, 1, 2, seldom(3), seldom(4)])
def test_kill_and_resume_gives_the_whole_card(killed: Killed, seed: int) -> None:
    killed.kill_at_random(seed, kills=2)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 120))
def test_kill_at_20_moments_and_resume_gives_the_whole_card(killed: Killed, seed: int) -> None:
    killed.kill_at_random(seed, kills=4)


def test_a_killed_job_tells_its_confirmed_share_with_card_and_drives_gone(
    bench: Bench, house: House
) -> None:
    killed = Killed(bench, house, {f"CLIPS/C{n:03}.mov": 5 * MB for n in range(36)})
    process = killed.start(begin=True)
    reader = sqlite3.connect(f"file:{house.profile / 'journal.sqlite'}?mode=ro", uri=True)
    held = "SELECT count(*) FROM copies WHERE destination=0"
    wait_for(lambda: reader.execute(held).fetchone()[0] >= 3, "three copies that are confirmed")
    reader.close()
    process.kill()
    process.wait()
    killed.close()
    for drive in killed.drives:
        run("umount", drive)
    shutil.rmtree(killed.card)
    with house.engine() as engine:
        (job,) = engine.interrupted()
        ledger = Ledger(engine.journal, job.id)
        have = [ledger.count_held(n) * 5 * MB for n in range(2)]
    assert have[0] >= 3 * 5 * MB
    assert [place.verified for place in job.places] == have
    assert job.work_total == 36 * 5 * MB * 6
    assert 2 * sum(have) <= job.work_done < job.work_total
    assert job.copied <= min(have)
