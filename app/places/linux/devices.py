"""The device behind a mount on Linux, seen through partitions, loops, layers and servers.

A place lies on one or several *parts*: disks, servers, memory. Parts that a pool joins anywhere
on this machine fail as one, so a plain partition on a pool's disk is that pool as well.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from app.places.devices import MEMORY, Device, DeviceKind, declare, join
from app.places.linux.blocks import Block, Blocks
from app.places.linux.fuse import daemon_file
from app.places.linux.hardware import hardware
from app.places.linux.mounts import MEMORY_TYPES, Mount, MountTable
from app.places.patience import ask

_LTFS_UUID = "user.ltfs.volumeUUID"
_WITHOUT_SHARES = frozenset({"fuse.sshfs", "fuse.rclone"})
"""Servers reached without the notion of a share: all their folders are one device."""


class LinuxDevices:
    """Answers which device is behind a mount, for the mounts of one moment."""

    def __init__(
        self,
        table: MountTable,
        blocks: Blocks,
        declared: Callable[[Mount], str] = lambda mount: "",
        proc: Path = Path("/proc"),
    ) -> None:
        """*declared* gives the name that a person gave to the device behind a mount, or ""."""
        self._table = table
        self._blocks = blocks
        self._declared = declared
        self._proc = proc
        self._known: dict[int, Device] = {}
        self._pools: list[dict[str, Device]] | None = None

    def of_mount(self, mount: Mount) -> Device:
        """The device behind *mount*."""
        if mount.id not in self._known:
            parts = self._parts(mount, frozenset())
            self._known[mount.id] = join(self._with_pools(parts))
        return self._known[mount.id]

    def _with_pools(self, parts: Iterable[Device]) -> list[Device]:
        found = {part.id: part for part in parts}
        if self._pools is None:
            self._pools = [
                {d.id: d for d in self._of_blocks(pool, frozenset()) if d is not MEMORY}
                for pool in self._blocks.pools()
            ]
        grown = True
        while grown:
            grown = False
            for pool in self._pools:
                if found.keys() & pool.keys() and not pool.keys() <= found.keys():
                    found |= pool
                    grown = True
        return list(found.values())

    def _parts(self, mount: Mount, seen: frozenset[int]) -> list[Device]:
        if mount.id in seen:
            return [_unknown(mount)]
        parts = self._undeclared(mount, seen | {mount.id})
        name = self._declared(mount)
        return [declare(join(parts), name)] if name else parts

    def _undeclared(self, mount: Mount, seen: frozenset[int]) -> list[Device]:
        whole = self._without_block(mount)
        if whole is not None:
            return [whole]
        if mount.file_system == "overlay":
            upper = mount.value("upperdir") or mount.value("lowerdir").partition(":")[0]
            return self._of_path(upper, mount, seen)
        if mount.number[0] != 0:
            block = self._blocks.at(mount.number)
            return self._of_block(block, seen) if block else [_unknown(mount)]
        return self._of_sources(mount, seen)

    def _without_block(self, mount: Mount) -> Device | None:
        """The device of a file system that its own kind gives away, None for all others."""
        kind = mount.file_system
        if kind in MEMORY_TYPES:
            return MEMORY
        if mount.remote:
            return self._server(mount)
        if kind.startswith("fuse") and mount.source.startswith("ltfs:"):
            return _cartridge(mount)
        if kind == "zfs":
            pool = mount.source.partition("/")[0]
            return Device(id=f"zfs:{pool}", name=f"ZFS pool {pool}", kind=DeviceKind.DISK)
        return None

    def _of_sources(self, mount: Mount, seen: frozenset[int]) -> list[Device]:
        """The parts that the mount's source names: devices, folders or images, several at once."""
        sources = re.split(r"[:;](?=/)", mount.source)
        if not all(source.startswith("/") for source in sources):
            image = daemon_file(mount, self._proc)
            sources = [image] if image else []
        parts = [part for source in sources for part in self._of_path(source, mount, seen)]
        return parts or [_unknown(mount)]

    def _of_path(self, path: str, mount: Mount, seen: frozenset[int]) -> list[Device]:
        if not path.startswith("/"):
            return [_unknown(mount)]
        number, real = _source(path)
        if number is None:
            return self._of_file(real, mount, seen)
        block = self._blocks.at(number)
        if block is None:
            return [_unknown(mount)]
        members = self._blocks.members(block.name) if mount.file_system == "btrfs" else ()
        return self._of_blocks(members or (block,), seen)

    def _of_file(self, path: str, mount: Mount | None, seen: frozenset[int]) -> list[Device]:
        """The parts behind a file or folder; a mount over its own source means what is below."""
        below = self._table.of(path)
        while below is not None and mount is not None and below.number == mount.number:
            below = self._table.parent(below)
        if below is None:
            return [_unknown(mount) if mount else _unknown_file(path)]
        return self._parts(below, seen)

    def _of_blocks(self, blocks: Iterable[Block], seen: frozenset[int]) -> list[Device]:
        return [part for block in blocks for part in self._of_block(block, seen)]

    def _of_block(self, block: Block, seen: frozenset[int]) -> list[Device]:
        below = self._blocks.below(block)
        if below:
            return self._of_blocks(below, seen)
        whole = block.whole
        if whole.in_memory:
            return [MEMORY]
        if not whole.is_loop:
            return [hardware(whole, self._blocks.sys)]
        path = whole.backing_file
        if path.startswith("/dev/"):
            number, real = _source(path)
            inner = self._blocks.at(number) if number else None
            return self._of_block(inner, seen) if inner else self._of_file(real, None, seen)
        # The kernel gives the path without links, and asking the file could hang.
        return self._of_file(path, None, seen) if path else [_unknown_file(whole.name)]

    def _server(self, mount: Mount) -> Device:
        server, share = split_share(mount)
        address = mount.value("addr") or server
        names = {
            split_share(other)[0]
            for other in self._table.mounts
            if other.remote and (other.value("addr") or split_share(other)[0]) == address
        }
        # One server that is mounted by its name and by its number is one server.
        server = min(names, key=lambda name: (_is_number(name), name), default=server)
        where = f"{server}/{share}" if share else server
        name = f"{share} on {server}" if share else server
        return Device(id=f"server:{where}", name=name, kind=DeviceKind.SERVER, bus="network")


def split_share(mount: Mount) -> tuple[str, str]:
    """Server and share of a network mount: `nas`, `films`; the share is "" where there is none."""
    source = mount.source
    if "://" in source:
        host, _, share = source.partition("://")[2].partition("/")
        host = host.rpartition("@")[2]
        return host.lower(), share.partition("/")[0]
    if source.startswith(("//", "\\\\")):
        host, _, share = source[2:].replace("\\", "/").partition("/")
        return host.lower(), share.partition("/")[0]
    found = re.match(r"(?:[^@/]*@)?(\[[^\]]*\]|[^:/]*):(.*)", source, re.S)
    if not found:
        return ("host" if mount.file_system in {"9p", "virtiofs"} else source.lower()), source
    share = "" if mount.file_system in _WITHOUT_SHARES else found[2].strip("/")
    return found[1].strip("[]").lower().rstrip("."), share


def declared_names(declared: Mapping[str, str], mount: Mount, identity: str) -> str:
    """The name that a person gave to the device behind *mount*, by identity or mount point."""
    return declared.get(identity) or declared.get(mount.point) or ""


def _source(path: str) -> tuple[tuple[int, int] | None, str]:
    """The number of a block device, None for anything else or silence; the path without links."""

    def look() -> tuple[tuple[int, int] | None, str]:
        real = os.path.realpath(path)
        found = os.stat(real)
        if stat.S_ISBLK(found.st_mode):
            return (os.major(found.st_rdev), os.minor(found.st_rdev)), real
        return None, real

    silent: tuple[tuple[int, int] | None, str] = (None, path)
    return ask(("source", path), look, silent)


def _cartridge(mount: Mount) -> Device:
    def uuid() -> str:
        return os.fsdecode(os.getxattr(mount.point, _LTFS_UUID))

    found = ask(("cartridge", mount.id), uuid, "")
    return Device(
        id=f"cartridge:{found or mount.source}",
        name=f"Cartridge in {mount.source.removeprefix('ltfs:')}",
        kind=DeviceKind.CARTRIDGE,
    )


def _unknown(mount: Mount) -> Device:
    kind = mount.file_system.removeprefix("fuse.")
    return Device(id=f"{mount.file_system}:{mount.source}", name=f"{mount.source} ({kind})")


def _unknown_file(path: str) -> Device:
    return Device(id=f"file:{path}", name=f"what is behind {path}")


def _is_number(host: str) -> bool:
    return bool(re.fullmatch(r"[\d.]+|[0-9a-f:%]*:[0-9a-f:%]*", host))
