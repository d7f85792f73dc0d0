"""Buttons in the window's four kinds; an icon-only one always has a name."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QPushButton

from ui import icons, theme
from ui.theme import Tone


def _button(text: str, kind: str, on_click: Callable[[], object] | None) -> QPushButton:
    made = QPushButton(text)
    made.setProperty("kind", kind)
    made.setAutoDefault(False)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    if on_click is not None:
        made.clicked.connect(lambda _checked=False: on_click())
    return made


def plain_button(text: str, on_click: Callable[[], object] | None = None) -> QPushButton:
    """An ordinary button."""
    made = _button(text, "plain", on_click)
    made.setFont(theme.medium())
    return made


def small_button(text: str, on_click: Callable[[], object] | None = None) -> QPushButton:
    """A button inside a tile or a row."""
    made = _button(text, "small", on_click)
    made.setFont(theme.medium(theme.SMALL))
    return made


def primary_button(text: str, on_click: Callable[[], object] | None = None) -> QPushButton:
    """The one button of a pane that starts something."""
    made = _button(text, "primary", on_click)
    made.setFont(theme.bold(theme.TITLE))
    return made


def link_button(text: str, on_click: Callable[[], object] | None = None) -> QPushButton:
    """Words that show more when clicked."""
    made = _button(text, "link", on_click)
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    return made


def icon_button(
    icon_name: str, name: str, on_click: Callable[[], object] | None = None, *, size: int = 16
) -> QPushButton:
    """A button that shows only an icon; *name* is what it does, in words."""
    made = _button("", "icon", on_click)
    made.setIcon(icons.icon(icon_name, theme.COLOURS.of(Tone.DIM), size))
    made.setIconSize(QSize(size, size))
    made.setAccessibleName(name)
    made.setToolTip(name)
    made.setFixedSize(size + 10, size + 10)
    return made
