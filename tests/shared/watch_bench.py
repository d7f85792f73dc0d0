"""Watch folders for tests: made, filled, watched by a process of its own that may be killed."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from app.engine import Engine
from app.media.watch.order import FILE, init

SLOW = """
kind = "transcode"
[picture]
codec = "h264"
speed = "veryslow"
key_distance = 12
[sound]
codec = "opus"
"""


class WatchBench:
    """One watch folder with a profile of its own."""

    def __init__(self, folder: Path) -> None:
        self.root, self.profile = folder / "watched", folder / "profile"
        (self.profile / "recipes").mkdir(parents=True)
        (self.profile / "recipes" / "slow.toml").write_text(SLOW)
        init(self.root)
        self.raw = self.root / "raw"

    def order(self, **keys: Any) -> None:
        """Change keys of its TOML; what is not named is not made."""
        plain = {"archive": "", "preview": "", "montage": False, "quiet_seconds": 1}
        path = self.root / FILE
        folders, mark, text = path.read_text().partition("[make]")
        for key, value in {**plain, **keys}.items():
            text, found = re.subn(
                rf"(?m)^{key} = .*$", lambda _, k=key, v=value: f"{k} = {json.dumps(v)}", text
            )
            assert found, key
        path.write_text(folders + mark + text)

    def command(self, *more: str) -> list[str]:
        """The command line that watches it."""
        line = [sys.executable, "-m", "app", "--profile", str(self.profile)]
        return [*line, "watch", str(self.root), *more]

    def once(self, *more: str) -> subprocess.CompletedProcess[str]:
        """Watch until all that is there is done."""
        return subprocess.run(
            self.command("--once", *more),
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    def start(self) -> subprocess.Popen[str]:
        """Watch on."""
        return subprocess.Popen(
            self.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def made(self) -> list[str]:
        """Every file below what is made, by its path in the watch folder."""
        return sorted(
            path.relative_to(self.root).as_posix()
            for name in ("archive", "preview", "montage")
            for path in (self.root / name).rglob("*")
            if path.is_file()
        )

    def jobs(self) -> list[str]:
        """State of every job that ever was."""
        with Engine(self.profile) as engine:
            return [f"{job.kind} {job.state}" for job in engine.history()]


def until(true: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Wait for something that comes by itself."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.02)


def end_by(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str, str]:
    """Send a signal and wait; exit code, output, and no child is left."""
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert psutil.wait_procs(children, timeout=30)[1] == [], "a child has outlived it"
    return process.returncode, out, err
