"""One setting: what it is for, an editor that fits its kind, and where its value comes from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.errors import BadInput
from app.settings import Key, Kind, value_from_text, value_text
from ui import theme
from ui.theme import Tone
from ui.widgets.buttons import link_button
from ui.widgets.labels import ElidedLabel, TextLabel
from ui.words import printable

_EDITOR = 300
_BLOCK = 92
_LAYERS = ("command line", "profile", "site file")


class SettingRow(QWidget):
    """Edits one setting; tells what was entered once it is complete and makes sense."""

    def __init__(
        self, key: Key, save: Callable[[str, Any], object], reset: Callable[[str], object]
    ) -> None:
        super().__init__()
        self.key = key
        self._save = save
        self._value: Any = None
        self.words = TextLabel(key.text, wrap=True)
        self.name = TextLabel(key.name, tone=Tone.DIM, size=theme.HEAD)
        self.origin = ElidedLabel("", tone=Tone.DIM, size=theme.HEAD)
        self.trouble = TextLabel("", tone=Tone.FAILED, size=theme.SMALL, wrap=True)
        self.trouble.hide()
        self.undo = link_button("Reset", lambda: reset(key.name))
        self.undo.setFont(theme.font(theme.HEAD))
        self.undo.setAccessibleName(f"Reset, {key.text}")
        self.editor = self._editor()
        self.editor.setAccessibleName(key.text)
        self.editor.setAccessibleDescription(key.expects)
        self.editor.setToolTip(f"{key.name}: {key.expects}")
        self._lay_out()

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 7, 0, 7)
        grid.setHorizontalSpacing(20)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        said = QVBoxLayout()
        said.setSpacing(2)
        said.setContentsMargins(0, 5, 0, 0)
        said.addWidget(self.words)
        said.addWidget(self.name)
        said.addStretch(1)
        grid.addLayout(said, 0, 0, 2, 1)
        grid.addWidget(self.editor, 0, 1, 1, 2)
        grid.addWidget(self.origin, 1, 1)
        grid.addWidget(self.undo, 1, 2, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(self.trouble, 2, 0, 1, 3)
        self.editor.setFixedWidth(_EDITOR)
        self.origin.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def _editor(self) -> QWidget:
        key = self.key
        if key.kind is Kind.TABLES:
            return TextLabel("", tone=Tone.DIM)
        if key.kind is Kind.FLAG:
            box = QCheckBox("On")
            box.clicked.connect(self._enter)
            return box
        if key.choices and key.kind is Kind.TEXT:
            choice = QComboBox()
            choice.addItems(key.choices)
            choice.textActivated.connect(self._enter)
            return choice
        if key.kind in {Kind.TEXTS, Kind.TABLE}:
            block = Block(self._enter_lines)
            block.setFixedHeight(_BLOCK if len(key.default) > 2 else _BLOCK // 2 + 8)
            block.setPlaceholderText("volume = device" if key.kind is Kind.TABLE else "one a line")
            return block
        line = QLineEdit()
        line.editingFinished.connect(lambda: self._enter_text(line.text()))
        return line

    def show_value(self, value: Any, origin: str) -> None:
        """Show the value that counts and where it comes from."""
        self._value = value
        self.trouble.hide()
        layer = next((name for name in _LAYERS if origin.startswith(name)), "")
        self.origin.show_text(f"from the {layer}" if layer else origin)
        self.origin.setToolTip(origin)
        self.undo.setVisible(origin.startswith("profile"))
        editor = self.editor
        if isinstance(editor, QCheckBox):
            editor.setChecked(bool(value))
        elif isinstance(editor, QComboBox):
            editor.setCurrentText(str(value))
        elif isinstance(editor, Block):
            editor.setPlainText("\n".join(_lines(value)))
        elif isinstance(editor, QLineEdit):
            editor.setText(printable(value_text(value)))
        elif isinstance(editor, TextLabel):
            editor.show_text(value_text(value) or "None yet")
        if origin.startswith("command line"):
            editor.setEnabled(False)
            editor.setToolTip("Given on the command line, which wins until Reelkeep is closed.")

    def show_trouble(self, text: str) -> None:
        """Say below the editor why a value was not taken."""
        self.trouble.show_text(text)
        self.trouble.show()

    def _enter_text(self, text: str) -> None:
        if text == printable(value_text(self._value)):
            return
        self._enter_typed([text])

    def _enter_lines(self, text: str) -> None:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if lines == _lines(self._value):
            return
        if self.key.kind is Kind.TABLE:
            lines = ["=".join(part.strip() for part in line.split("=", 1)) for line in lines]
        self._enter_typed(lines)

    def _enter_typed(self, texts: list[str]) -> None:
        try:
            self._enter(value_from_text(self.key, texts))
        except BadInput as error:
            self.show_trouble(str(error))

    def _enter(self, value: Any) -> None:
        self.trouble.hide()
        if value != self._value:
            self._save(self.key.name, value)


class Block(QPlainTextEdit):
    """A few lines of text, taken when the focus leaves."""

    def __init__(self, taken: Callable[[str], object]) -> None:
        super().__init__()
        self._taken = taken
        self.setTabChangesFocus(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._taken(self.toPlainText())


def _lines(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"{name} = {device}" for name, device in value.items()]
    return [str(part) for part in value or ()]
