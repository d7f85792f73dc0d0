"""The library's commands: everything that the mouse can do there, by keyboard and menu too."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from app.media.montage.still_order import StillForm
from ui.models.clips import HEADS, Column

if TYPE_CHECKING:
    from ui.panes.library import LibraryPane

_OF_CLIPS = {
    "Play full screen", "Make previews", "Make editorial proxies", "Make thumbnails",
    "Make proxies…", "Transcode…", "Make contact sheets…", "Show in the file manager",
}  # fmt: skip


def actions_of(pane: LibraryPane) -> list[QAction]:
    """The commands of *pane*, in the order of its menu."""
    deeds, making, player = pane.deeds, pane.making, pane.panel.player
    sorts = [
        (f"Sort by {HEADS[column].lower()}", "", partial(pane.table.sort_by, column))
        for column in Column
        if HEADS[column]
    ]
    made: list[QAction] = []
    for text, keys, call in (
        ("Open folder…", "Ctrl+O", pane.open_folder),
        ("Look through the folder again", "F5", pane.look_again),
        ("New watch folder…", "", pane.make_watch_folder),
        ("", "", None),
        ("Filter", "Ctrl+F", pane.type_filter),
        *sorts,
        ("", "", None),
        ("Play full screen", "Ctrl+Return", player.toggle_large),
        ("Comment on this frame…", "Ctrl+M", pane.comment),
        ("Save this frame…", "Ctrl+Shift+S", deeds.save_frame),
        ("Save this frame as TIFF…", "", partial(deeds.save_frame, StillForm.TIFF)),
        ("View through a LUT…", "", deeds.choose_lut),
        ("", "", None),
        ("Make previews", "Ctrl+Shift+M", partial(making.make_proxies, "preview")),
        ("Make editorial proxies", "", partial(making.make_proxies, "editorial")),
        ("Make thumbnails", "", partial(making.make_proxies, "thumbnail")),
        ("Make proxies…", "", making.ask_proxies),
        ("Transcode…", "Ctrl+Shift+T", making.ask_transcode),
        ("Make contact sheets…", "", making.ask_sheets),
        ("Show in the file manager", "", deeds.show_in_folder),
    ):
        action = QAction(text, pane)
        action.setSeparator(not text)
        if keys:
            action.setShortcut(QKeySequence(keys))
        if call is not None:
            action.triggered.connect(lambda _=False, call=call: call())
        made.append(action)
    made.insert(3, pane.watching.action)
    return made


def pop_up_menu(pane: LibraryPane, spot: QPoint) -> None:
    """What can be done with the chosen clips, at *spot* on the screen."""
    menu = QMenu(pane)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.addActions([action for action in pane.commands() if action.text() in _OF_CLIPS])
    menu.popup(spot)
