"""The folders that were opened last, kept in the profile."""

from __future__ import annotations

import json
import os
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from ui.bridge import Bridge

MOST = 8


class RecentFolders(QObject):
    """The newest first; read and written off the window's thread."""

    changed = Signal()

    def __init__(self, bridge: Bridge, file: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folders: tuple[Path, ...] = ()
        self._bridge = bridge
        self._file = file
        bridge.ask(lambda: _read(file), self._have)

    def add(self, folder: Path) -> None:
        """*folder* was opened just now."""
        others = [path for path in self.folders if path != folder]
        self._keep((folder, *others)[:MOST])

    def _keep(self, folders: tuple[Path, ...]) -> None:
        self.folders = folders
        self.changed.emit()
        self._bridge.ask(lambda: _write(self._file, folders))

    def _have(self, folders: tuple[Path, ...]) -> None:
        opened = [path for path in self.folders if path not in folders]
        self.folders = (*opened, *folders)[:MOST]
        self.changed.emit()


def _read(file: Path) -> tuple[Path, ...]:
    try:
        kept = json.loads(file.read_bytes())
        return tuple(Path(os.fsdecode(bytes.fromhex(one))) for one in kept["folders"])[:MOST]
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _write(file: Path, folders: tuple[Path, ...]) -> None:
    """Names are bytes, and some are no text."""
    kept = {"folders": [os.fsencode(path).hex() for path in folders]}
    part = file.with_name(f"{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(kept), "utf-8")
        part.replace(file)
    except OSError:
        return
