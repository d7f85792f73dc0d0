"""Folders that runs have written to, kept until deleting them disturbs nobody.

For a minute and more ext4 does not take what was just deleted for something new, and searches past
it for every new file. Whoever came after a deletion of 40,000 files took a quarter longer, and none
of it was his doing: real drives have nothing on them that was deleted a moment ago.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

MANY = 1000
"""Files from which on a folder is kept."""
_PAUSE = 120.0
"""Seconds after which a deletion is forgotten, with some to spare."""


class UsedFolders:
    """Gives new folders, and deletes used ones when there is a pause or no more room."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._count = 0
        self._used: list[Path] = []

    def new(self) -> Path:
        """A folder that nobody has used."""
        self._count += 1
        folder = self._scratch / f"run {self._count}"
        folder.mkdir()
        return folder

    def done(self, folder: Path, files: int) -> None:
        """*folder*, with so many files in it, is no longer needed."""
        if files < MANY:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            self._used.append(folder)

    def make_room(self, size: int) -> None:
        """See to it that so many bytes find room."""
        room = os.statvfs(self._scratch)
        if room.f_bavail * room.f_frsize < size:
            self.clear()

    def clear(self) -> None:
        """Delete what is used, and wait until that is forgotten."""
        if not self._used:
            return
        for folder in self._used:
            shutil.rmtree(folder, ignore_errors=True)
        self._used.clear()
        subprocess.run(["sync", "-f", self._scratch], check=True)
        time.sleep(_PAUSE)
