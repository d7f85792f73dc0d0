"""What is not finished bears another name; what is, survives a power cut."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

PART = ".part"
"""Ends the name of whatever is not finished."""


def part_of(path: Path, job: str = "") -> Path:
    """The partial name of what is made; with *job* one that no other job writes to."""
    return path.with_name(f"{path.name}.{job}{PART}" if job else f"{path.name}{PART}")


def leftovers(paths: Iterable[Path], job: str = "") -> tuple[str, ...]:
    """Remove the partial files of *paths*; answers, in words, which stay."""
    left = []
    for path in paths:
        part = part_of(path, job)
        try:
            part.unlink(missing_ok=True)
        except OSError as error:
            left.append(f"{part} could not be removed: {error.strerror}.")
    return tuple(left)


def sync_folder(folder: Path) -> None:
    """Have the names in *folder* survive a power cut; systems without that do it by themselves."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
