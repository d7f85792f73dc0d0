"""A card that neither answers nor fails: the job says so, can be cancelled, and goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from fault_mount import FaultMount
from offload_bench import (
    MB,
    House,
    Watched,
    generations,
    leftovers,
    make_card,
    spec_for,
    tree,
    wait_for,
)
from seldom import seldom

from app.errors import PlanRefused
from app.jobs.snapshot import JobSnapshot, JobState
from app.places.silence import watcher

pytestmark = pytest.mark.root

LARGE: dict[str, bytes | int] = {f"CLIPS/A003C00{n}.mov": 9 * MB + 4097 * n for n in range(1, 4)}
MIXED: dict[str, bytes | int] = {**LARGE, **{f"IMG_{n:04}.jpg": 20_000 + n for n in range(200)}}
MANY: dict[str, bytes | int] = {f"IMG_{n:04}.jpg": 2000 + n for n in range(700)}
"""So many that helper processes read them."""


@pytest.fixture
def reader(faulty: Callable[[str], FaultMount], patience: None) -> FaultMount:
    return faulty("A003")


def asks(now: JobSnapshot) -> bool:
    return now.wants.startswith("The card A003 does not answer")


@pytest.mark.parametrize(
    ("files", "rule", "at"),
    [
        seldom(LARGE, {"op": "open", "match": "*C002*"}, "CLIPS/A003C002.mov"),
        (LARGE, {"op": "read", "match": "*C002*", "after": 20}, "CLIPS/A003C002.mov"),
        seldom(LARGE, {"op": "read", "match": "*C003*", "after": 80}, "CLIPS/A003C003.mov"),
        (MIXED, {"op": "open", "match": "*0100.jpg", "after": 1}, "IMG_0100.jpg"),
        (MANY, {"op": "read", "match": "*0300.jpg"}, "IMG_0300.jpg"),
    ],
    ids=["open", "read", "second-read", "small-second", "many"],
)
def test_a_card_that_hangs_is_asked_for_and_the_job_goes_on_when_it_answers(
    reader: FaultMount,
    two: tuple[Path, Path],
    house: House,
    files: dict[str, bytes | int],
    rule: dict[str, object],
    at: str,
) -> None:
    card = make_card(reader.backing, files)
    reader.set({**rule, "do": "hold"})
    with house.engine() as engine:
        with Watched(engine, spec_for(reader.point, *two)) as job:
            said = job.until(asks, "it is asked for")
            assert said.stage.startswith("A003 has not answered for")
            assert said.stage.endswith(f", at {at}.")
            assert said.wants == (
                f"The card A003 does not answer, at {at}. Check the reader and its cable; the"
                " job goes on by itself."
            )
            reader.set()
            job.until(lambda now: not now.wants, "nothing is asked for any more")
            done = job.end()
        assert done.state is JobState.DONE, done
        assert done.safe
    for drive in two:
        assert tree(drive / "A003") == tree(card)
        assert leftovers(drive) == []
        assert len(generations(drive / "A003")) == 1


@pytest.mark.parametrize(
    ("files", "match"),
    [seldom(MIXED, "*C002*"), (MIXED, "*0100.jpg"), seldom(MANY, "*0300.jpg")],
    ids=["large", "small", "many"],
)
def test_cancelling_does_not_wait_for_a_card_that_hangs(
    reader: FaultMount,
    two: tuple[Path, Path],
    house: House,
    files: dict[str, bytes | int],
    match: str,
) -> None:
    watcher().patience = replace(watcher().patience, answer=1000, sync=1000)
    card = make_card(reader.backing, files)
    reader.set({"op": "read", "match": match, "after": 1, "do": "hold"})
    with house.engine() as engine:
        with Watched(engine, spec_for(reader.point, *two)) as job:
            job.until(lambda now: "has not answered" in now.stage, "it hangs")
            engine.cancel(job.job)
            done = job.end()
        assert done.state is JobState.CANCELLED
        for drive in two:
            assert leftovers(drive) == [], "what was half written is gone, though the card hangs"
        no_helper_is_left()
        reader.set()
        wait_for(lambda: not threads("ask A003"), "the thread that hung has ended")
        with Watched(engine, job.job) as again:
            done = again.end()
        assert done.state is JobState.DONE, done
    for drive in two:
        assert tree(drive / "A003") == tree(card)
        assert leftovers(drive) == []


def no_helper_is_left() -> None:
    """None that could hold a drive any more."""
    wait_for(lambda: not any(map(helps, psutil.Process().children(recursive=True))), "their end")


def helps(process: psutil.Process) -> bool:
    try:
        return any("crew_process" in word for word in process.cmdline())
    except psutil.Error:
        return False  # it has ended


def threads(name: str) -> list[str]:
    return [one.name for one in threading.enumerate() if one.name == name]


def test_a_card_that_is_dead_altogether_is_asked_for_and_found_again(
    reader: FaultMount, two: tuple[Path, Path], house: House
) -> None:
    card = make_card(reader.backing, LARGE)
    reader.set({"op": "read", "match": "*C002*", "after": 20, "times": 1, "do": "hold"})
    with house.engine() as engine:
        with Watched(engine, spec_for(reader.point, *two)) as job:
            reader.wait_acted("hold")
            reader.hang()
            job.until(asks, "it is asked for")
            reader.set()
            reader.wake()
            done = job.end()
        assert done.state is JobState.DONE, done
        assert tree(two[0] / "A003") == tree(card)


def test_a_card_that_hangs_while_it_is_listed_again_is_asked_for(
    reader: FaultMount, two: tuple[Path, Path], house: House
) -> None:
    make_card(reader.backing, LARGE)
    with house.engine() as engine:
        with Watched(engine, spec_for(reader.point, *two)) as job:
            job.until(lambda now: now.copied, "it is being copied")
            reader.set({"op": "readdir", "match": "*", "do": "hold"})
            job.until(asks, "it is asked for")
            reader.set()
            done = job.end()
        assert (done.state, done.safe) == (JobState.DONE, True), done


def test_a_plan_names_a_card_that_does_not_answer(
    reader: FaultMount, two: tuple[Path, Path], house: House
) -> None:
    make_card(reader.backing, LARGE)
    with house.engine() as engine:
        reader.hang()
        with pytest.raises(PlanRefused, match="A003 does not answer"):
            engine.plan(spec_for(reader.point, *two))
        reader.wake()
        wait_for(
            lambda: engine.plan(spec_for(reader.point, *two)).refusals == (),
            "the card that answers again can be planned for",
        )


PROGRAM = """
import sys
from app.__main__ import main
from app.places.silence import Patience, watcher
watcher().patience = Patience(answer=3, sync=4, slowest=1 << 40, cancelled=1, mention=1)
sys.exit(main())
"""


def test_ctrl_c_ends_the_command_though_the_card_keeps_its_process(
    reader: FaultMount, two: tuple[Path, Path], house: House
) -> None:
    make_card(reader.backing, LARGE)
    reader.set({"op": "read", "match": "*C002*", "after": 20, "times": 1, "do": "hold"})
    command = [
        sys.executable, "-c", PROGRAM, "--profile", house.profile, "offload", reader.point,
        "--to", two[0], "--to", two[1], "--name", "A003", "--json",
    ]  # fmt: skip
    program = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        reader.wait_acted("hold")
        reader.hang()
        os.kill(program.pid, signal.SIGINT)
        program.communicate(timeout=60)
    finally:
        reader.set()
        reader.wake()
        program.communicate()
    assert program.returncode == 130
    assert leftovers(two[0]) == leftovers(two[1]) == []
