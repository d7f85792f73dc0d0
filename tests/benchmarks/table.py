"""Prints what was measured, as tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from contenders import FULL, MANUAL, ONE_READ, READ_BACK, TWO_READS
from figures import Figures
from measure import Series

FLOORS = {
    READ_BACK.name: ONE_READ.name,
    ONE_READ.name: ONE_READ.name,
    FULL.name: TWO_READS.name,
    TWO_READS.name: TWO_READS.name,
    MANUAL.name: TWO_READS.name,
}
"""What a way has to read of the card at least."""
PLAIN_WRITE, PLAIN_READ = "plain write", "plain read"


def row(cells: Iterable[str]) -> None:
    """One line of a table."""
    print("| " + " | ".join(cells) + " |", flush=True)


def head(*names: str) -> None:
    """The first two lines of a table: two columns of words, then figures."""
    row(names)
    row("---" if n < 2 else "--:" for n, _ in enumerate(names))


def show(figures: Figures) -> None:
    """Everything about one card to so many folders."""
    card = f"{figures.files:,} files, {figures.size / 1e9:.2f} GB"
    name = figures.slowed or f"{figures.part.capitalize()} files"
    print(f"\n### {name}, 1 → {figures.copies}: {card}\n")
    against = "× reads" if figures.slowed else "× manual"
    head("way", "proof reads", "s", "MB/s", "files/s", "CPU s", "peak MB", "read × card", against)
    for tool, proof in figures.proofs.items():
        row([tool, proof, *_cells(figures.series[tool], figures), _ratio(figures, tool)])
    if PLAIN_READ in figures.series:
        _show_limits(figures)


def _cells(series: Series, figures: Figures) -> list[str]:
    low, high = series.spread
    return [
        f"{series.seconds:.2f} ({low:.2f} to {high:.2f})",
        f"{figures.size / series.seconds / 1e6:,.0f}",
        f"{figures.files / series.seconds:,.0f}",
        f"{series.cpu:.1f}",
        f"{series.memory / 1e6:,.0f}",
        f"{series.read / figures.size:.2f}",
    ]


def compared(figures: Figures, tool: str) -> float | None:
    """How many times faster than by hand; behind a slow card, how many times its reads."""
    mine = figures.series[tool].seconds
    if figures.slowed:
        floor = figures.series.get(FLOORS.get(tool, ONE_READ.name))
        return mine / floor.seconds if floor else None
    manual = figures.series.get(MANUAL.name)
    return manual.seconds / mine if manual else None


def _ratio(figures: Figures, tool: str) -> str:
    times = compared(figures, tool)
    return "" if times is None else f"{times:.3f}" if figures.slowed else f"{times:.2f}"


def _show_limits(figures: Figures) -> None:
    """What plain direct I/O of the same bytes takes, and what the whole would take with it."""
    write, read = figures.series[PLAIN_WRITE], figures.series[PLAIN_READ]
    copies, size = figures.copies, figures.size / 1e6
    once = read.seconds + copies * (write.seconds + read.seconds)
    print(
        f"\nPlain direct I/O of the same bytes in one file: write {size / write.seconds:,.0f} MB/s,"
        f" read {size / read.seconds:,.0f} MB/s. One after the other, a read, {copies} × write and"
        f" read back take {once:.2f} s; with a second read of the card {once + read.seconds:.2f} s."
    )
