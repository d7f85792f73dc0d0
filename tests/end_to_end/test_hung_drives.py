"""A drive that neither answers nor fails holds up nobody: not the other drives, not the job's end.

The drive hangs at one kind of call (its file system holds that call back), or altogether (the
program behind its mount is stopped, as with a server that is gone).
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fault_mount import FaultMount
from mount_bench import Bench, need, run
from offload_bench import (
    MB,
    House,
    Watched,
    generations,
    leftovers,
    make_card,
    spec_for,
    to,
    tree,
    wait_for,
)
from seldom import seldom

from app.engine import Engine
from app.errors import DestinationSilent, PlanRefused
from app.jobs.snapshot import JobSnapshot, JobState, PlaceState
from app.jobs.spec import JobId
from app.places.silence import Silence, watcher

pytestmark = pytest.mark.root

LARGE = {f"CLIPS/A003C00{n}.mov": 12 * MB + 4097 * n for n in range(1, 5)}
"""More than all blocks of the pool, so that a writer that keeps them stops the reader."""


@pytest.fixture
def drives(
    bench: Bench, faulty: Callable[[str], FaultMount], house: House, patience: None
) -> tuple[Path, FaultMount, Path]:
    """Two good drives, and in the middle one that can be made to hang."""
    first, hung, last = bench.ext4("one", size=96), faulty("KINGSTON"), bench.ext4("two", size=96)
    house.declare(first, hung.point, last)
    return first, hung, last


def offload(engine: Engine, card: Path, drives: tuple[Path, FaultMount, Path]) -> Watched:
    first, hung, last = drives
    return Watched(engine, spec_for(card, first, hung.point, last, wanted_copies=2))


def the_others_are_whole(card: Path, first: Path, last: Path) -> None:
    for good in (first, last):
        assert tree(good / "A003") == tree(card)
        assert leftovers(good) == []
        assert len(generations(good / "A003")) == 1


def named(done: JobSnapshot) -> None:
    """The job failed; the row of the hung drive and the error say which drive and why."""
    assert done.state is JobState.FAILED
    one, hung, two = done.places
    assert (one.state, hung.state, two.state) == (
        PlaceState.DONE, PlaceState.FAILED, PlaceState.DONE,
    )  # fmt: skip
    assert "KINGSTON has not answered for" in hung.trouble
    assert "Check its cable" in hung.trouble
    assert "KINGSTON has not answered for" in done.error
    assert not hung.safe_to_eject


@pytest.mark.parametrize(
    "rule",
    [
        seldom({"op": "create", "match": "*.part", "after": 1, "do": "hold"}),
        {"op": "write", "match": "*.part", "after": 150, "do": "hold"},
        {"op": "fsync", "match": "*.part", "do": "hold"},
        seldom({"op": "read", "match": "*.part", "after": 1, "do": "hold"}),
        seldom({"op": "rename", "match": "*.mov", "do": "hold"}),
    ],
    ids=lambda rule: f"{rule['op']}-{rule['match']}",
)
def test_a_drive_that_hangs_at_one_call_holds_up_nobody(
    bench: Bench,
    house: House,
    drives: tuple[Path, FaultMount, Path],
    rule: dict[str, object],
) -> None:
    card = make_card(bench.folder / "card" / "A003", LARGE)
    first, hung, last = drives
    hung.set(rule)
    with house.engine() as engine:
        with offload(engine, card, drives) as job:
            done = job.end()
        named(done)
        the_others_are_whole(card, first, last)
        assert engine.verdict(job.job).verified_copies == 2
        hung.set()
        the_retry_is_whole(engine, card, hung, job.job)


def the_retry_is_whole(engine: Engine, card: Path, hung: FaultMount, job: JobId) -> None:
    """The drive has come back: what it lacks is copied, and the woken threads leave nothing."""
    with Watched(engine, job) as again:
        done = again.end()
    assert [place.state for place in done.places] == [PlaceState.DONE] * 3, done
    assert tree(hung.backing / "A003") == tree(card)
    wait_for(lambda: leftovers(hung.backing) == [], "the partial files are gone")
    assert tree(hung.backing / "A003") == tree(card)


def test_a_drive_that_is_dead_altogether_holds_up_nobody(
    bench: Bench, house: House, drives: tuple[Path, FaultMount, Path]
) -> None:
    card = make_card(bench.folder / "card" / "A003", LARGE)
    first, hung, last = drives
    hung.set({"op": "write", "match": "*.part", "after": 40, "times": 1, "do": "hold"})
    with house.engine() as engine:
        with offload(engine, card, drives) as job:
            hung.wait_acted("hold")
            hung.hang()
            job.until(lambda now: "has not answered" in now.places[1].trouble, "it is mentioned")
            done = job.end()
        named(done)
        run("true")  # no program that is started waits for the drive either
        the_others_are_whole(card, first, last)
        hung.set()
        hung.wake()
        wait_for(lambda: not partials(hung.backing), "the woken thread drops its partial file")
        assert not list((hung.backing / "A003").rglob("*.mov"))
        the_retry_is_whole(engine, card, hung, job.job)


def partials(root: Path) -> list[Path]:
    return list(root.rglob("*.part"))


def test_a_drive_that_is_dead_from_the_start_is_waited_for_like_one_that_was_pulled(
    bench: Bench, house: House, drives: tuple[Path, FaultMount, Path]
) -> None:
    card = make_card(bench.folder / "card" / "A003", LARGE)
    first, hung, last = drives
    with house.engine() as engine:
        job = engine.submit(spec_for(card, first, hung.point, last, wanted_copies=2))
        hung.hang()
        with Watched(engine, job) as running:
            running.until(lambda now: "KINGSTON" in now.wants, "it is asked for")
            the_card_is_on(card, first)
            hung.wake()
            done = running.end()
    assert [place.state for place in done.places] == [PlaceState.DONE] * 3, done
    assert tree(hung.backing / "A003") == tree(card)


def the_card_is_on(card: Path, good: Path) -> None:
    assert tree(good / "A003") == tree(card)


def test_a_frozen_file_system_of_the_kernel_holds_up_nobody(
    bench: Bench, faulty: Callable[[str], FaultMount], house: House, patience: None
) -> None:
    """Its calls cannot even be interrupted."""
    need("fsfreeze")
    reader = faulty("A003")
    card = make_card(reader.backing, LARGE)
    reader.set({"op": "read", "match": "*C003*", "do": "hold"})
    first, frozen = bench.ext4("one", size=96), bench.ext4("frozen", size=96)
    house.declare(first, frozen)
    with house.engine() as engine:
        with Watched(engine, spec_for(reader.point, first, frozen, wanted_copies=1)) as job:
            reader.wait_acted("hold")
            bench.undone(
                lambda: subprocess.run(["fsfreeze", "-u", frozen], capture_output=True, check=False)
            )
            run("fsfreeze", "-f", frozen)
            reader.set()
            done = job.end()
        assert done.state is JobState.FAILED
        assert "frozen has not answered for" in done.error
        assert done.safe
        assert tree(first / "A003") == tree(card)
        run("fsfreeze", "-u", frozen)
        wait_for(lambda: not partials(frozen), "the woken thread drops its partial file")
        with Watched(engine, job.job) as again:
            done = again.end()
        assert done.state is JobState.DONE, done
        assert tree(frozen / "A003") == tree(card)
        assert leftovers(frozen) == []


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(LARGE, id="large", marks=pytest.mark.soak),
        pytest.param({f"IMG_{n:04}.jpg": 20_000 + n for n in range(200)}, id="small"),
    ],
)
def test_a_disk_whose_writes_never_end_holds_up_nobody(
    bench: Bench,
    faulty: Callable[[str], FaultMount],
    house: House,
    patience: None,
    files: dict[str, bytes | int],
) -> None:
    """As with a dead USB drive, the file system is well and waits for its disk."""
    reader, cable = faulty("A003"), faulty("cable")
    card = make_card(reader.backing, files)
    first = bench.ext4("one", size=96)
    image = bench.image("disk.img", 96, "mkfs.ext4", "-qF", folder=cable.backing)
    disk = bench.mount(bench.loop(cable.point / image.name), "KINGSTON")
    bench.undone(cable.wake)
    house.declare(first, disk)
    reader.set({"op": "read", "match": f"*{sorted(files)[-1]}", "do": "hold"})
    with house.engine() as engine:
        with Watched(engine, spec_for(reader.point, first, disk, wanted_copies=1)) as job:
            reader.wait_acted("hold")
            cable.hang()
            reader.set()
            done = job.end()
        assert done.state is JobState.FAILED
        assert "KINGSTON has not answered for" in done.error
        assert done.safe
        assert tree(first / "A003") == tree(card)
        cable.wake()
        with Watched(engine, job.job) as again:
            done = again.end()
        assert done.state is JobState.DONE, done
        assert tree(disk / "A003") == tree(card)
        assert leftovers(disk) == []


def test_cancelling_does_not_wait_for_a_drive_that_hangs_while_it_is_opened(
    bench: Bench, house: House, drives: tuple[Path, FaultMount, Path]
) -> None:
    watcher().patience = replace(watcher().patience, answer=1000, sync=1000)
    card = make_card(bench.folder / "card" / "A003", LARGE)
    _, hung, _ = drives
    hung.set({"op": "create", "match": "*.job", "do": "hold"})
    with house.engine() as engine:
        with offload(engine, card, drives) as job:
            hung.wait_acted("hold")
            engine.cancel(job.job)
            done = job.end()
        assert done.state is JobState.CANCELLED
        hung.set()


def test_cancelling_does_not_wait_for_a_hung_drive(
    bench: Bench, house: House, drives: tuple[Path, FaultMount, Path]
) -> None:
    watcher().patience = replace(watcher().patience, answer=1000, sync=1000)
    card = make_card(bench.folder / "card" / "A003", LARGE)
    _, hung, _ = drives
    hung.set({"op": "fsync", "match": "*.part", "do": "hold"})
    with house.engine() as engine:
        with offload(engine, card, drives) as job:
            hung.wait_acted("hold")
            engine.pause(job.job)
            assert job.now.state is JobState.PAUSED
            engine.resume(job.job)
            engine.cancel(job.job)
            done = job.end()
        assert done.state is JobState.CANCELLED
        hung.set()
        wait_for(lambda: not partials(hung.backing), "the woken thread drops its partial file")


def test_a_drive_that_hangs_while_manifests_are_written_does_not_hold_up_the_end(
    bench: Bench, house: House, drives: tuple[Path, FaultMount, Path]
) -> None:
    card = make_card(bench.folder / "card" / "A003", LARGE)
    first, hung, last = drives
    hung.set({"op": "create", "match": "*/ascmhl/*", "do": "hold"})
    with house.engine() as engine:
        with offload(engine, card, drives) as job:
            done = job.end()
        named(done)
        the_others_are_whole(card, first, last)
        hung.set()
        the_retry_is_whole(engine, card, hung, job.job)
        assert len(generations(hung.backing / "A003")) == 1


def test_a_plan_names_a_drive_that_does_not_answer(
    bench: Bench, house: House, drives: tuple[Path, FaultMount, Path]
) -> None:
    card = make_card(bench.folder / "card" / "A003", {"a.mov": 70_001})
    first, hung, _ = drives
    with house.engine() as engine:
        hung.hang()
        with pytest.raises(PlanRefused, match="KINGSTON does not answer"):
            engine.plan(spec_for(card, first, hung.point))
        assert engine.plan(spec_for(card, first)).refusals == ()
        assert str(hung.point) in {str(volume.mount_point) for volume in engine.volumes()}
        hung.wake()
        wait_for(
            lambda: engine.plan(spec_for(card, first, hung.point)).refusals == (),
            "the drive that answers again can be planned for",
        )


@pytest.mark.parametrize("op", [seldom("create"), "write", seldom("read"), seldom("rename")])
def test_a_drive_that_hangs_at_small_files_holds_up_nobody(
    bench: Bench, house: House, drives: tuple[Path, FaultMount, Path], op: str
) -> None:
    files = {f"STILLS/IMG_{n:04}.jpg": 20_000 + n for n in range(300)}
    card = make_card(bench.folder / "card" / "A003", files)
    first, hung, last = drives
    match = "*.jpg" if op == "rename" else "*.part"
    hung.set({"op": op, "match": match, "after": 20, "do": "hold"})
    with house.engine() as engine:
        with offload(engine, card, drives) as job:
            done = job.end()
        named(done)
        the_others_are_whole(card, first, last)
        hung.set()
        the_retry_is_whole(engine, card, hung, job.job)


@pytest.mark.parametrize("many", [False, True], ids=["large", "small"])
def test_a_drive_that_hangs_while_it_is_copied_on_from_is_named_and_another_one_takes_its_place(
    bench: Bench, house: House, drives: tuple[Path, FaultMount, Path], many: bool
) -> None:
    files = {f"IMG_{n:04}.jpg": 20_000 + n for n in range(200)} if many else LARGE
    card = make_card(bench.folder / "card" / "A003", files)
    first, hung, last = drives
    match = "*IMG_0100.jpg" if many else "*C002.mov"
    hung.set({"op": "read", "match": match, "do": "hold"})
    spec = replace(
        spec_for(card, wanted_copies=2),
        destinations=(*to(hung.point), *to(first), *to(last, stage=1)),
    )
    with house.engine() as engine:
        with Watched(engine, spec) as job:
            done = job.end()
        assert done.state is JobState.FAILED
        assert [place.state for place in done.places] == [
            PlaceState.FAILED, PlaceState.DONE, PlaceState.DONE,
        ]  # fmt: skip
        assert "KINGSTON has not answered for" in done.places[0].trouble
        assert "KINGSTON has not answered for" in done.error
        the_others_are_whole(card, first, last)
        hung.set()
        the_retry_is_whole(engine, card, hung, job.job)


PROGRAM = """
import sys
from app.__main__ import main
from app.places.silence import Patience, Silence, watcher
watcher().patience = Patience(answer=3, sync=4, slowest=1 << 40)
sys.exit(main())
"""


def test_the_command_ends_though_the_kernel_keeps_its_process(
    bench: Bench, house: House, drives: tuple[Path, FaultMount, Path]
) -> None:
    card = make_card(bench.folder / "card" / "A003", LARGE)
    first, hung, last = drives
    hung.set({"op": "write", "match": "*.part", "after": 40, "times": 1, "do": "hold"})
    command = [
        sys.executable, "-c", PROGRAM, "--profile", house.profile, "offload", card,
        "--to", first, "--to", hung.point, "--to", last, "--name", "A003", "--json",
    ]  # fmt: skip
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        hung.wait_acted("hold")
        hung.hang()  # from here on the kernel does not even close a file there
        said, _ = program.communicate(timeout=60)
    finally:
        hung.set()
        hung.wake()
        program.communicate()
    assert program.returncode == 1
    result = json.loads(said.splitlines()[-1])
    assert result["event"] == "result"
    assert "KINGSTON has not answered" in said
    for good in (first, last):
        assert tree(good / "A003") == tree(card)
    retry = [sys.executable, "-m", "app", "--profile", house.profile, "jobs", "retry"]
    job = result["jobs"][0]["job"]
    subprocess.run([*retry, job], capture_output=True, check=False, timeout=60)
    assert tree(hung.backing / "A003") == tree(card)


def test_a_disk_that_is_busy_with_other_writes_is_not_silent(bench: Bench, patience: None) -> None:
    watcher().patience = replace(watcher().patience, answer=2)
    disk = bench.ext4("disk")
    silence = Silence("disk", disk.stat().st_dev)
    out, into = os.pipe()
    asked = threading.Thread(target=lambda: hold(silence, out))
    asked.start()
    try:
        end = time.monotonic() + 5
        while time.monotonic() < end:
            with (disk / "other").open("wb") as file:
                file.write(b"another file")
                os.fsync(file.fileno())
            time.sleep(0.05)
        assert silence.fault is None
        run("sync", "-f", disk)
        wait_for(lambda: silence.fault, "once it does nothing more, it is silent", 60)
    finally:
        os.write(into, b"x")
        asked.join()
        os.close(out)
        os.close(into)


def hold(silence: Silence, answer: int) -> None:
    """Ask, and wait for the answer."""
    with contextlib.suppress(DestinationSilent), silence.call():
        os.read(answer, 1)


def test_a_report_folder_that_hangs_is_named_and_takes_nothing_from_the_verdict(
    bench: Bench, faulty: Callable[[str], FaultMount], house: House, card: Path, patience: None
) -> None:
    drive, share = bench.ext4("one", size=96), faulty("NAS")
    house.declare(drive)
    share.set({"op": "create", "do": "hold"})
    spec = spec_for(card, drive, wanted_copies=1, report=share.point / "reports")
    with house.engine() as engine:
        try:
            with Watched(engine, spec) as watched:
                ended = watched.end()
        finally:
            share.set()
        assert (ended.state, ended.safe) == (JobState.DONE, True)
        assert "NAS/reports, has not answered" in ended.error


def test_a_drive_that_hangs_while_it_is_looked_at_holds_up_neither_plan_nor_retry(
    drives: tuple[Path, FaultMount, Path], house: House, card: Path
) -> None:
    first, hung, last = drives
    with house.engine() as engine:
        job = engine.run(spec_for(card, first, hung.point, last, wanted_copies=2)).id
        (last / "A003/index.xml").unlink()
        hung.set({"op": "getattr", "match": "*A003C001.mov", "do": "hold"})
        try:
            with pytest.raises(DestinationSilent, match="has not answered"):
                engine.plan(spec_for(card, first, hung.point, last))
            engine.journal.set_state(job, JobState.FAILED)
            with Watched(engine, job) as watched:
                ended = watched.end()
        finally:
            hung.set()
        assert ended.state in {JobState.DONE, JobState.FAILED}
        assert (last / "A003/index.xml").exists()
