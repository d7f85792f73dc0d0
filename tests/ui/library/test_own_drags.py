"""Clips and stills that are dragged out do not open a folder when they are let go over the window.

Offscreen there are no drags: this one needs an X server of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def display() -> Iterator[str]:
    ours, its = os.pipe()
    command = ["Xvfb", "-displayfd", str(its), "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[its], stderr=subprocess.DEVNULL)
    os.close(its)
    with os.fdopen(ours) as told:
        yield f":{told.readline().strip()}"
    server.terminate()
    server.wait(30)


@pytest.mark.soak
def test_the_window_takes_nothing_that_it_gives_out_itself(display: str, tmp_path: Path) -> None:
    clip = tmp_path / "a.mov"
    clip.write_bytes(b"x")
    ended = subprocess.run(
        [sys.executable, HERE / "own_drag.py", tmp_path / "profile", clip],
        env={**os.environ, "QT_QPA_PLATFORM": "xcb", "DISPLAY": display,
             "PYTHONPATH": str(HERE.parent.parent.parent)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.stdout.strip() == "[False, True]", ended.stderr
