"""Drives of other systems, FAT32, exFAT and NTFS, by the programs that drive them here.

All of them are FUSE, so nothing on them ever counts; the bytes, names and manifests must be right.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from fault_mount import FaultMount
from mount_bench import Bench, need, run
from offload_bench import (
    MB,
    SMALL_CARD,
    House,
    Watched,
    accepted_by_ascmhl,
    generations,
    leftovers,
    make_card,
    spec_for,
    tree,
)

from app.engine import Engine
from app.integrity.verify.spec import VerifySpec
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId
from app.offload.copying.work import CopyFact
from app.offload.evidence.ledger import Ledger
from app.offload.plan import Weight

pytestmark = pytest.mark.root
Faulty = Callable[[str], FaultMount]


@dataclass(frozen=True)
class Kind:
    """A file system: how it is made and mounted, and what it cannot keep."""

    name: str
    make: tuple[str, ...]
    mount: tuple[str, ...]
    loses: tuple[str, ...]
    from_image: bool = False
    keeps_links: bool = False
    keeps_times: bool = True
    """After a file is closed; fusefat gives every file the moment of its last write."""


_FACTS = ("permissions", "exact modification times")
KINDS = (
    Kind("exFAT", ("mkfs.exfat",), ("mount.exfat-fuse",), (*_FACTS, "extended attributes")),
    Kind("NTFS", ("mkfs.ntfs", "-F", "-q"), ("ntfs-3g",), _FACTS, keeps_links=True),
    Kind(
        "FAT32",
        ("mkfs.vfat", "-F32"),
        ("fusefat", "-o", "rw+"),
        (*_FACTS, "extended attributes"),
        from_image=True,
        keeps_times=False,
    ),
)


class Stick:
    """A drive of that kind, which can be taken out and put back."""

    def __init__(self, bench: Bench, kind: Kind) -> None:
        self.kind, self._bench = kind, bench
        need(kind.make[0], kind.mount[0])
        image = bench.image("stick.img", 96, *kind.make)
        self._source = image if kind.from_image else bench.loop(image)
        self.point = bench.point("STICK")
        self.plug()

    def plug(self) -> None:
        self._bench.fuse(self.point, *self.kind.mount, self._source, self.point)

    def replug(self) -> None:
        """Nothing of it is cached any more."""
        run("umount", self.point)
        self.plug()

    @property
    def copy(self) -> Path:
        return self.point / "A003"


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def stick(bench: Bench, request: pytest.FixtureRequest) -> Stick:
    return Stick(bench, request.param)


def bytes_of(root: Path) -> dict[bytes, tuple[object, ...]]:
    """Names and content only: times and permissions are what these drives cannot keep."""
    return {path: facts[:3] for path, facts in tree(root).items()}


def confirmed(engine: Engine, job: JobId) -> dict[str, CopyFact]:
    return {fact.path: fact for fact in Ledger(engine.journal, job).copies()}


ODD = {
    "CLIPS/colon:.mov": 10,
    "CLIPS/what?.mov": 11,
    "CLIPS/CON.wav": 12,
    "CLIPS/dot.": 13,
    "bad \udcff.mov": 14,
    "BAD:FOLDER/inside.mov": 15,
}


def test_a_card_is_copied_but_for_what_the_drive_cannot_hold_and_all_of_that_is_named(
    stick: Stick, house: House, tmp_path: Path
) -> None:
    card = make_card(tmp_path / "A003", SMALL_CARD)
    expected = bytes_of(card)
    make_card(card, ODD)
    (card / "EMPTY").mkdir()
    (card / "EMPTY:").mkdir()
    (card / "link").symlink_to("index.xml")
    expected[b"EMPTY"] = ("folder",)
    if stick.kind.keeps_links:
        expected[b"link"] = ("link", b"index.xml")
    os.setxattr(card / "index.xml", "user.camera", b"B")
    os.chmod(card / "empty.txt", 0o640)
    spec = spec_for(card, stick.point, wanted_copies=1)
    with house.engine() as engine:
        plan = engine.plan(spec)
        said = " ".join(r.text for r in plan.remarks if r.weight is Weight.ATTENTION)
        done = engine.run(spec)
        rows = {row.path: row for row in engine.files(done.id)}
        (destination,) = engine.report(done.id).destinations
        reasons = engine.verdict(done.id).reasons
    named = {path for remark in plan.remarks for path in remark.paths}
    assert {*ODD, "EMPTY:", "BAD:FOLDER"} - {"BAD:FOLDER/inside.mov"} <= named
    assert "compared through the cache and does not count as verified" in said
    assert (done.state, done.safe) == (JobState.FAILED, False)
    assert bytes_of(stick.copy) == expected
    for name in ODD:
        assert "cannot hold" in rows[name].copies[0].trouble, name
    assert "cannot hold the folder BAD:FOLDER" in destination.trouble
    assert "1 more folder" in destination.trouble
    assert any("a read through the cache does not count" in reason for reason in reasons)
    kept = " ".join(destination.not_kept)
    for what in stick.kind.loses:
        assert f"{what} of" in kept
    link = "verified through the cache" if stick.kind.keeps_links else "failed"
    assert rows["link"].copies[0].state == link
    check_end(stick, told=1)


def check_end(stick: Stick, told: int) -> None:
    assert not leftovers(stick.point)
    stick.replug()
    assert len(generations(stick.copy)) == told
    accepted_by_ascmhl(stick.copy)


def through_the_cache(done: JobSnapshot) -> None:
    """All is there and equal, and still it does not count."""
    assert (done.state, done.verdict) == (JobState.FAILED, "KEEP, 0 of 1 copies verified")
    assert "could not be read back past the cache, and do not count as verified" in done.error


def test_rounded_times_make_no_copy_look_changed(
    stick: Stick, house: House, faulty: Faulty
) -> None:
    card = faulty("A003")
    make_card(card.backing, SMALL_CARD)
    os.utime(card.backing / "index.xml", ns=(0, 1_700_000_001_999_999_999))
    spec = spec_for(card.point, stick.point, wanted_copies=1)
    card.set({"op": "read", "match": "*C002.mov", "at": 3 * MB, "do": "hold"})
    with house.engine() as engine:
        with Watched(engine, spec) as job:
            job.until(lambda _: card.acted(), "the card is held")
            job.until(lambda s: s.files_done or s.places[0].written > 5 * MB, "a file is written")
            engine.cancel(job.job)
            card.set()
            assert job.end().state is JobState.CANCELLED
        before = confirmed(engine, job.job)
        stick.replug()
        through_the_cache(engine.run(job.job))
        if stick.kind.keeps_times:  # what was confirmed was not even read again
            assert before.items() <= confirmed(engine, job.job).items()
        assert bytes_of(stick.copy) == bytes_of(card.backing)
        check_end(stick, told=1)
        written = {p: p.stat().st_ctime_ns for p in stick.copy.rglob("*.mov")}
        through_the_cache(engine.run(spec))  # the same card again: compared, not copied
        assert bytes_of(stick.copy) == bytes_of(card.backing)
        assert {p: p.stat().st_ctime_ns for p in stick.copy.rglob("*.mov")} == written
        check_end(stick, told=2)
        verified = engine.run(VerifySpec(path=stick.copy))
        assert verified.state is JobState.DONE
        assert not list(engine.verified(verified.id).differences())
    check_end(stick, told=3)


def test_two_folders_that_are_one_there_are_kept_apart(
    bench: Bench, house: House, tmp_path: Path
) -> None:
    stick = Stick(bench, KINDS[0])
    card = make_card(
        tmp_path / "A003", {"CLIPS/a.mov": 100, "Clips/b.mov": 5 * MB, "other/c.mov": 10}
    )
    with house.engine() as engine:
        spec = spec_for(card, stick.point, wanted_copies=1)
        said = " ".join(remark.text for remark in engine.plan(spec).remarks)
        done = engine.run(spec)
        rows = {row.path: row.copies[0] for row in engine.files(done.id)}
        verified = engine.run(VerifySpec(path=stick.copy))
        assert not list(engine.verified(verified.id).differences())
    assert "cannot hold Clips: its name is the same there as CLIPS" in said
    assert rows["Clips/b.mov"].state == "failed"
    assert "its name is the same there as CLIPS" in rows["Clips/b.mov"].trouble
    expected = bytes_of(card)
    del expected[b"Clips"], expected[b"Clips/b.mov"]
    assert bytes_of(stick.copy) == expected
    check_end(stick, told=2)


def test_one_copy_never_stands_for_two_files_that_have_one_name_there(
    bench: Bench, house: House, tmp_path: Path
) -> None:
    stick = Stick(bench, KINDS[0])
    card = make_card(
        tmp_path / "A003", {"CLIPS/same.mov": b"take", "CLIPS/SAME.MOV": b"take", "z.mov": 5 * MB}
    )
    with house.engine() as engine:
        job = engine.run(spec_for(card, stick.point, wanted_copies=1)).id
        first = {row.path: row.copies[0].state for row in engine.files(job)}
        engine.run(job)
        again = {row.path: row.copies[0] for row in engine.files(job)}
    assert sorted(first.values()) == ["failed"] + ["verified through the cache"] * 2
    assert {path: copy.state for path, copy in again.items()} == first
    (lost,) = (copy for copy in again.values() if copy.state == "failed")
    assert "its name is the same there as CLIPS/" in lost.trouble
    check_end(stick, told=1)
