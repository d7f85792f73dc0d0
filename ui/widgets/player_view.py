"""The player's picture, painted by us: what is seen is what a screenshot shows."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTransform,
)
from PySide6.QtWidgets import QApplication, QPushButton, QSizePolicy, QWidget

from app.media.frames.pictures import Picture
from ui import theme
from ui.theme import COLOURS, Tone

_MARGIN = 10
_PILL = 18
_MORE = " ▾"
_CHIP = (
    "QPushButton {{ background: rgba(0, 0, 0, 165); color: {text}; padding: 0 8px;"
    " border: 1px solid rgba(255, 255, 255, 70); border-radius: 10px; }}"
    "QPushButton:hover {{ background: rgba(0, 0, 0, 220); border-color: {text}; }}"
    "QPushButton:focus {{ border-color: {line}; }}"
)


def image_of(picture: Picture) -> QImage:
    """*picture* for painting, turned as it is to be seen; the bytes are shared, not copied."""
    image = QImage(
        picture.pixels,
        picture.width,
        picture.height,
        picture.stride,
        QImage.Format.Format_RGB32,
    )
    return image.transformed(QTransform().rotate(picture.turned)) if picture.turned else image


class PictureView(QWidget):
    """A picture as large as fits, with timecode, facts and where it comes from written on it."""

    resized = Signal(int, int)
    """Pixels of the screen that the picture may have."""
    large_wanted = Signal()
    """A double click: full screen, or back."""
    pressed = Signal()
    """The pointer went down here; a drag may follow."""
    dragged = Signal()
    """The pointer was moved so far with its button down that it is a drag."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: Picture | None = None
        self._image: QImage | None = None
        self._down: QPoint | None = None
        self._focused = False
        self.corner = ""
        """Bottom left, large: the timecode."""
        self.badge = ""
        """Bottom right: what is being played; the chip shows as much of it as fits."""
        self.chip = QPushButton(self)
        """A click chooses what is played."""
        self.chip.setFont(theme.medium(theme.HEAD))
        self.chip.setFixedHeight(_PILL + 2)
        self.chip.setCursor(Qt.CursorShape.PointingHandCursor)
        self.chip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.chip.hide()
        self.badge_tone = Tone.TEXT
        self.head = ""
        """Top left: frame and rate."""
        self.message = ""
        """In the middle, in place of a picture or over it."""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 90)
        self.setAccessibleName("Picture")

    def show_picture(self, picture: Picture | None) -> None:
        """Paint *picture* from now on; None: black."""
        if picture is not self._picture:
            self._picture = picture
            self._image = image_of(picture) if picture is not None else None
        self.update()

    def show_focus(self, focused: bool) -> None:
        """Whether keys are the player's."""
        self._focused = focused
        self.update()

    @property
    def picture(self) -> Picture | None:
        """What is painted."""
        return self._picture

    def tell(
        self,
        *,
        corner: str,
        badge: str,
        head: str,
        message: str = "",
        tone: Tone = Tone.TEXT,
        advice: str = "",
    ) -> None:
        """Write this on the picture; *advice* is told of the badge when it is pointed at."""
        if (badge, tone, advice) != (self.badge, self.badge_tone, self.chip.toolTip()):
            self.chip.setToolTip(advice)
            self.chip.setAccessibleName(badge)
            self.chip.setStyleSheet(_CHIP.format(text=COLOURS.of(tone), line=COLOURS.primary_line))
            self.badge = badge
            self._fit_chip()
        told = (corner, badge, head, message, tone)
        if told == (self.corner, self.badge, self.head, self.message, self.badge_tone):
            return
        self.corner, self.badge, self.head, self.message, self.badge_tone = told
        self.update()

    def speak(self) -> None:
        """Tell screen readers what is written; not while it changes with each frame."""
        told = (self.message, self.corner, self.head, self.badge)
        self.setAccessibleDescription(", ".join(filter(None, told)))

    def sizeHint(self) -> QSize:
        return QSize(340, 191)

    @property
    def spot(self) -> QRectF:
        """Where the picture is painted."""
        if self._image is None or self._image.isNull():
            return QRectF(self.rect())
        size = QSize(self._image.size()).scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        box = QRect(QPoint(0, 0), size)
        box.moveCenter(self.rect().center())
        return QRectF(box)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(COLOURS.track))
        if self._image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self.spot, self._image)
        self._paint_words(painter)
        if self._focused:
            painter.setPen(QPen(QColor(COLOURS.primary_line), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_words(self, painter: QPainter) -> None:
        box = self.rect().adjusted(_MARGIN, _MARGIN - 4, -_MARGIN, -_MARGIN + 4)
        left, bottom = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignBottom
        if self.message:
            self._paint_message(painter)
        painter.setFont(theme.bold(theme.TITLE))
        _shadowed(painter, box, left | bottom, self.corner)
        font = theme.bold(theme.HEAD)
        painter.setFont(font)
        head = QFontMetrics(font).elidedText(self.head, Qt.TextElideMode.ElideRight, box.width())
        _shadowed(painter, box, left | Qt.AlignmentFlag.AlignTop, head)

    def _fit_chip(self) -> None:
        """As wide as its words, beside the timecode."""
        words = self.chip.fontMetrics()
        corner = QFontMetrics(theme.bold(theme.TITLE)).horizontalAdvance("00:00:00:00")
        room = max(self.width() - 2 * _MARGIN - corner - 12, 80)
        more = words.horizontalAdvance(_MORE) + 22
        text = words.elidedText(self.badge, Qt.TextElideMode.ElideRight, room - more)
        self.chip.setText(text + _MORE)
        wide = words.horizontalAdvance(text) + more
        spot = self.rect().adjusted(0, 0, -_MARGIN, -_MARGIN + 4).bottomRight()
        self.chip.setFixedWidth(wide)
        self.chip.move(spot - QPoint(wide - 1, self.chip.height() - 1))
        self.chip.setVisible(bool(self.badge))

    def _paint_message(self, painter: QPainter) -> None:
        painter.setFont(theme.font(theme.SMALL))
        box = self.rect().adjusted(18, 26, -18, -30)
        flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        if self._image is not None:
            spot = painter.boundingRect(box, flags, self.message).adjusted(-10, -6, 10, 6)
            painter.fillRect(spot, QColor(0, 0, 0, 190))
        painter.setPen(theme.colour(Tone.DIM if self._image is None else Tone.TEXT))
        painter.drawText(box, flags, self.message)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_chip()
        ratio = self.devicePixelRatioF()
        self.resized.emit(round(self.width() * ratio), round(self.height() * ratio))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._down = event.position().toPoint()
            self.pressed.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._down is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        way = (event.position().toPoint() - self._down).manhattanLength()
        if way >= QApplication.startDragDistance():
            self._down = None
            self.dragged.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._down = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._down = None
        self.large_wanted.emit()


def _shadowed(painter: QPainter, box: QRect, flags: Qt.AlignmentFlag, text: str) -> None:
    """White words that can be read on any picture."""
    if not text:
        return
    painter.setPen(QPen(QColor(0, 0, 0, 170), 1))
    for x, y in ((1, 1), (-1, 0), (0, -1), (1, 0), (0, 1)):
        painter.drawText(box.translated(x, y), flags, text)
    painter.setPen(QColor(COLOURS.strong))
    painter.drawText(box, flags, text)
