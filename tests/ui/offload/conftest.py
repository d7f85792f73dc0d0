"""A pane over invented cards, with two drives that are real folders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from offload_stage import (
    RAID,
    SHUTTLE,
    StageEngine,
    card,
)
from pane_bench import settled

from ui.bridge import Bridge
from ui.dialogs.offload import OffloadWindows
from ui.panes.offload import OffloadPane


@pytest.fixture
def drives(tmp_path: Path) -> tuple[Path, Path]:
    made = tmp_path / "RAID-1", tmp_path / "SHUTTLE-07"
    for path in made:
        path.mkdir()
    return made


@pytest.fixture
def engine(drives) -> StageEngine:
    """Two drives that are real folders, and one mounted card."""
    made = StageEngine()
    made.mounted = (
        replace(RAID, mount_point=drives[0]),
        replace(SHUTTLE, mount_point=drives[1]),
    )
    made.inserted = [card("A003")]
    return made


@pytest.fixture
def pane(bridge: Bridge, qtbot) -> Iterator[OffloadPane]:
    made = OffloadPane(bridge, OffloadWindows(bridge))
    made.resize(1204, 600)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    bridge.start()
    qtbot.waitUntil(lambda: settled(made))
    yield made
    made.close()
