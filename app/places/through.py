"""A path that leads through an open folder, for code that writes by path.

A drive that is pulled leaves an empty mount point behind; a path through its descriptor goes on
leading to the drive, or nowhere.
"""

from __future__ import annotations

import os
from pathlib import Path

from app.places.root import PinnedFolder


def path_through(folder: PinnedFolder, path: Path) -> Path:
    """*path*, which lies in or is the pinned *folder*, by way of its descriptor.

    Good for as long as the folder is open. Where the system has no such paths: *path* itself.
    """
    with folder.folder("") as fd:
        way = Path(f"/proc/self/fd/{fd}")
        try:
            here, held = os.stat(way), os.fstat(fd)
        except OSError:
            return path
    same = (here.st_dev, here.st_ino) == (held.st_dev, held.st_ino)
    return way / path.relative_to(folder.path) if same else path
