"""The bench on which tests of places mount real file systems."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from mount_bench import Bench, need, run


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    need("losetup", "mkfs.ext4")
    made = Bench(tmp_path)
    try:
        yield made
    finally:
        made.close()
        left = [
            line
            for line in Path("/proc/self/mountinfo").read_text(errors="surrogateescape").split("\n")
            if str(tmp_path) in line
        ]
        assert not left, left
        # The kernel detaches a loop once its last user has gone; another test may be looking at it.
        until = time.monotonic() + 20
        while str(tmp_path) in (left := run("losetup", "-l", "-O", "NAME,BACK-FILE")):
            assert time.monotonic() < until, left
            time.sleep(0.05)
