"""The watch folders that a profile's settings name, each watched in a thread of its own.

The settings are looked at again and again: what one window, or a person with an editor, switches
on or off there is heeded by every Reelkeep that serves the profile.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import BadInput, NotFound, ReelkeepError
from app.media.facts.stamp import Stamp
from app.media.watch.order import read_order
from app.media.watch.state import WatchState
from app.paths import absolute
from app.settings import Settings

if TYPE_CHECKING:
    from app.media.watch.folder import WatchFolder

log = logging.getLogger(__name__)

SETTING = "watch.folders"
AGAIN = 5.0
"""Seconds between two tries to watch a folder that is watched elsewhere, or is not there."""
_LOOK = 1.0
"""Seconds between two looks whether the settings have changed."""
Open = Callable[[Path], "WatchFolder"]


class WatchedFolders:
    """Watches what the settings name, from `begin` until `end`."""

    def __init__(self, settings: Settings, settings_file: Path, open_folder: Open) -> None:
        """*open_folder* makes what watches a folder: Engine.watch."""
        self._settings, self._file, self._open = settings, settings_file, open_folder
        self._watchers: dict[Path, _Watcher] = {}
        self._change = threading.Lock()
        self._woken, self._stopped = threading.Event(), threading.Event()
        self._read: Stamp | None = None
        """The state of the settings' file when it was read last."""
        self._thread = threading.Thread(target=self._serve, name="watch folders", daemon=True)

    # For the window

    def begin(self) -> None:
        """Watch, from now on; for whoever serves the queue that the jobs go into."""
        self._thread.start()

    def switch(self, root: Path, on: bool) -> None:
        """Watch *root* from now on, also after a new start; or no more.

        Raises NotFound where there is no watch folder, BadInput where its TOML makes no sense,
        WriteFailed where the settings cannot be written.
        """
        root = absolute(root)
        if on:
            read_order(root)
        with self._change:
            self._settings.reload()
            others = [path for path in self.wanted if path != root]
            self._settings.set(SETTING, [str(path) for path in [*others, *([root] * on)]])
        self._woken.set()

    def retry(self, root: Path) -> None:
        """Have what failed in *root* tried again."""
        if watcher := self._watchers.get(absolute(root)):
            watcher.retry()

    @property
    def wanted(self) -> tuple[Path, ...]:
        """The folders that are switched on."""
        return tuple(absolute(Path(name)) for name in self._settings.get(SETTING))

    def states(self) -> tuple[WatchState, ...]:
        """How each folder that is switched on stands right now."""
        return tuple(
            watcher.state() if (watcher := self._watchers.get(root)) else WatchState(root=root)
            for root in self.wanted
        )

    def stop(self) -> None:
        """Ask all to end; jobs are the queue's business."""
        self._stopped.set()
        self._woken.set()
        for watcher in list(self._watchers.values()):
            watcher.stop()

    def end(self, seconds: float) -> bool:
        """Stop, and wait; False when a drive that does not answer holds one longer than that."""
        self.stop()
        threads = [self._thread, *(one.thread for one in self._watchers.values())]
        for thread in threads:
            if thread.ident is not None:
                thread.join(seconds)
        return not any(thread.is_alive() for thread in threads)

    # In its thread

    def _serve(self) -> None:
        while not self._stopped.is_set():
            self._woken.clear()
            self._read_again()
            wanted = set(self.wanted)
            for root, watcher in list(self._watchers.items()):
                if root not in wanted:
                    watcher.stop()
                if not watcher.thread.is_alive():  # it was switched off a moment ago
                    del self._watchers[root]
            for root in wanted - self._watchers.keys():
                self._watchers[root] = _Watcher(root, self._open)
                self._watchers[root].thread.start()
            self._woken.wait(_LOOK)
        self.stop()  # also one that was begun meanwhile

    def _read_again(self) -> None:
        """Read the settings, if somebody has changed them."""
        try:
            stamp = Stamp.of(self._file)
        except OSError:
            return
        if stamp != self._read:
            self._read = stamp
            try:
                self._settings.reload()
            except BadInput as error:  # what was known before still holds
                log.info("%s", error)


class _Watcher:
    """Watches one folder, and tries again when that does not go."""

    def __init__(self, root: Path, open_folder: Open) -> None:
        self._root, self._open = root, open_folder
        self._folder: WatchFolder | None = None
        self._last = WatchState(root=root)
        """How the last try ended."""
        self._stopped = threading.Event()
        self.thread = threading.Thread(target=self._watch, name=f"watch {root}", daemon=True)

    def state(self) -> WatchState:
        now = self._folder.state() if self._folder is not None else self._last
        return now if now.running else self._last

    def retry(self) -> None:
        if self._folder is not None:
            self._folder.retry()

    def stop(self) -> None:
        self._stopped.set()
        if self._folder is not None:
            self._folder.stop()

    def _watch(self) -> None:
        while not self._stopped.is_set():
            trouble, lasting = "", False
            try:
                self._once()
            except ReelkeepError as error:
                trouble = str(error)
            except OSError as error:
                trouble = f"{self._root} cannot be used: {error.strerror}."
            except Exception:
                log.exception("%s is watched no more", self._root)
                trouble, lasting = "Internal error, see the log.", True
            self._remember(trouble)
            self._stopped.wait(None if lasting else AGAIN)

    def _once(self) -> None:
        try:
            self._folder = self._open(self._root)
        except NotFound:
            self._folder = None  # its drive is not there
            raise
        if self._stopped.is_set():
            return
        self._folder.run()

    def _remember(self, trouble: str) -> None:
        before = self._last
        last = self._folder.state() if self._folder is not None else WatchState(root=self._root)
        words = "" if last.elsewhere else trouble
        if words and words != before.trouble:
            log.info("%s is not watched: %s", self._root, words)
        self._last = replace(last, running=False, trouble=words)
