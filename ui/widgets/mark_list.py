"""The marks of a clip with what was said about them; a double click or F2 says something else."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from app.media.play.marks import Mark
from ui import theme
from ui.words import printable

_ROW = 24
_MOST = 5


class MarkList(QTableWidget):
    """Timecode and comment; hidden while there is no mark."""

    chosen = Signal(int)
    """Frame of the mark to go to."""
    said = Signal(int, str)
    """Frame, and its comment as it was typed."""
    removed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 2, parent)
        self._marks: tuple[Mark, ...] = ()
        self._filling = False
        self._back: QWidget | None = None
        self.setAccessibleName("Marks")
        self.setHorizontalHeaderLabels(["Mark", "Comment"])
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setFont(theme.font(theme.SMALL))
        self.setStyleSheet("QTableWidget::item { padding-left: 5px; }")  # as far as its heads
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW)
        header = self.horizontalHeader()
        header.setFixedHeight(_ROW)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        header.setStretchLastSection(True)
        self.setColumnWidth(0, 96)
        self.cellClicked.connect(lambda row, _: self.chosen.emit(self._marks[row].frame))
        self.cellChanged.connect(self._edited)
        self.hide()

    def show_marks(self, marks: tuple[Mark, ...], shown: Callable[[int], str]) -> None:
        """Show *marks*; *shown* tells the timecode of a frame."""
        if marks == self._marks:
            return
        self._marks = marks
        self._filling = True
        self.setRowCount(len(marks))
        for row, mark in enumerate(marks):
            place = QTableWidgetItem(shown(mark.frame))
            place.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            self.setItem(row, 0, place)
            said = QTableWidgetItem(printable(mark.text))
            said.setToolTip(said.text())
            self.setItem(row, 1, said)
        self._filling = False
        self.setVisible(bool(marks))
        self.updateGeometry()

    def edit_mark(self, frame: int, back: QWidget | None = None) -> None:
        """Let the person type what is to be said about a frame; keys go *back* there after that."""
        self._back = back
        for row, mark in enumerate(self._marks):
            if mark.frame == frame:
                self.setCurrentCell(row, 1)
                if (item := self.item(row, 1)) is not None:
                    self.editItem(item)

    def sizeHint(self) -> QSize:
        return QSize(200, _ROW * (min(len(self._marks), _MOST) + 1) + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        """What was typed is kept or given up."""
        super().closeEditor(editor, hint)
        back, self._back = self._back, None
        if back is not None:
            back.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentRow()
        if 0 <= row < len(self._marks):
            if event.key() in {Qt.Key.Key_Delete, Qt.Key.Key_Backspace}:
                self.removed.emit(self._marks[row].frame)
                return
            if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                self.chosen.emit(self._marks[row].frame)
                return
        super().keyPressEvent(event)

    def _edited(self, row: int, column: int) -> None:
        if self._filling or column != 1:
            return
        item = self.item(row, 1)
        self.said.emit(self._marks[row].frame, item.text() if item is not None else "")
