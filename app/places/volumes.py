"""Mounted places: label, file system, room, and the device behind each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.places.devices import Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A mounted place that holds or takes copies."""

    mount_point: Path
    source: str
    """What is mounted, e.g. /dev/sdb1 or server:/share."""
    file_system: str
    """As the platform names it, lower case: ext4, xfs, exfat, vfat, ntfs, fuseblk, nfs4, tmpfs, …"""
    label: str
    """The volume's label, or the last part of its mount point."""
    uuid: str
    """File-system UUID, "" where there is none."""
    capacity: int
    free: int
    """Bytes free for us."""
    device: Device
    removable: bool = False
    read_only: bool = False
    remote: bool = False

    @property
    def identity(self) -> str:
        """What tells this volume again under another mount point."""
        return self.uuid or f"{self.source}|{self.label}"
