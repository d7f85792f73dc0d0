"""Fixtures of the chain of custody: a small card, and the public tool as judge."""

from __future__ import annotations

from pathlib import Path

import pytest
from mhl_judge import Judge
from mhl_trees import make_files


@pytest.fixture
def judge() -> Judge:
    """The public ascmhl tool."""
    return Judge()


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A small card with clips, an empty file and an empty folder."""
    root = tmp_path / "A003R1"
    make_files(
        root,
        {
            "CLIPS/A003C001.mov": b"first clip" * 100,
            "CLIPS/A003C002.mov": b"second clip" * 100,
            "CLIPS/AUDIO/take.wav": b"sound",
            "index.xml": b"<index/>",
            "empty.txt": b"",
        },
    )
    (root / "NOTHING" / "INSIDE").mkdir(parents=True)
    return root
