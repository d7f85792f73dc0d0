"""Files of a card that its user may not read: named, the card is kept, and no drive is blamed.

We are root here, so the offload runs without root's privileges (its capabilities are dropped).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mount_bench import need
from offload_bench import House, spec_for, tree

from app.jobs.snapshot import JobState, PlaceState
from app.jobs.spec import spec_to_json
from app.offload.spec import OffloadSpec

pytestmark = pytest.mark.root
SOMEBODY = 65534
_PROGRAM = Path(__file__).parent.parent / "shared" / "offload_process.py"


def offload_without_privileges(house: House, spec: OffloadSpec) -> None:
    need("setpriv")
    house.profile.mkdir(exist_ok=True)
    (house.profile / "declared.json").write_text(json.dumps(house.declared))
    order = house.profile / "spec.json"
    order.write_text(spec_to_json(spec))
    subprocess.run(
        ["setpriv", "--bounding-set=-all", "--inh-caps=-all", sys.executable, _PROGRAM,
         house.profile, order],
        check=True, capture_output=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip


@pytest.mark.parametrize("name", ["CLIPS/A003C001.mov", "index.xml"], ids=["large", "small"])
def test_a_file_that_may_not_be_read_is_named_and_everything_else_is_copied(
    house: House, card: Path, tmp_path: Path, name: str
) -> None:
    drives = [tmp_path / "one", tmp_path / "two"]
    (card / name).chmod(0o200)
    offload_without_privileges(house, spec_for(card, *drives, wanted_copies=1))
    with house.engine() as engine:
        (job,) = engine.snapshots()
        rows = {file.path: file for file in engine.files(job.id)}
        assert job.state is JobState.FAILED
        assert job.verdict == "KEEP, 0 of 1 copies verified"
        assert f"{name} on A003 cannot be read: Permission denied" in job.error
        assert "Its permissions keep you from reading it" in job.error
        assert rows.pop(name).state == "unreadable"
        assert {row.state for row in rows.values()} == {"verified"}
        assert {place.state for place in job.places} == {PlaceState.DONE}
        assert {place.trouble for place in job.places} == {""}

        (card / name).chmod(0o600)
        assert engine.run(job.id).safe
    assert tree(drives[0] / "A003") == tree(drives[1] / "A003") == tree(card)


@pytest.mark.parametrize("name", ["CLIPS/A003C001.mov", "index.xml"], ids=["large", "small"])
def test_a_copy_that_its_owner_could_not_read_is_made_readable_and_that_is_said(
    house: House, card: Path, tmp_path: Path, name: str
) -> None:
    """Somebody else's file, which all others may read: the copy is ours, and is proven."""
    drives = [tmp_path / "one", tmp_path / "two"]
    os.chown(card / name, SOMEBODY, SOMEBODY)
    (card / name).chmod(0o044)
    offload_without_privileges(house, spec_for(card, *drives, wanted_copies=1))
    with house.engine() as engine:
        (job,) = engine.snapshots()
        assert (job.state, job.safe) == (JobState.DONE, True), job.error
        rows = engine.report(job.id).destinations
        assert all(row.not_kept[0].startswith("permissions of 1 file") for row in rows)
    assert (drives[0] / "A003" / name).stat().st_mode & 0o777 == 0o444
