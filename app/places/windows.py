"""Volumes and ejecting on Windows. Written against its documentation, never tried.

Win32: GetVolumeInformationW, GetVolumePathNameW, and DeviceIoControl with
STORAGE_GET_DEVICE_NUMBER, FSCTL_LOCK_VOLUME, FSCTL_DISMOUNT_VOLUME, IOCTL_STORAGE_EJECT_MEDIA.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from app.errors import Refusal
from app.places.devices import Device, DeviceKind, declare
from app.places.eject import EjectResult, busy
from app.places.holders import holders_below
from app.places.patience import ask
from app.places.volumes import Volume

_GET_DEVICE_NUMBER = 0x2D1080
_LOCK_VOLUME = 0x90018
_DISMOUNT_VOLUME = 0x90020
_EJECT_MEDIA = 0x2D4808
_READ_WRITE, _SHARED, _OPEN_EXISTING = 0xC0000000, 3, 3
_REMOTE, _REMOVABLE, _READ_ONLY = "remote", "removable", 0x80000
_NO_HANDLE = ctypes.c_void_p(-1).value


class WindowsPlaces:
    """The volumes that Windows has given letters."""

    def volumes(self, declared: Mapping[str, str]) -> tuple[Volume, ...]:
        """Every volume with a medium in it."""
        return tuple(
            _volume(part.mountpoint, part.opts, declared)
            for part in psutil.disk_partitions(all=True)
            if part.fstype or _REMOTE in part.opts
        )

    def volume_of(self, path: Path, declared: Mapping[str, str]) -> Volume:
        """The volume on which *path* lies or would lie."""
        root = ctypes.create_unicode_buffer(1024)
        _kernel().GetVolumePathNameW(os.path.abspath(path), root, 1024)
        options = {p.mountpoint: p.opts for p in psutil.disk_partitions(all=True)}
        return _volume(root.value, options.get(root.value, ""), declared)


class WindowsEjector:
    """Locks, dismounts and ejects one volume."""

    def places(self, volume: Volume) -> tuple[Path, ...]:
        """The volume's folder; Refusal for the system's own."""
        system = os.environ.get("SYSTEMDRIVE", "C:").upper()
        if str(volume.mount_point).upper().startswith(system):
            raise Refusal(
                f"{volume.label} is the disk that this system runs from, and is not ejected.",
                path=volume.mount_point,
            )
        return (volume.mount_point,)

    def eject(self, volume: Volume, power_off: bool) -> EjectResult:
        """Have it written out, take it away, and eject its medium where *power_off* is wanted."""
        handle = _open(volume.source, _READ_WRITE)
        try:
            if handle is None or _control(handle, _LOCK_VOLUME) is None:
                raise busy(volume, holders_below((volume.mount_point,)))
            _control(handle, _DISMOUNT_VOLUME)
            if power_off:
                _control(handle, _EJECT_MEDIA)
        finally:
            if handle is not None:
                _kernel().CloseHandle(ctypes.c_void_p(handle))
        return EjectResult(
            label=volume.label,
            device=volume.device.name,
            unmounted=(volume.mount_point,),
            powered_off=False,
        )


def _volume(root: str, options: str, declared: Mapping[str, str]) -> Volume:
    label, kind = ctypes.create_unicode_buffer(261), ctypes.create_unicode_buffer(261)
    serial, flags = ctypes.c_uint32(), ctypes.c_uint32()
    _kernel().GetVolumeInformationW(
        root, label, 261, ctypes.byref(serial), None, ctypes.byref(flags), kind, 261
    )
    room = ask(("room", root), lambda: shutil.disk_usage(root), None)
    remote = _REMOTE in options
    device = _device(root, remote)
    uuid = f"{serial.value:08X}" if serial.value else ""
    named = label.value or root.rstrip("\\")
    source = root if remote else rf"\\.\{root.rstrip(chr(92))}"
    name = declared.get(uuid or f"{source}|{named}") or declared.get(root)
    return Volume(
        mount_point=Path(root),
        source=source,
        file_system=kind.value.lower(),
        label=named,
        uuid=uuid,
        capacity=room.total if room else 0,
        free=room.free if room else 0,
        device=declare(device, name) if name else device,
        removable=_REMOVABLE in options,
        read_only=bool(flags.value & _READ_ONLY),
        remote=remote,
    )


def _device(root: str, remote: bool) -> Device:
    if remote:
        where = root.strip("\\").lower()
        return Device(id=f"server:{where}", name=where, kind=DeviceKind.SERVER, bus="network")
    handle = _open(rf"\\.\{root.rstrip(chr(92))}", 0)
    answer = _control(handle, _GET_DEVICE_NUMBER, 12) if handle is not None else None
    if handle is not None:
        _kernel().CloseHandle(ctypes.c_void_p(handle))
    if not answer:
        return Device(id=f"volume:{root}", name=root)
    _, number, _ = struct.unpack("<III", answer)
    return Device(id=f"disk number:{number}", name=f"Disk {number}", kind=DeviceKind.DISK)


def _open(name: str, access: int) -> int | None:
    create = _kernel().CreateFileW
    create.restype = ctypes.c_void_p
    handle = create(name, ctypes.c_uint32(access), _SHARED, None, _OPEN_EXISTING, 0, None)
    return None if handle in {None, _NO_HANDLE} else int(handle)


def _control(handle: int, code: int, size: int = 0) -> bytes | None:
    """What a device answers to a control code, None when it refuses."""
    answer, length = ctypes.create_string_buffer(max(size, 1)), ctypes.c_uint32()
    done = _kernel().DeviceIoControl(
        ctypes.c_void_p(handle),
        ctypes.c_uint32(code),
        None,
        0,
        answer,
        size,
        ctypes.byref(length),
        None,
    )
    return answer.raw[: length.value] if done else None


def _kernel() -> Any:
    return getattr(ctypes, "windll").kernel32  # noqa: B009 - only Windows has it
