"""The rate of a running job over the last five minutes, as a small filled curve."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.units import rate_text
from ui import theme
from ui.theme import Tone

SPAN = 300.0
"""Seconds from the left edge to the right one, at most."""
_SHORTEST = 30.0
_STEP = 1.5
"""A young job's curve fills the picture; it grows in so large steps, not all the time."""


class SpeedGraph(QWidget):
    """Draws samples of (age in seconds, bytes per second), newest at the right edge."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._samples: tuple[tuple[float, float], ...] = ()
        self._note = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Rate of the last five minutes")

    def sizeHint(self) -> QSize:
        """As wide as there is room, 86 pixels high."""
        return QSize(380, 86)

    def show_samples(self, samples: Sequence[tuple[float, float]], note: str = "") -> None:
        """Show *samples* and a *note* in the lower left corner."""
        self._samples, self._note = tuple(samples), note
        latest = f"{rate_text(samples[-1][1])} now" if samples else "no rate yet"
        self.setAccessibleDescription(f"{latest}. {note}".strip())
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        """Draw ground, the mean as a dotted line, the curve, and the note."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.COLOURS.track))
        painter.drawRoundedRect(box, 4, 4)
        points = self._points(box)
        if points:
            self._draw_mean(painter, box)
            self._draw_curve(painter, box, points)
        if self._note:
            painter.setPen(theme.colour(Tone.DIM))
            painter.setFont(theme.font(11))
            low = box.adjusted(7, 0, -7, -5)
            painter.drawText(
                low, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, self._note
            )

    def _top(self) -> float:
        """The rate at the upper edge: round, and a little above the highest."""
        highest = max((rate for _, rate in self._samples), default=0.0)
        if highest <= 0:
            return 1.0
        step = 10.0 ** math.floor(math.log10(highest)) / 4
        return math.ceil(highest * 1.12 / step) * step

    def _span(self) -> float:
        """Seconds shown: a little more than there are samples for."""
        oldest = self._samples[0][0] if self._samples else 0.0
        shown = _SHORTEST
        while shown < min(oldest, SPAN):
            shown *= _STEP
        return min(shown, SPAN)

    def _points(self, box: QRectF) -> list[QPointF]:
        top, span = self._top(), self._span()
        inner = box.adjusted(0, 4, 0, 0)
        return [
            QPointF(
                inner.right() - min(1.0, age / span) * inner.width(),
                inner.bottom() - min(1.0, rate / top) * inner.height(),
            )
            for age, rate in self._samples
            if age <= span
        ]

    def _draw_mean(self, painter: QPainter, box: QRectF) -> None:
        mean = sum(rate for _, rate in self._samples) / len(self._samples)
        height = box.bottom() - min(1.0, mean / self._top()) * (box.height() - 4)
        pen = QPen(QColor(theme.COLOURS.line), 1, Qt.PenStyle.DotLine)
        painter.setPen(pen)
        painter.drawLine(QPointF(box.left(), height), QPointF(box.right(), height))

    def _draw_curve(self, painter: QPainter, box: QRectF, points: list[QPointF]) -> None:
        area = QPainterPath(QPointF(points[0].x(), box.bottom()))
        for point in points:
            area.lineTo(point)
        area.lineTo(points[-1].x(), box.bottom())
        area.closeSubpath()
        fill = theme.colour(Tone.RUNNING)
        fill.setAlpha(46)
        painter.fillPath(area, fill)
        painter.setPen(QPen(theme.colour(Tone.RUNNING), 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(points)
