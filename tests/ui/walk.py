"""Walks the focus chain of a window the way the Tab key does."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget


def _stop(widget: QWidget) -> bool:
    return bool(
        widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    )


def focus_chain(window: QWidget) -> list[QWidget]:
    """Every stop of the Tab key in *window*, in order."""
    chain, widget = [], window.nextInFocusChain()
    while widget is not window:
        if _stop(widget):
            chain.append(widget)
        widget = widget.nextInFocusChain()
    return chain


def spoken(widget: QWidget) -> str:
    """What a screen reader would call *widget*."""
    text = widget.accessibleName()
    if not text and isinstance(widget, QAbstractButton):
        text = widget.text()
    return text.strip()


def nameless(chain: list[QWidget]) -> list[str]:
    """Stops of the Tab key that a screen reader could not name."""
    return [repr(widget) for widget in chain if not spoken(widget)]


def unreachable(window: QWidget, chain: list[QWidget]) -> list[str]:
    """What can be clicked but is no stop of the Tab key, nor a row's button that roves with it;
    and pictures without a name."""
    lost = []
    for widget in window.findChildren(QWidget):
        if not widget.isVisible() or not widget.isEnabled():
            continue
        if isinstance(widget, QAbstractButton) and widget not in chain:
            roving = widget.focusPolicy() == Qt.FocusPolicy.ClickFocus and _in_table(widget)
            words_only = widget.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            if not roving and not words_only and not _inside_scroll_bar(widget):
                lost.append(f"{widget!r} {spoken(widget)}")
        picture = isinstance(widget, QLabel) and not widget.pixmap().isNull()
        if picture and not widget.accessibleName():
            lost.append(f"{widget!r} is a picture without a name")
    return lost


def _in_table(widget: QWidget) -> bool:
    from ui.widgets.queue_table import RowButtons

    return isinstance(widget.parentWidget(), RowButtons)


def _inside_scroll_bar(widget: QWidget) -> bool:
    return widget.metaObject().className() in {"QTableCornerButton"}
