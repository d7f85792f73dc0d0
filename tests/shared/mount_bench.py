"""Real file systems for the tests of places: loop mounts, FUSE, memory, all taken down again."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


def run(*command: object) -> str:
    """Run a program; its output, or a failure that shows what it said."""
    done = subprocess.run(
        [os.fspath(part) if isinstance(part, Path) else str(part) for part in command],
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout.strip()


def need(*programs: str) -> None:
    """Skip where the test cannot be carried out, and say why."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    if not Path("/dev/loop-control").exists():
        pytest.skip("this kernel has no loop devices")


class Bench:
    """Makes images, loops and mounts, and takes all of them down in the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._undo: list[Callable[[], object]] = []

    def image(self, name: str, size: int, *make: str, folder: Path | None = None) -> Path:
        """An image of *size* MB, formatted by the command *make*."""
        path = (folder or self.folder) / name
        with path.open("wb") as file:
            file.truncate(size << 20)
        if make:
            run(*make, path)
        return path

    def loop(self, image: Path) -> str:
        """A loop device over *image*."""
        device = run("losetup", "-f", "--show", image)
        self._undo.append(lambda: _quiet("losetup", "-d", device))
        return device

    def partition(self, device: str, number: int, start: int, length: int) -> str:
        """A partition in sectors of 512 bytes; the kernel is told, no table is written."""
        run("addpart", device, number, start, length)
        self._undo.append(lambda: _quiet("delpart", device, str(number)))
        return f"{device}p{number}"

    def mount(self, source: object, name: str, *options: str) -> Path:
        """Mount *source* on a new folder *name*."""
        point = self.point(name)
        run("mount", *options, source, point)
        self.taken_down(point)
        return point

    def fuse(self, point: Path, *command: object) -> Path:
        """Run a FUSE program that mounts on *point*."""
        run(*command)
        assert os.path.ismount(point)
        self.taken_down(point)
        return point

    def point(self, name: str) -> Path:
        """A new folder to mount on."""
        point = self.folder / name
        point.mkdir(parents=True)
        return point

    def taken_down(self, point: Path) -> None:
        """See to it that *point* is unmounted in the end, however often it is mounted."""
        self._undo.append(lambda: _quiet("umount", "-l", os.fspath(point)))

    def ext4(self, name: str, label: str = "", size: int = 16) -> Path:
        """A mounted ext4 on a loop over an image in the bench's folder."""
        image = self.image(f"{name}.img", size, "mkfs.ext4", "-qF", "-L", label)
        return self.mount(self.loop(image), name)

    def undone(self, undo: Callable[[], object]) -> None:
        """Have *undo* done in the end."""
        self._undo.append(undo)

    def close(self) -> None:
        """Take everything down, last first."""
        while self._undo:
            self._undo.pop()()


def _quiet(*command: str) -> None:
    subprocess.run(command, capture_output=True, check=False, timeout=60)
