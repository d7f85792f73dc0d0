"""The watch folder that the library shows: found, switched, told of; and new ones made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QAction, QDesktopServices

from app.errors import ReelkeepError
from app.media.watch.order import FILE, WatchOrder, init, read_order, root_of
from app.media.watch.state import WatchState
from ui.bridge import Bridge
from ui.models.watch_words import failure_lines, watch_line, watch_sign
from ui.widgets.watch_bar import WatchBar
from ui.words import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A watch folder and what it orders."""

    root: Path
    order: WatchOrder | None = None
    trouble: str = ""
    """Why its order can't be read."""


class LibraryWatching(QObject):
    """Holds the bar above the clips, which stands there while they lie in a watch folder."""

    said = Signal(str)
    landed = Signal()
    """Other clips lie in the watch folder than before."""

    def __init__(
        self, bridge: Bridge, open_folder: Callable[[Path], object], parent: QObject
    ) -> None:
        """*open_folder* shows the clips below a folder."""
        super().__init__(parent)
        self.bar = WatchBar()
        self.bar.hide()
        self.action = QAction("Watch this folder", self)
        self.action.setCheckable(True)
        self.action.setEnabled(False)
        self.here: Found | None = None
        self._bridge, self._open = bridge, open_folder
        self._ticket = 0
        self._changes = 0
        """How often its clips had changed when they were listed last."""
        self._asked: bool | None = None
        """What was switched and has not come to pass yet."""
        bridge.watches_changed.connect(self._seen)
        self.bar.switched.connect(self.switch)
        self.action.triggered.connect(self.switch)
        self.bar.retry_asked.connect(self._retry)
        self.bar.order_asked.connect(self.show_order)

    @property
    def on(self) -> bool:
        """Whether the watch folder that is shown is switched on."""
        return self._state is not None if self._asked is None else self._asked

    @property
    def _state(self) -> WatchState | None:
        root = self.here.root if self.here else None
        return next((state for state in self._bridge.watches if state.root == root), None)

    def show_for(self, folder: Path | None) -> None:
        """Clips below *folder* are shown: find the watch folder that it lies in."""
        self._bridge.forget(self._ticket)
        if folder is None:
            self._have(None)
        else:
            self._ticket = self._bridge.ask(lambda: _watch_folder_at(folder), self._have)

    def _have(self, found: Found | None) -> None:
        self.here, self._asked = found, None
        self.refresh()

    def _seen(self) -> None:
        if self._asked == (self._state is not None):
            self._asked = None
        self.refresh()
        changes = self._state.changes if self._state is not None else 0
        if changes != self._changes:
            self._changes = changes
            self.landed.emit()

    def refresh(self) -> None:
        """Show how the watch folder stands."""
        self.bar.setVisible(self.here is not None)
        self.action.setEnabled(self.here is not None)
        self.action.setChecked(self.here is not None and self.on)
        if self.here is None:
            return
        state = self._state if self.on else None
        line = self.here.trouble or watch_line(state, self.here.order)
        self.bar.show_folder(printable(self.here.root.name), watch_sign(state), line, on=self.on)
        self.bar.show_failures(failure_lines(state, self.here.order))

    # What people do

    def switch(self, on: bool) -> None:
        """Watch the folder that is shown from now on, or no more."""
        if self.here is None:
            return
        root, self._asked = self.here.root, on
        self.refresh()
        self._bridge.ask(
            lambda: self._bridge.engine.watched.switch(root, on), on_error=self._not_switched
        )

    def _not_switched(self, error: Exception) -> None:
        self._asked = None
        self.refresh()
        self._bridge.error_raised.emit(error)

    def _retry(self) -> None:
        if self.here is not None:
            self._bridge.engine.watched.retry(self.here.root)

    def show_order(self) -> None:
        """Open the file that says what is made, for people to read and change."""
        if self.here is None:
            return
        path = self.here.root / FILE
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            self.said.emit(f"What is made stands in {printable(str(path))}.")

    def make(self, folder: Path) -> None:
        """Make a watch folder of *folder*, and show it; it is not switched on yet."""
        self._bridge.ask(lambda: init(folder), lambda order: self._open(order.raw))

    def enter(self, root: Path) -> None:
        """Show the clips that have landed in the watch folder *root*."""
        self._bridge.ask(lambda: _raw_of(root), self._open)


def _watch_folder_at(folder: Path) -> Found | None:
    root = root_of(folder)
    if root is None:
        return None
    try:
        return Found(root=root, order=read_order(root))
    except ReelkeepError as error:
        return Found(root=root, trouble=str(error))


def _raw_of(root: Path) -> Path:
    try:
        return read_order(root).raw
    except ReelkeepError:
        return root  # its clips, if it is there; why it is not watched, stands above them
