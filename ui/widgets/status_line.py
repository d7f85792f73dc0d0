"""The last line of the window: the day on the left, the machine and the profile on the right."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, QTimer
from PySide6.QtGui import QAccessible, QAccessibleEvent, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ui.theme import COLOURS, SMALL, Tone
from ui.widgets.labels import ElidedLabel, TextLabel

NEWS_MS = 8000


class StatusLine(QWidget):
    """Facts that are good to have in sight, and short news; nothing here asks for anything."""

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
        self._fact = ""
        self._news = QTimer(self)
        self._news.setSingleShot(True)
        self._news.setInterval(NEWS_MS)
        self._news.timeout.connect(self._forget)

    def show_day(self, text: str) -> None:
        """Show how the day stands; short news stays before it for its time."""
        self._fact = text
        if not self._news.isActive():
            self.day.show_text(text)

    def say(self, text: str) -> None:
        """Tell short news in place of the day for a while."""
        self.day.set_tone(Tone.TEXT)
        self.day.show_text(text)
        self._news.start()
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleEvent(self.day, QAccessible.Event.Alert))

    def _forget(self) -> None:
        self.day.set_tone(Tone.DIM)
        self.day.show_text(self._fact)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(COLOURS.base))
        painter.fillRect(QRect(0, 0, self.width(), 1), QColor(COLOURS.line))
