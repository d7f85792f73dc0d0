"""What tests of the library pane look at."""

from __future__ import annotations

import numpy as np
from numbered_clips import number_in
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from ui.panes.library import LibraryPane
from ui.widgets.player_view import PictureView


def settled(pane: LibraryPane) -> bool:
    """Nothing more will change by itself."""
    calm = not pane.bridge.waiting and not pane.clips.to_look_at and not pane.playing.opens
    model = pane.player
    return calm and model.settled and not model.speed and pane.clips.opening is None


def number_seen(view: PictureView) -> int:
    """The number that the picture on the screen carries, read out of the painted pixels."""
    told, view.head = view.head, ""
    spot = view.spot.toRect()
    shot = view.grab(spot).toImage()
    view.head = told
    return number_in(gray(shot))


def gray(image: QImage) -> np.ndarray:
    """Brightness of an image."""
    flat = image.convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(flat.constBits(), np.uint8).reshape(flat.height(), flat.bytesPerLine())
    return rows[:, : flat.width()].copy()


def names(pane: LibraryPane) -> list[str]:
    """The clips in the table, in its order."""
    model = pane.table.model()
    return [str(model.index(n, 1).data()) for n in range(model.rowCount())]


def pick(pane: LibraryPane, text: str, qtbot: QtBot) -> None:
    """Click the words that tell what is played, and then a line of the menu."""
    QTest.mouseClick(pane.panel.player.view.chip, Qt.MouseButton.LeftButton)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    action = next(one for one in menu.actions() if one.text() == text)
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())
    qtbot.waitUntil(lambda: settled(pane), timeout=30_000)
