"""Volumes and ejecting on macOS, through diskutil. Written against its documentation, never tried.

`diskutil info -plist` answers for a mount point: VolumeName, VolumeUUID, FilesystemType,
ParentWholeDisk, APFSPhysicalStores, BusProtocol, Internal, RemovableMedia, MediaName.
"""

from __future__ import annotations

import os
import plistlib
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from app.errors import EnvironmentFault, NotFound, Refusal
from app.places.devices import MEMORY, Device, DeviceKind, declare
from app.places.eject import EjectResult, Holder, busy
from app.places.patience import ask
from app.places.volumes import Volume

_NETWORK = frozenset({"smbfs", "nfs", "afpfs", "webdav", "ftp"})
_HIDDEN = ("/System/Volumes", "/private/var/vm", "/dev", "/Volumes/Recovery")
_BUSES = {"USB": "usb", "PCI-Express": "nvme", "SATA": "sata", "Secure Digital": "mmc"}
_DISSENTER = re.compile(r"dissented by PID (\d+) \((.*)\)")


class MacPlaces:
    """The volumes that macOS has mounted."""

    def volumes(self, declared: Mapping[str, str]) -> tuple[Volume, ...]:
        """Every volume worth showing."""
        return tuple(
            _volume(part.mountpoint, part.device, part.fstype, part.opts, declared)
            for part in psutil.disk_partitions(all=True)
            if part.fstype not in {"devfs", "autofs"} and not part.mountpoint.startswith(_HIDDEN)
        )

    def volume_of(self, path: Path, declared: Mapping[str, str]) -> Volume:
        """The volume on which *path* lies or would lie."""
        existing = os.path.realpath(path)
        while not os.path.ismount(existing):
            existing = os.path.dirname(existing)
        for part in psutil.disk_partitions(all=True):
            if part.mountpoint == existing:
                return _volume(existing, part.device, part.fstype, part.opts, declared)
        raise NotFound(f"No volume is mounted at {path}.", path=path)


class MacEjector:
    """Ejects a whole disk with all its volumes."""

    def places(self, volume: Volume) -> tuple[Path, ...]:
        """Every mount point of the drive; Refusal for the system's own."""
        if str(volume.mount_point) == "/" or volume.device.kind is DeviceKind.MEMORY:
            raise Refusal(
                f"{volume.label} is on the disk that this system runs from, and is not ejected.",
                path=volume.mount_point,
            )
        found = MacPlaces().volumes({})
        same = [v.mount_point for v in found if v.device.id == volume.device.id]
        return tuple(same) or (volume.mount_point,)

    def eject(self, volume: Volume, power_off: bool) -> EjectResult:
        """Unmount all volumes of the drive; macOS powers it off as it sees fit."""
        points = self.places(volume)
        action = "unmount" if volume.remote else "eject" if power_off else "unmountDisk"
        done = _diskutil(action, str(volume.mount_point))
        if done.returncode == 0:
            return EjectResult(
                label=volume.label,
                device=volume.device.name,
                unmounted=points,
                powered_off=False,
            )
        said = os.fsdecode(done.stdout + done.stderr).strip()
        if found := _DISSENTER.search(said):
            program = Path(found[2]).name
            place = str(volume.mount_point)
            raise busy(volume, [Holder(pid=int(found[1]), program=program, path=place)])
        raise EnvironmentFault(
            f"{volume.label} could not be ejected: {said}",
            path=volume.mount_point,
            device=volume.device.name,
        )


def _volume(
    point: str, source: str, kind: str, options: str, declared: Mapping[str, str]
) -> Volume:
    facts: dict[str, Any] = {} if kind in _NETWORK else _facts(point)
    room = ask(("room", point), lambda: shutil.disk_usage(point), None)
    label = str(facts.get("VolumeName") or Path(point).name or "/")
    uuid = str(facts.get("VolumeUUID") or "")
    device = _device(source, kind, facts)
    name = declared.get(uuid or f"{source}|{label}") or declared.get(point)
    return Volume(
        mount_point=Path(point),
        source=source,
        file_system=str(facts.get("FilesystemType") or kind).lower(),
        label=label,
        uuid=uuid,
        capacity=room.total if room else 0,
        free=room.free if room else 0,
        device=declare(device, name) if name else device,
        removable=bool(facts) and not facts.get("Internal", True),
        read_only="ro" in options.split(","),
        remote=kind in _NETWORK,
    )


def _device(source: str, kind: str, facts: dict[str, Any]) -> Device:
    if kind == "tmpfs":
        return MEMORY
    if kind in _NETWORK:
        where = source.rpartition("@")[2].strip("/").lower()
        return Device(id=f"server:{where}", name=where, kind=DeviceKind.SERVER, bus="network")
    stores = facts.get("APFSPhysicalStores") or []
    below = str(stores[0].get("APFSPhysicalStore", "")) if stores else ""
    whole = _facts(below) if below else facts
    disk = str(whole.get("ParentWholeDisk") or facts.get("ParentWholeDisk") or source)
    protocol = str(whole.get("BusProtocol") or facts.get("BusProtocol") or "")
    if protocol == "Disk Image":
        # hdiutil knows the image's file; until someone has tried it, this counts for nothing more.
        return Device(id=f"image:{disk}", name=f"Disk image {disk}", kind=DeviceKind.UNKNOWN)
    path = str(whole.get("DeviceTreePath") or disk)
    return Device(
        id=f"port:{path}",
        name=str(whole.get("MediaName") or disk),
        kind=DeviceKind.CARD if protocol == "Secure Digital" else DeviceKind.DISK,
        bus=_BUSES.get(protocol, protocol.lower()),
    )


def _facts(place: str) -> dict[str, Any]:
    done = _diskutil("info", "-plist", place)
    try:
        found = plistlib.loads(done.stdout)
    except (plistlib.InvalidFileException, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _diskutil(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["diskutil", *arguments],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(arguments, 1, b"", str(error).encode())
