"""Clocks that are set back, stand in 1980, or run far ahead while cards are offloaded."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fault_mount import FaultMount
from mount_bench import Bench, need, run
from offload_bench import (
    MB,
    SMALL_CARD,
    House,
    accepted_by_ascmhl,
    generations,
    leftovers,
    make_card,
    tree,
)

from app.jobs.snapshot import JobState
from app.offload.evidence.ledger import Ledger
from app.units import now

pytestmark = pytest.mark.root
ROOT = Path(__file__).parents[2]
Faulty = Callable[[str], FaultMount]

SOURCE = ROOT / "tests" / "shared" / "set_clock.c"


def away(moment: datetime) -> int:
    """Seconds from now to *moment*."""
    return round((moment - now()).total_seconds())


NOW, HOUR_BACK, YEARS_BACK = 0, -3600, -2 * 365 * 86_400
IN_1980 = away(datetime(1980, 1, 1, tzinfo=UTC))
IN_2040 = away(datetime(2040, 2, 29, 23, 59, 58, tzinfo=UTC))


class Clock:
    """A card that can be held, two drives, and programs that go by a clock of ours."""

    def __init__(self, bench: Bench, house: House, card: FaultMount) -> None:
        self.card = card
        make_card(card.backing, SMALL_CARD)
        self.house = house
        self.drives = [bench.ext4(name, name, 64) for name in ("one", "two")]
        house.declare(*self.drives)
        house.profile.mkdir()
        lines = [f'"{key}" = "{name}"\n' for key, name in house.declared.items()]
        (house.profile / "settings.toml").write_text("[devices.declared]\n" + "".join(lines))
        self._says = bench.folder / "clock"
        self._library = bench.folder / "set_clock.so"
        run("tcc", "-shared", "-nostdlib", "-o", self._library, SOURCE)
        self._started: list[subprocess.Popen[str]] = []

    def set(self, shift: int) -> None:
        """How many seconds the clock goes wrong from now on, for programs that run already, too."""
        fresh = self._says.with_suffix(".new")
        fresh.write_text(str(shift))
        fresh.rename(self._says)

    def reelkeep(self, *arguments: object) -> subprocess.Popen[str]:
        """The program, at work; only its clock is another, not what the file systems say."""
        command = [sys.executable, "-m", "app", "--profile", self.house.profile, *arguments]
        started = subprocess.Popen(
            list(map(str, command)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={
                **os.environ,
                "LD_PRELOAD": str(self._library),
                "CLOCK_SHIFT": str(self._says),
            },
        )
        self._started.append(started)
        return started

    def offload(self) -> subprocess.Popen[str]:
        to = [part for drive in self.drives for part in ("--to", drive)]
        return self.reelkeep("--json", "offload", self.card.point, *to, "--buffer-size", MB)

    def close(self) -> None:
        self.card.set()
        for process in self._started:
            process.kill()
            process.communicate()

    def check(self, told: int) -> None:
        """The card is whole and safe, every proof came after its write, manifests are valid."""
        for drive in self.drives:
            copy = drive / "A003"
            assert tree(copy) == tree(self.card.backing)
            assert not leftovers(drive)
            assert len(generations(copy)) == told
            accepted_by_ascmhl(copy)
        with self.house.engine() as engine:
            job = next(engine.history())
            assert (job.state, job.verdict) == (JobState.DONE, "SAFE TO FORMAT")
            assert engine.verdict(job.id).safe
            for fact in Ledger(engine.journal, job.id).copies():
                assert fact.read is not None
                assert fact.read >= fact.written


def ended(process: subprocess.Popen[str]) -> dict[str, object]:
    """What a program said last; it went well."""
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, out + err
    assert "Traceback" not in err
    answer: dict[str, object] = json.loads(out.splitlines()[-1])
    return answer


@pytest.fixture
def clock(bench: Bench, house: House, faulty: Faulty) -> Iterator[Clock]:
    need("tcc")
    made = Clock(bench, house, faulty("A003"))
    yield made
    made.close()


def test_a_clock_that_is_set_back_before_the_read_back_does_not_unmake_the_proof(
    clock: Clock,
) -> None:
    clock.card.set({"op": "read", "match": "*T001.wav", "after": 1, "do": "hold"})
    clock.set(NOW)
    process = clock.offload()
    clock.card.wait_acted("hold")  # the small files are written, and compared with the card again
    clock.set(HOUR_BACK)
    clock.card.set()
    ended(process)
    clock.check(told=1)


@pytest.mark.parametrize(
    ("first", "later"),
    [(IN_2040, YEARS_BACK), (NOW, IN_1980)],
    ids=["from 2040", "to 1980"],
)
def test_a_job_resumed_by_another_clock_ends_with_one_valid_manifest(
    clock: Clock, first: int, later: int
) -> None:
    clock.card.set({"op": "read", "match": "*C002.mov", "at": 3 * MB, "do": "hold"})
    clock.set(first)
    process = clock.offload()
    clock.card.wait_acted("hold")
    process.send_signal(signal.SIGTERM)
    assert process.stderr is not None
    assert "Stopping" in process.stderr.readline()
    clock.card.set()
    process.communicate(timeout=60)
    clock.set(later)
    result = ended(clock.reelkeep("jobs", "resume", "--json"))
    assert result["ok"]
    clock.check(told=1)


def test_a_card_verified_by_a_clock_that_was_set_back_stays_safe(clock: Clock) -> None:
    clock.set(IN_2040)
    ended(clock.offload())
    clock.set(NOW)
    for drive in clock.drives:
        ended(clock.reelkeep("--json", "verify", drive / "A003"))
    clock.check(told=2)
    with clock.house.engine() as engine:
        job = next(engine.history())
        report = engine.report(job.id)
    assert report.safe
    assert report.started > now() + timedelta(days=365)
