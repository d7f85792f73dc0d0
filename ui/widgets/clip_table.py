"""The library's one dense table. Knows rows, not where they come from."""

from __future__ import annotations

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPoint,
    QRect,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from ui import theme
from ui.models.clips import ROW_ROLE, ClipFilter, ClipRow, ClipsModel, Column, Index
from ui.theme import COLOURS, Tone
from ui.widgets.row_table import INNER, RowTable, paint_ground, paint_words
from ui.words import printable

ROW = 39
_PICTURE = (54, 30)
_TINY = 10
_WIDTHS = {
    Column.PICTURE: 62,
    Column.START: 90,
    Column.LENGTH: 66,
    Column.RATE: 60,
    Column.CODEC: 108,
    Column.SIZE: 76,
}
_LEAST = 172
"""Of the names: that of an ARRI clip is told whole."""
_CUT = {Column.CLIP: Qt.TextElideMode.ElideMiddle}
_GIVES_WAY = ((Column.CODEC, 70), (Column.SIZE, 0), (Column.RATE, 0))
"""Where there is little room: the least that a column keeps; 0, it goes."""


class ClipTable(RowTable):
    """Rows of clips; a letter typed here is meant for the player, not a search."""

    chosen = Signal(str)
    """Key of the clip that is the current one; "" for none."""
    opened = Signal(str)
    """Key of the clip that was double-clicked, or on which Return was pressed."""
    menu_wanted = Signal(QPoint)
    """Where on the screen a menu for the chosen clips is to open."""
    sight_changed = Signal()
    """Other rows are in sight than before."""

    def __init__(self, model: ClipFilter, parent: QWidget | None = None) -> None:
        super().__init__(model, "Clips", ROW, parent)
        self.setItemDelegate(_Cells(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setDragEnabled(True)
        header = self.horizontalHeader()
        header.setAccessibleName("Columns")
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self.selectionModel().currentRowChanged.connect(self._row_changed)
        self.doubleClicked.connect(lambda index: self.opened.emit(_row(index).key))
        self.verticalScrollBar().valueChanged.connect(lambda _: self.sight_changed.emit())

    @property
    def filter(self) -> ClipFilter:
        """What stands between the table and all rows."""
        model = self.model()
        assert isinstance(model, ClipFilter)
        return model

    @property
    def current(self) -> str:
        """Key of the current clip; "" for none."""
        index = self.currentIndex()
        return _row(index).key if index.isValid() else ""

    def choose(self, row: int) -> None:
        """Make the row in this place of the table the current one, and show it."""
        self.choose_row(row, Column.CLIP)

    def in_sight(self) -> list[str]:
        """Keys of the clips that can be seen, and of the few behind them."""
        if not self.model().rowCount():
            return []
        first = max(self.rowAt(0), 0)
        last = self.rowAt(self.viewport().height())
        last = (self.model().rowCount() - 1) if last < 0 else last
        return [_row(self.model().index(n, 0)).key for n in range(first, last + 1)]

    def sort_by(self, column: Column) -> None:
        """Sort by a column, or the other way round."""
        header = self.horizontalHeader()
        down = header.sortIndicatorSection() == column
        down = down and header.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
        order = Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder
        self.sortByColumn(column, order)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self.current:
            self.opened.emit(self.current)
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index, spot = self.menu_place(event)
        if index.isValid():
            self.menu_wanted.emit(spot)

    def keyboardSearch(self, search: str) -> None:
        """Not here: letters are the player's."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        widths = dict(_WIDTHS)
        for column, least in _GIVES_WAY:
            lacks = _LEAST + sum(widths.values()) - self.viewport().width()
            if lacks > 0:
                widths[column] = max(least, widths[column] - lacks) if least else 0
        for column, width in widths.items():
            self.setColumnHidden(column, not width)
            self.setColumnWidth(column, width)
        self.setColumnWidth(Column.CLIP, max(self.viewport().width() - sum(widths.values()), 80))
        self.sight_changed.emit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            event.ignore()
        return super().event(event)

    def _row_changed(self, now: QModelIndex, _before: QModelIndex) -> None:
        self.chosen.emit(_row(now).key if now.isValid() else "")


def _row(index: Index) -> ClipRow:
    row: ClipRow = index.data(ROW_ROLE)
    return row


class _Cells(QStyledItemDelegate):
    """Draws a row: its picture, its words, a faint line below."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        paint_ground(painter, option)
        row, column = _row(index), Column(index.column())
        if column is Column.PICTURE:
            self._paint_picture(painter, option.rect, row, index)
            self._paint_focus(painter, option.rect, index)
        else:
            tone, glyph = _tone(row, column)
            if tone is Tone.DIM and option.state & QStyle.StateFlag.State_Selected:
                tone = Tone.TEXT
            mode, box = _CUT.get(column, Qt.TextElideMode.ElideRight), QRect(option.rect)
            if column is Column.CLIP and (row.where or row.offline):
                _paint_where(painter, box, row)
                box.setBottom(box.center().y() + 2)
            paint_words(painter, box, index, tone, mode, before=glyph)
        painter.restore()

    def _paint_focus(self, painter: QPainter, box: QRect, index: Index) -> None:
        view = self.parent()
        if not isinstance(view, ClipTable) or not view.hasFocus():
            return
        if view.currentIndex().row() == index.row():
            bar = QRect(box.left(), box.top(), 2, box.height() - 1)
            painter.fillRect(bar, QColor(COLOURS.primary_line))

    def _paint_picture(self, painter: QPainter, box: QRect, row: ClipRow, index: Index) -> None:
        spot = QRect(0, 0, *_PICTURE)
        spot.moveCenter(box.center())
        model = index.model()
        source = model.sourceModel() if isinstance(model, ClipFilter) else model
        picture = source.picture(row) if isinstance(source, ClipsModel) else None
        painter.fillRect(spot, QColor(COLOURS.track))
        if picture is None:
            painter.setFont(theme.font(_TINY))
            painter.setPen(theme.colour(Tone.IDLE))
            painter.drawText(spot, Qt.AlignmentFlag.AlignCenter, instead_of_picture(row))
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        size = picture.size().scaled(spot.size(), Qt.AspectRatioMode.KeepAspectRatio)
        shown = QRect(0, 0, size.width(), size.height())
        shown.moveCenter(spot.center())
        painter.drawImage(QRectF(shown), picture)


def _paint_where(painter: QPainter, box: QRect, row: ClipRow) -> None:
    """Small below a clip's name that it is offline, and its folder; the end of that tells most."""
    where = " · ".join(filter(None, ("offline" if row.offline else "", row.where)))
    painter.setFont(theme.font(_TINY))
    painter.setPen(theme.colour(Tone.ATTENTION if row.offline else Tone.DIM))
    low = box.adjusted(INNER, box.height() // 2, -INNER, -3)
    text = QFontMetrics(painter.font()).elidedText(
        printable(where), Qt.TextElideMode.ElideLeft, low.width()
    )
    painter.drawText(low, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


def instead_of_picture(row: ClipRow) -> str:
    """What stands where a clip shows no picture."""
    if not row.looked:
        return "…"
    if row.facts is not None and row.facts.picture is None:
        return "sound"
    return "no picture"


def _tone(row: ClipRow, column: Column) -> tuple[Tone, str]:
    """The colour of a cell's words, and a glyph in front of them."""
    if row.looked and row.facts is None and column is Column.CODEC and not row.offline:
        return Tone.FAILED, "✕ "
    if row.offline:
        return Tone.DIM, ""
    quiet = column in {Column.CODEC, Column.SIZE, Column.RATE}
    return (Tone.DIM if quiet else Tone.TEXT), ""
