"""The raised frame that cards, destinations, plans and requests lie on."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from ui.theme import COLOURS

RADIUS = 6.0


class TileMood(StrEnum):
    """What a tile's frame says at a glance."""

    PLAIN = "plain"
    ATTENTION = "attention"
    FAILED = "failed"


class Tile(QFrame):
    """A raised, rounded frame with a vertical layout; selectable by mouse and keyboard if asked."""

    chosen = Signal()
    """A click, Return or Space on a selectable tile."""

    def __init__(self, parent: QWidget | None = None, *, selectable: bool = False) -> None:
        super().__init__(parent)
        self._mood = TileMood.PLAIN
        self._selected = False
        self._selectable = selectable
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(13, 10, 13, 12)
        self.column.setSpacing(4)
        if selectable:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def set_mood(self, mood: TileMood) -> None:
        """Show a plain, an attention or a failed frame."""
        if mood is not self._mood:
            self._mood = mood
            self.update()

    def set_selected(self, selected: bool) -> None:
        """Mark the tile as the chosen one of its row."""
        if selected != self._selected:
            self._selected = selected
            self.update()

    @property
    def selected(self) -> bool:
        """Whether the tile is marked as chosen."""
        return self._selected

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outlined = self._selected or (self._selectable and self.hasFocus())
        width = 2.0 if outlined else 1.0
        painter.setPen(QPen(QColor(self._frame_colour(outlined)), width))
        painter.setBrush(QColor(self._ground()))
        inset = width / 2
        box = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(box, RADIUS, RADIUS)

    def _ground(self) -> str:
        return COLOURS.attention_ground if self._mood is TileMood.ATTENTION else COLOURS.raised

    def _frame_colour(self, outlined: bool) -> str:
        if self._selectable and self.hasFocus() and self._selected:
            return COLOURS.strong
        if outlined:
            return COLOURS.running
        return {
            TileMood.PLAIN: COLOURS.line,
            TileMood.ATTENTION: COLOURS.attention_line,
            TileMood.FAILED: COLOURS.failed_line,
        }[self._mood]

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._selectable and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit()
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._selectable and event.key() in {
            Qt.Key.Key_Return,
            Qt.Key.Key_Enter,
            Qt.Key.Key_Space,
        }:
            self.chosen.emit()
            return
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusOutEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        self.update()
        super().changeEvent(event)
