"""What fails as one: the hardware behind a place, seen through partitions, loops and pools."""

from __future__ import annotations

from dataclasses import dataclass
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
    """For people, e.g. "Samsung T7 (S6XJ…)"."""
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
