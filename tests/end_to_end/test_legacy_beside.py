"""The older manifest lies beside the new one, and neither disturbs the other."""

from __future__ import annotations

from pathlib import Path

from offload_bench import House, accepted_by_ascmhl, generations, spec_for

from app.integrity.legacy_mhl import read_legacy
from app.integrity.verify.spec import VerifySpec
from app.jobs.snapshot import JobState


def test_an_older_manifest_is_written_on_demand_and_is_no_new_file(
    house: House, card: Path, tmp_path: Path
) -> None:
    drive = tmp_path / "one"
    drive.mkdir()
    with house.engine() as engine:
        done = engine.run(spec_for(card, drive, legacy_mhl=True, wanted_copies=1))
        assert done.state is JobState.DONE, done.error
        copy = Path(done.places[0].path)
        (legacy,) = copy.glob("*.mhl")
        names = {record.path for record in read_legacy(legacy).records}
        assert names == {row.path for row in engine.files(done.id) if row.state == "verified"}
        accepted_by_ascmhl(copy)

        verified = engine.run(VerifySpec(path=copy))
        assert verified.state is JobState.DONE, verified.error
        assert engine.verified(verified.id).sentence.endswith("nothing differs.")
    assert len(generations(copy)) == 2
    accepted_by_ascmhl(copy)
