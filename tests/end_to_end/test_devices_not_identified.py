"""A device that could not be identified may be any other, so beside one it counts for nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from drive import Drive
from fault_mount import FaultMount
from mount_bench import Bench
from offload_bench import House, spec_for

from app.jobs.spec import CONVERTER
from app.offload.copying.place import record_of
from app.places.devices import Device, DeviceKind, count_different, declare, join
from app.places.volumes import volume_of

pytestmark = pytest.mark.root


def test_the_plan_says_what_could_not_be_identified_and_counts_it_with_no_other(
    bench: Bench, house: House, card: Path, faulty: Callable[[str], FaultMount]
) -> None:
    known, odd = Drive(bench, "known", size=64).point, faulty("odd").point
    house.declare(known)
    assert not volume_of(odd).device.identified
    with house.engine() as engine:
        plan = engine.plan(spec_for(card, known, odd))
        said = [remark.text for remark in plan.remarks if remark.destination == 1]
        assert any("behind odd could not be identified" in text for text in said)
        assert any("can give 1" in remark.text for remark in plan.remarks)
        record = record_of(plan.destinations[1])
        assert not record.identified
        assert record.device_name.endswith("(not identified)")
    house.declare(odd)
    with house.engine() as engine:
        plan = engine.plan(spec_for(card, known, odd))
        assert not any("could not be identified" in remark.text for remark in plan.remarks)


def test_copies_on_devices_that_were_not_identified_count_as_one(
    bench: Bench, house: House, card: Path
) -> None:
    drives = [Drive(bench, name, size=64).point for name in ("one", "two")]
    house.declare(*drives)
    with house.engine() as engine:
        job = engine.run(spec_for(card, *drives))
        assert engine.verdict(job.id).safe
        records = engine.journal.fact(job.id, "places")
        for unknown in ([1], [0, 1]):
            told = [{**r, "identified": n not in unknown} for n, r in enumerate(records)]
            engine.journal.set_fact(job.id, "places", told)
            verdict = engine.verdict(job.id)
            assert verdict.sentence == "KEEP, 1 of 2 copies verified"
            assert "could not be identified" in verdict.reasons[0]
        for record in records:
            del record["identified"]  # as journals had it before
        engine.journal.set_fact(job.id, "places", records)
        assert engine.verdict(job.id).safe


def test_only_devices_that_are_certainly_different_are_counted() -> None:
    disk = Device(id="usb:1", name="T7", kind=DeviceKind.DISK)
    other = Device(id="usb:2", name="T7", kind=DeviceKind.DISK)
    odd, odder = Device(id="nbd:0", name="nbd0"), Device(id="nbd:1", name="nbd1")
    memory = Device(id="memory", name="Memory", kind=DeviceKind.MEMORY)
    assert count_different([disk, disk, other, odd, odder, memory]) == 2
    assert count_different([odd, odder, memory]) == 1
    assert count_different([memory]) == count_different([]) == 0
    assert count_different([disk, declare(odd, "the NAS")]) == 2
    pool = join([disk, odd])
    assert not pool.identified
    assert CONVERTER.structure(CONVERTER.unstructure(pool), Device) == pool
