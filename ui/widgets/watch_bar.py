"""Above the clips of a watch folder: its switch, how it stands, and what could not be made."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ui import icons, theme
from ui.theme import COLOURS, Tone
from ui.widgets.buttons import small_button
from ui.widgets.labels import ElidedLabel, TextLabel
from ui.words import Sign

_MARK = 12


class WatchBar(QWidget):
    """One watch folder."""

    switched = Signal(bool)
    """It is to be watched from now on, or no more."""
    retry_asked = Signal()
    order_asked = Signal()
    """The file that says what is made is wanted."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Watch folder")
        self.mark = QLabel()
        self.name = ElidedLabel(size=theme.SMALL, strong=True)
        self.state = TextLabel(size=theme.SMALL)
        self.line = ElidedLabel(tone=Tone.DIM, size=theme.SMALL, mode=Qt.TextElideMode.ElideRight)
        self.trouble = ElidedLabel(
            tone=Tone.FAILED, size=theme.SMALL, mode=Qt.TextElideMode.ElideRight
        )
        self.again = small_button("Try again", self.retry_asked.emit)
        self.order = small_button("What is made…", self.order_asked.emit)
        self.switch = QCheckBox("Watch")
        self.switch.setFont(theme.medium(theme.SMALL))
        self.switch.clicked.connect(self.switched)
        self._lay_out()

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.setSpacing(6)
        first.addWidget(self.mark)
        first.addWidget(self.state)
        first.addWidget(self.name, 1)
        for widget in (self.again, self.order):
            first.addWidget(widget)
        first.addSpacing(6)
        first.addWidget(self.switch)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 0)
        column.setSpacing(3)
        column.addLayout(first)
        column.addWidget(self.line)
        column.addWidget(self.trouble)

    def show_folder(self, name: str, sign: Sign, line: str, *, on: bool) -> None:
        """Show how the watch folder *name* stands."""
        self.mark.setPixmap(icons.pixmap(sign.mark, COLOURS.of(sign.tone), _MARK))
        self.mark.setAccessibleName(sign.word)
        self.state.show_text(sign.word)
        self.state.set_tone(sign.tone)
        self.name.show_text(name)
        self.line.show_text(line)
        self.switch.setChecked(on)
        self.switch.setAccessibleName(f"Watch {name}")
        self.switch.setAccessibleDescription(f"{sign.word}. {line}")

    def show_failures(self, lines: list[str]) -> None:
        """Show the newest, and all of them when pointed at."""
        more = f" And {len(lines) - 1:,} more." if len(lines) > 1 else ""
        self.trouble.show_text(f"✕ {lines[0]}{more}" if lines else "")
        self.trouble.setVisible(bool(lines))
        self.trouble.setToolTip("\n".join(lines))
        self.again.setVisible(bool(lines))
