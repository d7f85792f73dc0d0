"""What an ASC MHL history cannot hold is verified by the journal, and what it adopts is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from offload_bench import SMALL_CARD, House, make_card, spec_for
from verify_bench import change, generations

from app.engine import Engine
from app.integrity.verify.outcome import VerifyOutcome
from app.integrity.verify.spec import VerifySpec
from app.jobs.snapshot import JobSnapshot

ODD = os.fsdecode(b"CLIPS/bad \xff name.bin")
LINK = "CLIPS/link"


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "profile")


@pytest.fixture
def card(tmp_path: Path) -> Path:
    made = make_card(tmp_path / "card" / "A003", {**SMALL_CARD, ODD: 5000})
    (made / LINK).symlink_to("A003C001.mov")
    return made


def offloaded(engine: Engine, card: Path, tmp_path: Path) -> tuple[JobSnapshot, Path]:
    drive = tmp_path / "drive"
    drive.mkdir()
    done = engine.run(spec_for(card, drive, wanted_copies=1))
    assert done.safe, done
    return done, drive / "A003"


def verified(engine: Engine, path: Path, repair_from: Path | None = None) -> VerifyOutcome:
    done = engine.run(VerifySpec(path=path, repair_from=repair_from))
    return engine.verified(done.id)


def states(outcome: VerifyOutcome) -> dict[str, str]:
    return {d.path: str(d.state) for d in outcome.differences() if not d.repaired}


def test_links_and_odd_names_are_verified_by_what_the_journal_knows(
    house: House, card: Path, tmp_path: Path
) -> None:
    with house.engine() as engine:
        job, copy = offloaded(engine, card, tmp_path)
        whole = verified(engine, copy)
        assert states(whole) == {}
        assert whole.sentence == "8 files verified, nothing differs."
        change(copy / ODD)
        (copy / LINK).unlink()
        (copy / LINK).symlink_to("elsewhere")
        outcome = verified(engine, copy)
        assert states(outcome) == {ODD: "changed", LINK: "changed"}
        assert "points to elsewhere instead of A003C001.mov" in " ".join(
            d.trouble for d in outcome.differences()
        )
        report = engine.report(job.id)
        assert report.verdict == "KEEP, 0 of 1 copies verified"
        assert states(verified(engine, copy)) == {ODD: "changed", LINK: "changed"}, (
            "and so it stays"
        )
        (copy / ODD).unlink()
        (copy / LINK).unlink()
        assert states(verified(engine, copy)) == {ODD: "missing", LINK: "missing"}
        assert not engine.verdict(job.id).safe


def test_what_is_put_back_counts_again(house: House, card: Path, tmp_path: Path) -> None:
    with house.engine() as engine:
        job, copy = offloaded(engine, card, tmp_path)
        (copy / LINK).unlink()
        change(copy / ODD)
        verified(engine, copy)
        assert not engine.verdict(job.id).safe
        (copy / LINK).symlink_to("A003C001.mov")
        outcome = verified(engine, copy, card)
        assert states(outcome) == {}
        assert [d.path for d in outcome.differences() if d.repaired] == [ODD]
        assert (copy / ODD).read_bytes() == (card / ODD).read_bytes()
        assert engine.verdict(job.id).safe


def test_where_the_journal_knows_nothing_what_was_not_checked_is_named(
    house: House, card: Path, tmp_path: Path
) -> None:
    with house.engine() as engine:
        _, copy = offloaded(engine, card, tmp_path)
    with House(tmp_path / "another profile").engine() as engine:
        change(copy / ODD)
        outcome = verified(engine, copy)
    assert outcome.done
    assert outcome.sentence.endswith("2 entries could not be checked.")
    (note,) = outcome.notes
    assert ODD in note
    assert LINK in note


def test_what_a_second_verify_takes_for_right_is_still_told(
    house: House, card: Path, tmp_path: Path
) -> None:
    with house.engine() as engine:
        job, copy = offloaded(engine, card, tmp_path)
        (copy / "CLIPS/A003C002.mov").rename(copy / "foo.mov")
        (copy / "newfile.txt").write_text("not of the card")
        first = verified(engine, copy)
        assert states(first) == {"foo.mov": "renamed", "newfile.txt": "new"}
        second = verified(engine, copy)
        (row,) = [f for f in engine.report(job.id).files if f.path == "CLIPS/A003C002.mov"]
    assert second.done
    assert second.notes == (
        f"CLIPS/A003C002.mov of job {job.id} lies here as foo.mov.",
        "1 file here came from no offload of this profile: newfile.txt.",
    )
    assert row.copies[0].path == "foo.mov", "the report says where it lies"
    assert len(generations(copy)) == 3


def test_a_repaired_file_is_counted_among_those_that_were_asked_for(
    house: House, card: Path, tmp_path: Path
) -> None:
    with house.engine() as engine:
        _, copy = offloaded(engine, card, tmp_path)
        (copy / "index.xml").unlink()
        lost = verified(engine, copy)
        mended = verified(engine, copy, card)
    assert (lost.parts[0].verified, lost.parts[0].asked) == (7, 8)
    assert (mended.parts[0].verified, mended.parts[0].asked) == (8, 8)
