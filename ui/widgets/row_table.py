"""What the tables of clips and of jobs share: whole rows of painted cells below fixed heads."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QItemSelectionModel, QModelIndex, QPoint, QRect, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ui import theme
from ui.models.clips import Index
from ui.theme import COLOURS, Tone

INNER = 8
"""Pixels between a cell's edges and its words."""
_HEAD = 26


class RowTable(QTableView):
    """Rows of one height, chosen as a whole; no key but the arrows is a command of Qt's own."""

    def __init__(
        self, model: QAbstractItemModel, name: str, row: int, parent: QWidget | None = None
    ) -> None:
        """*name* is what a screen reader calls it, *row* the height of a row in pixels."""
        super().__init__(parent)
        self.setModel(model)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(row)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setFont(theme.font(theme.HEAD))
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setFixedHeight(_HEAD)
        header.setHighlightSections(False)

    def choose_row(self, row: int, column: int) -> None:
        """Make *row* the current and only chosen one, and show it."""
        index = self.model().index(row, column)
        flag = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(index, flag.ClearAndSelect | flag.Rows)
        self.scrollTo(index)

    def menu_place(self, event: QContextMenuEvent) -> tuple[QModelIndex, QPoint]:
        """The cell that a menu is asked for, and where on the screen it is to open."""
        by_keys = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_keys else self.indexAt(event.pos())
        spot = self.visualRect(index).bottomLeft() if by_keys else event.pos()
        return index, self.viewport().mapToGlobal(spot)


def paint_ground(painter: QPainter, option: QStyleOptionViewItem) -> None:
    """What lies below every cell: whether its row is chosen, and a faint line."""
    if option.state & QStyle.StateFlag.State_Selected:
        painter.fillRect(option.rect, QColor(COLOURS.selection))
    painter.setPen(QPen(QColor(COLOURS.faint_line), 1.0))
    painter.drawLine(option.rect.bottomLeft(), option.rect.bottomRight())


def paint_words(
    painter: QPainter,
    box: QRect,
    index: Index,
    tone: Tone,
    mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    *,
    before: str = "",
) -> None:
    """A cell's text, cut where it has no room; *before* is a glyph in front of it."""
    painter.setFont(theme.font(theme.SMALL))
    painter.setPen(theme.colour(tone))
    inner = box.adjusted(INNER, 0, -INNER, 0)
    text = f"{before}{index.data()}"
    shown = QFontMetrics(painter.font()).elidedText(text, mode, inner.width())
    painter.drawText(inner, index.data(Qt.ItemDataRole.TextAlignmentRole), shown)


def paint_in_two(painter: QPainter, box: QRect, index: Index, tone: Tone) -> None:
    """A cell's text in two lines where one has no room for it; what does not fit then is cut."""
    text, inner = str(index.data()), box.adjusted(INNER, 0, -INNER, 0)
    if QFontMetrics(theme.font(theme.SMALL)).horizontalAdvance(text) <= inner.width():
        paint_words(painter, box, index, tone)
        return
    font = theme.font(theme.HEAD)
    painter.setFont(font)
    painter.setPen(theme.colour(tone))
    metrics = QFontMetrics(font)
    first, rest = _broken(text, metrics, inner.width())
    last = metrics.elidedText(rest, Qt.TextElideMode.ElideMiddle, inner.width())
    upper, lower = QRect(inner), QRect(inner)
    upper.setBottom(inner.center().y())
    lower.setTop(inner.center().y())
    painter.drawText(upper, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, first)
    painter.drawText(lower, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, last)


def _broken(text: str, metrics: QFontMetrics, width: int) -> tuple[str, str]:
    """*text* broken at the last space that leaves its beginning within *width* pixels."""
    spaces = [n for n, letter in enumerate(text) if letter == " "]
    fits = [n for n in spaces if metrics.horizontalAdvance(text[:n]) <= width]
    at = fits[-1] if fits else 0
    return text[:at], text[at:].strip()
