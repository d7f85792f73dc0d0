"""Runs one program with cold caches and says what it took."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from process_tree import TreeMemory

_CACHES = Path("/proc/sys/vm/drop_caches")
_SECTOR = 512
_REST = 1.0
"""Seconds between two runs, for the drive to come to rest."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one program."""

    seconds: float
    cpu: float
    """Seconds of processor time, of the program and everything it started and waited for."""
    memory: int
    """Bytes of the program and everything it started, together, at their largest."""
    read: int
    """Bytes that it had to have from block devices: what came from the cache is not in it."""


@dataclass(slots=True)
class Series:
    """All runs of one program."""

    runs: list[Run] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """The median."""
        return statistics.median(run.seconds for run in self.runs)

    @property
    def spread(self) -> tuple[float, float]:
        """The fastest and the slowest."""
        times = [run.seconds for run in self.runs]
        return min(times), max(times)

    @property
    def cpu(self) -> float:
        """The median of the processor time."""
        return statistics.median(run.cpu for run in self.runs)

    @property
    def memory(self) -> int:
        """The worst."""
        return max(run.memory for run in self.runs)

    @property
    def read(self) -> float:
        """The median of what the devices gave."""
        return statistics.median(run.read for run in self.runs)


def refuse_unless_root() -> None:
    """End the program where caches can't be emptied."""
    if not _CACHES.exists() or os.geteuid() != 0:
        sys.exit("Needs Linux and root: caches are emptied before each run.")


def forget_everything(places: Sequence[Path]) -> None:
    """Write out what is dirty below *places* and empty the page cache; needs root."""
    subprocess.run(["sync", "-f", *places], check=True)
    _CACHES.write_text("3")


def timed(command: Sequence[str], places: Sequence[Path], *, cgroup: Path | None = None) -> Run:
    """Run *command* with cold caches on what lies at *places*; end the benchmark when it fails.

    In a *cgroup*, when given: that is what a throttle holds on to.
    """
    forget_everything(places)
    time.sleep(_REST)
    if cgroup is not None:
        inside = 'echo $$ > "$0"; exec "$@"'
        command = ["sh", "-c", inside, str(cgroup / "cgroup.procs"), *command]
    with tempfile.TemporaryFile() as said:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        with TreeMemory(process.pid) as tree:
            _, status, used = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            words = said.read().decode(errors="replace")[-3000:]
            sys.exit(f"{' '.join(command)}\nended with {process.returncode}:\n{words}")
    return Run(
        seconds=seconds,
        cpu=used.ru_utime + used.ru_stime,
        memory=max(tree.peak, _largest(used.ru_maxrss)),
        read=used.ru_inblock * _SECTOR,
    )


def _largest(kilobytes: int) -> int:
    """Bytes of the largest process: a short peak may fall between two looks at the tree.

    A process begins as a copy of this one, so what is not larger than this one says nothing.
    """
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes << 10 if kilobytes > ours else 0
