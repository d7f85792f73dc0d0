"""What stands in the middle of the library: clips, or why there are none and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget

from ui.theme import Tone
from ui.widgets.empty import EmptyState
from ui.widgets.labels import TextLabel

if TYPE_CHECKING:
    from ui.panes.library import LibraryPane

_EMPTY = (
    "Open a folder or a card to see its clips, play them and mark them. You can also drop one "
    "here. Nothing is copied or changed."
)
_UNFIT = "None of the clips here fits the filter."


class LibraryPages(QStackedWidget):
    """One of five pages; the last one is the table."""

    def __init__(self, pane: LibraryPane) -> None:
        super().__init__()
        self._table = pane.table
        self.empty = EmptyState(
            pane.key, pane.title, _EMPTY, action="Open folder…", on_action=pane.open_folder
        )
        self.nothing = EmptyState(
            "folder", "No clips", "", action="Look again", on_action=pane.look_again
        )
        self.unfit = EmptyState(
            "search", "No clips", _UNFIT, action="Clear the filter", on_action=pane.search.clear
        )
        self.looking = TextLabel(tone=Tone.DIM, wrap=True)
        self.looking.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for page in (self.empty, self.nothing, self.unfit, self.looking, self._table):
            self.addWidget(page)

    def turn(self, opening: Path | None, root: Path | None, clips: int, shown: int) -> None:
        """Turn to the page that fits: *shown* of *clips* pass the filter."""
        if opening is not None:
            self.looking.show_text(f"Looking through {opening}…")
            self.setCurrentWidget(self.looking)
        elif root is None:
            self.setCurrentWidget(self.empty)
        elif not clips:
            self.nothing.say(
                f"Nothing in {root} is known as a clip. Sidecars and other files are not shown."
            )
            self.setCurrentWidget(self.nothing)
        else:
            self.setCurrentWidget(self._table if shown else self.unfit)
