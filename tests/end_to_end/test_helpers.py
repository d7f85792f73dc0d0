"""Many small files are copied by helper processes; what happens to these never harms the job."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from fault_mount import FaultMount
from mount_bench import Bench
from offload_bench import (
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

from app.jobs.snapshot import JobSnapshot, JobState
from app.offload.copying.crew import MANY
from app.offload.copying.small import BATCH_FILES

pytestmark = pytest.mark.root

FEW = MANY + 100
"""Small files that helpers are started for."""


def card_of(bench: Bench, count: int) -> Path:
    names = (f"STILLS/{n // 100:02}/IMG_{n:05}.jpg" for n in range(count))
    files: dict[str, bytes | int] = {n: 3000 + i if i % 50 else 0 for i, n in enumerate(names)}
    return make_card(bench.folder / "card" / "A003", files)


@pytest.fixture
def card(bench: Bench) -> Path:
    """A card with more small files than one batch holds."""
    return card_of(bench, BATCH_FILES + MANY)


def helpers() -> list[psutil.Process]:
    """The helper processes of this program."""
    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            if "app.offload.copying.crew_process" in child.cmdline():
                found.append(child)
        except psutil.Error:
            continue  # it has just ended
    return found


def whole(done: JobSnapshot, card: Path, *drives: Path) -> None:
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT"), done
    for drive in drives:
        assert tree(drive / "A003") == tree(card)
        assert leftovers(drive) == []
        assert len(generations(drive / "A003")) == 1
    assert helpers() == []


def test_many_small_files_are_copied_by_helpers_that_are_gone_afterwards(
    house: House, card: Path, two: tuple[Path, Path]
) -> None:
    seen: set[int] = set()
    with house.engine() as engine, Watched(engine, spec_for(card, *two)) as job:
        while not job.ended.wait(0.02):
            seen |= {helper.pid for helper in helpers()}
        whole(job.now, card, *two)
    assert seen


@pytest.mark.parametrize(
    ("which", "how"), [(0, signal.SIGKILL), seldom(0, signal.SIGTERM), seldom(-1, signal.SIGKILL)]
)
def test_the_job_goes_on_without_a_helper_that_was_killed(
    house: House, card: Path, two: tuple[Path, Path], which: int, how: signal.Signals
) -> None:
    """The first one has forked the others, which are a hand each."""
    with house.engine() as engine, Watched(engine, spec_for(card, *two)) as job:
        job.until(lambda now: now.copied, "something was copied")
        helpers()[which].send_signal(how)
        whole(job.end(), card, *two)


def test_a_cancelled_job_leaves_no_partial_file_and_no_helper(
    house: House, card: Path, two: tuple[Path, Path]
) -> None:
    with house.engine() as engine:
        with Watched(engine, spec_for(card, *two)) as job:
            job.until(lambda now: now.copied, "something was copied")
            engine.cancel(job.job)
            assert job.end().state is JobState.CANCELLED
            assert helpers() == []
        for drive in two:
            assert leftovers(drive) == []
        with Watched(engine, job.job) as again:
            whole(again.end(), card, *two)


def test_nothing_is_imported_from_the_folder_that_reelkeep_is_started_in(
    bench: Bench,
    house: House,
    two: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trap = make_card(tmp_path / "trap", {"app/__init__.py": 0})
    for name in ("app/__init__.py", "queue.py", "mmap.py"):
        (trap / name).write_text(f"open({str(tmp_path / 'sprung')!r}, 'w').close()\n")
    monkeypatch.chdir(trap)
    card = card_of(bench, FEW)
    with house.engine() as engine, Watched(engine, spec_for(card, *two)) as job:
        whole(job.end(), card, *two)
    assert not (tmp_path / "sprung").exists()


def test_the_job_is_done_without_helpers_where_none_can_be_started(
    bench: Bench, house: House, two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    card = card_of(bench, FEW)
    monkeypatch.setattr("sys.executable", "/no/such/python")
    with house.engine() as engine, Watched(engine, spec_for(card, *two)) as job:
        whole(job.end(), card, *two)
    wait_for(lambda: threading.active_count() <= 2, "only the watcher of drives may be left")


@pytest.mark.parametrize("op", ["write", seldom("read"), seldom("rename")])
def test_a_drive_that_hangs_a_helper_holds_up_nobody(
    bench: Bench,
    house: House,
    two: tuple[Path, Path],
    faulty: Callable[[str], FaultMount],
    patience: None,
    op: str,
) -> None:
    card = card_of(bench, FEW)
    hung = faulty("KINGSTON")
    house.declare(hung.point)
    hung.set(
        {"op": op, "match": "*.jpg" if op == "rename" else "*.part", "after": 90, "do": "hold"}
    )
    with house.engine() as engine:
        with Watched(engine, spec_for(card, two[0], hung.point, two[1])) as job:
            done = job.end()
        assert done.state is JobState.FAILED
        assert "KINGSTON has not answered for" in done.error
        for drive in two:
            assert tree(drive / "A003") == tree(card)
            assert leftovers(drive) == []
        hung.set()
        wait_for(lambda: helpers() == [], "no helper is left once the drive answers again")
