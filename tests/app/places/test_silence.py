"""Drives that neither answer nor fail: here the far end of a pipe that nobody writes to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from offload_bench import wait_for

from app.errors import DestinationSilent
from app.places.silence import Patience, Silence, watcher


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    before = watcher().patience
    watcher().patience = Patience(answer=1, sync=2, slowest=1 << 40, cancelled=0.5, mention=0.5)
    try:
        yield
    finally:
        watcher().patience = before


class Drive:
    """Answers a read once somebody has written."""

    def __init__(self) -> None:
        self._out, self._in = os.pipe()

    def ask(self) -> bytes:
        return os.read(self._out, 1)

    def answer(self) -> None:
        os.write(self._in, b"x")

    def close(self) -> None:
        os.close(self._out)
        os.close(self._in)


@pytest.fixture
def drive() -> Iterator[Drive]:
    made = Drive()
    yield made
    made.close()


def test_what_is_done_for_a_drive_gives_its_answer_or_its_error() -> None:
    silence = Silence("RAID")
    assert silence.ask(lambda: 7) == 7
    with pytest.raises(FileNotFoundError):
        silence.ask(Path("/nowhere/at/all").stat)
    assert silence.fault is None


def test_one_idle_thread_does_what_is_asked_one_after_the_other_and_ends() -> None:
    silence, threads = Silence("RAID"), set()
    for _ in range(50):
        threads.add(silence.ask(threading.get_ident))
    assert len(threads) < 5
    wait_for(lambda: "ask RAID" not in [t.name for t in threading.enumerate()], "it has ended")
    assert silence.ask(lambda: 7) == 7


def test_a_drive_that_does_not_answer_is_given_up_and_its_thread_does_no_more(
    drive: Drive,
) -> None:
    silence, after = Silence("KINGSTON"), threading.Event()
    told = threading.Event()
    silence.told(told.set)

    def work() -> None:
        with silence.call():
            drive.ask()
        after.set()

    with pytest.raises(DestinationSilent, match="KINGSTON has not answered for 1 seconds"):
        silence.ask(work)
    assert told.wait(5)
    with pytest.raises(DestinationSilent), silence.call():
        raise AssertionError("nothing is asked of it any more")
    late = threading.Event()
    silence.told(late.set)
    assert late.is_set(), "who comes later is told at once"
    drive.answer()
    wait_for(lambda: not [t for t in threading.enumerate() if t.name == "ask KINGSTON"], "its end")
    assert not after.is_set(), "the thread that came back went on"


def test_a_thread_that_comes_back_late_is_stopped_at_its_next_step(drive: Drive) -> None:
    silence, ends = Silence("KINGSTON"), []

    def write() -> None:
        try:
            with silence.call():
                drive.ask()
            ends.append("went on")
        except DestinationSilent:
            ends.append("stopped")

    thread = threading.Thread(target=write)
    thread.start()
    wait_for(lambda: silence.fault, "it is given up")
    drive.answer()
    thread.join(10)
    assert ends == ["stopped"]


def test_that_it_does_not_answer_is_said_before_and_taken_back(drive: Drive) -> None:
    silence, said = Silence("RAID"), []
    silence.mention = said.append
    watcher().patience = Patience(answer=60, mention=0.5)

    def read() -> None:
        with silence.call():
            drive.ask()

    thread = threading.Thread(target=read)
    thread.start()
    wait_for(lambda: said, "it is mentioned")
    assert said[0] >= 1
    drive.answer()
    thread.join(10)
    wait_for(lambda: said[-1] == 0.0, "it is taken back")
    assert silence.fault is None


def test_a_cancelled_job_waits_less(drive: Drive) -> None:
    silence = Silence("RAID")
    watcher().patience = Patience(answer=1000, cancelled=0.5)
    silence.hurried = lambda: True
    with pytest.raises(DestinationSilent):
        silence.ask(drive.ask)
    drive.answer()


def test_a_sync_may_take_as_long_as_a_slow_drive_needs_for_what_is_in_memory() -> None:
    patience = Patience(sync=120, slowest=1 << 20)
    assert patience.for_sync(0) == 120
    assert 120 <= patience.for_sync(1 << 20) <= 121
    with Path("/proc/meminfo").open() as facts:
        memory = int(facts.readline().split()[1]) << 10
    assert patience.for_sync(1 << 60) <= 120 + memory / (1 << 20)


def test_short_calls_one_after_the_other_are_no_silence() -> None:
    silence = Silence("RAID")
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        with silence.call():
            time.sleep(0.1)
    assert silence.fault is None


def test_a_listing_that_stops_answering_gives_what_it_had_and_then_up(drive: Drive) -> None:
    silence, taken = Silence("KINGSTON"), []

    def entries() -> Iterator[int]:
        yield from range(250)
        drive.ask()

    def list_all() -> None:
        taken.extend(silence.each(entries()))

    with pytest.raises(DestinationSilent):
        silence.work(list_all)
    drive.answer()
    assert list(Silence("RAID").each(range(250))) == list(range(250))


def test_several_things_are_done_at_once_and_the_first_error_is_told(drive: Drive) -> None:
    silence = Silence("RAID")
    assert silence.work() == []
    assert silence.work(drive.ask, lambda: drive.answer() or b"y") == [b"x", b"y"]
    with pytest.raises(FileNotFoundError):
        silence.work(lambda: Path("/"), Path("/nowhere/at/all").stat)


def test_what_is_waited_for_without_end_is_given_up_only_in_a_hurry(drive: Drive) -> None:
    silence, said = Silence("A003", endless=True), []
    silence.mention = said.append
    hurry = threading.Event()
    silence.hurried = hurry.is_set
    found: list[BaseException] = []

    def wait() -> None:
        try:
            silence.ask(drive.ask)
        except DestinationSilent as error:
            found.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    wait_for(lambda: said and said[-1] >= 3, "three times its patience have passed")
    assert silence.fault is None
    hurry.set()
    thread.join(10)
    assert found == [silence.fault]
    drive.answer()


def test_the_file_that_a_drive_was_asked_for_is_named_and_what_to_do(drive: Drive) -> None:
    silence = Silence("KINGSTON", hint="Verify again.")

    def read() -> None:
        with silence.call(at="A/b.mov"):
            drive.ask()

    with pytest.raises(DestinationSilent) as raised:
        silence.work(read)
    assert str(raised.value) == (
        "KINGSTON has not answered for 1 seconds, at A/b.mov. Verify again."
    )
    drive.answer()


STOPPED = """
import sys
from app.places.silence import Patience, Silence, watcher
watcher().patience = Patience(answer=2)
silence = Silence("RAID")
with silence.call():
    print("asked", flush=True)
    sys.stdin.readline()
print(silence.fault, flush=True)
"""


def test_a_program_that_was_stopped_has_not_waited_for_its_drives() -> None:
    """As with a machine that slept: only what was seen of a silence counts."""
    with subprocess.Popen(
        [sys.executable, "-c", STOPPED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stdout.readline() == "asked\n"
        program.send_signal(signal.SIGSTOP)
        time.sleep(4)
        program.stdin.write("answered\n")
        program.stdin.flush()
        program.send_signal(signal.SIGCONT)
        assert program.stdout.readline() == "None\n"
