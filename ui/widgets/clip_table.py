"""The library's one dense table. Knows rows, not where they come from."""

from __future__ import annotations

from PySide6.QtCore import (
    QEvent,
    QItemSelectionModel,
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
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ui import theme
from ui.models.clips import ROW_ROLE, ClipFilter, ClipRow, ClipsModel, Column, Index
from ui.theme import COLOURS, Tone

ROW = 39
_PICTURE = (54, 30)
_INNER = 8
_WIDTHS = {
    Column.PICTURE: 66,
    Column.START: 90,
    Column.LENGTH: 66,
    Column.RATE: 62,
    Column.CODEC: 108,
    Column.SIZE: 70,
}
_LEAST = 160
_GIVES_WAY = ((Column.CODEC, 70), (Column.SIZE, 0), (Column.RATE, 0))
"""Where there is little room: the least that a column keeps; 0, it goes."""


class ClipTable(QTableView):
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
        super().__init__(parent)
        self.setModel(model)
        self.setItemDelegate(_Cells(self))
        self.setAccessibleName("Clips")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setDragEnabled(True)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setFont(theme.font(theme.HEAD))
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setFixedHeight(26)
        header.setHighlightSections(False)
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
        index = self.model().index(row, Column.CLIP)
        flag = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(index, flag.ClearAndSelect | flag.Rows)
        self.scrollTo(index)

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
        by_keys = event.reason() == QContextMenuEvent.Reason.Keyboard
        spot = self.visualRect(self.currentIndex()).bottomLeft() if by_keys else event.pos()
        if self.current:
            self.menu_wanted.emit(self.viewport().mapToGlobal(spot))

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
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen:
            painter.fillRect(option.rect, option.palette.highlight())
        row, column = _row(index), Column(index.column())
        if column is Column.PICTURE:
            self._paint_picture(painter, option.rect, row, index)
        else:
            _paint_words(painter, option.rect, row, index, chosen=chosen)
        painter.setPen(QPen(QColor(COLOURS.faint_line), 1))
        painter.drawLine(option.rect.bottomLeft(), option.rect.bottomRight())
        self._paint_focus(painter, option, index)
        painter.restore()

    def _paint_focus(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        view = self.parent()
        here = isinstance(view, ClipTable) and view.hasFocus()
        if not here or not isinstance(view, ClipTable) or view.currentIndex().row() != index.row():
            return
        if index.column() == Column.PICTURE:
            bar = QRect(option.rect.left(), option.rect.top(), 2, option.rect.height() - 1)
            painter.fillRect(bar, QColor(COLOURS.primary_line))

    def _paint_picture(self, painter: QPainter, box: QRect, row: ClipRow, index: Index) -> None:
        spot = QRect(0, 0, *_PICTURE)
        spot.moveCenter(box.center())
        model = index.model()
        source = model.sourceModel() if isinstance(model, ClipFilter) else model
        picture = source.picture(row) if isinstance(source, ClipsModel) else None
        painter.fillRect(spot, QColor(COLOURS.track))
        if picture is None:
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        size = picture.size().scaled(spot.size(), Qt.AspectRatioMode.KeepAspectRatio)
        shown = QRect(0, 0, size.width(), size.height())
        shown.moveCenter(spot.center())
        painter.drawImage(QRectF(shown), picture)


def _paint_words(
    painter: QPainter, box: QRect, row: ClipRow, index: Index, *, chosen: bool
) -> None:
    column = Column(index.column())
    painter.setFont(theme.font(theme.SMALL))
    tone = Tone.TEXT
    if row.looked and row.facts is None and column is Column.CODEC:
        tone = Tone.FAILED
    elif column in {Column.CODEC, Column.SIZE, Column.RATE}:
        tone = Tone.DIM
    if chosen and tone is Tone.DIM:
        tone = Tone.TEXT
    painter.setPen(theme.colour(tone))
    text = str(index.data())
    if tone is Tone.FAILED:
        text = f"✕ {text}"
    inner = box.adjusted(_INNER, 0, -_INNER, 0)
    mode = Qt.TextElideMode.ElideMiddle if column is Column.CLIP else Qt.TextElideMode.ElideRight
    shown = QFontMetrics(painter.font()).elidedText(text, mode, inner.width())
    painter.drawText(inner, index.data(Qt.ItemDataRole.TextAlignmentRole), shown)
