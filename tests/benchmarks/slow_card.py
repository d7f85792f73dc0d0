"""A card that is slower than the drives: a real block device, throttled by the kernel.

An image in memory behind a loop device, formatted, filled, mounted read-only. Where cgroups can
throttle a device (either version), every program that reads the card runs in one; elsewhere
nbdkit's rate filter stands between image and loop device.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from material import Material, large_card

CLIPS = 32
"""Real cards hold dozens. The last one is read back when the card is through, and with few clips it
would weigh more than it does on set."""
_CGROUPS = Path("/sys/fs/cgroup")


class NoThrottle(Exception):
    """Nothing here can slow a device down; the text says why."""


def _run(*command: object) -> str:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoThrottle(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout.strip()


class SlowCard:
    """Made on entry, taken down whole on exit."""

    def __init__(self, folder: Path, size: int, rate: int) -> None:
        self.how = ""
        """What slows it down."""
        self.cgroup: Path | None = None
        """Where its readers must run, if anywhere."""
        self.material: Material
        self._folder, self._size, self._rate = folder, size, rate
        self._undo = ExitStack()

    def __enter__(self) -> SlowCard:
        try:
            self._make()
        except BaseException:
            self._undo.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def _later(self, *command: object) -> None:
        self._undo.callback(
            lambda: subprocess.run([str(c) for c in command], capture_output=True, check=False)
        )

    def _folder_for(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir(parents=True)
        return folder

    def _make(self) -> None:
        memory, card = self._folder_for("memory"), self._folder_for("card")
        room = self._size + self._size // 20 + (64 << 20)
        _run("mount", "-t", "tmpfs", "-o", f"size={room + (16 << 20)}", "benchmark", memory)
        self._later("umount", "-l", memory)
        image = memory / "card.img"
        with image.open("wb") as file:
            file.truncate(room)
        _run("mkfs.ext4", "-qF", "-m", "0", "-O", "^has_journal", image)
        made = large_card_on(image, card, self._size)
        device = self._throttled(image)
        _run("mount", "-o", "ro", device, card)
        self._later("umount", card)
        self.material = Material(card / "A003", made.files, made.size)

    def _throttled(self, image: Path) -> str:
        ways: tuple[tuple[str, Callable[[str], None]], ...] = (
            ("cgroup v1 blkio throttle", self._version_1),
            ("cgroup v2 io.max", self._version_2),
        )
        device = self._loop(image)
        for how, way in ways:
            try:
                way(device)
            except (OSError, NoThrottle):
                continue
            self.how = how
            return device
        self.how = "nbdkit rate filter"
        return self._loop(self._through_nbdkit(image), "--direct-io=on")

    def _loop(self, image: Path, *options: str) -> str:
        device = _run("losetup", "-f", "--show", *options, image)
        self._later("losetup", "-d", device)
        return device

    def _group(self, folder: Path) -> Path:
        group = folder / f"reelkeep-benchmark-{os.getpid()}"
        group.mkdir()
        self._later("rmdir", group)
        return group

    def _version_1(self, device: str) -> None:
        folder = _CGROUPS / "blkio"
        if not (folder / "blkio.throttle.read_bps_device").exists():
            raise NoThrottle("no blkio controller")
        group = self._group(folder)
        limit = f"{_number(device)} {self._rate}"
        (group / "blkio.throttle.read_bps_device").write_text(limit)
        self.cgroup = group

    def _version_2(self, device: str) -> None:
        if "io" not in (_CGROUPS / "cgroup.controllers").read_text().split():
            raise NoThrottle("no io controller")
        (_CGROUPS / "cgroup.subtree_control").write_text("+io")
        group = self._group(_CGROUPS)
        (group / "io.max").write_text(f"{_number(device)} rbps={self._rate}")
        self.cgroup = group

    def _through_nbdkit(self, image: Path) -> Path:
        if shutil.which("nbdkit") is None or shutil.which("nbdfuse") is None:
            raise NoThrottle("cgroups cannot throttle here, and nbdkit or nbdfuse is missing")
        point = self._folder_for("slow")
        server = ("nbdkit", "-s", "--exit-with-parent", "--filter=rate", "file", str(image))
        disk = point / "disk"
        process = subprocess.Popen(
            ["nbdfuse", str(disk), "--command", *server, f"rate={self._rate * 8}"]
        )
        self._undo.callback(process.wait)
        self._later("fusermount3", "-u", point)
        for _ in range(100):
            if disk.exists():
                return disk
            time.sleep(0.1)
        raise NoThrottle("nbdfuse does not come up")


def large_card_on(image: Path, point: Path, size: int) -> Material:
    """Fill a formatted image with a card of large files."""
    _run("mount", "-o", "loop", image, point)
    try:
        return large_card(point / "A003", size, CLIPS)
    finally:
        _run("umount", point)


def _number(device: str) -> str:
    found = Path(device).stat().st_rdev
    return f"{os.major(found)}:{os.minor(found)}"
