"""Words on tiles: labels that elide, pills, headings, and the verdict."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QLabel, QSizePolicy, QWidget

from ui import icons, theme
from ui.theme import COLOURS, Tone
from ui.words import Sign, printable


def tinted(label: QLabel, tone: Tone) -> None:
    """Give *label* the colour that stands for *tone*."""
    palette = label.palette()
    palette.setColor(label.foregroundRole(), theme.colour(tone))
    label.setPalette(palette)


class TextLabel(QLabel):
    """Plain text in a tone and size; wraps if asked, and never reads names as markup."""

    def __init__(
        self,
        text: str = "",
        *,
        tone: Tone = Tone.TEXT,
        size: int = theme.BODY,
        strong: bool = False,
        wrap: bool = False,
    ) -> None:
        super().__init__(printable(text))
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(theme.bold(size) if strong else theme.font(size))
        self.setWordWrap(wrap)
        tinted(self, tone)

    def show_text(self, text: str) -> None:
        """Set the text, made printable."""
        shown = printable(text)
        if shown != self.text():
            self.setText(shown)

    def set_tone(self, tone: Tone) -> None:
        """Change the colour."""
        tinted(self, tone)


class ElidedLabel(TextLabel):
    """One line that gives way: what does not fit is elided and told by the tooltip."""

    def __init__(
        self,
        text: str = "",
        *,
        tone: Tone = Tone.TEXT,
        size: int = theme.BODY,
        strong: bool = False,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle,
    ) -> None:
        super().__init__("", tone=tone, size=size, strong=strong)
        self._mode = mode
        self._full = ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.show_text(text)

    def show_text(self, text: str) -> None:
        """Set the text, made printable."""
        self._full = printable(text)
        self.setAccessibleName(self._full)
        self._fit()
        self.updateGeometry()

    @property
    def full_text(self) -> str:
        """The whole text, elided or not."""
        return self._full

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        return QSize(metrics.horizontalAdvance(self._full) + 2, metrics.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(min(24, self.sizeHint().width()), self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        metrics = QFontMetrics(self.font())
        shown = metrics.elidedText(self._full, self._mode, max(0, self.width()))
        if shown != self.text():
            self.setText(shown)
        self.setToolTip(self._full if shown != self._full else "")


class Pill(QLabel):
    """A short fact in a rounded outline: a camera, a file system, a count."""

    def __init__(self, text: str = "", *, tone: Tone = Tone.DIM) -> None:
        super().__init__(printable(text))
        self._tone = tone
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(theme.bold(theme.HEAD))
        self.setContentsMargins(9, 1, 9, 1)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        tinted(self, tone)

    def show_text(self, text: str) -> None:
        """Set the text; an empty pill hides itself."""
        shown = printable(text)
        if shown != self.text():
            self.setText(shown)
        self.setVisible(bool(shown))

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(hint.width(), 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(COLOURS.line), 1.0))
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        painter.end()
        super().paintEvent(event)


class Heading(QWidget):
    """The line above a column: its name, and on the right what may be done there."""

    def __init__(self, name: str, hint: str = "") -> None:
        super().__init__()
        self.name = TextLabel(name, tone=Tone.DIM, size=theme.SMALL, strong=True)
        self.hint = ElidedLabel(
            hint, tone=Tone.DIM, size=theme.SMALL, mode=Qt.TextElideMode.ElideRight
        )
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(8)
        self.row.addWidget(self.name)
        self.row.addStretch(1)
        self.row.addWidget(self.hint)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)


class VerdictLabel(QAbstractButton):
    """The sentence people act on: mark, word, shape. A click or Return asks for its evidence."""

    def __init__(self, parent: QWidget | None = None, *, size: int = theme.VERDICT) -> None:
        super().__init__(parent)
        self._sign: Sign | None = None
        self._detail = ""
        self._size = size
        self.setFont(theme.heavy(size))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_sign(self, sign: Sign, detail: str = "") -> None:
        """Show *sign* large, and *detail* small behind it."""
        detail = printable(detail)
        if (sign, detail) == (self._sign, self._detail):
            return
        self._sign, self._detail = sign, detail
        self.setText(sign.word)
        self.setAccessibleName(f"{sign.word}, {detail}" if detail else sign.word)
        self.setAccessibleDescription("Shows the evidence" if self.clickable else "")
        self.updateGeometry()
        self.update()

    @property
    def sign(self) -> Sign | None:
        """What is shown large."""
        return self._sign

    @property
    def detail(self) -> str:
        """What is shown small."""
        return self._detail

    @property
    def clickable(self) -> bool:
        """Whether a click asks for evidence."""
        return self.focusPolicy() != Qt.FocusPolicy.NoFocus

    def set_clickable(self, clickable: bool) -> None:
        """Make it a button (the default), or only words."""
        policy = Qt.FocusPolicy.StrongFocus if clickable else Qt.FocusPolicy.NoFocus
        self.setFocusPolicy(policy)
        shape = Qt.CursorShape.PointingHandCursor if clickable else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, not clickable)

    def _mark_size(self) -> int:
        return round(self._size * 0.86)

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        width = self._mark_size() + 5 + metrics.horizontalAdvance(self.text()) + 4
        if self._detail:
            width += 10 + QFontMetrics(theme.font()).horizontalAdvance(self._detail)
        return QSize(width, metrics.height() + 4)

    def minimumSizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        return QSize(self._mark_size() + 9 + metrics.horizontalAdvance(self.text()), 20)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._sign is None:
            return
        painter = QPainter(self)
        tint = theme.colour(self._sign.tone)
        side = self._mark_size()
        middle = self.height() / 2
        icons.paint(painter, self._sign.mark, tint.name(), QRectF(0, middle - side / 2, side, side))
        painter.setFont(self.font())
        painter.setPen(tint)
        left = side + 5
        box = self.rect().adjusted(left, 0, 0, 0)
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(box, flags, self.text())
        used = left + QFontMetrics(self.font()).horizontalAdvance(self.text()) + 9
        self._paint_detail(painter, used)
        if self.hasFocus():
            painter.setPen(QPen(QColor(COLOURS.primary_line), 1.0, Qt.PenStyle.DotLine))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_detail(self, painter: QPainter, left: int) -> None:
        if not self._detail:
            return
        small = theme.font()
        painter.setFont(small)
        painter.setPen(theme.colour(Tone.DIM))
        text = QFontMetrics(small).elidedText(
            self._detail, Qt.TextElideMode.ElideRight, max(0, self.width() - left)
        )
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(self.rect().adjusted(left, 1, 0, 1), flags, text)
