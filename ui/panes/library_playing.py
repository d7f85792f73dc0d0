"""Which clip of the library is in the player, and that it stays the one that lies there."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer

from app.jobs.snapshot import JobSnapshot
from app.media.proxy.spec import ProxySpec
from ui.bridge import Bridge
from ui.models.clips import ROW_ROLE, ClipRow
from ui.models.folder_clips import FolderClips
from ui.models.player import PlayerModel
from ui.models.versions import start_of
from ui.panes.library_deeds import LibraryDeeds
from ui.widgets.clip_panel import ClipPanel
from ui.widgets.clip_table import ClipTable

_CALM_MS = 120
"""A clip is opened when its row has been the current one for so long: arrow keys may run on."""


class LibraryPlaying(QObject):
    """Opens the clip of the current row, and tells the player what becomes of it."""

    def __init__(
        self,
        bridge: Bridge,
        clips: FolderClips,
        table: ClipTable,
        panel: ClipPanel,
        player: PlayerModel,
        deeds: LibraryDeeds,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._clips, self._table, self._panel = clips, table, panel
        self._player, self._deeds = player, deeds
        self._proxy_jobs: frozenset[str] = frozenset()
        self._calm = QTimer(self)
        self._calm.setSingleShot(True)
        self._calm.setInterval(_CALM_MS)
        self._calm.timeout.connect(self._open_current)
        clips.relisted.connect(self.original_seen)
        clips.looked.connect(self._looked)
        clips.strip_ready.connect(self._strip)
        table.chosen.connect(lambda _: self.row_chosen())
        bridge.snapshots_changed.connect(self._jobs_seen)

    @property
    def opens(self) -> bool:
        """Whether a clip is about to be opened."""
        return self._calm.isActive()

    def end(self) -> None:
        """Open nothing more."""
        self._calm.stop()

    def row_chosen(self) -> None:
        """Another row is the current one, or none."""
        self._tell_current()
        self._calm.start()

    def open_now(self) -> None:
        """Open the current clip without waiting for who may go on to the next."""
        self._calm.stop()
        self._open_current()

    def row_of_open_clip(self) -> int:
        """Where the clip in the player stands in the table; the first row where it doesn't."""
        open_now, shown = self._open_key, self._table.model()
        keys = (shown.index(n, 0).data(ROW_ROLE).key for n in range(shown.rowCount()))
        return next((n for n, key in enumerate(keys) if key == open_now), 0)

    def original_seen(self) -> None:
        """The original of the clip in the player has gone, come back, or is another one now."""
        clip = self._player.clip
        row = self._clips.model.row(clip.key) if clip is not None else None
        if clip is None or row is None:
            return
        if not row.offline and row.stamp != clip.stamp:
            self._open(row, self._player.number)
        elif row.offline is clip.versions[0].online:
            self._deeds.find_versions(row.key, clip.versions[0], row.path)

    @property
    def _open_key(self) -> str:
        return self._player.clip.key if self._player.clip else ""

    def _current(self) -> ClipRow | None:
        return self._clips.model.row(self._table.current)

    def _tell_current(self) -> None:
        row, clip = self._current(), self._player.clip
        self._panel.show_clip(row)
        if row is None or clip is None or clip.key != row.key or row.facts is None:
            return
        told = row.facts.start
        if told is not None and clip.start is None and not row.facts.video:
            self._open(row, self._player.number)  # its frames were counted by a rate assumed
            return
        self._player.tell_start(start_of(row.facts))

    def _open_current(self) -> None:
        row = self._current()
        if row is None:
            self._player.open(None)
        elif row.key != self._open_key:
            self._open(row)

    def _open(self, row: ClipRow, number: int = 0) -> None:
        clip = self._deeds.clip_of(row)
        self._player.open(clip)
        if number:
            self._player.show(number)
        self._clips.want_strip(row.key)
        self._deeds.find_versions(row.key, clip.versions[0], row.path)

    def _looked(self, key: str) -> None:
        if key == self._table.current:
            self._tell_current()

    def _strip(self, key: str, strip: Sequence[bytes]) -> None:
        if self._open_key == key:
            self._panel.player.timeline.show_strip(strip)

    def _jobs_seen(self, jobs: tuple[JobSnapshot, ...]) -> None:
        """Proxies that were made just now can be played."""
        done = frozenset(job.id for job in jobs if job.kind == ProxySpec.kind and job.state.ended)
        fresh, self._proxy_jobs = done - self._proxy_jobs, done
        row, clip = self._current(), self._player.clip
        if fresh and row is not None and clip is not None and clip.key == row.key:
            self._deeds.find_versions(row.key, clip.versions[0], row.path)
