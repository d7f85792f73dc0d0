"""The ignore list: what is left out of every copy, by the person's own word."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListView,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.offload.spec import DEFAULT_IGNORE
from app.units import count_text
from ui.words import printable


class IgnoreListDialog(QDialog):
    """Edit the patterns, and see every file that they leave out now."""

    def __init__(
        self,
        patterns: Sequence[str],
        ignored: Sequence[str],
        done: Callable[[tuple[str, ...]], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Ignored files")
        self.resize(720, 460)
        self._done = done
        why = QLabel(
            "Files whose name matches a line are not copied and do not count for the verdict. "
            "Every one of them is named in the report."
        )
        why.setWordWrap(True)
        self.patterns = QPlainTextEdit("\n".join(patterns))
        self.patterns.setAccessibleName("Patterns, one a line")
        self.patterns.setTabChangesFocus(True)
        self.ignored = QListView()
        self.ignored.setModel(QStringListModel([printable(path) for path in ignored], self.ignored))
        self.ignored.setUniformItemSizes(True)
        self.ignored.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.ignored.setAccessibleName("Files left out by the present list")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(why)
        columns = QHBoxLayout()
        columns.setSpacing(16)
        columns.addLayout(_column("Patterns, one a line (* and ? as in a shell)", self.patterns), 2)
        left_out = f"Left out now, {count_text(len(ignored), 'file')}"
        left_out = left_out if ignored else "Nothing is left out now"
        columns.addLayout(_column(left_out, self.ignored), 3)
        layout.addLayout(columns, 1)
        layout.addLayout(self._buttons())

    def _buttons(self) -> QHBoxLayout:
        self.standard = QPushButton("Back to the standard list")
        self.standard.clicked.connect(lambda: self.patterns.setPlainText("\n".join(DEFAULT_IGNORE)))
        self.cancel = QPushButton("Cancel")
        self.cancel.clicked.connect(self.close)
        self.keep = QPushButton("Use this list")
        self.keep.clicked.connect(self._accept)
        row = QHBoxLayout()
        row.addWidget(self.standard)
        row.addStretch(1)
        row.addWidget(self.cancel)
        row.addWidget(self.keep)
        for button in (self.standard, self.cancel):
            button.setAutoDefault(False)
        self.keep.setDefault(True)
        return row

    def _accept(self) -> None:
        lines = (line.strip() for line in self.patterns.toPlainText().splitlines())
        self._done(tuple(dict.fromkeys(line for line in lines if line)))
        self.close()


def _column(title: str, widget: QWidget) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(6)
    label = QLabel(title)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setBuddy(widget)
    column.addWidget(label)
    column.addWidget(widget, 1)
    return column
