"""What tests of the offload pane do and look at."""

from __future__ import annotations

from pathlib import Path

from offload_stage import (
    TB,
    StageEngine,
    volume,
)
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QMenu

from app.places.cards import Card
from ui.panes.offload import OffloadPane

Key = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton


def settled(pane: OffloadPane) -> bool:
    return not pane.bridge.waiting and not pane.desk.planner.working


def add(pane: OffloadPane, qtbot, *paths: Path) -> None:
    pane.add_destinations(paths)
    qtbot.waitUntil(lambda: settled(pane))


def show(pane: OffloadPane, engine: StageEngine, qtbot, *jobs) -> None:
    engine.jobs = list(jobs)
    qtbot.waitUntil(lambda: pane.desk.jobs == tuple(jobs) and settled(pane))


def insert(pane: OffloadPane, engine: StageEngine, *cards: Card) -> None:
    """Plug cards in: their volumes are mounted."""
    engine.inserted += cards
    engine.mounted += tuple(volume(found.roll, "exfat", TB, 0) for found in cards)
    pane.bridge.look_at_volumes()


def drop(target, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier
    )
    target.dropEvent(event)


def tile(pane: OffloadPane, roll: str = "A003"):
    return next(t for t in pane.cards.tiles.values() if t.face.roll == roll)


def menu_shown() -> QMenu | None:
    shown = QApplication.activePopupWidget()
    return shown if isinstance(shown, QMenu) else None
