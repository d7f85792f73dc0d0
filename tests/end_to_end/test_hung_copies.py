"""A copy whose drive neither answers nor fails: verifying and repairing it end all the same."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fault_mount import FaultMount
from mount_bench import Bench
from offload_bench import MB, House, Watched, generations, leftovers, make_card, spec_for, tree
from offload_bench import wait_for as wait
from seldom import seldom
from verify_bench import change

from app.engine import Engine
from app.errors import DestinationSilent
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId
from app.places.silence import watcher

pytestmark = pytest.mark.root

FILES: dict[str, bytes | int] = {
    "CLIPS/A003C001.mov": 9 * MB + 4097,
    "CLIPS/A003C002.mov": 6 * MB,
    **{f"STILLS/IMG_{n:04}.jpg": 20_000 + n for n in range(150)},
}
CLIP, STILL = "CLIPS/A003C001.mov", "STILLS/IMG_0070.jpg"


class Shelf:
    """An offload of one card to a drive that can hang and to one that is well."""

    def __init__(self, house: House, card: Path, hung: FaultMount, good: Path) -> None:
        self.card, self.hung, self.good = card, hung, good
        house.declare(hung.point, good)
        with house.engine() as engine:
            done = engine.run(spec_for(card, hung.point, good, wanted_copies=1))
        self.job = done.id
        self.there, self.behind = hung.point / "A003", hung.backing / "A003"
        assert tree(self.behind) == tree(card) == tree(good / "A003")

    def unharmed(self) -> None:
        """The copy that is well has not been touched."""
        assert tree(self.good / "A003") == tree(self.card)
        assert leftovers(self.good) == []


@pytest.fixture
def shelf(bench: Bench, faulty: Callable[[str], FaultMount], house: House, patience: None) -> Shelf:
    card = make_card(bench.folder / "card" / "A003", FILES)
    return Shelf(house, card, faulty("KINGSTON"), bench.ext4("GOOD", size=96))


def nobody_waits() -> None:
    wait(
        lambda: not [t for t in threading.enumerate() if t.name == "ask KINGSTON"],
        "the threads that hung have ended",
    )


def named(done: JobSnapshot, file: str = "") -> None:
    assert done.state is JobState.FAILED, done
    assert "KINGSTON has not answered for" in done.error
    assert f"at {file}." in done.error or not file
    assert done.hint.startswith("Check its cable and power, then")


def verified(engine: Engine, path: Path, repair_from: Path | None = None) -> JobSnapshot:
    """A verify job of a drive that answers, to its end."""
    with Watched(engine, engine.verify(path, repair_from)) as job:
        return job.end()


@pytest.mark.parametrize(
    ("rule", "file"),
    [
        seldom({"op": "read", "match": "*.mhl"}, ""),
        seldom({"op": "readdir", "match": "*/STILLS"}, ""),
        ({"op": "read", "match": "*C001.mov", "after": 30}, CLIP),
        seldom({"op": "read", "match": "*0070.jpg"}, STILL),
        ({"op": "create", "match": "*/ascmhl/*"}, ""),
    ],
    ids=lambda rule: f"{rule['op']}-{rule['match']}" if isinstance(rule, dict) else "",
)
def test_a_copy_that_hangs_is_named_and_its_verification_ends(
    shelf: Shelf, house: House, rule: dict[str, object], file: str
) -> None:
    with house.engine() as engine:
        job = engine.verify(shelf.there)
        shelf.hung.set({**rule, "do": "hold"})
        with Watched(engine, job) as running:
            running.until(lambda now: "KINGSTON has not answered" in now.stage, "it is said")
            named(running.end(), file)
        assert len(generations(shelf.behind)) == 1
        shelf.hung.set()
        nobody_waits()
        assert leftovers(shelf.behind) == []
        assert verified(engine, shelf.there).state is JobState.DONE


def test_a_drive_that_answers_in_time_again_is_verified_whole(shelf: Shelf, house: House) -> None:
    watcher().patience = replace(watcher().patience, answer=1000, sync=1000)
    with house.engine() as engine:
        job = engine.verify(shelf.there)
        shelf.hung.set({"op": "read", "match": "*C001.mov", "after": 30, "do": "hold"})
        with Watched(engine, job) as running:
            said = running.until(lambda now: "has not answered" in now.stage, "it is said").stage
            assert said.endswith(f"at {CLIP}.")
            shelf.hung.set()
            done = running.end()
        assert done.state is JobState.DONE, done


def test_cancelling_does_not_wait_for_a_copy_that_hangs(shelf: Shelf, house: House) -> None:
    watcher().patience = replace(watcher().patience, answer=1000, sync=1000)
    with house.engine() as engine:
        for match in ("*.mhl", "*0070.jpg", "*C001.mov"):
            job = engine.verify(shelf.there)
            shelf.hung.set({"op": "read", "match": match, "do": "hold"})
            with Watched(engine, job) as running:
                running.until(lambda now: "has not answered" in now.stage, "it hangs")
                engine.cancel(job)
                done = running.end()
            assert done.state is JobState.CANCELLED
            shelf.hung.set()
            nobody_waits()


def test_a_dead_drive_is_named_before_its_verification_is_queued(
    shelf: Shelf, house: House
) -> None:
    with house.engine() as engine:
        shelf.hung.hang()
        with pytest.raises(DestinationSilent, match="KINGSTON/A003 has not answered"):
            engine.verify(shelf.there)
        with pytest.raises(DestinationSilent, match="KINGSTON/A003 has not answered"):
            engine.verify(shelf.good / "A003", repair_from=shelf.there)
        shelf.hung.wake()
        assert verified(engine, shelf.there).state is JobState.DONE


def test_a_drive_that_dies_while_it_is_verified_holds_up_nobody(shelf: Shelf, house: House) -> None:
    with house.engine() as engine:
        job = engine.verify(shelf.there)
        shelf.hung.set({"op": "read", "match": "*C001.mov", "after": 9, "times": 1, "do": "hold"})
        with Watched(engine, job) as running:
            shelf.hung.wait_acted("hold")
            shelf.hung.hang()
            named(running.end(), CLIP)
        assert verified(engine, shelf.good / "A003").state is JobState.DONE
        shelf.hung.set()
        shelf.hung.wake()
        nobody_waits()
        assert verified(engine, shelf.there).state is JobState.DONE


@pytest.mark.parametrize("path", [CLIP, seldom(STILL)])
def test_a_copy_to_repair_from_that_hangs_leaves_the_damaged_one_as_it_was(
    shelf: Shelf, house: House, path: str
) -> None:
    damaged = shelf.good / "A003" / path
    change(damaged, at=15_000)
    before = tree(shelf.good / "A003")
    with house.engine() as engine:
        job = engine.verify(shelf.good / "A003", repair_from=shelf.there)
        shelf.hung.set({"op": "read", "match": f"*{path}", "do": "hold"})
        with Watched(engine, job) as running:
            done = running.end()
        assert done.state is JobState.FAILED
        (difference,) = engine.verified(job).differences()
        assert (difference.path, difference.repaired) == (path, False)
        assert f"KINGSTON/A003 has not answered for 3 seconds, at {path}." in difference.trouble
        assert tree(shelf.good / "A003") == before
        assert leftovers(shelf.good) == []
        shelf.hung.set()
        again = verified(engine, shelf.good / "A003", repair_from=shelf.there)
        assert again.state is JobState.DONE, again
        assert tree(shelf.behind) == tree(shelf.card)
        assert damaged.read_bytes() == (shelf.card / path).read_bytes()


MENDING = "*/.reelkeep-mend*"


@pytest.mark.parametrize(
    "rule",
    [
        seldom({"op": "create", "match": MENDING}),
        {"op": "write", "match": MENDING, "after": 3},
        seldom({"op": "rename", "match": "*C001.mov"}),
    ],
    ids=lambda rule: f"{rule['op']}-{rule['match'][-9:]}",
)
def test_a_damaged_copy_that_hangs_while_it_is_repaired_comes_to_no_further_harm(
    shelf: Shelf, house: House, rule: dict[str, object]
) -> None:
    change(shelf.behind / CLIP)
    with house.engine() as engine:
        job = engine.verify(shelf.there, repair_from=shelf.good / "A003")
        shelf.hung.set({**rule, "do": "hold"})
        with Watched(engine, job) as running:
            named(running.end(), CLIP)
        shelf.unharmed()
        shelf.hung.set()
        nobody_waits()
        assert leftovers(shelf.behind) == [], "the thread that came back takes its file away"
        assert (shelf.behind / CLIP).stat().st_size == (shelf.card / CLIP).stat().st_size
        again = verified(engine, shelf.there, repair_from=shelf.good / "A003")
        assert (shelf.behind / CLIP).read_bytes() == (shelf.card / CLIP).read_bytes()
        assert again.state is JobState.DONE or "damaged" in again.error, again
        shelf.unharmed()


# Repairing a destination of an offload


def repaired(engine: Engine, job: JobId, destination: int) -> Watched:
    return Watched(engine, engine.repair(job, destination))


def test_a_destination_that_hangs_while_it_is_repaired_is_named(shelf: Shelf, house: House) -> None:
    (shelf.there / STILL).unlink()
    (shelf.there / CLIP).unlink()
    with house.engine() as engine:
        shelf.hung.set({"op": "write", "match": MENDING, "after": 5, "do": "hold"})
        with repaired(engine, shelf.job, 0) as running:
            running.until(lambda now: "KINGSTON has not answered" in now.stage, "it is said")
            named(running.end(), CLIP)
        shelf.unharmed()
        shelf.hung.set()
        nobody_waits()
        with repaired(engine, shelf.job, 0) as running:
            done = running.end()
        assert done.state is JobState.DONE, done
        assert tree(shelf.behind) == tree(shelf.card)
        assert leftovers(shelf.behind) == []


def test_cancelling_a_repair_does_not_wait_for_a_drive_that_hangs(
    shelf: Shelf, house: House
) -> None:
    watcher().patience = replace(watcher().patience, answer=1000, sync=1000)
    (shelf.there / CLIP).unlink()
    with house.engine() as engine:
        shelf.hung.set({"op": "fsync", "match": MENDING, "do": "hold"})
        with repaired(engine, shelf.job, 0) as running:
            shelf.hung.wait_acted("hold")
            engine.cancel(running.job)
            done = running.end()
        assert done.state is JobState.CANCELLED
        shelf.hung.set()
        nobody_waits()
        assert leftovers(shelf.behind) == []


def test_a_repair_goes_on_with_the_next_copy_where_one_hangs(
    bench: Bench, shelf: Shelf, house: House
) -> None:
    third = bench.ext4("THIRD", size=96)
    house.declare(third)
    with house.engine() as engine:
        paths = shelf.hung.point, shelf.good, third
        offload = engine.run(spec_for(shelf.card, *paths, wanted_copies=1, template="all"))
        (third / "all" / CLIP).unlink()
        (third / "all" / STILL).unlink()
        shelf.hung.set({"op": "read", "match": "*A003C001.mov", "after": 2, "do": "hold"})
        with repaired(engine, offload.id, 2) as running:
            done = running.end()
        assert done.state is JobState.DONE, done
        assert tree(third / "all") == tree(shelf.card)
        assert leftovers(third) == []
        shelf.hung.set()
        nobody_waits()
        assert tree(shelf.hung.backing / "all") == tree(shelf.card)


PROGRAM = """
import sys
from app.__main__ import main
from app.places.silence import Patience, watcher
watcher().patience = Patience(answer=3, sync=4, slowest=1 << 40)
sys.exit(main())
"""


def test_the_verify_command_ends_though_the_kernel_keeps_its_process(
    shelf: Shelf, house: House
) -> None:
    shelf.hung.set({"op": "read", "match": "*0070.jpg", "times": 1, "do": "hold"})
    command = [
        sys.executable, "-c", PROGRAM, "--profile", house.profile, "verify", shelf.there, "--json",
    ]  # fmt: skip
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        shelf.hung.wait_acted("hold")
        shelf.hung.hang()
        said, _ = program.communicate(timeout=60)
    finally:
        shelf.hung.set()
        shelf.hung.wake()
        program.communicate()
    assert program.returncode == 1
    result = json.loads(said.splitlines()[-1])
    assert result["event"] == "result"
    assert f"KINGSTON has not answered for 3 seconds, at {STILL}." in result["error"]
