"""Offloads into folders where other files already have the card's names."""

from __future__ import annotations

from pathlib import Path

import pytest
from mount_bench import Bench
from offload_bench import MB, House, make_card, noise, spec_for, tree

from app.jobs.snapshot import JobState
from app.offload.spec import OnCollision

pytestmark = pytest.mark.root


@pytest.mark.parametrize("size", [70_001, 5 * MB], ids=["small", "large"])
def test_both_are_kept_where_every_file_meets_others_of_its_size(
    bench: Bench, house: House, tmp_path: Path, size: int
) -> None:
    card = make_card(tmp_path / "card" / "A003", {"A003C001.mov": size})
    drives = [bench.ext4(name, name, 64) for name in ("one", "two")]
    house.declare(*drives)
    others = {"A003C001.mov": noise(size, "other"), "A003C001 (2).mov": noise(size, "more")}
    for drive in drives:
        make_card(drive / "A003", others)
    before = tree(drives[0] / "A003")
    with house.engine() as engine:
        done = engine.run(spec_for(card, *drives, on_collision=OnCollision.KEEP_BOTH))
    assert done.state is JobState.DONE, done.error
    assert done.safe
    for drive in drives:
        kept = tree(drive / "A003")
        (new,) = set(kept) - set(before)
        assert {name: kept[name] for name in before} == before
        assert kept[new] == tree(card)[b"A003C001.mov"]
