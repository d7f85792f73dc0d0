"""A folder that was cut off: a thread that comes back late from a drive changes nothing there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.places.root import PinnedFolder
from app.places.through import path_through


@pytest.fixture
def folder(tmp_path: Path) -> PinnedFolder:
    """A pinned folder with a file in one that is kept open below it."""
    (tmp_path / "drive/CLIPS").mkdir(parents=True)
    (tmp_path / "drive/CLIPS/a.part").write_bytes(b"whole")
    pinned = PinnedFolder(tmp_path / "drive")
    assert pinned.is_file("CLIPS/a.part")  # from here on CLIPS is held open
    return pinned


def test_nothing_is_made_renamed_or_removed_any_more(folder: PinnedFolder) -> None:
    way = path_through(folder, folder.path)
    before = sorted(p.relative_to(folder.path) for p in folder.path.rglob("*"))
    folder.cut_off()
    for late in (
        lambda: folder.open("CLIPS/b.part", os.O_WRONLY | os.O_CREAT),
        lambda: folder.open("c.part", os.O_WRONLY | os.O_CREAT),
        lambda: folder.make_folder("SOUND/12"),
        lambda: folder.rename_new("CLIPS/a.part", "CLIPS/a.mov"),
        lambda: folder.remove("CLIPS/a.part"),
        lambda: folder.make_link("a.part", "CLIPS/link"),
        (way / "ascmhl").mkdir,
    ):
        with pytest.raises(OSError, match="Not a directory"):
            late()
    assert sorted(p.relative_to(folder.path) for p in folder.path.rglob("*")) == before
    assert not folder.still_there()
    folder.close()


def test_it_can_be_cut_off_again_and_after_it_was_closed(folder: PinnedFolder) -> None:
    open_before = set(Path("/proc/self/fd").iterdir())
    folder.cut_off()
    folder.cut_off()
    folder.close()
    folder.cut_off()
    assert set(Path("/proc/self/fd").iterdir()) < open_before, "its descriptors are given back"


def test_a_late_change_of_facts_meets_nothing_that_others_use(folder: PinnedFolder) -> None:
    before = Path(os.devnull).stat()
    with folder.folder("CLIPS") as fd:
        folder.cut_off()
        os.fchmod(fd, 0o700)
        os.utime(fd, (0, 0))
    after = Path(os.devnull).stat()
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    folder.close()
