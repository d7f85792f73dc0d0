"""The rail on the left: the five panes with what waits in each, and the menu."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QFocusEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from ui import icons, theme
from ui.theme import COLOURS
from ui.widgets.buttons import icon_button

WIDTH = 76
_HEIGHT = 62
_KEYS = {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason}


class RailButton(QAbstractButton):
    """One pane in the rail."""

    def __init__(self, key: str, title: str, number: int) -> None:
        super().__init__()
        self.key = key
        self._title = title
        self._badge = 0
        self._by_keys = False
        self.setCheckable(True)
        self.setFont(theme.medium(theme.HEAD))
        self.setText(title)
        self.setToolTip(f"{title} (Ctrl+{number})")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_badge(0)

    @property
    def badge(self) -> int:
        """How many things wait for a person there."""
        return self._badge

    def set_badge(self, count: int) -> None:
        """Show how many things wait for a person there; 0 hides it."""
        self._badge = count
        self.setAccessibleName(f"{self._title}, {count} waiting for you" if count else self._title)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(WIDTH - 1, _HEIGHT)

    def nextCheckState(self) -> None:
        self.setChecked(True)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._by_keys = event.reason() in _KEYS
        super().focusInEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.isChecked() or self.underMouse():
            painter.fillRect(self.rect(), QColor(COLOURS.raised))
        if self.isChecked():
            painter.fillRect(QRect(0, 0, 3, self.height()), QColor(COLOURS.running))
        tint = COLOURS.strong if self.isChecked() else COLOURS.dim
        icons.paint(painter, self.key, tint, QRectF((self.width() - 22) / 2 + 1, 11, 22, 22))
        painter.setPen(QColor(tint))
        words = self.rect().adjusted(2, 34, 0, -8)
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, self._title)
        self._paint_badge(painter)
        if self.hasFocus() and self._by_keys:
            painter.setPen(QPen(QColor(COLOURS.primary_line), 1.0))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(4.5, 2.5, -2.5, -2.5), 5, 5)

    def _paint_badge(self, painter: QPainter) -> None:
        if not self._badge:
            return
        text = str(self._badge) if self._badge < 1000 else "999+"
        painter.setFont(theme.bold(10))
        width = max(14, painter.fontMetrics().horizontalAdvance(text) + 8)
        spot = QRectF(self.width() / 2 + 4, 8, width, 14)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(COLOURS.attention))
        painter.drawRoundedRect(spot, 7, 7)
        painter.setPen(QColor(COLOURS.window))
        painter.drawText(spot, Qt.AlignmentFlag.AlignCenter, text)
        painter.setBrush(Qt.BrushStyle.NoBrush)


class Rail(QWidget):
    """All panes, one below the other; below them the menu."""

    pane_asked = Signal(str)
    """Key of the pane that is wanted."""
    menu_asked = Signal()

    def __init__(self, panes: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.setFixedWidth(WIDTH)
        self.setAccessibleName("Panes")
        self.buttons: dict[str, RailButton] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 1, 8)
        column.setSpacing(0)
        for number, (key, title) in enumerate(panes, start=1):
            button = RailButton(key, title, number)
            button.clicked.connect(lambda _checked=False, key=key: self.pane_asked.emit(key))
            self.buttons[key] = button
            column.addWidget(button)
        column.addStretch(1)
        self.menu = icon_button("menu", "Menu", self.menu_asked.emit, size=20)
        self.menu.setToolTip("Menu (F10 shows the menu bar)")
        column.addWidget(self.menu, 0, Qt.AlignmentFlag.AlignHCenter)

    def choose(self, key: str) -> None:
        """Mark a pane as the one in front."""
        for name, button in self.buttons.items():
            button.setChecked(name == key)

    def set_badge(self, key: str, count: int) -> None:
        """Show how many things wait for a person in a pane."""
        self.buttons[key].set_badge(count)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(COLOURS.base))
        edge = QRect(self.width() - 1, 0, 1, self.height())
        painter.fillRect(edge, QColor(COLOURS.line))
