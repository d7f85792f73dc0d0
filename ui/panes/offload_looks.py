"""Looks at the destinations: which volume each lies on now, and why it can't be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from app.places.volumes import Volume
from ui.bridge import Bridge
from ui.models.destinations import DestinationShelf, look_at

AGAIN_MS = 1000
"""After this a drive that has not answered is looked at again."""
Looked = dict[str, tuple[Volume | None, str]]


class DestinationLooks(QObject):
    """Asks about all destinations at once, and never again before the answer is there."""

    changed = Signal()
    """A destination has come, gone or changed: the plan is another."""
    seen = Signal()
    """Only figures are new, such as the room that is left."""

    def __init__(
        self,
        bridge: Bridge,
        shelf: DestinationShelf,
        volumes: Callable[[], tuple[Volume, ...]],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._bridge, self._shelf, self._volumes = bridge, shelf, volumes
        self._under_way = self._again = False
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(AGAIN_MS)
        self._later.timeout.connect(self.look)

    def look(self) -> None:
        """Look now, or as soon as the look that is under way has ended."""
        keys = [entry.key for entry in self._shelf.entries]
        if self._under_way or not keys:
            self._again = self._under_way
            return
        volumes, engine = self._volumes(), self._bridge.engine

        def look() -> Looked:
            mounted = volumes or tuple(engine.volumes())
            return {key: look_at(Path(key), mounted) for key in keys}

        self._under_way = True
        self._bridge.ask(look, self._looked, self._failed)

    def _looked(self, found: Looked) -> None:
        was = self._known()
        fresh = [self._shelf.looked_at(key, *what) for key, what in found.items()]
        if self._shelf.follow(self._volumes()):
            self._again = True
        if was != self._known():
            self.changed.emit()
        elif any(fresh):
            self.seen.emit()
        if any(volume and trouble for volume, trouble in found.values()):
            self._later.start()  # it is there and silent: maybe its disk has to spin up
        self._ended()

    def _failed(self, error: Exception) -> None:
        self._bridge.error_raised.emit(error)
        self._ended()

    def _ended(self) -> None:
        self._under_way = False
        if self._again:
            self._again = False
            self.look()

    def _known(self) -> dict[str, tuple[object, ...]]:
        return {e.key: (_identity(e.volume), e.trouble) for e in self._shelf.entries}


def _identity(volume: Volume | None) -> tuple[object, ...] | None:
    return (volume.identity, volume.mount_point, volume.read_only) if volume else None
