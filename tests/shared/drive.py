"""A drive made of a loop over an image: pulled, plugged in elsewhere, filled, broken below."""

from __future__ import annotations

import os
import re
from pathlib import Path

from mount_bench import Bench, run

_MAKE = {
    "ext4": ("mkfs.ext4", "-qF", "-m", "0", "-L"),
    "xfs": ("mkfs.xfs", "-qf", "-L"),
    "btrfs": ("mkfs.btrfs", "-qf", "-L"),
}


class Drive:
    """One drive, mounted at `point` while it is plugged in."""

    def __init__(
        self,
        bench: Bench,
        name: str,
        *,
        size: int = 64,
        file_system: str = "ext4",
        folder: Path | None = None,
    ) -> None:
        self.bench, self.name = bench, name
        label = name.upper()[:12]
        self.label = label
        self.image = bench.image(f"{name}.img", size, *_MAKE[file_system], label, folder=folder)
        self.device = bench.loop(self.image)
        self.point = bench.mount(self.device, name)

    def pull(self) -> None:
        """Take it out of the tree; open descriptors go on working, paths do not."""
        run("umount", "-l", self.point)
        assert not os.path.ismount(self.point)

    def plug(self, at: Path | None = None) -> Path:
        """Mount it again, where it was or elsewhere."""
        self.point = at or self.point
        self.point.mkdir(exist_ok=True)
        run("mount", self.device, self.point)
        self.bench.taken_down(self.point)
        return self.point

    def die(self, *, log_written: bool = True) -> None:
        """From now on every access fails, as with a cable that was torn out."""
        assert os.path.ismount(self.point), "or the disk below it would be shut down"
        run("xfs_io", "-x", "-c", "shutdown -f" if log_written else "shutdown", self.point)

    def fill(self, leave: int) -> Path:
        """Fill it up to *leave* free bytes."""
        filler = self.point / "filler"
        facts = os.statvfs(self.point)
        free = facts.f_bavail * facts.f_frsize
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free - leave)
            os.fsync(file.fileno())
        return filler

    def flip(self, path: Path, at: int) -> None:
        """Change one bit of a file below the file system, leaving every cache as it is."""
        run("sync", "-f", path)  # only this file system: another may be broken on purpose
        extents = re.findall(
            r"^\s*\d+:\s+(\d+)\.\.\s*(\d+):\s+(\d+)\.\.",
            run("filefrag", "-v", "-b1", path),
            re.MULTILINE,
        )
        for first, last, physical in extents:
            if int(first) <= at <= int(last):
                with self.image.open("r+b") as image:
                    image.seek(int(physical) + at - int(first))
                    (byte,) = image.read(1)
                    image.seek(-1, os.SEEK_CUR)
                    image.write(bytes([byte ^ 1]))
                return
        raise AssertionError(f"no extent of {path} holds byte {at}: {extents}")
