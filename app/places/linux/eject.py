"""Ejecting on Linux: as root through the kernel, otherwise through udisks or FUSE."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from app.errors import EnvironmentFault, PlaceBusy, Refusal, WriteFailed
from app.places.devices import DeviceKind
from app.places.eject import EjectResult, Holder, busy
from app.places.holders import holders_below, mounted_elsewhere
from app.places.linux.blocks import Block
from app.places.linux.drive_power import power_off_drive
from app.places.linux.mounts import Mount, covers
from app.places.linux.volumes import Look, look_now
from app.places.patience import ask
from app.places.volumes import Volume

_SYSTEM = ("/", "/home", "/usr", "/var", "/etc", "/opt", "/root", "/srv", "/nix", "/tmp")
_WITH_ALL_BELOW = ("/boot", "/efi", "/proc", "/sys", "/dev", "/run")
_PEOPLES = "/run/media"
"""Where desktops mount drives, although it lies in a system folder."""
_LOOP_CLR_FD = 0x4C01
_DETACH_SECONDS = 5.0
_ANSWER_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class _Drive:
    """All that is unmounted together."""

    blocks: tuple[Block, ...]
    """The whole disks or loops; empty where no block device is behind the volume."""
    mounts: tuple[Mount, ...]
    """In the order in which they were made."""
    parts: tuple[Block, ...]
    """The block devices with the file systems that are mounted."""


class LinuxEjector:
    """Ejects a drive with all its partitions, a loop with its image, or one mount."""

    def places(self, volume: Volume) -> tuple[Path, ...]:
        """Every mount point of the drive; Refusal for the system's own."""
        return tuple(Path(mount.point) for mount in self._drive(volume).mounts)

    def eject(self, volume: Volume, power_off: bool) -> EjectResult:
        """Write out, unmount all, detach a loop, power the drive off."""
        drive = self._drive(volume)
        for mount in drive.mounts:
            _write_out(mount, volume)
        for mount in reversed(drive.mounts):
            self._unmount(mount, volume)
        _see_it_gone(drive, volume)
        loops = [block for block in drive.blocks if block.is_loop]
        for loop in loops:
            _detach(loop, volume)
        switched_off = False
        if power_off and volume.removable and not loops and volume.device.kind is DeviceKind.DISK:
            switched_off = power_off_drive(drive.blocks)
        return EjectResult(
            label=volume.label,
            device=volume.device.name,
            unmounted=tuple(Path(mount.point) for mount in drive.mounts),
            powered_off=switched_off,
        )

    def _drive(self, volume: Volume) -> _Drive:
        look = look_now()
        mount = look.table.of(os.fspath(volume.mount_point))
        if mount is None or mount.point != os.fspath(volume.mount_point):
            raise Refusal(f"{volume.label} is no longer mounted.", path=volume.mount_point)
        block = look.block(mount)
        blocks = look.blocks.drives(block) if block else ()
        names = {drive.folder for drive in blocks}
        mounts = [m for m in look.table.mounts if _is_of(look, m, mount, names)]
        _refuse_system(volume, mounts, _swaps(look, names))
        _refuse_mounts_inside(look, volume, mounts)
        _refuse_images_inside(look, volume, mounts)
        _refuse_overlays_of(look, volume, mounts)
        parts = {part.folder: part for each in mounts if (part := look.block(each))}
        return _Drive(blocks, tuple(mounts), tuple(parts.values()))

    def _unmount(self, mount: Mount, volume: Volume) -> None:
        if os.geteuid() == 0:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.umount2(os.fsencode(mount.point), 0) == 0:
                return
            number = ctypes.get_errno()
            if number == errno.EINVAL and not os.path.ismount(mount.point):
                return  # another mount took it along
            if number == errno.EBUSY:
                raise busy(volume, holders_below((Path(mount.point),)))
            raise EnvironmentFault(
                f"{mount.point} could not be unmounted: {os.strerror(number)}.",
                path=Path(mount.point),
                device=volume.device.name,
            )
        _unmount_as_user(mount, volume)


def _is_of(look: Look, other: Mount, mount: Mount, drives: set[Path]) -> bool:
    """Whether *other* shows the same file system, or another one on the same drives."""
    if other.number == mount.number:
        return True
    block = look.block(other) if drives else None
    return block is not None and any(d.folder in drives for d in look.blocks.drives(block))


def _refuse_system(volume: Volume, mounts: list[Mount], swap: str) -> None:
    for mount in mounts:
        if _is_systems(mount.point):
            raise Refusal(
                f"{volume.label} is on the disk that this system runs from ({mount.point}), "
                "and is not ejected.",
                path=volume.mount_point,
                device=volume.device.name,
            )
    if swap:
        raise Refusal(
            f"This system swaps to {swap} on the same drive, so it is not ejected.",
            path=volume.mount_point,
            device=volume.device.name,
        )


def _is_systems(point: str) -> bool:
    if covers(_PEOPLES, point):
        return False
    return point in _SYSTEM or any(covers(folder, point) for folder in _WITH_ALL_BELOW)


def _swaps(look: Look, drives: set[Path]) -> str:
    """A swap partition on one of the drives, "" where there is none."""
    try:
        lines = Path("/proc/swaps").read_text(errors="surrogateescape").splitlines()[1:]
    except OSError:
        return ""
    for line in lines:
        name = line.split()[0]
        block = look.blocks.named(Path(os.path.realpath(name)).name)
        if block and any(drive.folder in drives for drive in look.blocks.drives(block)):
            return name
    return ""


def _refuse_mounts_inside(look: Look, volume: Volume, mounts: list[Mount]) -> None:
    ids = {mount.id for mount in mounts}
    for other in look.table.mounts:
        if other.parent in ids and other.id not in ids:
            held = Holder(pid=0, program=f"another volume ({other.source})", path=other.point)
            raise busy(volume, [held])


def _refuse_images_inside(look: Look, volume: Volume, mounts: list[Mount]) -> None:
    numbers = {mount.number for mount in mounts}
    for block in look.blocks.all():
        image = block.backing_file if block.whole == block else ""
        found = look.table.of(image) if image else None
        if found is not None and found.number in numbers:
            held = Holder(pid=0, program=f"the loop device /dev/{block.name}", path=image)
            raise busy(volume, [held])


def _refuse_overlays_of(look: Look, volume: Volume, mounts: list[Mount]) -> None:
    """An overlay keeps a file system alive that has been unmounted, and no program shows it."""
    numbers = {mount.number for mount in mounts}
    for other in look.table.mounts:
        for path in (other.value("upperdir"), *other.value("lowerdir").split(":")):
            below = look.table.of(path) if other.file_system == "overlay" and path else None
            if below is not None and below.number in numbers:
                held = Holder(pid=0, program=f"the overlay at {other.point}", path=path)
                raise busy(volume, [held])


def _write_out(mount: Mount, volume: Volume) -> None:
    """Have the kernel write all of the volume to the medium, and hear whether that worked."""
    alive = ("alive", mount.point)
    if mount.may_hang and not ask(alive, lambda: _answers(mount.point), False, _ANSWER_SECONDS):
        raise EnvironmentFault(
            f"{volume.label} does not answer, so nothing can be written out to it.",
            path=Path(mount.point),
            device=volume.device.name,
            hint="Bring the drive or server back, then eject again.",
        )
    if mount.read_only:
        return
    try:
        folder = os.open(mount.point, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return  # unmounting says better what is wrong, and writes out as well
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syncfs(folder) != 0:
            reason = os.strerror(ctypes.get_errno())
            raise WriteFailed(
                f"Not everything could be written to {volume.label}: {reason}.",
                path=Path(mount.point),
                device=volume.device.name,
                hint="Do not rely on what was written last. Verify the copies on this drive.",
            )
    finally:
        os.close(folder)


def _answers(point: str) -> bool:
    """True, sooner or later or never: an error is an answer as well, and can be unmounted."""
    with contextlib.suppress(OSError):
        os.statvfs(point)
    return True


def _unmount_as_user(mount: Mount, volume: Volume) -> None:
    if mount.file_system.startswith("fuse") and mount.file_system != "fuseblk":
        tool = shutil.which("fusermount3") or shutil.which("fusermount")
        command = [tool, "-u", "--", mount.point] if tool else []
    else:
        tool = shutil.which("udisksctl")
        command = [tool, "unmount", "--no-user-interaction", "-b", mount.source] if tool else []
    if not command:
        raise Refusal(
            f"{mount.point} can only be unmounted by root here.",
            path=Path(mount.point),
            hint="Install udisks2, or eject it with root's rights.",
        )
    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode == 0:
        return
    said = os.fsdecode(done.stderr).strip()
    if "busy" in said.lower():
        raise busy(volume, holders_below((Path(mount.point),)))
    raise Refusal(
        f"{mount.point} could not be unmounted: {said}",
        path=Path(mount.point),
        device=volume.device.name,
    )


def _see_it_gone(drive: _Drive, volume: Volume) -> None:
    """Make sure that nothing else, a container say, still has the file systems mounted.

    Only root may ask the kernel; without root we know only what we see mounted.
    """
    if os.geteuid() != 0:
        return
    for part in drive.parts:
        end = time.monotonic() + _DETACH_SECONDS
        while _is_claimed(part):
            if time.monotonic() > end:
                raise _still_seen(part, volume)
            time.sleep(0.02)


def _is_claimed(part: Block) -> bool:
    try:
        os.close(os.open(f"/dev/{part.name}", os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC))
    except OSError as error:
        return error.errno == errno.EBUSY
    return False


def _still_seen(part: Block, volume: Volume) -> PlaceBusy:
    held = mounted_elsewhere(part.number)
    if not held:
        return busy(volume, held)
    return PlaceBusy(
        f"{volume.label} is unmounted here, but {held[0].program} ({held[0].pid}) still has it "
        f"mounted at {held[0].path}, in a container or service of its own.",
        path=Path(held[0].path),
        device=volume.device.name,
        hint="End that program, then eject again. Do not unplug it yet.",
    )


def _detach(loop: Block, volume: Volume) -> None:
    """Let go of a loop's image; one that detaches by itself has gone already."""
    image, node = loop.backing_file, f"/dev/{loop.name}"
    if not image:
        return
    if os.geteuid() == 0:
        try:
            opened = os.open(node, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return  # it went in between
        try:
            fcntl.ioctl(opened, _LOOP_CLR_FD)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
        finally:
            os.close(opened)
    elif tool := shutil.which("udisksctl"):
        command = [tool, "loop-delete", "--no-user-interaction", "-b", node]
        subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    end = time.monotonic() + _DETACH_SECONDS
    while loop.backing_file == image:
        if time.monotonic() > end:
            raise PlaceBusy(
                f"{volume.label} is unmounted, but {node} still holds {image}.",
                path=Path(image),
                device=volume.device.name,
            )
        time.sleep(0.02)
