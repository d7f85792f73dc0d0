"""A drive whose cable was torn out often stays mounted, and answers everything with an error."""

from __future__ import annotations

import pytest
from drive import Drive
from mount_bench import Bench, need
from offload_bench import House, make_card, spec_for

from app.jobs.spec import CONVERTER, JobId
from app.offload.copying.place import Place, PlaceRecord
from app.places.volumes import volume_of, volumes

pytestmark = pytest.mark.root


def test_a_drive_that_died_but_is_still_mounted_is_not_taken_for_back(
    bench: Bench, house: House
) -> None:
    need("mkfs.xfs", "xfs_io")
    card = make_card(bench.folder / "card" / "A003", {"a.mov": 70_001})
    drive = Drive(bench, "one", size=330, file_system="xfs")
    house.declare(drive.point)
    with house.engine() as engine:
        job = engine.submit(spec_for(card, drive.point))
        (record,) = CONVERTER.structure(engine.journal.fact(job, "places"), list[PlaceRecord])
    place = Place(0, record, JobId(job))
    assert place.find(volumes, volume_of)
    place.open(volume_of).folder.close()
    drive.die()
    assert not place.find(volumes, volume_of)
    drive.pull()
    assert not place.find(volumes, volume_of)
    drive.plug()
    assert place.find(volumes, volume_of)
