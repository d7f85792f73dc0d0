"""Label, UUID and type of the file system on a block device or in an image, without root.

The mounted file system itself answers first (ext4, XFS and btrfs on newer kernels), then udev's
database, then the links it leaves in /dev/disk, then `blkid` reads the superblock, where it may:
a container has no udev.
"""

from __future__ import annotations

import fcntl
import math
import os
import re
import subprocess
import threading
import time
import uuid
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

_ESCAPED = re.compile(rb"\\x([0-9a-fA-F]{2})")
_BLKID_SECONDS = 2.0
_AGAIN_SECONDS = 10.0
"""After which `blkid` is asked anew about what it did not tell in time: a machine may be busy."""
_REMEMBERED = 256
_GET_UUID = 0x80111500
"""FS_IOC_GETFSUUID: a length and 16 bytes."""
_GET_LABEL = 0x81009431
"""FS_IOC_GETFSLABEL: 256 bytes."""


@dataclass(frozen=True, slots=True)
class FileSystemFacts:
    """What a superblock says of itself; "" where it says nothing."""

    label: str = ""
    uuid: str = ""
    type: str = ""


def told_by_mount(point: str) -> FileSystemFacts:
    """What the mounted file system says through the kernel; OSError where it cannot say it."""
    folder = os.open(point, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        raw = fcntl.ioctl(folder, _GET_UUID, bytes(17))
        label = fcntl.ioctl(folder, _GET_LABEL, bytes(256))
    finally:
        os.close(folder)
    if raw[0] != 16:
        raise OSError(f"the UUID of {point} has {raw[0]} bytes")
    # An image that was made without a UUID has zeros there, as have all of its kind.
    written = str(uuid.UUID(bytes=raw[1:])) if any(raw[1:]) else ""
    return FileSystemFacts(os.fsdecode(label.partition(b"\0")[0]), written)


class FileSystems:
    """Reads the facts of file systems; remembers them for as long as the key stays the same."""

    def __init__(self, dev: Path = Path("/dev"), run: Path = Path("/run")) -> None:
        self._dev = dev
        self._run = run
        self._known: dict[Hashable, tuple[FileSystemFacts, float]] = {}
        """Each with the moment until which it counts."""
        self._lock = threading.Lock()

    def of_block(self, name: str, number: tuple[int, int], key: Hashable) -> FileSystemFacts:
        """The facts of the file system on the block device *name*.

        *key* must differ whenever another file system may lie there.
        """
        told = self._from_udev(number)
        if told.uuid:
            return told
        linked = FileSystemFacts(self._linked("by-label", name), self._linked("by-uuid", name))
        if linked.uuid:
            return linked
        return self._remembered(key, self._dev / name)

    def of_image(self, image: Path, key: Hashable) -> FileSystemFacts:
        """The facts of the file system inside an image file."""
        return self._remembered(key, image)

    def _remembered(self, key: Hashable, place: Path) -> FileSystemFacts:
        with self._lock:
            facts, until = self._known.get(key, (FileSystemFacts(), 0.0))
        if time.monotonic() < until:
            return facts
        probed = _probed(place)
        facts = probed or FileSystemFacts()
        until = math.inf if probed is not None else time.monotonic() + _AGAIN_SECONDS
        with self._lock:
            while len(self._known) >= _REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[key] = facts, until
        return facts

    def _from_udev(self, number: tuple[int, int]) -> FileSystemFacts:
        try:
            raw = (self._run / f"udev/data/b{number[0]}:{number[1]}").read_bytes()
        except OSError:
            return FileSystemFacts()
        lines = os.fsdecode(raw).split("\n")
        return _facts([line[2:] for line in lines if line.startswith("E:")])

    def _linked(self, folder: str, name: str) -> str:
        try:
            with os.scandir(self._dev / "disk" / folder) as links:
                for link in links:
                    if Path(os.path.realpath(link.path)) == (self._dev / name).resolve():
                        return _unescaped(link.name)
        except OSError:
            pass
        return ""


def _probed(place: Path) -> FileSystemFacts | None:
    """What `blkid` reads there; None where it did not answer in time."""
    command = ["blkid", "-p", "-o", "udev", os.fspath(place)]
    # blkid lives in /sbin, which a user's search path may leave out.
    search = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    try:
        answer = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_BLKID_SECONDS,
            check=False,
            env={"PATH": search, "LC_ALL": "C"},
        )
    except subprocess.TimeoutExpired:
        return None
    except OSError:
        return FileSystemFacts()
    return _facts(os.fsdecode(answer.stdout).split("\n"))


def _facts(lines: list[str]) -> FileSystemFacts:
    found = dict(line.partition("=")[::2] for line in lines)
    return FileSystemFacts(
        label=_unescaped(found.get("ID_FS_LABEL_ENC", "")),
        uuid=_unescaped(found.get("ID_FS_UUID_ENC", "")),
        type=found.get("ID_FS_TYPE", "").lower(),
    )


def _unescaped(text: str) -> str:
    """Text in which udev wrote doubtful bytes as \\x20."""
    raw = os.fsencode(text)
    plain = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), raw)
    return os.fsdecode(plain)
