"""The five rooms of the window. A pane's name is the name of its folder in the engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui.bridge import Bridge
from ui.models.day import CardOnDesk
from ui.widgets.empty import EmptyState


class Pane(QWidget):
    """What the main window knows of a pane."""

    key: ClassVar[str] = ""
    """Short name: settings, screenshots and the icon go by it."""
    title: ClassVar[str] = ""

    badge_changed = Signal(int)
    """How many things wait for a person there; 0 hides the badge in the rail."""
    said = Signal(str)
    """One sentence of news for the status line, e.g. "SHUTTLE-07 can be unplugged now."."""
    cards_changed = Signal()
    """`cards_on_desk` answers something else than before."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self.bridge = bridge
        self.setAccessibleName(self.title)

    def accept_drop(self, paths: list[Path]) -> bool:
        """Take what was dropped anywhere on the window; False when there is no use for it."""
        return False

    def commands(self) -> Sequence[QAction]:
        """What the pane can do, for the menu named after it; an action that is a separator
        groups them. Everything that dragging does is among them."""
        return ()

    def cards_on_desk(self) -> Sequence[CardOnDesk]:
        """The cards that the pane shows, as they stand there."""
        return ()

    def shown(self) -> None:
        """Called each time the pane comes to the front."""


class ComingPane(Pane):
    """A room that is not built yet and says so."""

    promise: ClassVar[str] = ""
    """One sentence: what will be there."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(bridge)
        sentence = f"{self.promise} This part is not built yet."
        column = QVBoxLayout(self)
        column.addWidget(EmptyState(self.key, self.title, sentence))
