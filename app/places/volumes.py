"""Mounted places: label, file system, room, and the device behind each."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.places.devices import Device, stays
from app.places.volume_watch import VolumeWatch

__all__ = ["Volume", "VolumeWatch", "device_of", "volume_of", "volumes"]

NOTHING_DECLARED: Mapping[str, str] = {}
"""A person has said of no volume which device is behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A mounted place that holds or takes copies."""

    mount_point: Path
    source: str
    """What is mounted, e.g. /dev/sdb1 or server:/share."""
    file_system: str
    """Lower case: ext4, xfs, exfat, vfat, ntfs, nfs4, tmpfs, fuse.sshfs, …; fuseblk where a FUSE
    program drives a file system that could not be told."""
    label: str
    """The volume's label; without one its share, or the last part of its mount point."""
    uuid: str
    """File-system UUID, "" where there is none."""
    capacity: int
    """Bytes; 0 while the volume does not answer."""
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

    def is_surely(self, identity: str, device: str) -> bool:
        """Whether this is the volume that was known by *identity* on the device *device*."""
        return (self.identity, self.device.id) == (identity, device)

    def may_be(self, identity: str, device: str) -> bool:
        """The same, also where the hardware does not tell which one it is.

        A drive that was cloned has a twin with the same UUID. Hardware that tells itself is
        another one where it tells itself another; what a person says of it may be said later.
        """
        if self.identity != identity:
            return False
        told = (self.device.id, device)
        declared = [id_.startswith("declared:") for id_ in told]
        return told[0] == told[1] or declared[0] != declared[1] or not all(map(stays, told))


class Platform(Protocol):
    """What each operating system answers about its volumes."""

    def volumes(self, declared: Mapping[str, str]) -> tuple[Volume, ...]:
        """Every volume worth showing."""
        ...

    def volume_of(self, path: Path, declared: Mapping[str, str]) -> Volume:
        """The volume on which *path* lies or would lie."""
        ...


def volumes(declared: Mapping[str, str] = NOTHING_DECLARED) -> tuple[Volume, ...]:
    """Every mounted place worth showing, one for each file system.

    *declared* maps a volume's identity or mount point to the name that a person gives to the
    device behind it. A volume that does not answer within a second has capacity 0.
    """
    return platform().volumes(declared)


def volume_of(path: Path, declared: Mapping[str, str] = NOTHING_DECLARED) -> Volume:
    """The volume on which *path* lies, or will lie once it is made, as *path* reaches it.

    Its mount point is the one that *path* is below, also where that is a bind mount. NotFound
    where nothing is mounted.
    """
    return platform().volume_of(path, declared)


def device_of(path: Path, declared: Mapping[str, str] = NOTHING_DECLARED) -> Device:
    """What fails as one with *path*, which need not exist yet."""
    return volume_of(path, declared).device


@functools.cache
def platform() -> Platform:
    """The answers of the operating system that we run on."""
    if sys.platform == "darwin":
        from app.places.macos import MacPlaces

        return MacPlaces()
    if sys.platform == "win32":
        from app.places.windows import WindowsPlaces

        return WindowsPlaces()
    from app.places.linux.file_systems import FileSystems
    from app.places.linux.volumes import LinuxPlaces

    return LinuxPlaces(file_systems=FileSystems())
