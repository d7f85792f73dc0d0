"""The marks of the clip in the player: found by its bytes, kept a moment after each change."""

from __future__ import annotations

import logging
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from app.errors import WriteFailed
from app.media.marks import ClipMarks, MarkStore, content_stamp
from app.media.source import FileSource
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
        self._stamp = ""
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(SAVE_MS)
        self._later.timeout.connect(self._save)

    def open(self, file: Path | None) -> None:
        """Have the marks of another clip, or none."""
        if self._later.isActive():
            self._later.stop()
            self._save()
        self._file, self._stamp, self.marks = file, "", ClipMarks()
        store = self._store
        if file is None or store is None:
            return

        def load() -> tuple[str, ClipMarks]:
            stamp = content_stamp(FileSource(file))
            return stamp, store.load(stamp)

        self._bridge.ask(load, lambda found: self._found(file, *found), lambda _: None)

    def change(self, marks: ClipMarks) -> None:
        """Have these from now on."""
        self.marks = marks
        self._later.start()
        self.changed.emit()

    def close(self) -> None:
        """Keep what was not kept yet."""
        if self._later.isActive():
            self._later.stop()
            if self._store is not None and self._stamp and self._file is not None:
                try:
                    self._store.save(self._stamp, self.marks, name=self._file.name)
                except WriteFailed as error:
                    log.error("%s", error)

    def _found(self, file: Path, stamp: str, marks: ClipMarks) -> None:
        if file != self._file:
            return
        self._stamp = stamp
        if self.marks.empty:
            self.marks = marks
        else:
            self._later.start()  # marked before anybody knew what the clip is known by
        self.changed.emit()

    def _save(self) -> None:
        store, stamp, marks, file = self._store, self._stamp, self.marks, self._file
        if store is not None and file is not None and stamp:
            self._bridge.ask(lambda: store.save(stamp, marks, name=file.name))
