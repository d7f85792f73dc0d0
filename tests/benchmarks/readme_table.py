"""The short tables of the README's section about speed, from what was measured.

python tests/benchmarks/readme_table.py FIGURES...      files that `offload.py --save` has written
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from figures import Figures, load
from table import PLAIN_READ, PLAIN_WRITE, compared, head, row

_UNITS = {"large": ("MB/s", 1e6), "small": ("files/s", 1.0)}


def show_for_readme(said: str, measured: Sequence[Figures]) -> None:
    """One table per card: what each tool does for 1, 2 and 3 folders."""
    print(f"\n{said}")
    for part in _UNITS:
        found = [figures for figures in measured if figures.part == part]
        if found:
            _show_part(part, found)
    for figures in measured:
        if figures.slowed:
            _show_slow(figures)


def _show_part(part: str, found: Sequence[Figures]) -> None:
    unit, _ = _UNITS[part]
    card = f"{found[0].size / 1e9:.1f} GB in {found[0].files:,} files, {unit}"
    last = max(found, key=lambda figures: figures.copies)
    print()
    head(card, "proof reads", *[f"1 → {f.copies}" for f in found], "CPU s", "peak MB", "× manual")
    for tool, proof in found[0].proofs.items():
        runs = [figures.series[tool] for figures in found]
        times = [t for figures in found if (t := compared(figures, tool)) is not None]
        rates = [_rate(figures, tool) for figures in found]
        memory = f"{max(series.memory for series in runs) / 1e6:,.0f}"
        row([tool, proof, *rates, f"{last.series[tool].cpu:.0f}", memory, _span(times)])
    _show_limits(part, found)


def _rate(figures: Figures, tool: str) -> str:
    """Of the card, not of all that was moved: the median, and the slowest to the fastest."""
    unit, divisor = _UNITS[figures.part]
    work = (figures.size if unit == "MB/s" else figures.files) / divisor
    series = figures.series[tool]
    fastest, slowest = series.spread
    if len(series.runs) == 1:
        return f"{work / series.seconds:,.0f}"
    return f"{work / series.seconds:,.0f} ({work / slowest:,.0f} to {work / fastest:,.0f})"


def _span(times: Sequence[float]) -> str:
    if not times:
        return ""
    low, high = f"{min(times):.1f}", f"{max(times):.1f}"
    return low if low == high else f"{low} to {high}"


def _show_limits(part: str, found: Sequence[Figures]) -> None:
    if part != "large" or not all(PLAIN_READ in figures.series for figures in found):
        return
    rates = [
        f"{what.removeprefix('plain ')} {min(speeds):,.0f} to {max(speeds):,.0f} MB/s"
        for what in (PLAIN_WRITE, PLAIN_READ)
        if (speeds := [f.size / f.series[what].seconds / 1e6 for f in found])
    ]
    print(f"\nThe disk's own limits, plain direct I/O of the same bytes: {', '.join(rates)}.")


def _show_slow(figures: Figures) -> None:
    print()
    head(
        f"{figures.slowed}, 1 → {figures.copies}", "proof reads", "s", "× its reads", "CPU s",
        "peak MB",
    )  # fmt: skip
    for tool, proof in figures.proofs.items():
        series = figures.series[tool]
        low, high = series.spread
        spread = f"{series.seconds:.2f} ({low:.2f} to {high:.2f})"
        times = compared(figures, tool)
        more = "" if times is None else "1" if times == 1 else f"{times:.2f}"
        row([tool, proof, spread, more, f"{series.cpu:.0f}", f"{series.memory / 1e6:,.0f}"])


if __name__ == "__main__":
    for given in sys.argv[1:]:
        show_for_readme(*load(Path(given)))
