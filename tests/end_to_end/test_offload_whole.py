"""Offloads that go well: every byte, every fact, one history, nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from mount_bench import Bench
from offload_bench import House, accepted_by_ascmhl, generations, leftovers, spec_for, tree

from app.jobs.snapshot import JobState

pytestmark = pytest.mark.root


def test_a_card_on_two_drives_is_safe_to_format(bench: Bench, house: House, card: Path) -> None:
    drives = [bench.ext4(name, name.upper(), 64) for name in ("one", "two")]
    house.declare(*drives)
    with house.engine() as engine:
        done = engine.run(spec_for(card, *drives))
        verdict = engine.verdict(done.id)
    assert done.state is JobState.DONE, done
    assert done.verdict == "SAFE TO FORMAT"
    assert done.safe
    assert verdict.reasons == ()
    for drive in drives:
        assert tree(drive / "A003") == tree(card)
        assert not leftovers(drive)
        assert len(generations(drive / "A003")) == 1
        accepted_by_ascmhl(drive / "A003")
