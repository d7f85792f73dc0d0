"""The end of the log, readable and copyable, for those who help."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from ui.bridge import Bridge
from ui.theme import Tone
from ui.widgets.buttons import plain_button
from ui.widgets.labels import ElidedLabel
from ui.widgets.opening import open_path
from ui.words import printable

MOST = 512 * 1024
"""Bytes shown from the end of the log."""


def tail(path: Path, most: int = MOST) -> str:
    """The last whole lines of *path*, at most *most* bytes; "" where there is no log yet."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - most))
            data = file.read(most)
    except FileNotFoundError:
        return ""
    if size > most:
        data = data.partition(b"\n")[2]
    return data.decode("utf-8", "replace")


class LogDialog(QDialog):
    """Shows what happened last; the filter keeps the lines that hold its words."""

    def __init__(self, bridge: Bridge, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._path = path
        self._lines: list[str] = []
        self.setWindowTitle("Log")
        self.resize(980, 560)
        self.place = ElidedLabel(str(path), tone=Tone.DIM)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter, e.g. a job's id or WARNING")
        self.filter.setAccessibleName("Filter the log")
        self.filter.textChanged.connect(self._show)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName("Log")
        row = QHBoxLayout()
        row.addWidget(plain_button("Refresh", self.refresh))
        row.addWidget(plain_button("Copy", self._copy))
        row.addWidget(plain_button("Open folder", self._open_folder))
        row.addStretch(1)
        row.addWidget(plain_button("Close", self.close))
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 14)
        column.addWidget(self.place)
        column.addWidget(self.filter)
        column.addWidget(self.text, 1)
        column.addLayout(row)
        self.filter.setFocus(Qt.FocusReason.OtherFocusReason)
        self.refresh()

    def refresh(self) -> None:
        """Read the log again."""
        self._bridge.ask(lambda: tail(self._path), self._fill)

    def _fill(self, text: str) -> None:
        self._lines = [printable(line) for line in text.splitlines()]
        self._show()

    def _show(self) -> None:
        wanted = self.filter.text().casefold().split()
        lines = [line for line in self._lines if all(word in line.casefold() for word in wanted)]
        self.text.setPlainText("\n".join(lines) or "Nothing has been logged yet.")
        self.text.moveCursor(QTextCursor.MoveOperation.End)

    def _copy(self) -> None:
        chosen = self.text.textCursor().selection().toPlainText()
        QGuiApplication.clipboard().setText(chosen or self.text.toPlainText())

    def _open_folder(self) -> None:
        open_path(self._path.parent, self)
