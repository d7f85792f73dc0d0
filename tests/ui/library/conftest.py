"""The library pane over real folders with footage in which every frame carries its number."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from library_bench import settled
from numbered_clips import PRORES, NumberedClips, shared_clips

from app.engine import Engine
from ui.application import Session
from ui.bridge import Bridge
from ui.panes.library import LibraryPane


@pytest.fixture(scope="session")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> NumberedClips:
    return shared_clips(tmp_path_factory)


@pytest.fixture
def pane(bridge: Bridge, qtbot) -> Iterator[LibraryPane]:
    made = LibraryPane(bridge)
    made.resize(1204, 600)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    made.activateWindow()
    bridge.start()
    qtbot.waitUntil(lambda: not bridge.waiting)
    yield made
    made.end()
    made.close()


@pytest.fixture
def shelf(numbered: NumberedClips, tmp_path: Path) -> Path:
    """A folder with two clips."""
    folder = tmp_path / "Shooting day ä"
    folder.mkdir()
    timed = f"{PRORES} -timecode 01:00:00:00"
    prores = numbered.once("library.mov", lambda path: numbered.encode(path, timed))
    shutil.copy(prores, folder / "A003C001.mov")
    shutil.copy(numbered("h264_open_df.mov").path, folder / "B014C002.mov")
    return folder


@pytest.fixture
def opened(pane: LibraryPane, shelf: Path, qtbot) -> LibraryPane:
    """The pane with the folder open and its first clip in the player."""
    pane.show_folder(shelf)
    qtbot.waitUntil(lambda: settled(pane), timeout=30_000)
    return pane


@pytest.fixture
def session(tmp_path: Path, qtbot) -> Iterator[Session]:
    """The window with the library in front, and the real engine behind it."""
    with Engine(tmp_path / "profile") as engine:
        made = Session(engine, "library")
        made.window.resize(1280, 800)
        qtbot.addWidget(made.window)
        with qtbot.waitExposed(made.window):
            made.window.show()
        made.bridge.start()
        yield made
        made.day.end()
        made.power.end()
        assert made.bridge.close()
