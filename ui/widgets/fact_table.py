"""What and value, two columns of plain facts with a faint line under each."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ui import theme
from ui.theme import Tone
from ui.words import printable

ROW = 27
_INSET = 8
_GAP = 16


class FactTable(QWidget):
    """Paints pairs of text; values right-aligned, elided in the middle where there is no room."""

    def __init__(self, heads: tuple[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._heads = heads
        self._rows: tuple[tuple[str, str], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFont(theme.font())

    def show_rows(self, rows: Sequence[tuple[str, str]]) -> None:
        """Show *rows*."""
        shown = tuple((printable(what), printable(value)) for what, value in rows)
        if shown == self._rows:
            return
        self._rows = shown
        self.setAccessibleDescription(". ".join(f"{what}: {value}" for what, value in shown))
        self.updateGeometry()
        self.update()

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """What is shown."""
        return self._rows

    def sizeHint(self) -> QSize:
        return QSize(300, ROW * (len(self._rows) + 1))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())

    def event(self, event: QEvent) -> bool:
        """Tell the whole value where it is elided."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            row = event.pos().y() // ROW - 1
            text = ": ".join(self._rows[row]) if 0 <= row < len(self._rows) else ""
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        dim = theme.colour(Tone.DIM)
        self._paint_row(painter, 0, self._heads, (dim, dim), theme.font(theme.SMALL))
        text = theme.colour(Tone.TEXT)
        for number, row in enumerate(self._rows, start=1):
            self._paint_row(painter, number, row, (text, text), self.font())

    def _paint_row(
        self,
        painter: QPainter,
        number: int,
        row: tuple[str, str],
        colours: tuple[QColor, QColor],
        font: QFont,
    ) -> None:
        box = QRectF(0, number * ROW, self.width(), ROW)
        inner = box.adjusted(_INSET, 0, -_INSET, 0)
        metrics = QFontMetrics(font)
        painter.setFont(font)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(colours[0])
        painter.drawText(inner, middle | Qt.AlignmentFlag.AlignLeft, row[0])
        left = metrics.horizontalAdvance(row[0]) + _GAP
        room = max(0, int(inner.width()) - left)
        value = metrics.elidedText(row[1], Qt.TextElideMode.ElideMiddle, room)
        painter.setPen(colours[1])
        painter.drawText(inner, middle | Qt.AlignmentFlag.AlignRight, value)
        line = theme.COLOURS.line if number == 0 else theme.COLOURS.faint_line
        painter.setPen(QPen(QColor(line), 1))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
