"""How much memory a program and everything that it started take together, at their worst."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

_LOOK_SECONDS = 0.25


class TreeMemory:
    """Looks at a process and its descendants four times a second while inside.

    A page that several of them share is counted once: each has its share of it.
    """

    def __init__(self, pid: int) -> None:
        self.peak = 0
        """Bytes."""
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="tree memory")

    def __enter__(self) -> TreeMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            self.peak = max(self.peak, sum(_share(pid) for pid in descent(self._pid)))


def descent(pid: int) -> Iterator[int]:
    """A process and all that descend from it, of those that are still there."""
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                for child in (task / "children").read_text().split():
                    yield from descent(int(child))


def _share(pid: int) -> int:
    """Bytes of RAM of one process, shared pages in part; 0 when it has just ended."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(text.partition("\nPss:")[2].split()[0]) << 10
    return 0
