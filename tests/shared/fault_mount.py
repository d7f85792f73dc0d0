"""A folder mounted through the file system that fails by rules, for the length of a test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from mount_bench import Bench
from offload_bench import wait_for

_PROGRAM = Path(__file__).with_name("faultfs.py")


class FaultMount:
    """`backing` as it really is, `point` as the rules let it look."""

    def __init__(self, bench: Bench, name: str) -> None:
        self.backing = bench.folder / f"{name} behind"
        self.backing.mkdir()
        self.point = bench.point(name)
        self._rules = bench.folder / f"{name}.json"
        self._bench = bench
        self.set()
        self.start()

    def start(self, point: Path | None = None) -> None:
        """Mount it (again), where it was or elsewhere."""
        self.point = point or self.point
        self._process = subprocess.Popen(
            [sys.executable, _PROGRAM, self.backing, self.point, self._rules],
            stderr=subprocess.DEVNULL,
        )
        wait_for(lambda: os.path.ismount(self.point), "the faulty file system is mounted")
        self._bench.taken_down(self.point)
        self._bench.undone(self._process.kill)  # first: a hung one could not be unmounted

    def hang(self) -> None:
        """From now on it neither answers nor fails."""
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Answer again, everything that was asked meanwhile."""
        self._process.send_signal(signal.SIGCONT)

    def die(self) -> None:
        """What it was asked, and will be, fails from now on, as with a reader that was pulled."""
        self._process.kill()

    def set(self, *rules: dict[str, object]) -> None:
        """The rules from now on."""
        fresh = self._rules.with_suffix(".new")
        fresh.write_text(json.dumps(rules))
        fresh.rename(self._rules)

    def acted(self) -> list[str]:
        """What the rules have done so far."""
        told = Path(f"{self._rules}.acted")
        return told.read_text().splitlines() if told.exists() else []

    def wait_acted(self, word: str) -> None:
        """Wait until a rule has acted."""
        wait_for(lambda: any(line.startswith(word) for line in self.acted()), f"{word} by a rule")
