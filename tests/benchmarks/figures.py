"""What was measured, kept in a file, so that a table can be printed again."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from contenders import Contender
from material import Material
from measure import Run, Series


@dataclass(slots=True)
class Figures:
    """One card to so many folders: everyone's runs."""

    part: str
    """large, small or slow."""
    copies: int
    files: int
    size: int
    """Bytes of the card."""
    slowed: str = ""
    """What slowed the card down, and to how much."""
    proofs: dict[str, str] = field(default_factory=dict)
    """What a tool's verification reads."""
    series: dict[str, Series] = field(default_factory=dict)
    """By name of the tool, or of the limit."""

    def add(self, tool: Contender, run: Run) -> None:
        """Keep one more run."""
        self.proofs[tool.name] = tool.proof
        self.add_limit(tool.name, run)

    def add_limit(self, name: str, run: Run) -> None:
        """Keep one more run of what the machine can do at best."""
        self.series.setdefault(name, Series()).runs.append(run)


def figures_of(part: str, copies: int, made: Material, slowed: str = "") -> Figures:
    """Nothing measured yet."""
    return Figures(part=part, copies=copies, files=made.files, size=made.size, slowed=slowed)


def facts(runs: int) -> str:
    """The machine in general words, and how the figures came about."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    load = Path("/proc/loadavg").read_text().split()[0]
    count = f"Median of {runs} runs" if runs > 1 else "One run"
    return (
        f"{os.cpu_count()} processors, {memory:.0f} GB, one disk, Linux {platform.release()},"
        f" Python {platform.python_version()}. {count} taken in turns (fastest to slowest). Load"
        f" at the beginning: {load}."
    )


def save(path: Path, said: str, measured: Sequence[Figures]) -> None:
    """Write everything, whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    kept = {"facts": said, "figures": [asdict(figures) for figures in measured]}
    part.write_text(json.dumps(kept, indent=1))
    part.replace(path)


def load(path: Path) -> tuple[str, list[Figures]]:
    """What `save` wrote."""
    kept = json.loads(path.read_text())
    return kept["facts"], [_figures(one) for one in kept["figures"]]


def _figures(kept: Mapping[str, Any]) -> Figures:
    series = {
        name: Series([Run(**run) for run in runs["runs"]]) for name, runs in kept["series"].items()
    }
    return Figures(**{**kept, "series": series})
