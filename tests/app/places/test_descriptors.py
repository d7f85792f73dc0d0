"""Files of a drive that was given up lead nowhere; everything else stays as it is."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from app.places.descriptors import let_files_go
from app.places.root import PinnedFolder


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="descriptors are looked up in /proc"
)
def test_only_files_below_the_folder_are_let_go(tmp_path: Path) -> None:
    inside, beside = tmp_path / "A003" / "CLIPS", tmp_path / "A003 B"
    for folder in (inside, beside):
        folder.mkdir(parents=True)
        (folder / "clip.mov").write_bytes(b"clip")
    pinned = PinnedFolder(tmp_path / "A003")
    below, other = (os.open(f / "clip.mov", os.O_RDWR) for f in (inside, beside))
    folder = os.open(inside, os.O_RDONLY | os.O_DIRECTORY)
    try:
        let_files_go(pinned)

        assert os.read(below, 4) == b"", "it leads nowhere"
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.write(below, b"late")
        os.fchmod(below, 0o600)  # what is late may change nothing that others use
        os.utime(below, (0, 0))
        assert stat.S_IMODE(Path(os.devnull).stat().st_mode) == 0o666
        assert (inside / "clip.mov").read_bytes() == b"clip"
        assert os.read(other, 4) == b"clip"
        assert os.stat("clip.mov", dir_fd=folder).st_size == 4
        assert pinned.is_file("CLIPS/clip.mov")
        assert not os.get_inheritable(below)
    finally:
        for fd in (below, other, folder):
            os.close(fd)
        pinned.close()


def test_a_folder_that_was_closed_is_no_trouble(tmp_path: Path) -> None:
    pinned = PinnedFolder(tmp_path)
    pinned.close()
    let_files_go(pinned)
