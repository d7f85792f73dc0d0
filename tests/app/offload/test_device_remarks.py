"""What a plan says of the devices behind its destinations."""

from dataclasses import replace
from pathlib import Path

from app.offload.plan import PlannedDestination, Weight
from app.offload.planning.remarks import card_volume_remarks, device_remarks, twin_remarks
from app.offload.spec import DestinationSpec, OffloadSpec
from app.places.devices import Device, DeviceKind
from app.places.volumes import Volume

DISK = Device(id="virtio:overlay", name="Virtual disk vda (…0042)", kind=DeviceKind.DISK)


def planned(name: str) -> PlannedDestination:
    """A destination on a partition of the one disk."""
    point = Path("/media") / name
    volume = Volume(
        mount_point=point,
        source=f"/dev/{name}",
        file_system="ext4",
        label=name,
        uuid=name,
        capacity=10**12,
        free=10**11,
        device=DISK,
    )
    return PlannedDestination(
        path=point, root=point, volume=volume, files=1, size=1, already=0, free_after=1, name=name
    )


def test_a_device_with_its_serial_number_is_named_without_doubled_brackets() -> None:
    drives = [planned("RAID"), planned("SHUTTLE-01")]
    spec = OffloadSpec(
        source=Path("/media/A003"),
        destinations=tuple(DestinationSpec(path=one.path) for one in drives),
        wanted_copies=1,
    )
    (remark,) = device_remarks(spec, drives)
    assert remark.text == (
        "SHUTTLE-01 and RAID lie on one device, Virtual disk vda (…0042): both are copied,"
        " together they count once."
    )


def test_two_drives_of_one_name_are_told_apart_by_their_folders() -> None:
    drives = [planned("RAID"), replace(planned("RAID"), root=Path("/media/RAID/Day12"))]
    spec = OffloadSpec(
        source=Path("/media/A003"),
        destinations=tuple(DestinationSpec(path=one.path) for one in drives),
    )
    on_one, too_few = device_remarks(spec, drives)
    assert on_one.text.startswith("/media/RAID/Day12 and /media/RAID lie on one device")
    assert too_few.text.startswith("2 verified copies are wanted")
    (alone,) = device_remarks(replace(spec, wanted_copies=1), [replace(drives[0], provable=False)])[
        -1:
    ]
    assert alone.text.startswith("1 verified copy is wanted")


def test_drives_of_one_id_are_refused_where_only_their_ports_tell_them_apart() -> None:
    def twins(*ids: str) -> list[PlannedDestination]:
        found = [planned("RAID"), planned("SHUTTLE-01")]
        devices = (replace(DISK, id=id_) for id_ in ids)
        return [
            replace(one, volume=replace(one.volume, uuid="D1CE-F00D", device=device))
            for one, device in zip(found, devices, strict=True)
        ]

    (remark,) = twin_remarks(twins("port:1-1", "port:1-2"))
    assert (remark.weight, remark.destination) == (Weight.REFUSAL, 1)
    assert remark.text.startswith("RAID and SHUTTLE-01 have one file-system ID")
    assert twin_remarks(twins("usb:1:A", "usb:1:B")) == []
    assert twin_remarks(twins("port:1-1", "port:1-1")) == []
    assert twin_remarks([planned("RAID"), planned("SHUTTLE-01")]) == []


def test_a_destination_on_the_card_itself_is_refused() -> None:
    one = planned("A003")
    card = replace(one.volume, removable=True)
    (remark,) = card_volume_remarks(card, [one])
    assert remark.weight is Weight.REFUSAL
    (remark,) = card_volume_remarks(one.volume, [one])
    assert remark.weight is Weight.ATTENTION
    assert card_volume_remarks(card, [planned("RAID")]) == []
