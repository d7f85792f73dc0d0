"""The marks of the clip in the player: found by its bytes, kept a moment after each change."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from app.errors import ReelkeepError
from app.media.play.marks import ClipMarks, MarkStore, MarksUnreadable, merged
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
        self.origin = ""
        """The file of another name in which they were made; "" where it was this one."""
        self._bridge = bridge
        self._store = store
        self._files: tuple[Path, ...] = ()
        self._known = False
        self._stamp = ""
        """What the marks that are known were found by."""
        self._unreadable: Exception | None = None
        self._ticket = 0
        self._saves = 0
        """How many are under way."""
        self._waits = False
        """Whether marks are read after those: a clip that has grown has its marks from them."""
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(SAVE_MS)
        self._later.timeout.connect(self._save)

    def open(self, files: tuple[Path, ...]) -> None:
        """Have the marks of another clip, which lies in *files*, or none."""
        if self._later.isActive():
            self._later.stop()
            self._save()
        self._bridge.forget(self._ticket)
        self._files, self._known, self.marks, self.origin = files, False, ClipMarks(), ""
        self._stamp, self._unreadable = "", None
        self._waits = self._saves > 0
        if not self._waits:
            self._load()

    def _load(self) -> None:
        store, files = self._store, self._files
        if not files or store is None:
            return

        def load() -> tuple[str, ClipMarks, str]:
            stamp = store.stamp_of(*files)
            return stamp, store.load(stamp), store.origin(stamp)

        self._ticket = self._bridge.ask(load, lambda kept: self._found(*kept), self._not_found)

    def change(self, marks: ClipMarks) -> None:
        """Have these from now on; not where those that are kept can't be read."""
        if self._unreadable is not None:
            self._bridge.error_raised.emit(self._unreadable)
            return
        self.marks = marks
        self.origin = "" if marks.empty else self.origin  # what comes next is made here
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

    def _found(self, stamp: str, kept: ClipMarks, origin: str) -> None:
        self._known, self._stamp = True, stamp
        self.marks = merged(kept, self.marks)
        self.origin = "" if origin == self._files[0].name else origin
        self.changed.emit()

    def _not_found(self, error: Exception) -> None:
        """A clip that can't be read says so itself; its marks do not."""
        if isinstance(error, MarksUnreadable):
            self._unreadable, self.marks = error, ClipMarks()
            self._later.stop()
            self._bridge.error_raised.emit(error)
            self.changed.emit()

    def _save(self) -> None:
        if (save := self._saving()) is not None:
            self._saves += 1
            self._bridge.ask(save, lambda _: self._saved(), self._saved)

    def _saved(self, error: Exception | None = None) -> None:
        self._saves -= 1
        if error is not None:
            self._bridge.error_raised.emit(error)
        if self._waits and not self._saves:
            self._waits = False
            self._load()

    def _saving(self) -> Callable[[], None] | None:
        """What keeps the marks as they are now; together with those that nobody has read yet."""
        store, files, marks, known = self._store, self._files, self.marks, self._known
        seen = self._stamp
        if store is None or not files:
            return None

        def save() -> None:
            stamp = seen or store.stamp_of(*files)
            whole = marks if known else merged(store.load(stamp), marks)
            store.save(stamp, whole, name=files[0].name)

        return save
