"""Where a file has holes, nothing need be written; where nobody can tell, everything is."""

from __future__ import annotations

import os
from pathlib import Path

from app.offload.card.source import Source
from app.places.root import PinnedFolder

MB = 1 << 20


def test_holes_and_data_are_told_apart_and_a_failed_look_is_no_hole(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(8 * MB)
        file.seek(2 * MB)
        file.write(b"x" * MB)
    folder = PinnedFolder(tmp_path)
    source, fd = Source(folder, "A003"), os.open(path, os.O_RDONLY)
    try:
        found = [source.is_hole(fd, "sparse", n * MB, MB) for n in range(8)]
    finally:
        os.close(fd)
        folder.close()
    assert found == [True, True, False, True, True, True, True, True]
    reading, writing = os.pipe()
    try:
        assert not source.is_hole(reading, "pipe", 0, MB)
    finally:
        os.close(reading)
        os.close(writing)
