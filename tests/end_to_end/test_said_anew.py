"""What a job said at its end is not said of a later run of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from mount_bench import Bench
from offload_bench import House, Watched, make_card, spec_for

from app.jobs.snapshot import JobState

pytestmark = pytest.mark.root


@pytest.fixture
def drives(bench: Bench, house: House) -> list[Path]:
    made = [bench.ext4(name, name, 64) for name in ("one", "two")]
    house.declare(*made)
    return made


def test_a_retry_that_went_well_has_no_error(house: House, card: Path, drives: list[Path]) -> None:
    make_card(drives[0] / "A003", {"index.xml": b"<other/>"})
    with house.engine() as engine:
        job = engine.run(spec_for(card, *drives)).id
        assert "index.xml" in engine.snapshot(job).error
        (drives[0] / "A003/index.xml").unlink()
        done = engine.run(job)
        assert done.state is JobState.DONE
        assert (done.error, done.hint, done.verdict) == ("", "", "SAFE TO FORMAT")
        assert engine.snapshot(job).error == ""


def test_a_cancelled_retry_does_not_repeat_that_the_card_was_safe(
    house: House, drives: list[Path], tmp_path: Path
) -> None:
    # Of its own sizes: cards of other tests may be mounted, and would be taken for it.
    card = make_card(tmp_path / "card" / "A003", {"a.mov": 71_003, "index.xml": b"<index/>"})
    make_card(drives[1] / "A003", {"index.xml": b"<other/>"})
    with house.engine() as engine:
        job = engine.run(spec_for(card, *drives, wanted_copies=1)).id
        first = engine.snapshot(job)
        assert (first.state, first.safe) == (JobState.FAILED, True)
        shutil.rmtree(drives[0] / "A003")
        card.rename(card.with_name("away"))
        with Watched(engine, job) as watched:
            watched.until(lambda s: s.wants, "the job wants the card")
            assert not watched.now.safe
            engine.cancel(job)
            ended = watched.end()
        assert ended.state is JobState.CANCELLED
        assert not ended.safe
        assert ended.verdict != "SAFE TO FORMAT"
        assert not engine.snapshot(job).safe
