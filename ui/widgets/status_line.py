"""The last line of the window: the day on the left, the machine and the profile on the right."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ui.theme import COLOURS, SMALL, Tone
from ui.widgets.labels import ElidedLabel, TextLabel


class StatusLine(QWidget):
    """Facts that are good to have in sight; nothing here asks for anything."""

    def __init__(self) -> None:
        super().__init__()
        right = Qt.TextElideMode.ElideRight
        self.day = ElidedLabel("", tone=Tone.DIM, size=SMALL, mode=right)
        self.awake = TextLabel("", tone=Tone.DIM, size=SMALL)
        self.profile = ElidedLabel("", tone=Tone.DIM, size=SMALL)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 1, 12, 0)
        row.setSpacing(18)
        row.addWidget(self.day, 3)
        row.addStretch(1)
        row.addWidget(self.awake)
        row.addWidget(self.profile, 0)
        self.setFixedHeight(26)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(COLOURS.base))
        painter.fillRect(QRect(0, 0, self.width(), 1), QColor(COLOURS.line))
