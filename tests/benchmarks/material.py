"""Cards for the benchmarks: random bytes, so that nothing can compress or share them."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path

_PIECE = 1 << 20
LARGE_FILES = 8
FILES_PER_FOLDER = 100
SMALLEST, LARGEST = 20 << 10, 80 << 10
_UNITS = {"K": 10**3, "M": 10**6, "G": 10**9}


@dataclass(frozen=True, slots=True)
class Material:
    """A card that was made, and what lies on it."""

    root: Path
    files: int
    size: int


def large_card(root: Path, size: int, clips: int = LARGE_FILES) -> Material:
    """Clips of one camera; their sizes are no multiple of a block."""
    one = max(_PIECE, size // clips) + 4097
    folder = root / "CLIPS"
    folder.mkdir(parents=True)
    for n in range(clips):
        _fill(folder / f"A003C{n + 1:03}.mxf", one)
    return Material(root, clips, one * clips)


def small_card(
    root: Path, files: int, smallest: int = SMALLEST, largest: int = LARGEST
) -> Material:
    """Many files, a hundred to a folder; the same sizes at every run."""
    sizes = random.Random(3)
    total = 0
    for n in range(files):
        folder = root / f"F{n // FILES_PER_FOLDER:04}"
        if n % FILES_PER_FOLDER == 0:
            folder.mkdir(parents=True)
        size = sizes.randint(smallest, largest)
        (folder / f"frame.{n:07}.dpx").write_bytes(os.urandom(size))
        total += size
    return Material(root, files, total)


def parse_count(text: str) -> int:
    """A number from `20000`, `256M`, `4G`."""
    unit = _UNITS.get(text[-1:].upper(), 1)
    return int(float(text.rstrip("kKmMgG")) * unit)


def _fill(path: Path, size: int) -> None:
    with path.open("wb") as file:
        for _ in range(size // _PIECE):
            file.write(os.urandom(_PIECE))
        file.write(os.urandom(size % _PIECE))
