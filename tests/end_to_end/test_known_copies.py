"""Cards that come again: what earlier jobs verified is believed only where it agrees."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from mount_bench import Bench, run
from offload_bench import MB, House, make_card, noise, spec_for

from app.jobs.snapshot import JobSnapshot, JobState
from app.offload.evidence.ledger import Ledger
from app.offload.spec import VerifyMode
from app.reports.evidence import sums_of
from app.reports.facts import transfer_facts

pytestmark = pytest.mark.root


def rewrite(path: Path, content: bytes) -> None:
    """Other bytes in a file whose size and time stay."""
    facts = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


@pytest.mark.parametrize("size", [70_001, 5 * MB], ids=["small", "large"])
def test_known_copies_that_hold_different_bytes_never_make_a_card_safe(
    bench: Bench, house: House, tmp_path: Path, size: int
) -> None:
    card = make_card(tmp_path / "card" / "A003", {"a.mov": 70_001, "b.mov": size})
    one, two = (bench.ext4(name, name, 64) for name in ("one", "two"))
    house.declare(one, two)
    with house.engine() as engine:
        assert engine.run(spec_for(card, one, wanted_copies=1)).safe
        rewrite(card / "b.mov", noise(size, "a flaky card"))
        assert engine.run(spec_for(card, two, wanted_copies=1)).safe
        done = engine.run(spec_for(card, one, two))
        states = {file.path: [c.state for c in file.copies] for file in engine.files(done.id)}
    assert done.state is JobState.FAILED
    assert done.verdict == "KEEP, 1 of 2 copies verified"
    assert states == {
        "a.mov": ["already there", "already there"],
        "b.mov": ["failed", "already there"],
    }
    assert "b.mov" in done.error
    assert (one / "A003/b.mov").read_bytes() != (card / "b.mov").read_bytes()


def test_a_card_that_both_drives_know_needs_no_second_copy(
    bench: Bench, house: House, card: Path
) -> None:
    drives = [bench.ext4(name, name, 64) for name in ("one", "two")]
    house.declare(*drives)
    with house.engine() as engine:
        for drive in drives:
            assert engine.run(spec_for(card, drive, wanted_copies=1)).safe
        done = engine.run(spec_for(card, *drives))
        states = {c.state for file in engine.files(done.id) for c in file.copies}
    assert done.safe
    assert states == {"already there"}


@pytest.mark.parametrize("verify", [VerifyMode.READ_BACK, VerifyMode.FULL])
def test_the_bar_ends_full_where_all_is_compared_and_nothing_written(
    bench: Bench, house: House, card: Path, verify: VerifyMode
) -> None:
    drive = bench.ext4("one", "one", 64)
    seen: list[JobSnapshot] = []
    with house.engine() as engine:
        assert engine.run(spec_for(card, drive, wanted_copies=1)).safe
        spec = spec_for(card, drive, wanted_copies=1, check_known=True, verify=verify)
        done = engine.run(spec, progress=seen.append, every=0.002)
    assert done.safe
    assert done.work_done == done.work_total > 0
    shown = [snapshot.work_done for snapshot in seen]
    assert shown == sorted(shown)
    assert done.places[0].written == 0


@pytest.mark.parametrize(
    ("earlier", "twice"), [(VerifyMode.READ_BACK, False), (VerifyMode.FULL, True)]
)
def test_how_often_a_known_file_was_read_is_said_as_it_was(
    bench: Bench, house: House, card: Path, earlier: VerifyMode, twice: bool
) -> None:
    drive = bench.ext4("one", "one", 64)
    with house.engine() as engine:
        first = engine.run(spec_for(card, drive, wanted_copies=1, verify=earlier))
        assert first.safe
        done = engine.run(spec_for(card, drive, wanted_copies=1))
        assert done.safe
        read = {row.twice for row in Ledger(engine.journal, done.id).entries() if row.digests}
        report = engine.report(done.id)
        said = report.verify_mode
    assert read == {twice}
    assert said.startswith(f"nothing was read in this job; 6 files known from job {first.id}")
    assert [read.read for read in report.reads] == [
        f"read {'twice' if twice else 'once'} by job {first.id}, not in this job"
    ]


def test_what_was_only_known_is_said_in_plan_last_lines_and_evidence(
    bench: Bench, house: House, card: Path
) -> None:
    drive, junk = bench.ext4("one", "one", 64), card / ".DS_Store"
    junk.write_bytes(b"strewn about")
    with house.engine() as engine:
        first = engine.run(spec_for(card, drive, wanted_copies=1))
        plan = engine.plan(spec_for(card, drive, wanted_copies=1))
        second = engine.run(plan.spec)
        third = engine.run(spec_for(card, drive, wanted_copies=1))
        report = engine.report(third.id)
    (known,) = [r.text for r in plan.remarks if "known" in r.text]
    assert f"6 files known from job {first.id}" in known
    assert "not read again there, nor is the card" in known
    assert second.safe
    assert third.safe
    (row,) = report.destinations
    assert [(one.job, one.files) for one in row.known] == [(first.id, 6)], "the one that read it"
    assert row.rate == 0
    (read,) = report.reads
    assert (read.earlier, read.files) == (first.id, 6), "what is ignored was never read"
    assert read.last is not None
    assert read.last < report.started
    (line,) = sums_of(report).evidence
    assert line.read == f"known from job {first.id}, read back then, not in this job"
    facts = {label: value for _, pairs in transfer_facts(report) for label, value in pairs}
    assert facts["Content"].startswith("3 clips, 6 files")
    assert "/s" not in facts["Time"]


@pytest.mark.parametrize("size", [70_001, 5 * MB], ids=["small", "large"])
def test_known_copies_are_read_again_on_demand_and_damage_withdraws_what_was_said(
    bench: Bench, house: House, tmp_path: Path, size: int
) -> None:
    card = make_card(tmp_path / "card" / "A003", {"a.mov": 70_001, "b.mov": size})
    drive = bench.ext4("one", "one", 64)
    with house.engine() as engine:
        first = engine.run(spec_for(card, drive, wanted_copies=1))
        checked = engine.run(spec_for(card, drive, wanted_copies=1, check_known=True))
        assert first.safe
        assert checked.safe
        report = engine.report(checked.id)
        assert report.destinations[0].known == ()
        assert {read.earlier for read in report.reads} == {""}
        rewrite(drive / "A003/b.mov", noise(size, "rot"))
        assert engine.run(spec_for(card, drive, wanted_copies=1)).safe, "nothing was read"
        found = engine.run(spec_for(card, drive, wanted_copies=1, check_known=True))
        assert found.state is JobState.FAILED
        assert not found.safe
        assert found.error.startswith("b.mov on one is damaged: the card still gives what job")
        assert found.places[0].trouble == found.error
        assert engine.report(first.id).verdict.startswith("KEEP")
        again = engine.run(spec_for(card, drive, wanted_copies=1))
        assert not again.safe, "what was found damaged once is not known any more"


def test_a_byte_that_changed_on_the_card_is_found_on_demand(
    bench: Bench, house: House, card: Path
) -> None:
    drive = bench.ext4("one", "one", 64)
    clip = card / "CLIPS/A003C002.mov"
    with house.engine() as engine:
        assert engine.run(spec_for(card, drive, wanted_copies=1)).safe
        rewrite(clip, noise(clip.stat().st_size, "a worn cell"))
        found = engine.run(spec_for(card, drive, wanted_copies=1, check_known=True))
    assert not found.safe
    assert "A003C002.mov" in found.error


@pytest.mark.parametrize("how", ["replaced", "changed"])
def test_a_copy_that_somebody_touched_since_is_no_longer_known(
    bench: Bench, house: House, card: Path, how: str
) -> None:
    """Size and time are as they were; when its bytes came there is not."""
    drive = bench.ext4("one", "one", 96)
    house.declare(drive)
    spec = spec_for(card, drive, wanted_copies=1)
    touched = drive / "A003/CLIPS/A003C001.mov"
    with house.engine() as engine:
        assert engine.run(spec).safe
        assert engine.plan(spec).already_safe
        time.sleep(2.1)  # as far as a file system's clock may be apart from ours
        if how == "replaced":
            touched.unlink()
            run("cp", "-p", card / "CLIPS/A003C001.mov", touched)
        else:
            rewrite(touched, noise(touched.stat().st_size, "other bytes"))
        plan = engine.plan(spec)
        assert not plan.already_safe
        assert plan.size - plan.destinations[0].already == touched.stat().st_size
        ended = engine.run(spec)
    assert ended.safe == (how == "replaced")


def test_a_file_of_the_card_that_was_rewritten_since_is_read_again(
    bench: Bench, house: House, card: Path
) -> None:
    drive = bench.ext4("one", "one", 96)
    house.declare(drive)
    spec = spec_for(card, drive, wanted_copies=1)
    with house.engine() as engine:
        assert engine.run(spec).safe
        rewritten = card / "CLIPS/A003C001.mov"
        rewrite(rewritten, noise(rewritten.stat().st_size, "another take"))
        assert not engine.plan(spec).already_safe
        ended = engine.run(spec)
    assert (ended.state, ended.safe) == (JobState.FAILED, False)
