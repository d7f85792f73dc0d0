"""New folders: made without waiting for the disk, and certain once they have been synced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.places.root import PinnedFolder


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[PinnedFolder]:
    pinned = PinnedFolder(tmp_path)
    yield pinned
    pinned.close()


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The inodes of what is synced, in order; syncing goes on as ever."""
    inodes: list[int] = []
    sync = os.fsync

    def noted(fd: int) -> None:
        sync(fd)
        inodes.append(os.fstat(fd).st_ino)

    monkeypatch.setattr(os, "fsync", noted)
    return inodes


def _inode(path: Path) -> int:
    return path.stat().st_ino


def test_a_new_folder_waits_for_no_disk(folder: PinnedFolder, synced: list[int]) -> None:
    folder.make_folder("A/B/C")
    assert (folder.path / "A/B/C").is_dir()
    assert synced == []


def test_syncing_a_new_folder_also_syncs_what_it_lies_in(
    folder: PinnedFolder, synced: list[int]
) -> None:
    folder.make_folder("A/B/C")
    folder.sync_folder("A/B/C")
    root = folder.path
    assert synced == [_inode(root / "A/B/C"), _inode(root / "A/B"), _inode(root / "A"),
                      _inode(root)]  # fmt: skip


def test_what_is_certain_is_not_synced_again(folder: PinnedFolder, synced: list[int]) -> None:
    folder.make_folder("A/B")
    folder.sync_folder("A/B")
    folder.make_folder("A/C")
    synced.clear()
    folder.sync_folder("A/B")
    assert synced == [_inode(folder.path / "A/B")]
    folder.sync_folder("A/C")
    assert synced[1:] == [_inode(folder.path / "A/C"), _inode(folder.path / "A")]


def test_a_folder_that_another_process_made_is_made_certain_too(
    folder: PinnedFolder, synced: list[int]
) -> None:
    (folder.path / "theirs").mkdir()
    folder.sync_folder("theirs")
    assert synced == [_inode(folder.path / "theirs"), _inode(folder.path)]
