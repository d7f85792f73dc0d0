"""Empty states teach: an icon, one sentence, at most one action."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ui import icons, theme
from ui.theme import Tone
from ui.widgets.buttons import plain_button
from ui.widgets.labels import TextLabel

_WIDTH = 460


class EmptyState(QWidget):
    """What a place shows while nothing is in it."""

    def __init__(
        self,
        icon_name: str,
        title: str,
        sentence: str,
        *,
        action: str = "",
        on_action: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        picture = QLabel()
        picture.setPixmap(icons.pixmap(icon_name, theme.COLOURS.of(Tone.IDLE), 44))
        picture.setAccessibleName(title)
        self.title = TextLabel(title, size=theme.TITLE, strong=True)
        self.sentence = TextLabel(tone=Tone.DIM, wrap=True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.sentence.setFixedWidth(_WIDTH)
        self.say(sentence)
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addStretch(2)
        centre = Qt.AlignmentFlag.AlignHCenter
        for widget in (picture, self.title, self.sentence):
            column.addWidget(widget, 0, centre)
        if action:
            self.button = plain_button(action, on_action)
            column.addSpacing(4)
            column.addWidget(self.button, 0, centre)
        column.addStretch(3)

    def say(self, sentence: str) -> None:
        """Have *sentence* stand there."""
        self.sentence.show_text(sentence)
        self.sentence.setMinimumHeight(max(self.sentence.heightForWidth(_WIDTH), 0))
