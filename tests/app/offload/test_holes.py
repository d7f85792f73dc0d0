"""Where a file has holes, nothing need be written; where nobody can tell, everything is."""

from __future__ import annotations

import os
from pathlib import Path

from app.offload.large import _is_hole

MB = 1 << 20


def test_holes_and_data_are_told_apart_and_a_failed_look_is_no_hole(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(8 * MB)
        file.seek(2 * MB)
        file.write(b"x" * MB)
    fd = os.open(path, os.O_RDONLY)
    try:
        found = [_is_hole(fd, n * MB, MB) for n in range(8)]
    finally:
        os.close(fd)
    assert found == [True, True, False, True, True, True, True, True]
    reading, writing = os.pipe()
    try:
        assert not _is_hole(reading, 0, MB)
    finally:
        os.close(reading)
        os.close(writing)
