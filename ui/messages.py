"""The message bar: news and errors above the pane, never a dialog over a running copy."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QColor,
    QGuiApplication,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.errors import ReelkeepError, Refusal
from ui import icons
from ui.bridge import INTERNAL
from ui.theme import COLOURS, Tone
from ui.widgets.buttons import icon_button, link_button, small_button
from ui.widgets.labels import TextLabel
from ui.words import printable

NOTE_MS = 10_000
MOST = 3
_MARKS = {Tone.FAILED: "failed", Tone.ATTENTION: "attention", Tone.VERIFIED: "verified"}
_SPOKEN = {Tone.FAILED: "Error", Tone.ATTENTION: "Attention", Tone.VERIFIED: "Done"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One sentence for people, with its details folded away."""

    text: str
    tone: Tone = Tone.DIM
    details: str = ""
    """For those who help: folded, copyable."""
    actions: tuple[tuple[str, Callable[[], object]], ...] = ()
    """Verbs and what they do; the message closes when one is taken."""
    stays: bool = True
    """False for news that may go by itself after a while."""
    key: str = ""
    """A message with the same key replaces the older one."""


def message_of(error: Exception) -> Message:
    """How *error* is told: an expected one in its own words, any other as ours."""
    details = "".join(traceback.format_exception(error)).strip()
    if not isinstance(error, ReelkeepError):
        return Message(text=INTERNAL, tone=Tone.FAILED, details=details)
    facts = [f"{error.title}: {error.message}", error.hint]
    if error.path is not None:
        facts.append(f"File or folder: {error.path}")
    if error.device:
        facts.append(f"Device: {error.device}")
    tone = Tone.ATTENTION if isinstance(error, Refusal) else Tone.FAILED
    return Message(text=str(error), tone=tone, details="\n".join(filter(None, facts)))


class MessageBar(QWidget):
    """At most three messages, the newest on top; older ones are in the log."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[MessageLine] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(16, 8, 16, 0)
        self._column.setSpacing(6)
        self.hide()

    def say(self, text: str) -> None:
        """Tell news that may go by itself."""
        self.show_message(Message(text=text, stays=False))

    def show_error(self, error: Exception) -> None:
        """Tell an error; what repeats itself is told once."""
        self.show_message(message_of(error))

    def show_message(self, message: Message) -> None:
        """Put *message* on top."""
        for line in self.lines:
            same = message.key and line.message.key == message.key
            if same or line.message.text == message.text:
                line.close_line()
        line = MessageLine(message, self._closed)
        self._lines.insert(0, line)
        self._column.insertWidget(0, line)
        for old in self.lines[MOST:]:
            old.close_line()
        self.show()
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleEvent(line, QAccessible.Event.Alert))

    def withdraw(self, key: str) -> None:
        """Close the message with *key*, if it is still there."""
        for line in self.lines:
            if line.message.key == key:
                line.close_line()

    @property
    def lines(self) -> list[MessageLine]:
        """The messages as shown, newest first."""
        return list(self._lines)

    def _closed(self, line: MessageLine) -> None:
        if line not in self._lines:
            return
        self._lines.remove(line)
        self._column.removeWidget(line)
        line.hide()
        line.deleteLater()
        self.setVisible(bool(self.lines))


class MessageLine(QWidget):
    """One message with its buttons; Escape closes it."""

    def __init__(self, message: Message, on_close: Callable[[MessageLine], object]) -> None:
        super().__init__()
        self.message = message
        self._on_close = on_close
        self._buttons: list[QPushButton] = []
        spoken = _SPOKEN.get(message.tone, "Note")
        self.setAccessibleName(f"{spoken}: {printable(message.text)}")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 7, 8, 7)
        column.setSpacing(6)
        self._row = QHBoxLayout()
        self._row.setSpacing(8)
        column.addLayout(self._row)
        self._fill(message)
        self.details = self._details(message)
        column.addWidget(self.details)
        if not message.stays:
            self._timer = QTimer(self)
            self._timer.setSingleShot(True)
            self._timer.timeout.connect(self.close_line)
            self._timer.start(NOTE_MS)

    def _fill(self, message: Message) -> None:
        mark = _MARKS.get(message.tone)
        if mark:
            picture = QLabel()
            picture.setPixmap(icons.pixmap(mark, COLOURS.of(message.tone), 14))
            picture.setAccessibleName(_SPOKEN[message.tone])
            picture.setContentsMargins(0, 5, 0, 0)
            self._row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        self._row.addWidget(TextLabel(message.text.replace("\n", " "), wrap=True), 1)
        for verb, call in message.actions:
            self._buttons.append(small_button(verb, partial(self._take, call)))
            self._row.addWidget(self._buttons[-1])
        if message.details:
            self.fold = link_button("Details", self.toggle_details)
            self._row.addWidget(self.fold)
        self._buttons.append(icon_button("close", "Close this message", self.close_line, size=14))
        self._row.addWidget(self._buttons[-1])

    def _details(self, message: Message) -> QWidget:
        folded = QWidget()
        row = QHBoxLayout(folded)
        row.setContentsMargins(0, 0, 0, 0)
        self.text = QPlainTextEdit("\n".join(map(printable, message.details.splitlines())))
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setFixedHeight(110)
        self.text.setAccessibleName("Details")
        row.addWidget(self.text, 1)
        row.addWidget(small_button("Copy", self.copy_details), 0, Qt.AlignmentFlag.AlignTop)
        folded.hide()
        return folded

    def first_button(self) -> QPushButton:
        """The safe one: what the person would most likely want, or close."""
        return self._buttons[0]

    def toggle_details(self) -> None:
        """Unfold or fold the details."""
        self.details.setVisible(self.details.isHidden())

    def copy_details(self) -> None:
        """Put sentence and details on the clipboard."""
        text = f"{printable(self.message.text)}\n{self.text.toPlainText()}"
        QGuiApplication.clipboard().setText(text)

    def close_line(self) -> None:
        """Take the message away."""
        self._on_close(self)

    def _take(self, call: Callable[[], object]) -> None:
        self.close_line()
        call()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground, line = {
            Tone.FAILED: (COLOURS.failed_ground, COLOURS.failed_line),
            Tone.ATTENTION: (COLOURS.attention_ground, COLOURS.attention_line),
        }.get(self.message.tone, (COLOURS.raised, COLOURS.line))
        painter.setBrush(QColor(ground))
        painter.setPen(QColor(line))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
