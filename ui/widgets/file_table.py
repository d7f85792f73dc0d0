"""The table of a job's files: the path gets all the room that the other columns leave."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

Index = QModelIndex | QPersistentModelIndex
PATH_LEAST = 220
"""Pixels that a path keeps where many drives stand beside it; the table scrolls then."""
_WIDTHS = (84, 104, 204, 158)
"""Size, state, hash, and each drive."""
_MOST = 230
_HASH_LEAST = 120
_STATE, _HASH = 2, 3
_ROOMY = (1160, 680)
_BESIDE = 60
"""Pixels of the screen that stay free around a dialog."""
_ROW = 26
_INNER = 8
"""Pixels that the style keeps free around a cell's text."""
_PAD = 5
"""Cells stand under their heads, which the style sheet insets."""


class FileTable(QTableView):
    """Path, size, state, hash and every drive; of 10,000 rows only those in sight are asked for."""

    def __init__(self, model: QAbstractItemModel, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setItemDelegate(_Cell(self))
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(_ROW)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setResizeContentsPrecision(0)
        self._fitted = -1

    def fit(self) -> None:
        """Give the columns their widths, once for as many drives; people may drag them since."""
        columns = self.model().columnCount()
        if columns != self._fitted and self.model().rowCount():
            self._fitted = columns
            for column in range(1, columns):
                self.setColumnWidth(column, self._width(column))
        self._stretch()

    def _width(self, column: int) -> int:
        least = _WIDTHS[min(column, len(_WIDTHS)) - 1]
        if column < _STATE or column == _HASH:
            return least
        return max(least, min(self.sizeHintForColumn(column) + 2 * _PAD, _MOST))

    def _stretch(self) -> None:
        """The path gets what is left; a hash, told by its first digits, gives way to it."""
        columns = [n for n in range(1, self.model().columnCount()) if n != _HASH]
        room = self.viewport().width() - sum(map(self.columnWidth, columns))
        wanted = self.sizeHintForColumn(0) + 2 * _PAD
        self.setColumnWidth(_HASH, max(_HASH_LEAST, min(_WIDTHS[_HASH - 1], room - wanted)))
        self.setColumnWidth(0, max(PATH_LEAST, room - self.columnWidth(_HASH)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._stretch()


def roomy(dialog: QWidget) -> QSize:
    """A size in which paths and several drives have room, or what the screen has."""
    room = dialog.screen().availableSize()
    return QSize(*_ROOMY).boundedTo(room - QSize(_BESIDE, _BESIDE))


def cut_path(path: str, metrics: QFontMetrics, room: int) -> str:
    """*path* for *room* pixels: its folders give way first, because the name tells the clip."""
    folder, slash, name = path.rpartition("/")
    left = room - metrics.horizontalAdvance(slash + name)
    if metrics.horizontalAdvance(path) <= room:
        return path
    if left < metrics.horizontalAdvance("……"):
        short = f"…/{name}"
        fits = metrics.horizontalAdvance(short) <= room
        return short if fits else metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room)
    return metrics.elidedText(folder, Qt.TextElideMode.ElideMiddle, left) + slash + name


class _Cell(QStyledItemDelegate):
    """Draws a cell's text as far from its edges as the heads are; a hash is cut at its end."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        if index.column() == 0:
            option.text = cut_path(option.text, option.fontMetrics, option.rect.width() - _INNER)
        elif index.column() == _HASH:
            option.textElideMode = Qt.TextElideMode.ElideRight

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        text = str(index.data() or "")
        return QSize(option.fontMetrics.horizontalAdvance(text) + _INNER, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, option.palette.highlight())
        option.rect = option.rect.adjusted(_PAD, 0, -_PAD, 0)
        super().paint(painter, option, index)
