"""A drive is pulled between look and step: nothing is ever left in its empty mount point."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from drive import Drive
from mount_bench import Bench
from offload_bench import House, Watched, accepted_by_ascmhl, make_card, spec_for, tree

from app.engine import Engine
from app.errors import DestinationGone
from app.integrity.hashing import HashKind
from app.integrity.legacy_mhl import write_legacy
from app.integrity.mhl import (
    Action,
    Creator,
    FileRecord,
    HashRecord,
    Process,
    write_generation,
)
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import CONVERTER, JobId
from app.offload.card.surroundings import Surroundings
from app.offload.copying.place import Place, PlaceRecord
from app.places.root import PinnedFolder
from app.places.through import path_through
from app.places.volumes import Volume, volume_of, volumes

pytestmark = pytest.mark.root
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def drive(bench: Bench, house: House) -> Drive:
    made = Drive(bench, "one")
    house.declare(made.point)
    return made


def place_of(house: House, drive: Drive, card: Path) -> Place:
    """The destination of a job that is queued and has done nothing yet."""
    with house.engine() as engine:
        job = engine.submit(spec_for(card, drive.point / "rushes"))
        (record,) = CONVERTER.structure(engine.journal.fact(job, "places"), list[PlaceRecord])
    return Place(0, record, JobId(job))


@pytest.mark.parametrize("made_before", [False, True])
@pytest.mark.parametrize("when", ["before the look", "after the look"])
def test_a_destination_that_is_pulled_while_it_is_opened_gets_nothing(
    house: House, drive: Drive, card: Path, when: str, made_before: bool
) -> None:
    place = place_of(house, drive, card)
    if made_before:
        (drive.point / "rushes/A003").mkdir(parents=True)
    assert place.find(volumes, volume_of)
    if when == "before the look":
        drive.pull()

    def pulled_just_then(path: Path) -> Volume:
        found = volume_of(path)
        if when == "after the look":
            drive.pull()
        return found

    with pytest.raises(DestinationGone, match="was removed"):
        place.open(pulled_just_then)
    assert not any(drive.point.iterdir())
    drive.plug()
    assert place.find(volumes, volume_of)
    place.open(volume_of)
    assert (drive.point / "rushes/A003" / place.marker).exists()
    place.close()


def test_a_job_waits_for_a_drive_that_was_pulled_while_it_was_opened(
    house: House, drive: Drive, card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PullsOnce(Surroundings):
        """The machine; the drive is pulled right after it was looked at to be opened."""

        def volume_of(self, path: Path) -> Volume:
            found = super().volume_of(path)
            if path == drive.point and drive not in pulled:
                pulled.append(drive)
                drive.pull()
            return found

    def around(engine: Engine) -> Surroundings:
        found = here(engine)
        return PullsOnce(declared=found.declared, report_folder=found.report_folder)

    pulled: list[Drive] = []
    here = Engine._around
    monkeypatch.setattr(Engine, "_around", around)
    spec = spec_for(card, drive.point, wanted_copies=1)
    with house.engine() as engine, Watched(engine, spec) as job:
        job.until(lambda s: s.wants, "the job asks for the drive")
        assert not any(drive.point.iterdir())
        drive.plug()
        assert job.end().state is JobState.DONE
    assert tree(drive.point / "A003") == tree(card)
    accepted_by_ascmhl(drive.point / "A003")


def test_manifests_go_to_the_drive_that_was_meant_or_nowhere(drive: Drive) -> None:
    root = make_card(drive.point / "A003", {"a.mov": b"film"})
    digest = "8d5cc1d9c23f9a43"
    record = FileRecord(
        path="a.mov",
        size=4,
        mtime=NOON,
        hashes=(HashRecord(kind=HashKind.XXH64, text=digest, action=Action.ORIGINAL, at=NOON),),
    )
    creator = Creator(tool="Reelkeep", version="0.1", hostname="cart", created=NOON)
    held = PinnedFolder(root)
    drive.pull()
    through = path_through(held, root)
    try:
        told = write_generation(
            root,
            records=[record],
            folders=None,
            process=Process.TRANSFER,
            creator=creator,
            started=NOON,
            through=through,
        )
        older = write_legacy(root, [record], creator, NOON, NOON, through=through)
    finally:
        held.close()
    assert not any(drive.point.iterdir())
    drive.plug()
    assert told.parent == root / "ascmhl"
    assert told.read_text().count(digest) == 1
    assert older.parent == root
    assert older.exists()


def finished(engine: Engine, job: JobId) -> JobSnapshot:
    """A queued job, run to its end."""
    engine._runner.run((job,))
    return engine.snapshot(job)


def test_a_report_for_a_drive_that_is_away_goes_where_reports_usually_go(
    house: House, drive: Drive, card: Path, tmp_path: Path
) -> None:
    order = spec_for(card, tmp_path / "raid", wanted_copies=1, report=drive.point / "reports")
    with house.engine() as engine:
        job = engine.submit(order)
        drive.pull()
        done = finished(engine, job)
        assert done.safe
        assert Path(done.report).parent == engine.reports
        assert f"The drive of {order.report} is away" in engine.report(job).notes[0]
        engine.write_report(job)
        assert not any(drive.point.iterdir())
        drive.plug()
        assert engine.write_report(job).parent == order.report
