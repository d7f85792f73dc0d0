"""What a FUSE program on Linux works on, where its mount does not say."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from app.places.linux.mounts import Mount

_ONE_IMAGE = frozenset(
    {"fuse.fusefat", "fuse.fuseiso", "fuse.squashfuse", "fuse.fuseext2", "fuse.fuse-ext2"}
)
"""Programs that work on exactly one image or block device, and do not say which."""


def daemon_file(mount: Mount, proc: Path = Path("/proc")) -> str:
    """The image or block device that the program behind a FUSE mount holds open, "" if unknown."""
    if mount.file_system not in _ONE_IMAGE:
        return ""
    # The kernel's own form of a device number: the minor alone while the major is 0.
    connection = mount.number[1] & 0xFF | (mount.number[1] & ~0xFF) << 12
    for process in _listed(proc):
        if process.name.isdigit() and _serves(process, (mount.number[1], connection)):
            return _open_file(process)
    return ""


def _serves(process: Path, connections: tuple[int, int]) -> bool:
    for link in _listed(process / "fd"):
        try:
            if os.readlink(link) != "/dev/fuse":
                continue
            lines = (process / "fdinfo" / link.name).read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            name, _, value = line.partition(":")
            if name == "fuse_connection" and int(value) in connections:
                return True
    return False


def _open_file(process: Path) -> str:
    found = set()
    for link in _listed(process / "fd"):
        try:
            kind = os.stat(link).st_mode
            if stat.S_ISREG(kind) or stat.S_ISBLK(kind):
                found.add(os.readlink(link))
        except OSError:
            continue
    return found.pop() if len(found) == 1 else ""


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
