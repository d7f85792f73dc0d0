"""Measures offloads against the manual way, other tools, and what the machine can do.

python tests/benchmarks/offload.py [--quick] [--runs 5] [--scratch DIR] [--size 4G] [--files 20000]

One card of large files and one of small ones go to 1, 2 and 3 folders of one disk; then a card
slower than the drives goes to two. All tools take turns, each run begins with cold caches and
empty destinations, and is over when its program is. Everything that a job does is in it: start,
plan, listing, journal, attributes, verification, manifests, verdict and the report in three
formats. Needs root, for dropping caches and for the slow card. Nothing is left behind.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]
os.environ["PYTHONPATH"] = str(HERE.parents[1])  # for the programs that are measured
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import contenders  # noqa: E402
from contenders import FULL, MANUAL, ONE_READ, READ_BACK, TWO_READS, Contender  # noqa: E402
from material import Material, large_card, small_card  # noqa: E402
from measure import Run, Series, empty, timed  # noqa: E402
from slow_card import NoThrottle, SlowCard  # noqa: E402
from table import show_facts, show_heading, show_limits, show_rows, show_slow  # noqa: E402

PARTS = ("large", "small", "slow")
_UNITS = {"K": 1000, "M": 1000**2, "G": 1000**3}


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


def measure_part(scratch: Path, plan: Plan, part: str) -> None:
    """One card, to each number of folders, by everyone in turn."""
    card = scratch / part
    made = large_card(card, plan.size) if part == "large" else small_card(card, plan.files)
    try:
        limits: dict[str, Series] = defaultdict(Series)
        for copies in plan.copies:
            series: dict[str, Series] = defaultdict(Series)
            for turn in range(plan.runs):
                _limits(scratch, made, limits)
                for tool in plan.tools:
                    _report_progress(part, copies, turn, tool.name)
                    series[tool.name].runs.append(_once(scratch, made, tool, copies))
            show_heading(f"{part.capitalize()} files, 1 → {copies}", made)
            show_rows(plan.tools, series, made, against=MANUAL.name)
            show_limits(limits, made, copies)
    finally:
        shutil.rmtree(card)


def _once(
    scratch: Path, made: Material, tool: Contender, copies: int, cgroup: Path | None = None
) -> Run:
    own, drives = scratch / "own", [scratch / f"drive {n + 1}" for n in range(copies)]
    empty(own, *drives)
    try:
        return timed(tool.command(made.root, drives, own), cgroup=cgroup)
    finally:
        for folder in (own, *drives):
            shutil.rmtree(folder, ignore_errors=True)


def _limits(scratch: Path, made: Material, limits: dict[str, Series]) -> None:
    """The same bytes as one file: written, and read, past the cache."""
    file = scratch / "plain"
    program = [sys.executable, str(HERE / "plain_io.py")]
    try:
        limits["write"].runs.append(timed([*program, "write", str(made.size), str(file)]))
        limits["read"].runs.append(timed([*program, "read", str(file)]))
    finally:
        file.unlink(missing_ok=True)


def measure_slow(scratch: Path, plan: Plan) -> None:
    """A throttled card to two folders: how much longer than reading it?"""
    try:
        with SlowCard(scratch / "slow", plan.size, plan.rate) as card:
            everyone = (ONE_READ, READ_BACK, TWO_READS, FULL, MANUAL)
            series: dict[str, Series] = defaultdict(Series)
            for turn in range(plan.runs):
                for tool in everyone:
                    _report_progress("slow", 2, turn, tool.name)
                    run = _once(scratch, card.material, tool, 2, card.cgroup)
                    series[tool.name].runs.append(run)
            name = f"Card of {plan.rate / 1e6:,.0f} MB/s ({card.how}), 1 → 2"
            show_heading(name, card.material)
            show_slow(everyone, series, card.material)
    except NoThrottle as error:
        print(f"\nNo slow card: {error}")
    finally:
        shutil.rmtree(scratch / "slow", ignore_errors=True)


def _report_progress(part: str, copies: int, turn: int, name: str) -> None:
    stamp = time.strftime("%H:%M:%S")
    print(f"{stamp} {part} 1 → {copies}, run {turn + 1}: {name}", file=sys.stderr, flush=True)


def _bytes(text: str) -> int:
    unit = _UNITS.get(text[-1:].upper(), 1)
    return int(float(text.rstrip("kKmMgG")) * unit)


def _asked() -> tuple[Plan, Path | None]:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    add = parser.add_argument
    add("--quick", action="store_true", help="small cards and three runs: for a first look")
    add("--runs", type=int, default=5, help="runs of each, of which the median counts")
    add("--scratch", type=Path, help="a folder on the disk to measure; default: here")
    add("--size", type=_bytes, default=_bytes("4G"), help="bytes of the card of large files")
    add("--files", type=int, default=20_000, help="files of the card of small files")
    add("--parts", default=",".join(PARTS), help="which of large, small and slow")
    add("--copies", default="1,2,3", help="to how many folders")
    add("--tools", default="", help="only tools whose names contain one of these words")
    add("--card-rate", type=_bytes, default=_bytes("400M"), help="bytes per second, slow card")
    given = parser.parse_args()
    words = given.tools.split(",")
    plan = Plan(
        parts=tuple(part for part in PARTS if part in given.parts.split(",")),
        copies=tuple(int(n) for n in given.copies.split(",")),
        runs=given.runs,
        size=given.size,
        files=given.files,
        rate=given.card_rate,
        tools=tuple(t for t in contenders.installed() if any(w in t.name for w in words)),
    )
    if given.quick:
        size, files = min(plan.size, _bytes("1G")), min(plan.files, 3000)
        plan = replace(plan, runs=3, size=size, files=files)
    return plan, given.scratch


def main(plan: Plan, folder: Path | None) -> None:
    """Measure everything and print the tables."""
    if not Path("/proc/sys/vm/drop_caches").exists() or os.geteuid() != 0:
        sys.exit("Needs Linux and root: caches are emptied before each run.")
    show_facts(plan.runs)
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=folder or Path.cwd()) as scratch:
        for part in plan.parts:
            if part == "slow":
                measure_slow(Path(scratch), plan)
            else:
                measure_part(Path(scratch), plan, part)


if __name__ == "__main__":
    main(*_asked())
