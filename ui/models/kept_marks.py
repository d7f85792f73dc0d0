"""The marks of the clip in the player: found by its bytes, kept a moment after each change."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from app.errors import ReelkeepError
from app.media.play.marks import ClipMarks, MarkStore, merged
from ui.bridge import Bridge

log = logging.getLogger(__name__)

SAVE_MS = 400


class KeptMarks(QObject):
    """One clip's marks at a time; reads and writes off the window's thread."""

    changed = Signal()

    def __init__(
        self, bridge: Bridge, store: MarkStore | None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.marks = ClipMarks()
        self._bridge = bridge
        self._store = store
        self._file: Path | None = None
        self._known = False
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(SAVE_MS)
        self._later.timeout.connect(self._save)

    def open(self, file: Path | None) -> None:
        """Have the marks of another clip, or none."""
        if self._later.isActive():
            self._later.stop()
            self._save()
        self._file, self._known, self.marks = file, False, ClipMarks()
        store = self._store
        if file is None or store is None:
            return

        def load() -> ClipMarks:
            return store.load(store.stamp_of(file))

        self._bridge.ask(load, lambda kept: self._found(file, kept), lambda _: None)

    def change(self, marks: ClipMarks) -> None:
        """Have these from now on."""
        self.marks = marks
        self._later.start()
        self.changed.emit()

    def close(self) -> None:
        """Keep what was not kept yet."""
        if not self._later.isActive():
            return
        self._later.stop()
        if (save := self._saving()) is not None:
            try:
                save()
            except ReelkeepError as error:
                log.error("%s", error)

    def _found(self, file: Path, kept: ClipMarks) -> None:
        if file != self._file:
            return
        self._known = True
        self.marks = merged(kept, self.marks)
        self.changed.emit()

    def _save(self) -> None:
        if (save := self._saving()) is not None:
            self._bridge.ask(save)

    def _saving(self) -> Callable[[], None] | None:
        """What keeps the marks as they are now; together with those that nobody has read yet."""
        store, file, marks, known = self._store, self._file, self.marks, self._known
        if store is None or file is None:
            return None

        def save() -> None:
            stamp = store.stamp_of(file)
            whole = marks if known else merged(store.load(stamp), marks)
            store.save(stamp, whole, name=file.name)

        return save
