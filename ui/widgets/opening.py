"""Opens reports and folders in programs of the system; where there is none, says where they lie."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.places.patience import ask
from ui.widgets.buttons import plain_button
from ui.widgets.wrapped import WrappedLabel
from ui.words import printable

NO_PROGRAM = "No program on this machine opens it. It lies here:"
GONE = "It is no longer there:"


def open_path(path: Path, parent: QWidget) -> QDialog | None:
    """Open *path* in the system's program for it; the dialog that says where it lies otherwise."""
    there = ask(("opened", path), path.exists, True)
    if there and QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
        return None
    shown = NotOpened(path, NO_PROGRAM if there else GONE, parent)
    shown.show()
    return shown


class NotOpened(QDialog):
    """Where something lies that could not be opened; the path can be copied."""

    def __init__(self, path: Path, why: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"{printable(path.name)} was not opened")
        self.setModal(False)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(620, 0)
        self.why = WrappedLabel()
        self.why.show_text(why)
        self.place = QLineEdit(printable(str(path)))
        self.place.setReadOnly(True)
        self.place.setAccessibleName("Path")
        self.copy = plain_button(
            "Copy path", lambda: QGuiApplication.clipboard().setText(printable(str(path)))
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        column.addWidget(self.why)
        column.addWidget(self.place)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.copy)
        row.addWidget(plain_button("Close", self.close))
        column.addLayout(row)
        self.copy.setFocus()
