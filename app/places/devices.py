"""What fails as one: the hardware behind a place, seen through partitions, loops and pools."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class DeviceKind(StrEnum):
    """What sort of hardware a device is."""

    DISK = "disk"
    """A disk or a pool of disks that fails as one (RAID, LVM, btrfs, ZFS)."""
    CARD = "card"
    """A memory card or a reader."""
    SERVER = "server"
    """A server with its share."""
    CARTRIDGE = "cartridge"
    MEMORY = "memory"
    """A memory file system: gone with the power, never counts as a copy."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Hardware that fails as one."""

    id: str
    """Stable across mounts and, where the hardware tells its serial number, across machines."""
    name: str
    """For people, e.g. "Samsung T7 (…3456)"."""
    kind: DeviceKind = DeviceKind.UNKNOWN
    bus: str = ""
    """usb, nvme, sata, thunderbolt, mmc, virtio, network, … as the platform tells."""
    bus_speed: int = 0
    """Bits per second of the bus as negotiated, 0 when unknown."""
    declared: bool = False
    """A person said in the settings which device this is; evidence says so."""

    @property
    def counts(self) -> bool:
        """Whether a copy on it can count towards a verdict."""
        return self.kind is not DeviceKind.MEMORY

    @property
    def identified(self) -> bool:
        """Whether it can be told from others; one that can't may be the same as any of them."""
        return self.declared or self.kind is not DeviceKind.UNKNOWN


_OF_ITS_PLACE = ("port:", "image:", "volume:", "file:", "disk number:")
"""How ids begin that tell where a device is plugged in, and not which one it is."""


def stays(id_: str) -> bool:
    """Whether *id_* is a device's own, by its serial number or a person's word, at any port."""
    return not id_.startswith(_OF_ITS_PLACE)


MEMORY = Device(id="memory", name="Memory", kind=DeviceKind.MEMORY, bus="memory")
"""The one device behind all memory file systems."""

USB_2 = 480_000_000
"""Bits per second of USB 2.0, the speed that a bad cable leaves."""

_USB = {
    1_500_000: "USB 1.0",
    12_000_000: "USB 1.1",
    USB_2: "USB 2.0",
    5_000_000_000: "USB 3.2 Gen 1",
    10_000_000_000: "USB 3.2 Gen 2",
    20_000_000_000: "USB 3.2 Gen 2x2",
    40_000_000_000: "USB4",
    80_000_000_000: "USB4 Version 2",
}
_BUSES = {
    "usb": "USB",
    "nvme": "NVMe",
    "sata": "SATA",
    "sas": "SAS",
    "scsi": "SCSI",
    "iscsi": "iSCSI",
    "mmc": "SD slot",
    "virtio": "Virtual disk",
    "thunderbolt": "Thunderbolt",
    "firewire": "FireWire",
    "network": "Network",
    "memory": "Memory",
}


def join(devices: Iterable[Device]) -> Device:
    """The one device that several make when they hold parts of the same files.

    Memory makes all of it memory: what needs it is gone with the power. The first of the sorted
    ids stands for the pool, so a disk that joins or leaves does not make it look like another.
    """
    members = sorted({device.id: device for device in devices}.values(), key=lambda d: d.id)
    if not members:
        raise ValueError("a pool of no devices")
    for member in members:
        if member.kind is DeviceKind.MEMORY:
            return member
    first = members[0]
    if len(members) == 1:
        return first
    named = ", ".join(member.name for member in members)
    identified = all(member.identified for member in members)
    return Device(
        id=first.id,
        name=f"Pool of {len(members)} devices: {named}",
        kind=first.kind if identified else DeviceKind.UNKNOWN,
        bus=first.bus,
        bus_speed=min(member.bus_speed for member in members),
        declared=identified and any(member.declared for member in members),
    )


def count_different(devices: Iterable[Device]) -> int:
    """On how many different devices copies lie for certain; memory is none."""
    found = [device for device in devices if device.counts]
    return len({device.id for device in found if device.identified}) or min(1, len(found))


def declare(device: Device, name: str) -> Device:
    """*device* as a person says which one it is; memory stays memory whatever is said."""
    if device.kind is DeviceKind.MEMORY:
        return device
    return replace(device, id=f"declared:{name}", name=name, declared=True)


def speed_class(device: Device) -> str:
    """The bus and what it was negotiated to, in words: `USB 2.0 (480 Mb/s)`, "" if unknown."""
    word = _BUSES.get(device.bus, device.bus)
    if device.bus == "usb":
        word = _USB.get(device.bus_speed, word)
    if not device.bus_speed:
        return word
    return f"{word} ({_bits(device.bus_speed)})".strip()


def speed_warning(device: Device) -> str:
    """One sentence where a drive has come up as USB 2 or slower, else ""."""
    if device.bus != "usb" or not 0 < device.bus_speed <= USB_2:
        return ""
    return (
        f"{device.name} has come up as {speed_class(device)}, at most "
        f"{device.bus_speed // 12_000_000} MB/s. Try another cable or port."
    )


def _bits(per_second: int) -> str:
    if per_second >= 1_000_000_000:
        return f"{round(per_second / 1e9, 1):g} Gb/s"
    return f"{round(per_second / 1e6, 1):g} Mb/s"
