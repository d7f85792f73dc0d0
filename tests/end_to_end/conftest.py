"""Fixtures of whole offloads: a bench of real mounts, a faulty card, a profile."""

from __future__ import annotations

import ctypes.util
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_mount import FaultMount
from mount_bench import Bench
from offload_bench import SMALL_CARD, House, make_card

from app.places.silence import Patience, watcher


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


@pytest.fixture
def two(bench: Bench, house: House) -> tuple[Path, Path]:
    """Two drives."""
    drives = bench.ext4("one", size=96), bench.ext4("two", size=96)
    house.declare(*drives)
    return drives


@pytest.fixture
def patience() -> Iterator[None]:
    """Less of it than people have: a healthy drive of these tests answers in no time."""
    before = watcher().patience
    watcher().patience = Patience(answer=3, sync=4, slowest=1 << 40, cancelled=1, mention=1)
    try:
        yield
    finally:
        watcher().patience = before
