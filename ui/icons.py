"""Line icons and state marks of our own, drawn in any colour and sharp at any scale."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from resources import ROOT


@lru_cache(maxsize=256)
def _renderer(name: str, colour: str) -> QSvgRenderer:
    text = (ROOT / "icons" / f"{name}.svg").read_text("utf-8").replace("currentColor", colour)
    return QSvgRenderer(QByteArray(text.encode()))


def paint(painter: QPainter, name: str, colour: str, box: QRectF) -> None:
    """Draw the icon *name* in *colour* into *box*."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _renderer(name, colour).render(painter, box)
    painter.restore()


@lru_cache(maxsize=256)
def pixmap(name: str, colour: str, size: int = 20) -> QPixmap:
    """The icon *name* in *colour*, *size* logical pixels wide and high."""
    ratio = max((screen.devicePixelRatio() for screen in QGuiApplication.screens()), default=1.0)
    made = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    _renderer(name, colour).render(painter, QRectF(0, 0, made.width(), made.height()))
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made


def icon(name: str, colour: str, size: int = 20) -> QIcon:
    """The icon *name* in *colour* for buttons, menus and windows."""
    return QIcon(pixmap(name, colour, size))
