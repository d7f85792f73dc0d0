"""Measures how much memory an offload of very many tiny files takes, and of few.

python tests/benchmarks/memory.py [--files 1000,10000,100000] [--copies 1] [--size 512]
                                  [--scratch DIR]

The target is 300 MB at any size, of the program and everything that it starts together. Needs
root, as caches are emptied before each run. Nothing is left behind.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from contenders import FULL
from material import parse_count, small_card
from measure import refuse_unless_root
from offload import run_once
from table import head, row
from used_folders import UsedFolders

TARGET = 300_000_000


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    add = parser.add_argument
    add("--files", default="1000,10000,100000", help="how many files, one card for each number")
    add("--copies", type=int, default=1, help="to how many folders")
    add("--size", type=parse_count, default=512, help="bytes of a file")
    add("--scratch", type=Path, help="a folder on the disk to work on; default: here")
    return parser.parse_args()


def main(given: argparse.Namespace) -> int:
    """Print a row per card; 1 when one took more than the target."""
    refuse_unless_root()
    counts = [parse_count(text) for text in given.files.split(",")]
    print(f"{FULL.name}, 1 → {given.copies}, files of {given.size} bytes\n")
    head("files", "within 300 MB", "peak MB", "s", "files/s", "CPU s")
    worst = 0
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=given.scratch or Path.cwd()) as name:
        folders = UsedFolders(Path(name))
        for count in counts:
            card = Path(name) / "card"
            made = small_card(card, count, given.size, given.size)
            run = run_once(folders, made, FULL, given.copies)
            worst = max(worst, run.memory)
            held = "yes" if run.memory <= TARGET else "no"
            peak, rate = f"{run.memory / 1e6:,.0f}", f"{count / run.seconds:,.0f}"
            row([f"{count:,}", held, peak, f"{run.seconds:.1f}", rate, f"{run.cpu:.1f}"])
            shutil.rmtree(card)
    return worst > TARGET


if __name__ == "__main__":
    sys.exit(main(_asked()))
