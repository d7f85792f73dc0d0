"""A profile on a read-only disk: said in words, and nothing is copied that nobody records."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from mount_bench import Bench, run
from offload_bench import House

from app.engine import Engine
from app.errors import JournalFault, WriteFailed

pytestmark = pytest.mark.root
ROOT = Path(__file__).parents[2]


@pytest.fixture
def locked(bench: Bench, house: House) -> Path:
    """A profile that was in use, on a disk that is now read-only."""
    disk = bench.ext4("disk")
    house.profile = disk / "profile"
    with house.engine() as engine:
        assert not engine.snapshots()
    run("mount", "-o", "remount,ro", disk)
    return house.profile


def test_without_a_journal_that_can_be_written_nothing_is_copied(
    locked: Path, bench: Bench, card: Path
) -> None:
    drive = bench.ext4("one", size=64)
    command = [sys.executable, "-m", "app", "--profile", locked, "offload", card, "--to", drive]
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, timeout=60, cwd=ROOT
    )
    assert done.returncode == 1
    assert "Read-only file system" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in drive.iterdir()] == ["lost+found"]


def test_an_engine_on_it_says_which_journal_cannot_be_opened(locked: Path, house: House) -> None:
    with pytest.raises(JournalFault, match=str(locked)):
        house.engine()


def test_a_profile_that_cannot_be_made_is_named(locked: Path) -> None:
    with pytest.raises(WriteFailed, match="another could not be made: Read-only file system"):
        Engine(locked / "another")
