"""The right column: the player, and below it what is known and what was marked of the clip."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from app.units import bytes_text
from ui import theme
from ui.models.clip_words import fact_rows, headline
from ui.models.clips import ClipRow
from ui.models.player import PlayerModel
from ui.theme import Tone
from ui.widgets.fact_table import FactTable
from ui.widgets.labels import ElidedLabel, TextLabel
from ui.widgets.mark_list import MarkList
from ui.widgets.player import Player

_BELOW = 230
"""Pixels that timeline, keys and the first facts keep."""
_LEAST = 90
"""Pixels that the picture is high at least."""


class ClipPanel(QWidget):
    """Everything about one clip."""

    def __init__(self, model: PlayerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.player = Player(model)
        self.name = ElidedLabel(size=theme.TITLE, strong=True)
        self.headline = TextLabel(tone=Tone.DIM, size=theme.SMALL, wrap=True)
        self.marks = MarkList()
        self.marks_from = TextLabel(tone=Tone.ATTENTION, size=theme.SMALL, wrap=True)
        self.marks_from.hide()
        self.facts = FactTable(("About the clip", ""))
        self.facts.setFont(theme.font(theme.SMALL))
        self.facts.setAccessibleName("Facts")
        self._model = model
        self._row: ClipRow | None = None
        self._lay_out()
        self.marks.chosen.connect(model.show)
        self.marks.said.connect(model.say_of_mark)
        self.marks.removed.connect(model.remove_mark)
        model.changed.connect(self._show_marks)
        model.changed.connect(self._show_headline)
        self.show_clip(None)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.player)
        column.addSpacing(2)
        column.addWidget(self.name)
        column.addWidget(self.headline)
        column.addWidget(self.marks_from)
        column.addWidget(self.marks)
        area = QScrollArea()
        area.setWidget(self.facts)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # arrow keys scroll it
        area.setAccessibleName("About the clip")
        area.setStyleSheet(
            f"QScrollArea:focus {{ border: 1px solid {theme.COLOURS.primary_line}; }}"
        )
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column.addWidget(area, 1)

    def sizeHint(self) -> QSize:
        return QSize(340, 500)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The picture is as wide as the column, and never takes all of its height."""
        super().resizeEvent(event)
        high = min(round(self.width() * 9 / 16), self.height() - _BELOW)
        self.player.view.setFixedHeight(max(high, _LEAST))

    def show_clip(self, row: ClipRow | None) -> None:
        """Tell what is known of *row*."""
        self.name.show_text(row.name if row is not None else "")
        self._row = row
        self._show_headline()
        self.facts.show_rows(fact_rows(row) if row is not None else ())
        self.facts.setVisible(row is not None)

    def _show_headline(self) -> None:
        """What is wrong is said once: the picture says it as soon as it was tried."""
        row = self._row
        clip = self._model.clip
        here = row is not None and clip is not None and clip.key == row.key
        twice = row is not None and row.fault and here and self._model.fault is not None
        said = bytes_text(row.size) if row is not None and twice else headline(row) if row else ""
        self.headline.show_text(said)
        self.headline.set_tone(Tone.FAILED if row and row.fault and not twice else Tone.DIM)

    def _show_marks(self) -> None:
        model = self._model
        self.marks.show_marks(model.marks.marks, lambda frame: str(model.timecode(frame) or frame))
        shared = bool(model.marks_from) and not model.marks.empty
        if shared:
            self.marks_from.show_text(
                f"In, out and marks were made in {model.marks_from}: "
                "the same size, and the same bytes wherever compared."
            )
        self.marks_from.setVisible(shared)
