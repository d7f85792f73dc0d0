"""A column of tiles under a heading: grows, scrolls, takes drops, teaches while it is empty."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from ui.widgets.buttons import icon_button
from ui.widgets.empty import EmptyState
from ui.widgets.labels import Heading
from ui.widgets.tile import Tile


class _Face(Protocol):
    @property
    def key(self) -> str: ...


class _Shows(Protocol):
    def show_face(self, face: object, /) -> None: ...
    def show_bar(self, face: object, /) -> None: ...


F = TypeVar("F", bound=_Face)
T = TypeVar("T", bound=Tile)


class DropArea(QWidget):
    """A place that takes dropped files and folders."""

    dropped = Signal(object)
    """tuple[Path, ...] of what was dropped."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = tuple(_path_of(url) for url in event.mimeData().urls() if url.isLocalFile())
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(paths)


class TileColumn(DropArea, Generic[F, T]):
    """Tiles by key; only what changes is touched, so focus and scrolling stay."""

    def __init__(
        self,
        name: str,
        hint: str,
        empty: EmptyState,
        make: Callable[[F], T],
        add: tuple[str, Callable[[], object]],
    ) -> None:
        super().__init__()
        self._make = make
        self.tiles: dict[str, T] = {}
        self._tab_order: list[T] = []
        self.empty = empty
        self.heading = Heading(name, hint)
        self.add = icon_button("add", add[0], add[1], size=14)
        self.heading.row.addWidget(self.add)
        inside = QWidget()
        self._rows = QVBoxLayout(inside)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(10)
        self._rows.addStretch(1)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(inside)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(7)
        column.addWidget(self.heading)
        column.addWidget(self.area, 1)
        column.addWidget(empty, 1)
        self.setAccessibleName(name)
        self.show_faces(())

    def show_faces(self, faces: Sequence[F]) -> None:
        """Show one tile per face, in this order."""
        keys = [face.key for face in faces]
        for key in [key for key in self.tiles if key not in keys]:
            self._drop(key)
        for row, face in enumerate(faces):
            tile = self.tiles.get(face.key)
            if tile is None:
                tile = self._make(face)
                self.tiles[face.key] = tile
                self._rows.insertWidget(row, tile)
            else:
                if self._rows.indexOf(tile) != row:
                    self._rows.removeWidget(tile)
                    self._rows.insertWidget(row, tile)
                _shows(tile).show_face(face)
        self._order_tabs(keys)
        was_here = self.empty.isAncestorOf(self.window().focusWidget() or self)
        self.area.setVisible(bool(faces))
        self.empty.setVisible(not faces)
        if faces and was_here:  # or Tab would begin anew at the rail
            self.focus_tile(keys[0])

    @property
    def keys(self) -> list[str]:
        """The keys of the tiles, from the top."""
        return [key for tile in self._tab_order for key in self.tiles if self.tiles[key] is tile]

    def show_bars(self, faces: Sequence[F]) -> None:
        """Move only the bars of the tiles that are there."""
        for face in faces:
            if tile := self.tiles.get(face.key):
                _shows(tile).show_bar(face)

    def focus_tile(self, key: str) -> None:
        """Give the keyboard to the tile *key* and bring it into sight."""
        if tile := self.tiles.get(key):
            tile.setFocus(Qt.FocusReason.TabFocusReason)
            self.area.ensureWidgetVisible(tile)

    def _drop(self, key: str) -> None:
        tile = self.tiles.pop(key)
        had_focus = tile.isAncestorOf(self.window().focusWidget() or self) or tile.hasFocus()
        self._rows.removeWidget(tile)
        tile.hide()
        tile.deleteLater()
        if had_focus:
            self.focus_tile(next(iter(self.tiles), ""))

    def _order_tabs(self, keys: Sequence[str]) -> None:
        """Tab goes down the column, whatever the order in which the tiles were made."""
        order = [self.tiles[key] for key in keys]
        if order == self._tab_order:
            return
        self._tab_order = order
        last: QWidget = self.add
        for tile in order:
            stops: list[QWidget] = [tile, *_reachable(tile)]
            for widget in stops:
                QWidget.setTabOrder(last, widget)
                last = widget


def _path_of(url: QUrl) -> Path:
    """Byte for byte, also where a name is no valid UTF-8."""
    encoded = url.path(QUrl.ComponentFormattingOption.FullyEncoded)
    return Path(os.fsdecode(unquote_to_bytes(encoded)))


def _reachable(tile: QWidget) -> list[QWidget]:
    """What Tab stops at inside a tile, in the order of its making."""
    found: list[QWidget] = tile.findChildren(QWidget)
    return [widget for widget in found if widget.focusPolicy() & Qt.FocusPolicy.TabFocus]


def _shows(tile: Tile) -> _Shows:
    assert hasattr(tile, "show_face")
    return tile  # type: ignore[return-value]
