"""Measures offloads against the manual way, other tools, and what the machine can do.

python tests/benchmarks/offload.py [--quick] [--runs 5] [--scratch DIR] [--size 4G] [--files 20000]
                                   [--parts large,small,slow] [--copies 1,2,3] [--tools WORD,...]
                                   [--save FIGURES] [--markdown]

One card of large files and one of small ones go to 1, 2 and 3 folders of one disk; then a card
slower than the drives goes to two. All tools take turns, each run begins with cold caches and new
folders, and is over when its program is. Everything that a job does is in it: start, plan,
listing, journal, attributes, verification, manifests and verdict. The others write no report, so
ours is left out. Needs root, for dropping caches and for the slow card. Nothing is left behind.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]
os.environ["PYTHONPATH"] = str(HERE.parents[1])  # for the programs that are measured
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import contenders  # noqa: E402
from contenders import FULL, MANUAL, ONE_READ, READ_BACK, TWO_READS, Contender  # noqa: E402
from figures import Figures, facts, figures_of, save  # noqa: E402
from material import Material, large_card, parse_count, small_card  # noqa: E402
from measure import Run, refuse_unless_root, timed  # noqa: E402
from readme_table import show_for_readme  # noqa: E402
from slow_card import NoThrottle, SlowCard  # noqa: E402
from table import PLAIN_READ, PLAIN_WRITE, show  # noqa: E402
from used_folders import UsedFolders  # noqa: E402

PARTS = ("large", "small", "slow")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured."""

    parts: tuple[str, ...]
    copies: tuple[int, ...]
    runs: int
    size: int
    files: int
    rate: int
    tools: tuple[Contender, ...]


def measure_part(scratch: Path, plan: Plan, part: str) -> Iterator[Figures]:
    """One card, to each number of folders, by everyone in turn."""
    card, folders = scratch / part, UsedFolders(scratch)
    made = large_card(card, plan.size) if part == "large" else small_card(card, plan.files)
    for copies in plan.copies:
        found = figures_of(part, copies, made)
        for turn in range(plan.runs):
            measure_limits(scratch, found)
            for tool in plan.tools:
                _report_progress(part, copies, turn, tool.name)
                found.add(tool, run_once(folders, made, tool, copies))
        yield found
        folders.clear()
    shutil.rmtree(card)


def run_once(
    folders: UsedFolders, made: Material, tool: Contender, copies: int, cgroup: Path | None = None
) -> Run:
    """One tool, once, into new folders."""
    folders.make_room(2 * copies * made.size)
    base = folders.new()
    own, drives = base / "own", [base / f"drive {n + 1}" for n in range(copies)]
    for folder in (own, *drives):
        folder.mkdir()
    try:
        return timed(tool.command(made.root, drives, own), [made.root, *drives], cgroup=cgroup)
    finally:
        folders.done(base, copies * made.files)


def measure_limits(scratch: Path, found: Figures) -> None:
    """The same bytes as one file: written, and read, past the cache."""
    file = scratch / "plain"
    program = [sys.executable, str(HERE / "plain_io.py")]
    write, read = ["write", str(found.size), str(file)], ["read", str(file)]
    try:
        found.add_limit(PLAIN_WRITE, timed([*program, *write], [scratch]))
        found.add_limit(PLAIN_READ, timed([*program, *read], [scratch]))
    finally:
        file.unlink(missing_ok=True)


def measure_slow(scratch: Path, plan: Plan) -> Iterator[Figures]:
    """A throttled card to two folders: how much longer than reading it?"""
    try:
        with SlowCard(scratch / "slow", plan.size, plan.rate) as card:
            name = f"Card of {plan.rate / 1e6:,.0f} MB/s ({card.how})"
            found, folders = figures_of("slow", 2, card.material, name), UsedFolders(scratch)
            for turn in range(plan.runs):
                for tool in (ONE_READ, READ_BACK, TWO_READS, FULL, MANUAL):
                    _report_progress("slow", 2, turn, tool.name)
                    found.add(tool, run_once(folders, card.material, tool, 2, card.cgroup))
            yield found
    except NoThrottle as error:
        print(f"\nNo slow card: {error}")
    finally:
        shutil.rmtree(scratch / "slow", ignore_errors=True)


def _report_progress(part: str, copies: int, turn: int, name: str) -> None:
    stamp = time.strftime("%H:%M:%S")
    print(f"{stamp} {part} 1 → {copies}, run {turn + 1}: {name}", file=sys.stderr, flush=True)


def _asked() -> tuple[Plan, argparse.Namespace]:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    add = parser.add_argument
    add("--quick", action="store_true", help="small cards and three runs: for a first look")
    add("--runs", type=int, default=5, help="runs of each, of which the median counts")
    add("--scratch", type=Path, help="a folder on the disk to measure; default: here")
    add("--size", type=parse_count, default="4G", help="bytes of the card of large files")
    add("--files", type=parse_count, default=20_000, help="files of the card of small files")
    add("--parts", default=",".join(PARTS), help="which of large, small and slow")
    add("--copies", default="1,2,3", help="to how many folders")
    add("--tools", default="", help="only tools whose names contain one of these words")
    add("--card-rate", type=parse_count, default="250M", help="bytes per second, slow card")
    add("--save", type=Path, help="keep all figures in this file, for readme_table.py")
    add("--markdown", action="store_true", help="at the end, the tables of the README")
    given = parser.parse_args()
    words = given.tools.lower().split(",")
    plan = Plan(
        parts=tuple(part for part in PARTS if part in given.parts.split(",")),
        copies=tuple(int(n) for n in given.copies.split(",")),
        runs=given.runs,
        size=given.size,
        files=given.files,
        rate=given.card_rate,
        tools=tuple(t for t in contenders.installed() if any(w in t.name.lower() for w in words)),
    )
    if given.quick:
        size, files = min(plan.size, parse_count("1G")), min(plan.files, 3000)
        plan = replace(plan, runs=3, size=size, files=files)
    return plan, given


def main(plan: Plan, given: argparse.Namespace) -> None:
    """Measure everything and print the tables; what is done is kept at once."""
    refuse_unless_root()
    said, measured = facts(plan.runs), list[Figures]()
    print(said)
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=given.scratch or Path.cwd()) as name:
        scratch = Path(name)
        for part in plan.parts:
            each = measure_slow(scratch, plan) if part == "slow" else None
            for found in each or measure_part(scratch, plan, part):
                measured.append(found)
                show(found)
                if given.save:
                    save(given.save, said, measured)
    if given.markdown:
        show_for_readme(said, measured)


if __name__ == "__main__":
    main(*_asked())
