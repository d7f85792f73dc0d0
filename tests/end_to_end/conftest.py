"""Fixtures of whole offloads: a bench of real mounts, a faulty card, a profile."""

from __future__ import annotations

import ctypes.util
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_mount import FaultMount
from mount_bench import Bench, need
from offload_bench import SMALL_CARD, House, make_card


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    need("losetup", "mkfs.ext4")
    made = Bench(tmp_path)
    try:
        yield made
    finally:
        made.close()
        mounts = Path("/proc/self/mountinfo").read_text(errors="surrogateescape")
        assert str(tmp_path) not in mounts


@pytest.fixture
def faulty(bench: Bench) -> Callable[[str], FaultMount]:
    """Makes folders behind a file system that fails by rules."""
    if not Path("/dev/fuse").exists() or shutil.which("fusermount") is None:
        pytest.skip("this machine has no FUSE")
    if ctypes.util.find_library("fuse") is None and not any(
        Path("/usr/lib").glob("*/libfuse.so.2")
    ):
        pytest.skip("libfuse2 is not installed")
    return lambda name: FaultMount(bench, name)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "profile")


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A small card: two large clips, a sidecar, sound, an empty file."""
    return make_card(tmp_path / "card" / "A003", SMALL_CARD)
