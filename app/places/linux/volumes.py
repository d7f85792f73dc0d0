"""The volumes of a Linux machine: mounts, superblocks and devices put together."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.errors import NotFound
from app.places.devices import Device, DeviceKind
from app.places.linux.blocks import Block, Blocks
from app.places.linux.devices import LinuxDevices, declared_names, split_share
from app.places.linux.file_systems import FileSystemFacts, FileSystems, told_by_mount
from app.places.linux.fuse import daemon_file
from app.places.linux.hardware import is_removable
from app.places.linux.mounts import Mount, MountTable, parse_mountinfo
from app.places.patience import ask, ask_all
from app.places.volumes import Volume


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the file system behind a mount answered."""

    capacity: int = 0
    free: int = 0
    is_folder: bool = True
    stamp: tuple[int, ...] = ()
    """Differs when another file system is mounted there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinuxPlaces:
    """The volumes that the kernel behind these folders knows."""

    proc: Path = Path("/proc")
    sys: Path = Path("/sys")
    file_systems: FileSystems

    def volumes(self, declared: Mapping[str, str]) -> tuple[Volume, ...]:
        """Every volume worth showing, in the order in which they were mounted."""
        look = Look(self, declared)
        mounts = look.table.worth_showing()
        look.ask_rooms(mounts)
        return tuple(look.volume(mount) for mount in mounts if look.answer(mount).is_folder)

    def volume_of(self, path: Path, declared: Mapping[str, str]) -> Volume:
        """The volume on which *path* lies or would lie."""
        text = os.path.abspath(path)
        real, number = ask(("path", text), lambda: _resolved(text), (text, (0, 0)), 5.0)
        look = Look(self, declared)
        mount = look.table.of(real)
        if mount is not None and mount.number != number and number[0] != 0:
            # Something was mounted or unmounted between the two questions.
            look = Look(self, declared)
            mount = look.table.of(real)
        if mount is None:
            raise NotFound(f"No volume is mounted at {text}.", path=path)
        return look.volume(mount)

    def table(self) -> MountTable:
        """The mounts of this moment."""
        return MountTable(parse_mountinfo((self.proc / "self/mountinfo").read_bytes()))


def look_now() -> Look:
    """One look at this machine, with nothing declared."""
    return Look(LinuxPlaces(file_systems=FileSystems()), {})


class Look:
    """One look at the machine: every question is asked once."""

    def __init__(self, places: LinuxPlaces, declared: Mapping[str, str]) -> None:
        self.table = places.table()
        self.blocks = Blocks(places.sys)
        self._places = places
        self._declared = declared
        self._answers: dict[int, _Answer] = {}
        self._devices = LinuxDevices(self.table, self.blocks, self._name_given, places.proc)

    def volume(self, mount: Mount) -> Volume:
        """The volume that *mount* shows, as seen through this mount."""
        answer, facts = self.answer(mount), self.facts(mount)
        device = self.device(mount)
        return Volume(
            mount_point=Path(mount.point),
            source=mount.source,
            file_system=_kind(mount, facts),
            label=facts.label or _label(mount),
            uuid=facts.uuid,
            capacity=answer.capacity,
            free=answer.free,
            device=device,
            removable=self._is_removable(mount, device),
            read_only=mount.read_only,
            remote=mount.remote or device.kind is DeviceKind.SERVER,
        )

    def device(self, mount: Mount) -> Device:
        """The device behind *mount*; the same for every mount of one file system."""
        return self._devices.of_mount(self.table.same_file_system(mount)[0])

    def block(self, mount: Mount) -> Block | None:
        """The block device that holds the file system, None where there is none."""
        if mount.number[0] != 0:
            return self.blocks.at(mount.number)
        if not mount.source.startswith("/dev/"):
            return None
        try:
            found = os.stat(mount.source).st_rdev
        except OSError:
            return self.blocks.named(mount.source.removeprefix("/dev/"))
        return self.blocks.at((os.major(found), os.minor(found)))

    def ask_rooms(self, mounts: tuple[Mount, ...]) -> None:
        """Ask all at once those that might never answer; a silent one costs one second."""
        doubtful = {("room", m.id, m.point): m for m in mounts if m.may_hang}
        found = ask_all({key: partial(_answer, m.point) for key, m in doubtful.items()}, _Answer())
        self._answers |= {mount.id: found[key] for key, mount in doubtful.items()}

    def answer(self, mount: Mount) -> _Answer:
        """What the file system says of its room; nothing when it is silent."""
        if mount.id not in self._answers:
            if mount.may_hang:
                self.ask_rooms((mount,))
            else:
                try:
                    self._answers[mount.id] = _answer(mount.point)
                except OSError:
                    self._answers[mount.id] = _Answer()
        return self._answers[mount.id]

    def facts(self, mount: Mount) -> FileSystemFacts:
        """Label, UUID and type of the file system."""
        systems, stamp = self._places.file_systems, self.answer(mount).stamp
        block = self.block(mount)
        if block is not None:
            if not mount.may_hang:
                try:
                    return told_by_mount(mount.point)
                except OSError:
                    pass  # older kernels and other file systems cannot say it
            key = (block.name, mount.id, block.whole.text("diskseq"), stamp)
            return systems.of_block(block.name, block.number, key)
        image = daemon_file(mount, self._places.proc) or mount.source
        if mount.file_system.startswith("fuse") and image.startswith("/"):
            changed = ask(("image", image), lambda: _file_stamp(image), None)
            if changed is not None:
                return systems.of_image(Path(image), (image, mount.id, changed))
        return FileSystemFacts()

    def _name_given(self, mount: Mount) -> str:
        if not self._declared:
            return ""
        facts = self.facts(mount)
        identity = facts.uuid or f"{mount.source}|{facts.label or _label(mount)}"
        for other in self.table.same_file_system(mount):
            if name := declared_names(self._declared, other, identity):
                return name
        return ""

    def _is_removable(self, mount: Mount, device: Device) -> bool:
        block = self.block(mount)
        if block is None or block.is_loop:
            return False
        return any(is_removable(drive, device) for drive in self.blocks.drives(block))


def _resolved(path: str) -> tuple[str, tuple[int, int]]:
    """*path* without links, and the number of the file system of what exists of it."""
    real = os.path.realpath(path)
    existing = real
    while True:
        try:
            number = os.stat(existing).st_dev
        except OSError:
            above = os.path.dirname(existing)
            if above == existing:
                raise
            existing = above
        else:
            return real, (os.major(number), os.minor(number))


def _answer(point: str) -> _Answer:
    room, top = os.statvfs(point), os.stat(point)
    return _Answer(
        capacity=room.f_blocks * room.f_frsize,
        free=room.f_bavail * room.f_frsize,
        is_folder=os.path.isdir(point),
        stamp=(room.f_fsid, room.f_blocks, top.st_ino, top.st_ctime_ns),
    )


def _file_stamp(path: str) -> tuple[int, int] | None:
    """What tells an image from another one at the same path, None where it is no file."""
    found = os.stat(path)
    return (found.st_ino, found.st_size) if stat.S_ISREG(found.st_mode) else None


def _kind(mount: Mount, facts: FileSystemFacts) -> str:
    """The file system's own type where a FUSE program drives one that we can tell."""
    if mount.file_system in {"fuseblk", "fuse"} and facts.type:
        return facts.type
    return mount.file_system


def _label(mount: Mount) -> str:
    """What to call a volume that has no label: its share, or the folder it is mounted on."""
    if mount.remote:
        server, share = split_share(mount)
        return share.rstrip("/").rpartition("/")[2] or server
    return mount.point.rstrip("/").rpartition("/")[2] or "/"
