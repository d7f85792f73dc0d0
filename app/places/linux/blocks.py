"""Block devices of a Linux machine as sysfs shows them: partitions, disks, loops and layers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Block:
    """One block device: a disk, a partition, a loop, a layer of device mapper or RAID."""

    folder: Path
    """Its folder below /sys/devices, links resolved."""

    @property
    def name(self) -> str:
        """As in /dev; sysfs writes `!` for a slash."""
        return self.folder.name.replace("!", "/")

    @property
    def is_partition(self) -> bool:
        """Whether it is a part of the disk above it."""
        return (self.folder / "partition").exists()

    @property
    def whole(self) -> Block:
        """The disk that it is a part of, or itself."""
        return Block(self.folder.parent) if self.is_partition else self

    @property
    def number(self) -> tuple[int, int]:
        """Major and minor number, (0, 0) when it has gone."""
        major, _, minor = self.text("dev").partition(":")
        return (int(major), int(minor)) if minor.isdigit() else (0, 0)

    @property
    def backing_file(self) -> str:
        """The file behind a loop, "" for anything else."""
        try:
            raw = (self.whole.folder / "loop/backing_file").read_bytes()
        except OSError:
            return ""
        return os.fsdecode(raw.removesuffix(b"\n"))

    @property
    def is_loop(self) -> bool:
        """Whether a file is behind it."""
        return (self.whole.folder / "loop").is_dir()

    @property
    def in_memory(self) -> bool:
        """Whether its bytes lie in memory and go with the power."""
        return self.whole.name.rstrip("0123456789") in {"zram", "ram"}

    def text(self, attribute: str) -> str:
        """An attribute's text, "" where there is none or it does not answer."""
        try:
            raw = (self.folder / attribute).read_bytes()
        except OSError:
            return ""
        return raw.decode("utf-8", "replace").strip("\0 \n\t")

    def blob(self, attribute: str) -> bytes:
        """An attribute's bytes, empty where there is none."""
        try:
            return (self.folder / attribute).read_bytes()
        except OSError:
            return b""


class Blocks:
    """The block devices of one machine."""

    def __init__(self, sys: Path = Path("/sys")) -> None:
        self.sys = sys

    def at(self, number: tuple[int, int]) -> Block | None:
        """The device with this major and minor number, None when there is none."""
        return self._at(self.sys / "dev/block" / f"{number[0]}:{number[1]}")

    def named(self, name: str) -> Block | None:
        """The device of this name (no /dev before it), None when there is none."""
        return self._at(self.sys / "class/block" / name.replace("/", "!"))

    def all(self) -> tuple[Block, ...]:
        """Every block device, by name."""
        try:
            names = sorted(os.listdir(self.sys / "class/block"))
        except OSError:
            return ()
        return tuple(block for name in names if (block := self.named(name)))

    def below(self, block: Block) -> tuple[Block, ...]:
        """The devices that a layer (LVM, RAID, encryption, multipath, cache) is made of.

        For LVM those of the whole volume group, as far as they are in use: its logical volumes
        stand and fall together.
        """
        group = _volume_group(block.whole)
        layers = (
            [block.whole]
            if not group
            else [other for other in self.all() if _volume_group(other) == group]
        )
        names = {name for layer in layers for name in _listed(layer.folder / "slaves")}
        return tuple(found for name in sorted(names) if (found := self.named(name)))

    def above(self, block: Block) -> tuple[Block, ...]:
        """The layers that stand on *block*."""
        names = _listed(block.folder / "holders")
        return tuple(found for name in sorted(names) if (found := self.named(name)))

    def drives(self, block: Block) -> tuple[Block, ...]:
        """The whole disks (or loops) that *block* lies on, layers resolved, loops not."""
        below = self.below(block)
        if not below:
            return (block.whole,)
        found = {drive.folder: drive for part in below for drive in self.drives(part)}
        return tuple(found[folder] for folder in sorted(found))

    def members(self, name: str) -> tuple[Block, ...]:
        """The devices of the btrfs that has the device *name* among its own."""
        pools = self.sys / "fs/btrfs"
        for pool in _listed(pools):
            names = _listed(pools / pool / "devices")
            if name in names:
                return tuple(found for each in sorted(names) if (found := self.named(each)))
        return ()

    def pools(self) -> tuple[tuple[Block, ...], ...]:
        """The members of everything that joins several devices: RAID, LVM, caches, btrfs."""
        joined = [below for block in self.all() if len(below := self.below(block)) > 1]
        folder = self.sys / "fs/btrfs"
        for pool in _listed(folder):
            names = _listed(folder / pool / "devices")
            if len(names) > 1:
                joined.append(tuple(found for each in sorted(names) if (found := self.named(each))))
        return tuple(joined)

    def _at(self, link: Path) -> Block | None:
        folder = Path(os.path.realpath(link))
        return Block(folder) if (folder / "dev").exists() else None


def _volume_group(block: Block) -> str:
    """The id of the LVM volume group that a layer belongs to, "" for anything else."""
    if not block.folder.name.startswith("dm-"):
        return ""
    uuid = block.text("dm/uuid")
    return uuid[4:36] if uuid.startswith("LVM-") else ""


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
