"""The clip as a strip of pictures: what is kept of it, what is marked, where the player stands."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.media.play.marks import ClipMarks
from ui import theme
from ui.theme import COLOURS, Tone

HEIGHT = 26
_DIMMED = QColor(17, 17, 17, 175)
_KEPT = QColor(63, 111, 181, 70)


class Timeline(QWidget):
    """Frames from left to right; press and drag to scrub."""

    scrubbed = Signal(int)
    """The frame under the pointer, while its button is down."""
    released = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.frames = 0
        self.number = 0
        self.marks = ClipMarks()
        self._strip: tuple[QImage, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Timeline")

    def sizeHint(self) -> QSize:
        return QSize(300, HEIGHT)

    def show_strip(self, pictures: Sequence[bytes]) -> None:
        """Paint these JPEGs along the clip."""
        images = (QImage.fromData(one) for one in pictures)
        self._strip = tuple(image for image in images if not image.isNull())
        self.update()

    def show_pictures_of(self, other: Timeline) -> None:
        """Paint the pictures that another one has."""
        self._strip = other._strip
        self.update()

    @property
    def pictures(self) -> int:
        """How many pictures are along the clip."""
        return len(self._strip)

    def show_place(self, number: int, frames: int, marks: ClipMarks) -> None:
        """Where the player stands in so many frames, and what is marked."""
        told = (number, frames, marks)
        if told != (self.number, self.frames, self.marks):
            self.number, self.frames, self.marks = told
            self.update()

    def frame_at(self, x: float) -> int:
        """The frame that is painted there."""
        if not self.frames:
            return 0
        return min(max(int(x * self.frames / max(self.width(), 1)), 0), self.frames - 1)

    def x_of(self, frame: int) -> float:
        """Where a frame begins; `frames` is the right end."""
        return self.width() * frame / self.frames if self.frames else 0.0

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(COLOURS.track))
        if self._strip:
            self._paint_strip(painter)
        if not self.frames:
            return
        self._paint_range(painter)
        for mark in self.marks.marks:
            self._paint_mark(painter, self.x_of(mark.frame))
        x = self.x_of(self.number)
        painter.fillRect(QRectF(min(x, self.width() - 2), 0, 2, HEIGHT), QColor(COLOURS.strong))

    def _paint_strip(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setOpacity(0.75)
        first = self._strip[0]
        wide = max(8.0, HEIGHT * first.width() / max(first.height(), 1))
        count = max(1, round(self.width() / wide))
        each = self.width() / count
        for n in range(count):
            image = self._strip[
                min(int((n + 0.5) * len(self._strip) / count), len(self._strip) - 1)
            ]
            cut = QRectF(image.rect())
            wanted = each * image.height() / HEIGHT
            if wanted < cut.width():
                cut.adjust((cut.width() - wanted) / 2, 0, -(cut.width() - wanted) / 2, 0)
            painter.drawImage(QRectF(n * each, 0, each, HEIGHT), image, cut)
        painter.setOpacity(1.0)

    def _paint_range(self, painter: QPainter) -> None:
        first, end = self.marks.first, self.marks.end
        if first is None and end is None:
            return
        left = self.x_of(first or 0)
        right = self.x_of(end if end is not None else self.frames)
        painter.fillRect(QRectF(0, 0, left, HEIGHT), _DIMMED)
        painter.fillRect(QRectF(right, 0, self.width() - right, HEIGHT), _DIMMED)
        painter.fillRect(QRectF(left, 0, right - left, HEIGHT), _KEPT)
        edge = QColor(COLOURS.primary_line)
        for y in (0, HEIGHT - 2):
            painter.fillRect(QRectF(left, y, right - left, 2), edge)
        if first is not None:
            painter.fillRect(QRectF(left, 0, 2, HEIGHT), edge)
        if end is not None:
            painter.fillRect(QRectF(max(right - 2, left), 0, 2, HEIGHT), edge)

    def _paint_mark(self, painter: QPainter, x: float) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(COLOURS.window), 1))
        painter.setBrush(theme.colour(Tone.ATTENTION))
        tip = QPointF(x, 8)
        painter.drawPolygon(QPolygonF([QPointF(x - 4, 0), QPointF(x + 4, 0), tip]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            near = [m for m in self.marks.marks if abs(self.x_of(m.frame) - event.pos().x()) < 6]
            QToolTip.showText(event.globalPos(), near[0].text if near else "", self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.frames:
            self.scrubbed.emit(self.frame_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self.frames:
            self.scrubbed.emit(self.frame_at(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.released.emit()
