"""Bytes that a drive holds or gives otherwise than they were written."""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from drive import Drive
from fault_mount import FaultMount
from mount_bench import Bench, need
from offload_bench import (
    MB,
    SMALL_CARD,
    House,
    Watched,
    leftovers,
    make_card,
    noise,
    spec_for,
    tree,
)

from app.integrity.hashing import HashKind
from app.integrity.medium import MediumReader, read_small
from app.integrity.verdict import ReadWay
from app.jobs.snapshot import JobState
from app.offload.spec import VerifyMode

pytestmark = pytest.mark.root
Faulty = Callable[[str], FaultMount]
MARK = "the very bytes that the drive will turn"


def marked_card(root: Path) -> Path:
    """A card with a large and a small file that hold the mark, and others that do not."""
    large = bytearray(noise(6 * MB, "large"))
    large[3 * MB + 11 : 3 * MB + 11 + len(MARK)] = MARK.encode()
    small = noise(50_000, "small") + MARK.encode() + noise(9_000, "rest")
    return make_card(root, {**SMALL_CARD, "CLIPS/M.mov": bytes(large), "SOUND/M.wav": small})


def on_faulty_hardware(bench: Bench, faulty: Faulty, file_system: str = "ext4") -> tuple:
    """A drive whose blocks pass through a file system that fails by rules."""
    hardware = faulty("hardware")
    return hardware, Drive(bench, "two", size=300 if file_system == "xfs" else 64,
                           file_system=file_system, folder=hardware.point)  # fmt: skip


@pytest.mark.parametrize("file_system", ["ext4", "xfs"])
def test_a_bit_that_the_drive_turned_is_found_before_the_copy_gets_its_name(
    bench: Bench, faulty: Faulty, house: House, tmp_path: Path, file_system: str
) -> None:
    need(f"mkfs.{file_system}")
    card = marked_card(tmp_path / "A003")
    good = Drive(bench, "one")
    hardware, bad = on_faulty_hardware(bench, faulty, file_system)
    house.declare(good.point, bad.point)
    hardware.set({"op": "write", "find": MARK, "do": "flip"})
    with house.engine() as engine:
        done = engine.run(spec_for(card, good.point, bad.point))
        rows = {row.path: row for row in engine.files(done.id)}
    assert len([line for line in hardware.acted() if line.startswith("flip")]) >= 2
    assert done.state is JobState.FAILED
    assert done.verdict == "KEEP, 1 of 2 copies verified"
    assert tree(good.point / "A003") == tree(card)
    expected = tree(card)
    for path in ("CLIPS/M.mov", "SOUND/M.wav"):
        del expected[path.encode()]
        copy = rows[path].copies[1]
        assert copy.state == "failed"
        assert f"{path} on TWO: The drive holds other bytes than were written" in copy.trouble
    assert tree(bad.point / "A003") == expected
    assert not leftovers(bad.point)


def test_a_drive_that_gives_other_bytes_at_each_read_is_named(
    faulty: Faulty, bench: Bench, house: House, tmp_path: Path
) -> None:
    card = marked_card(tmp_path / "A003")
    good, bad = Drive(bench, "one"), faulty("two")
    bad.set({"op": "read", "find": MARK, "do": "flip", "after": 0, "times": 1})
    with house.engine() as engine:
        done = engine.run(spec_for(card, good.point, bad.point))
        rows = {row.path: row for row in engine.files(done.id)}
    assert done.state is JobState.FAILED
    troubles = [rows[path].copies[1].trouble for path in ("CLIPS/M.mov", "SOUND/M.wav")]
    assert any("The drive gives other bytes at each read" in trouble for trouble in troubles)
    assert not done.safe


def test_what_was_read_back_through_a_file_system_with_its_own_cache_does_not_count(
    faulty: Faulty, bench: Bench, house: House, card: Path
) -> None:
    through = faulty("two")
    with house.engine() as engine:
        done = engine.run(spec_for(card, through.point, wanted_copies=1))
        verdict = engine.verdict(done.id)
        states = {row.copies[0].state for row in engine.files(done.id)}
    assert tree(through.point / "A003") == tree(card)
    assert states == {"verified through the cache"}
    assert done.verdict == "KEEP, 0 of 1 copies verified"
    assert any("cache" in reason for reason in verdict.reasons)
    assert done.state is JobState.FAILED


@pytest.mark.parametrize("file_system", ["ext4", "xfs"])
def test_pages_that_another_program_holds_in_the_cache_are_told(
    bench: Bench, file_system: str
) -> None:
    """The kernel does not drop pages that are mapped; then nothing was proven, and we say so."""
    need(f"mkfs.{file_system}")
    drive = Drive(bench, "one", size=300 if file_system == "xfs" else 64, file_system=file_system)
    path = drive.point / "held.mov"
    path.write_bytes(noise(3 * MB, "held"))
    os.sync()
    reader, buffer = MediumReader(MB), mmap.mmap(-1, 4 * MB)
    try:
        with path.open("rb") as file:
            held = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
            assert sum(held[:: mmap.PAGESIZE]) > 0
            read = reader.read(lambda flags: os.open(path, os.O_RDONLY | flags), (HashKind.MD5,))
            assert read.way is ReadWay.CACHE
            small = read_small(lambda flags: os.open(path, os.O_RDONLY | flags), buffer)
            assert small[:2] == (3 * MB, ReadWay.CACHE)
            held.close()
        read = reader.read(lambda flags: os.open(path, os.O_RDONLY | flags), (HashKind.MD5,))
        assert read.way is ReadWay.MEDIUM
        small = read_small(lambda flags: os.open(path, os.O_RDONLY | flags), buffer)
        assert small[:2] == (3 * MB, ReadWay.MEDIUM)
    finally:
        reader.close()
        buffer.close()


def test_what_lies_in_memory_never_counts(bench: Bench, house: House, card: Path) -> None:
    memory = bench.mount("tmpfs", "memory", "-t", "tmpfs", "-o", "size=64m")
    with house.engine() as engine:
        plan = engine.plan(spec_for(card, memory, wanted_copies=1))
        assert any("never counts" in remark.text for remark in plan.remarks)
        done = engine.run(spec_for(card, memory, wanted_copies=1))
    assert tree(memory / "A003") == tree(card)
    assert done.verdict == "KEEP, 0 of 1 copies verified"


@pytest.mark.parametrize("file_system", ["ext4", "xfs"])
def test_a_bit_that_turns_below_a_warm_cache_is_found(
    bench: Bench, file_system: str, house: House, card: Path
) -> None:
    """The cache still gives the right bytes; only a read of the medium sees the wrong one."""
    need(f"mkfs.{file_system}", "filefrag")
    drive = Drive(bench, "one", size=300 if file_system == "xfs" else 64, file_system=file_system)
    with house.engine() as engine:
        assert engine.run(spec_for(card, drive.point, wanted_copies=1)).safe
    copy = drive.point / "A003" / "CLIPS" / "A003C001.mov"
    right = hashlib.file_digest((card / "CLIPS/A003C001.mov").open("rb"), "md5").hexdigest()
    assert hashlib.file_digest(copy.open("rb"), "md5").hexdigest() == right
    drive.flip(copy, at=3_000_000)
    warm = hashlib.file_digest(copy.open("rb"), "md5").hexdigest()
    assert warm == right, "the cache was not warm, so this test shows nothing"
    reader = MediumReader(MB)
    try:
        read = reader.read(lambda flags: os.open(copy, flags), (HashKind.MD5,))
    finally:
        reader.close()
    assert read.way is ReadWay.MEDIUM
    assert read.digests[HashKind.MD5] != right


@pytest.mark.parametrize("file_system", ["ext4", "xfs"])
def test_a_copy_that_rotted_before_the_card_came_again_is_not_called_identical(
    bench: Bench, file_system: str, tmp_path: Path, card: Path
) -> None:
    """Another profile knows nothing of the first offload, so it reads what lies there."""
    need(f"mkfs.{file_system}", "filefrag")
    drive = Drive(bench, "one", size=300 if file_system == "xfs" else 64, file_system=file_system)
    with House(tmp_path / "first").engine() as engine:
        assert engine.run(spec_for(card, drive.point, wanted_copies=1)).safe
    copy = drive.point / "A003"
    (copy / "CLIPS/A003C001.mov").read_bytes()
    (copy / "SOUND/T001.wav").read_bytes()
    drive.flip(copy / "CLIPS/A003C001.mov", at=3_000_000)
    drive.flip(copy / "SOUND/T001.wav", at=30_000)
    with House(tmp_path / "second").engine() as engine:
        done = engine.run(spec_for(card, drive.point, wanted_copies=1))
        rows = {row.path: row for row in engine.files(done.id)}
    assert done.verdict == "KEEP, 0 of 1 copies verified"
    for path in ("CLIPS/A003C001.mov", "SOUND/T001.wav"):
        assert rows[path].copies[0].state == "failed"
        assert f"A different file named {path} lies on ONE" in rows[path].copies[0].trouble
    assert rows["CLIPS/A003C002.mov"].copies[0].state == "already there"


def test_a_sync_that_fails_detaches_the_drive_and_its_file_does_not_count(
    faulty: Faulty, bench: Bench, house: House, card: Path
) -> None:
    good, bad = Drive(bench, "one"), faulty("two")
    bad.set({"op": "fsync", "match": "*.part", "do": "EIO"})
    with house.engine() as engine:
        done = engine.run(spec_for(card, good.point, bad.point))
        rows = {row.path: row for row in engine.files(done.id)}
    assert done.state is JobState.FAILED
    assert "two failed: Input/output error" in done.places[1].trouble
    assert rows["CLIPS/A003C001.mov"].copies[1].state == "failed"
    assert b"CLIPS/A003C001.mov" not in tree(bad.backing / "A003")
    assert not list(bad.backing.rglob("*.part"))
    assert tree(good.point / "A003") == tree(card)
    assert len(bad.acted()) == 1, "a second sync would lie"


def test_a_sync_that_fails_in_the_hardware_detaches_the_drive(
    faulty: Faulty, bench: Bench, house: House, tmp_path: Path
) -> None:
    card = make_card(tmp_path / "A003", {f"S/{n:03}.bin": 20_000 for n in range(100)})
    good = Drive(bench, "one")
    hardware, bad = on_faulty_hardware(bench, faulty)
    house.declare(good.point, bad.point)
    spec = spec_for(card, good.point, bad.point)
    with house.engine() as engine:
        job = engine.submit(spec)
        with Watched(engine, job) as watched:
            hardware.set({"op": "write", "do": "EIO"}, {"op": "fsync", "do": "EIO"})
            done = watched.end()
    assert done.state is JobState.FAILED
    assert done.verdict == "KEEP, 1 of 2 copies verified"
    assert done.places[1].trouble
    assert tree(good.point / "A003") == tree(card)


def test_a_rename_that_fails_leaves_no_copy_and_no_partial(
    faulty: Faulty, bench: Bench, house: House, card: Path
) -> None:
    good, bad = Drive(bench, "one"), faulty("two")
    bad.set({"op": "rename", "match": "*C002.mov", "do": "EIO"})
    with house.engine() as engine:
        done = engine.run(spec_for(card, good.point, bad.point))
    assert done.state is JobState.FAILED
    assert "C002.mov" in done.places[1].trouble
    assert b"CLIPS/A003C002.mov" not in tree(bad.backing / "A003")
    assert not list(bad.backing.rglob("*.part"))


@pytest.mark.parametrize("mode", [VerifyMode.SOURCE, VerifyMode.TRANSFER])
def test_modes_that_do_not_read_back_are_never_safe(
    bench: Bench, house: House, card: Path, mode: VerifyMode
) -> None:
    drive = Drive(bench, "one")
    with house.engine() as engine:
        done = engine.run(spec_for(card, drive.point, wanted_copies=1, verify=mode))
        states = {row.copies[0].state for row in engine.files(done.id)}
    assert states == {"written, not verified"}
    assert (done.state, done.verdict) == (JobState.DONE, "KEEP, 0 of 1 copies verified")
    assert tree(drive.point / "A003") == tree(card)


def test_an_unflushed_drive_is_never_verified(bench: Bench, house: House, card: Path) -> None:
    from app.offload.spec import DestinationSpec, OffloadSpec

    drives = [Drive(bench, "one"), Drive(bench, "two")]
    house.declare(drives[0].point, drives[1].point)
    spec = OffloadSpec(
        source=card,
        destinations=(
            DestinationSpec(path=drives[0].point),
            DestinationSpec(path=drives[1].point, flush=False),
        ),
        template="A003",
    )
    with house.engine() as engine:
        plan = engine.plan(spec)
        assert any("not flushed" in r.text and r.destination == 1 for r in plan.remarks)
        done = engine.run(spec)
        states = {row.copies[1].state for row in engine.files(done.id)}
        report = engine.report(done.id)
    assert states == {"written, not verified"}
    assert done.verdict == "KEEP, 1 of 2 copies verified"
    assert [d.flushed for d in report.destinations] == [True, False]
    assert not done.places[1].safe_to_eject
    assert tree(drives[1].point / "A003") == tree(card)
