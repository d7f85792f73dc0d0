"""Cards that come again: what earlier jobs verified is believed only where it agrees."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from mount_bench import Bench
from offload_bench import MB, House, make_card, noise, spec_for

from app.jobs.snapshot import JobState
from app.offload.ledger import Ledger
from app.offload.spec import VerifyMode

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


@pytest.mark.parametrize(
    ("earlier", "twice"), [(VerifyMode.READ_BACK, False), (VerifyMode.FULL, True)]
)
def test_how_often_a_known_file_was_read_is_said_as_it_was(
    bench: Bench, house: House, card: Path, earlier: VerifyMode, twice: bool
) -> None:
    drive = bench.ext4("one", "one", 64)
    with house.engine() as engine:
        assert engine.run(spec_for(card, drive, wanted_copies=1, verify=earlier)).safe
        done = engine.run(spec_for(card, drive, wanted_copies=1))
        assert done.safe
        read = {row.twice for row in Ledger(engine.journal, done.id).entries() if row.digests}
        said = engine.report(done.id).verify_mode
    assert read == {twice}
    assert ("6 files known from an earlier job, read once then" in said) is not twice
