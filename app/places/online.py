"""Whether a file is there to be read, on a drive that answers."""

from __future__ import annotations

from pathlib import Path


def is_online(path: Path) -> bool:
    """Whether *path* is there; not where its drive only fails, for instance because it was pulled.

    `Path.exists` raises for such a drive.
    """
    try:
        path.stat()
    except (OSError, ValueError):
        return False
    return True
