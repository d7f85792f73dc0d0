"""Window tests run offscreen, and fail on what they leave behind: threads, timers, warnings."""

from __future__ import annotations

import gc
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QSettings, QThread, QTimer
from PySide6.QtWidgets import QApplication
from shiboken6 import Shiboken
from stand_in import StandInEngine

from app.paths import Profile
from ui import theme
from ui.bridge import Bridge
from ui.main_window import MainWindow, PaneDoor
from ui.panes.branches import BranchesPane
from ui.panes.library import LibraryPane
from ui.panes.tape import TapePane
from ui.panes.timeline import TimelinePane

HARMLESS = "This plugin does not support "
"""What the offscreen platform says of itself."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Windows are tested one by one: two at once would take each other's focus and time."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.window)


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    app = QApplication.instance() or QApplication(["reelkeep"])
    app.setQuitOnLastWindowClosed(False)
    theme.apply(app)
    return app


@pytest.fixture
def expected_log() -> list[str]:
    """Patterns of log lines >= WARNING that a test expects; it appends to this list."""
    return []


@pytest.fixture(autouse=True)
def nothing_left_behind(qapp, caplog, qtlog, expected_log) -> Iterator[None]:
    before = {id(thing) for thing in _alive()}
    caplog.set_level(logging.INFO)
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    qapp.processEvents()
    gc.collect()
    left = [repr(thing) for thing in _alive() if id(thing) not in before]
    assert not left, f"left behind: {left}"
    loud = [r.getMessage() for phase in ("setup", "call") for r in caplog.get_records(phase)
            if r.levelno >= logging.WARNING]  # fmt: skip
    surprising = [line for line in loud if not any(re.search(p, line) for p in expected_log)]
    assert not surprising, f"unexpected log lines: {surprising}"
    said = [r.message for r in qtlog.records if not r.message.startswith(HARMLESS)]
    assert not said, f"Qt warned: {said}"


def _alive() -> list[QThread | QTimer]:
    """Running threads and ticking timers that Python knows of."""
    found: list[QThread | QTimer] = []
    for thing in gc.get_objects():
        if isinstance(thing, QThread) and Shiboken.isValid(thing) and thing.isRunning():
            found.append(thing)
        if isinstance(thing, QTimer) and Shiboken.isValid(thing) and thing.isActive():
            found.append(thing)
    return found


@pytest.fixture
def engine(tmp_path: Path) -> StandInEngine:
    made = StandInEngine()
    made.profile = Profile(directory=tmp_path / "profile")
    return made


@pytest.fixture
def bridge(engine, qapp) -> Iterator[Bridge]:
    made = Bridge(engine)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def memory(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def window(bridge, memory, qtbot) -> MainWindow:
    """The main window with the coming panes, shown; its bridge is running."""
    panes = (LibraryPane, TimelinePane, BranchesPane, TapePane)
    doors = [PaneDoor(key=pane.key, title=pane.title, build=pane) for pane in panes]
    made = MainWindow(bridge, doors, memory, "Night Ferry")
    made.resize(1280, 800)
    made.enter("library")
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    bridge.start()
    qtbot.waitUntil(lambda: not bridge.waiting)
    return made
