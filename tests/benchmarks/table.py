"""Prints what was measured, as tables that can be pasted."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path

from contenders import FULL, ONE_READ, READ_BACK, TWO_READS, Contender
from material import Material
from measure import Series

_FLOORS = {
    READ_BACK.name: ONE_READ.name,
    ONE_READ.name: ONE_READ.name,
    FULL.name: TWO_READS.name,
    TWO_READS.name: TWO_READS.name,
}


def show_facts(runs: int) -> None:
    """The machine in general words, and how the figures came about."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    print(
        f"{os.cpu_count()} processors, {memory:.0f} GB, Linux {platform.release()},"
        f" Python {platform.python_version()}. Median of {runs} runs taken in turns (fastest to"
        f" slowest). Load at the beginning: {Path('/proc/loadavg').read_text().split()[0]}."
    )


def show_heading(name: str, made: Material) -> None:
    """The title of a table."""
    print(f"\n### {name}: {made.files:,} files, {made.size / 1e9:.2f} GB\n")


def _cells(series: Series, made: Material) -> list[str]:
    low, high = series.spread
    return [
        f"{series.seconds:.2f} ({low:.2f} to {high:.2f})",
        f"{made.size / series.seconds / 1e6:,.0f}",
        f"{made.files / series.seconds:,.0f}",
        f"{series.cpu:.1f}",
        f"{series.memory / 1e6:,.0f}",
    ]


def _row(cells: Iterable[str]) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


def _head(*names: str) -> None:
    _row(names)
    _row("---" if n < 2 else "--:" for n, _ in enumerate(names))


def show_rows(
    tools: Iterable[Contender], series: Mapping[str, Series], made: Material, against: str
) -> None:
    """A row per tool, and how many times faster it was than the one *against*."""
    _head("way", "proof reads", "s", "MB/s", "files/s", "CPU s", "peak MB", "× manual")
    slow = series[against].seconds if against in series else None
    for tool in tools:
        mine = series[tool.name]
        times = f"{slow / mine.seconds:.2f}" if slow else ""
        _row([tool.name, tool.proof, *_cells(mine, made), times])


def show_limits(limits: Mapping[str, Series], made: Material, copies: int) -> None:
    """What plain direct I/O of the same bytes takes, and what the whole would take with it."""
    write, read = limits["write"], limits["read"]
    once = read.seconds + copies * (write.seconds + read.seconds)
    print(
        f"\nPlain direct I/O of the same bytes: write {made.size / write.seconds / 1e6:,.0f} MB/s,"
        f" read {made.size / read.seconds / 1e6:,.0f} MB/s. One after the other, a read, {copies}"
        f" × write and read back take {once:.2f} s; with a second read of the card"
        f" {once + read.seconds:.2f} s."
    )


def show_slow(tools: Iterable[Contender], series: Mapping[str, Series], made: Material) -> None:
    """A row per way, and how many times longer than the reads of the card it took."""
    _head("way", "proof reads", "s", "MB/s", "files/s", "CPU s", "peak MB", "× reads")
    for tool in tools:
        mine = series[tool.name]
        floor = series[_FLOORS.get(tool.name, TWO_READS.name)]
        _row([tool.name, tool.proof, *_cells(mine, made), f"{mine.seconds / floor.seconds:.3f}"])
