"""The library pane: places left, clips in the middle, the player and what is known on the right."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.media.frames.index_cache import IndexCache
from app.media.play.film import IndexOf
from app.media.play.marks import MarkStore
from app.media.watch.state import WatchState
from app.places.volumes import Volume
from app.units import count_text
from ui import icons, theme
from ui.bridge import Bridge
from ui.models.clips import ROW_ROLE, ClipFilter, ClipRow, count_of_clips
from ui.models.folder_clips import FolderClips
from ui.models.player import PlayerModel
from ui.models.recent_folders import RecentFolders
from ui.panes import Pane
from ui.panes.library_actions import actions_of, pop_up_menu
from ui.panes.library_deeds import LibraryDeeds, sound_of_window
from ui.panes.library_making import LibraryMaking
from ui.panes.library_pages import LibraryPages
from ui.panes.library_places import GROUP, OPEN, WATCH, places_of
from ui.panes.library_playing import LibraryPlaying
from ui.panes.library_watching import LibraryWatching
from ui.theme import Tone
from ui.widgets.buttons import plain_button
from ui.widgets.clip_panel import ClipPanel
from ui.widgets.clip_table import ClipTable
from ui.widgets.labels import TextLabel
from ui.widgets.place_list import PlaceList

_WIDTHS = (160, 644, 340)
"""Of places, clips and player in a window of 1280: all that a row tells has room."""


class LibraryPane(Pane):
    """Clips, a player beside them. Until there is a catalog, those of one folder."""

    key: ClassVar[str] = "library"
    title: ClassVar[str] = "Library"

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(bridge)
        profile = bridge.engine.profile
        indexes = IndexCache(profile.indexes)
        self._index_of: IndexOf = lambda source, checkpoint: indexes.index(
            source, checkpoint=checkpoint
        )
        self.clips = FolderClips(bridge, profile.looks, self)
        self.recent = RecentFolders(bridge, profile.directory / "library.json", self)
        self.player = PlayerModel(
            bridge,
            MarkStore(profile.marks),
            sound_of_window,
            self,
        )
        self.filter = ClipFilter(self)
        self.filter.setSourceModel(self.clips.model)
        self.places = PlaceList()
        self.search = QLineEdit()
        self.count = TextLabel(tone=Tone.DIM, size=theme.SMALL)
        self.table = ClipTable(self.filter)
        self.panel = ClipPanel(self.player)
        self.making = LibraryMaking(bridge, self.chosen, self)
        self.deeds = LibraryDeeds(bridge, self.player, self._index_of, self.chosen, self)
        self.watching = LibraryWatching(bridge, self.show_folder, self)
        self.pages = LibraryPages(self)
        self._group: str | None = None
        self._volumes: tuple[Volume, ...] = ()
        self.playing = LibraryPlaying(
            bridge, self.clips, self.table, self.panel, self.player, self.deeds, self
        )
        self._actions = actions_of(self)
        self._lay_out()
        self._connect()
        self.setAcceptDrops(False)
        self.refresh()

    def _lay_out(self) -> None:
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(self._search_row())
        column.addWidget(self.watching.bar)
        column.addWidget(self.pages, 1)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(14)
        self.splitter.setStyleSheet("QSplitter::handle { background: transparent; }")
        self.splitter.setChildrenCollapsible(False)
        parts = zip((self.places, middle, self.panel), _WIDTHS, (0, 3, 2), strict=True)
        for part, width, stretch in parts:
            part.setMinimumWidth(round(width * 0.7))
            self.splitter.addWidget(part)
            self.splitter.setStretchFactor(self.splitter.count() - 1, stretch)
        self.splitter.setSizes(list(_WIDTHS))
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 14, 16, 12)
        row.addWidget(self.splitter)

    def _search_row(self) -> QHBoxLayout:
        self.search.setPlaceholderText("Filter: name, reel, codec, camera, timecode")
        self.search.setAccessibleName("Filter clips")
        self.search.setTextMargins(20, 0, 0, 0)
        glass = QLabel(self.search)
        glass.setPixmap(icons.pixmap("search", theme.COLOURS.dim, 14))
        glass.setAccessibleName("Filter")
        glass.move(10, 7)
        self.open_button = plain_button("Open folder…", self.open_folder)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.search, 1)
        row.addWidget(self.count)
        row.addWidget(self.open_button)
        return row

    def _connect(self) -> None:
        self.bridge.closing.connect(self.end)
        self.bridge.volumes_changed.connect(self._volumes_seen)
        self.recent.changed.connect(self._show_places)
        self.clips.opened.connect(self._opened)
        self.clips.relisted.connect(self._after_filter)
        self.clips.failed.connect(self._failed)
        self.search.textChanged.connect(self._filtered)
        self.search.installEventFilter(self)
        self.places.chosen.connect(self._place_chosen)
        self.table.selectionModel().selectionChanged.connect(self._count)
        self.table.opened.connect(lambda _: self._play_current())
        self.table.sight_changed.connect(self._in_sight)
        self.table.menu_wanted.connect(partial(pop_up_menu, self))
        self.table.installEventFilter(self)
        self.panel.marks.installEventFilter(self)
        self.panel.player.said.connect(self.said)
        self.panel.player.still_wanted.connect(self.deeds.drag_frame)
        self.panel.player.menu_filling.connect(self.deeds.fill_menu)
        self.panel.player.previews_wanted.connect(partial(self.making.make_proxies, "preview"))
        self.deeds.said.connect(self.said)
        self.making.said.connect(self.said)
        self.watching.said.connect(self.said)
        self.watching.landed.connect(self.clips.list_again)
        self.bridge.watches_changed.connect(self._watches_seen)

    # What is shown

    def refresh(self) -> None:
        """Show everything as it is now."""
        rows = self.clips.model.rows
        self.pages.turn(self.clips.opening, self.clips.root, len(rows), self.filter.rowCount())
        started = self.clips.root is not None
        for widget in (self.search, self.open_button):
            widget.setVisible(started)
        self.panel.setVisible(started and bool(rows))
        self._count()
        self._show_places()

    def _count(self) -> None:
        """How many clips there are, are shown, and are chosen where those are several."""
        shown, chosen = self.filter.rowCount(), len(self.table.selectionModel().selectedRows())
        if self.clips.root is None:
            self.count.show_text("")
        elif chosen > 1:
            self.count.show_text(f"{chosen:,} of {count_text(shown, 'clip')} chosen")
        else:
            self.count.show_text(count_of_clips(shown, len(self.clips.model.rows)))

    def _show_places(self) -> None:
        self.places.show_places(
            places_of(
                self.recent.folders, self.clips, self._group, self._volumes, self.bridge.watches
            )
        )

    def _volumes_seen(self, volumes: tuple[Volume, ...]) -> None:
        places = {volume.mount_point for volume in volumes}
        if places != {volume.mount_point for volume in self._volumes}:
            self.clips.list_again()  # the drive that it is on may have been pulled
        self._volumes = volumes
        self._show_places()

    def _watches_seen(self, watches: tuple[WatchState, ...]) -> None:
        self._show_places()
        self.badge_changed.emit(sum(len(one.failures) + bool(one.trouble) for one in watches))

    def _opened(self) -> None:
        if self.clips.root is not None:
            self.recent.add(self.clips.root)
            self.watching.show_for(self.clips.root)
        if self.clips.remark:
            self.said.emit(self.clips.remark)
        self._set_group(None)
        self.playing.original_seen()
        if self.filter.rowCount():
            self.table.choose(self.playing.row_of_open_clip())
            self.table.setFocus()
        else:
            self.playing.row_chosen()

    def _failed(self, why: str) -> None:
        self.said.emit(why)
        self.refresh()

    def _filtered(self) -> None:
        self.filter.set_words(self.search.text())
        self._after_filter()

    def _set_group(self, group: str | None) -> None:
        self._group = group
        self.filter.set_group(group)
        self._after_filter()

    def _after_filter(self) -> None:
        self.refresh()
        if self.filter.rowCount() and not self.table.current:
            self.table.choose(0)
        self._in_sight()

    def _in_sight(self) -> None:
        self.clips.in_sight(self.table.in_sight())

    def chosen(self) -> list[ClipRow]:
        """The clips that are selected, in the order of the table."""
        indexes = self.table.selectionModel().selectedRows()
        rows = (index.data(ROW_ROLE) for index in sorted(indexes, key=lambda one: one.row()))
        return [row for row in rows if isinstance(row, ClipRow)]

    def _play_current(self) -> None:
        self.playing.open_now()
        self.panel.player.setFocus()

    # What people do

    def open_folder(self) -> None:
        """Choose a folder to be shown."""
        self.deeds.ask_folder("Open folder", self.show_folder)

    def make_watch_folder(self) -> None:
        """Choose a folder to become a watch folder."""
        self.deeds.ask_folder("New watch folder", self.watching.make)

    def show_folder(self, path: Path) -> None:
        """Show the clips below *path*, or the clip that it is."""
        self.deeds.warm_up()
        self.clips.open(path)
        self.refresh()

    def accept_drop(self, paths: list[Path]) -> bool:
        """A folder is opened; a file is shown among the clips beside it."""
        if not paths:
            return False
        self.show_folder(paths[0])
        return True

    def _place_chosen(self, key: str) -> None:
        kind, _, value = key.partition(":")
        if kind == OPEN:
            self.show_folder(Path(value))
        elif kind == GROUP:
            self._set_group(None if value == "*" else value)
        elif kind == WATCH:
            self.watching.enter(Path(value))

    def type_filter(self) -> None:
        """Type what to filter by."""
        if self.search.isVisible():
            self.search.setFocus()
            self.search.selectAll()

    def commands(self) -> Sequence[QAction]:
        """Everything that the mouse can do here."""
        return self._actions

    def look_again(self) -> None:
        """List the folder anew."""
        if self.clips.root is not None:
            self.show_folder(self.clips.root)

    def comment(self) -> None:
        """Say something about the shown frame."""
        number = self.player.number
        if not any(mark.frame == number for mark in self.player.marks.marks):
            self.player.add_mark()
        self.panel.marks.edit_mark(number, back=self.window().focusWidget() or self.table)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the player work in both tables too; Down and Escape lead from filter to table."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if watched in {self.table, self.panel.marks}:
                return self.panel.player.press(event)
            if watched is self.search and event.key() == Qt.Key.Key_Escape:
                self.search.clear()
            if watched is self.search and event.key() in {
                Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape,
            }:  # fmt: skip
                self.table.setFocus()
                return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """From the player too, Up and Down go to other clips."""
        if event.key() in {Qt.Key.Key_Up, Qt.Key.Key_Down} and self.table.isVisible():
            QApplication.sendEvent(self.table, event)
            return
        super().keyPressEvent(event)

    def end(self) -> None:
        """The window closes: no thread and no child stays."""
        self.playing.end()
        if self.panel.player.large is not None:
            self.panel.player.large.close()
        self.deeds.end()
        self.player.close()
        self.clips.close()
