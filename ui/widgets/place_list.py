"""What the library can show: folders, the cards in the one that is open, drives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from ui import theme
from ui.models.clips import Index
from ui.theme import Tone
from ui.words import printable

_PLACE = Qt.ItemDataRole.UserRole
_ROW = 25
_INDENT = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One line of the list."""

    key: str
    """What is told when it is chosen; "" for a heading."""
    name: str
    figure: str = ""
    """Behind the name: how many clips, or how it stands."""
    tone: Tone = Tone.DIM
    """The colour of the figure."""
    spoken: str = ""
    """The figure in words, where it is a sign."""
    here: bool = False
    """Whether it is what is shown."""
    hint: str = ""
    """The whole path."""


class PlaceList(QListView):
    """Headings with places below them; Return or a click chooses one."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items = QStandardItemModel(self)
        self.setModel(self._items)
        self.setItemDelegate(_Lines(self))
        self.setAccessibleName("Places")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.clicked.connect(self._choose)

    def show_places(self, places: Sequence[Place]) -> None:
        """Show these; the current line stays where it was."""
        if places == self.places:
            return
        row = self.currentIndex().row()
        self._items.clear()
        for place in places:
            item = QStandardItem(printable(place.name))
            item.setData(place, _PLACE)
            item.setToolTip(printable(place.hint))
            item.setAccessibleText(
                ", ".join(filter(None, (place.name, place.spoken or place.figure)))
            )
            flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
            item.setFlags(flags if place.key else Qt.ItemFlag.NoItemFlags)
            self._items.appendRow(item)
        self.setCurrentIndex(self._items.index(row, 0))

    @property
    def places(self) -> list[Place]:
        """What is shown."""
        return [self._items.item(n).data(_PLACE) for n in range(self._items.rowCount())]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}:
            self._choose(self.currentIndex())
            return
        super().keyPressEvent(event)

    def _choose(self, index: QModelIndex) -> None:
        place = index.data(_PLACE)
        if isinstance(place, Place) and place.key:
            self.chosen.emit(place.key)


class _Lines(QStyledItemDelegate):
    """Draws a heading, or a place with its figure."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        place: Place = index.data(_PLACE)
        painter.save()
        view = self.parent()
        focused = isinstance(view, QWidget) and view.hasFocus()
        if option.state & QStyle.StateFlag.State_Selected and focused:
            painter.fillRect(option.rect, option.palette.highlight())
        if place.key:
            _paint_place(painter, option.rect.adjusted(_INDENT, 0, -6, 0), place)
        else:
            painter.setFont(theme.bold(theme.SMALL))
            painter.setPen(theme.colour(Tone.DIM))
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            painter.drawText(option.rect.adjusted(2, 4, 0, 0), flags, place.name)
        painter.restore()


def _paint_place(painter: QPainter, box: QRect, place: Place) -> None:
    flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
    font = theme.font(theme.SMALL)
    words = QFontMetrics(font)
    painter.setFont(font)
    figure = f" {place.figure}" if place.figure else ""
    room = box.width() - words.horizontalAdvance(figure)
    name = words.elidedText(printable(place.name), Qt.TextElideMode.ElideRight, room)
    painter.setPen(theme.colour(Tone.RUNNING if place.here else Tone.TEXT))
    painter.drawText(box, flags, name)
    painter.setPen(theme.colour(place.tone))
    painter.drawText(box.adjusted(words.horizontalAdvance(name), 0, 0, 0), flags, figure)
