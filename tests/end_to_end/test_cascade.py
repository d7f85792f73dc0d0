"""Offloads in stages: the card is free early, later drives are fed from earlier ones."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from drive import Drive
from mount_bench import Bench, need
from offload_bench import MB, House, Watched, leftovers, make_card, tree

from app.engine import Engine
from app.jobs.snapshot import JobSnapshot, JobState
from app.offload.spec import DestinationSpec, OffloadSpec, VerifyMode

pytestmark = pytest.mark.root


def cascade(card: Path, *stages: list[tuple[Path, tuple[str, ...]]], **facts: Any) -> OffloadSpec:
    """An offload in stages; each destination is a folder and what it gets."""
    return OffloadSpec(
        source=card,
        template="A003",
        buffer_size=MB,
        destinations=tuple(
            DestinationSpec(path=path, only=only, stage=stage)
            for stage, places in enumerate(stages)
            for path, only in places
        ),
        **facts,
    )


@pytest.fixture
def drives(bench: Bench, house: House) -> list[Path]:
    made = [bench.ext4(name, name, 64) for name in ("one", "two", "three")]
    house.declare(*made)
    return made


def test_a_later_drive_gets_the_whole_card_though_the_first_has_only_sound(
    house: House, card: Path, drives: list[Path]
) -> None:
    one, two, three = drives
    with house.engine() as engine:
        done = engine.run(cascade(card, [(one, ("sound",)), (two, ())], [(three, ())]))
    assert done.state is JobState.DONE, done.error
    assert done.safe
    assert tree(three / "A003") == tree(card)


def test_a_later_drive_is_fed_from_all_that_have_a_part_of_the_card(
    house: House, card: Path, drives: list[Path]
) -> None:
    one, two, three = drives
    spec = cascade(
        card, [(one, ("sound", "*.xml")), (two, ("*.mov", "*.txt"))], [(three, ())]
    )  # fmt: skip
    with house.engine() as engine:
        done = engine.run(spec)
    assert done.state is JobState.DONE, done.error
    assert tree(three / "A003") == tree(card)


@pytest.mark.parametrize("verify", [VerifyMode.TRANSFER, VerifyMode.SOURCE])
def test_a_cascade_reaches_its_end_where_nothing_is_read_back(
    house: House, card: Path, drives: list[Path], verify: VerifyMode
) -> None:
    with house.engine() as engine:
        done = engine.run(cascade(card, [(drives[0], ())], [(drives[1], ())], verify=verify))
    assert done.state is JobState.DONE, done.error
    assert not done.safe
    assert tree(drives[1] / "A003") == tree(card)


@pytest.fixture
def pair(bench: Bench, house: House) -> tuple[Drive, Drive]:
    """A drive that can die, and a second one."""
    need("mkfs.xfs", "xfs_io")
    made = (
        Drive(bench, "one", size=330, file_system="xfs"),
        Drive(bench, "two", size=128),
    )
    house.declare(*(drive.point for drive in made))
    return made


def held_before_its_second_stage(engine: Engine, card: Path, pair: tuple[Drive, Drive]) -> Watched:
    """A cascade from the first drive to the second one, which is away for now."""
    one, two = (drive.point for drive in pair)
    job = engine.submit(cascade(card, [(one, ())], [(two, ())], verify=VerifyMode.READ_BACK))
    pair[1].pull()
    return Watched(engine, job)


@pytest.mark.parametrize("size", [70_001, 5 * MB], ids=["small", "large"])
def test_bytes_that_changed_on_the_first_drive_are_not_copied_on(
    house: House, tmp_path: Path, pair: tuple[Drive, Drive], size: int
) -> None:
    card = make_card(tmp_path / "card" / "A003", {"a.mov": size, "b.mov": 5 * MB + 1})
    one, two = pair
    with house.engine() as engine, held_before_its_second_stage(engine, card, pair) as watched:
        watched.until(lambda s: s.wants == "Connect TWO again.", "the second stage begins")
        changed = one.point / "A003/a.mov"
        facts = changed.stat()
        changed.write_bytes(b"x" * size)
        os.utime(changed, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        two.plug()
        ended = watched.end()
    assert ended.state is JobState.FAILED
    assert "no longer gives what the card gave" in ended.error
    assert not (two.point / "A003/a.mov").exists()
    assert (two.point / "A003/b.mov").exists()
    assert leftovers(two.point) == []


@pytest.mark.parametrize("size", [70_001, 5 * MB], ids=["small", "large"])
def test_the_drive_that_is_copied_from_is_asked_for_by_name_when_it_was_pulled(
    house: House, tmp_path: Path, pair: tuple[Drive, Drive], size: int
) -> None:
    card = make_card(tmp_path / "card" / "A003", {f"{n}.mov": size + n for n in range(4)})
    one, two = pair
    with house.engine() as engine, held_before_its_second_stage(engine, card, pair) as watched:
        watched.until(lambda s: s.wants == "Connect TWO again.", "the second stage begins")
        card.rename(card.with_name("away"))
        one.die()
        one.pull()
        two.plug()
        watched.until(lambda s: s.wants == "Connect ONE again.", "the first drive is wanted")
        one.plug()
        done = watched.end()
    assert done.state is JobState.DONE, done.error
    assert done.verdict == "SAFE TO FORMAT"
    assert leftovers(two.point) == []


def test_the_bar_of_a_cascade_never_goes_back_and_ends_full(
    house: House, card: Path, drives: list[Path]
) -> None:
    seen: list[JobSnapshot] = []
    with house.engine() as engine:
        done = engine.run(
            cascade(card, [(drives[0], ())], [(drives[1], ())]), progress=seen.append, every=0.002
        )
    assert done.work_done == done.work_total
    shown = [snapshot.work_done for snapshot in seen]
    assert shown == sorted(shown)
