"""The plan in the middle: what will happen, what stands against it, and the one Start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ui import theme
from ui.theme import Tone
from ui.widgets.buttons import link_button, plain_button, primary_button
from ui.widgets.empty import EmptyState
from ui.widgets.fact_table import FactTable
from ui.widgets.labels import ElidedLabel, TextLabel
from ui.widgets.speed_graph import SpeedGraph
from ui.widgets.tile import Tile
from ui.widgets.wrapped import WrappedLabel

GLYPHS = {Tone.FAILED: "✕", Tone.ATTENTION: "!", Tone.VERIFIED: "✓"}
_MOST_REMARKS = 12
_NARROW = 280
_BESIDE_KEY = 44
"""Pixels of the row of Start that are no button and no text."""


EMPTY = (
    "No plan yet",
    "Choose cards on the left and drives on the right. "
    "What will happen stands here before anything is written.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFace:
    """What the plan says."""

    title: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    remarks: tuple[tuple[Tone, str], ...] = ()
    """Most serious first."""
    ignored: str = ""
    """`Ignored: .DS_Store, ._* · 4 files`; "" where nothing is left out."""
    start: str = "Start"
    can_start: bool = False
    calm: bool = False
    """There is nothing to copy: Start need not stand out."""
    can_try: bool = False
    why_not: str = ""
    """Why Start can't be pressed now."""
    why_tone: Tone = Tone.DIM
    empty: tuple[str, str] = EMPTY
    """What stands in place of a plan: title and sentence."""
    tried: str = ""
    """What the last try without writing found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateFace:
    """How fast the job in hand is, and what it is at."""

    title: str = ""
    rate: str = ""
    samples: Sequence[tuple[float, float]] = ()
    note: str = ""
    """Names the slowest destination."""
    current: str = ""
    """The file in hand."""
    left: str = ""


class PlanView(Tile):
    """Shows a PlanFace, the options fold and the rate of the job in hand."""

    start_wanted = Signal()
    try_wanted = Signal()
    ignored_wanted = Signal()

    def __init__(self, options: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.face = PlanFace()
        self.options = options
        self.title = ElidedLabel(size=theme.TITLE, strong=True, mode=Qt.TextElideMode.ElideMiddle)
        self.table = FactTable(("What", "Value"))
        self.table.setAccessibleName("Plan")
        self.ignored = ElidedLabel(tone=Tone.DIM, mode=Qt.TextElideMode.ElideRight)
        self.show_ignored = link_button("Show", self.ignored_wanted.emit)
        self.show_ignored.setAccessibleName("Show and edit the ignore list")
        self.ignore_list = link_button("Ignore list", self.ignored_wanted.emit)
        self.tried = WrappedLabel(tone=Tone.VERIFIED)
        self.fold = link_button("Options", self._toggle)
        self.fold.setCheckable(True)
        self.graph = SpeedGraph()
        self.graph_title = ElidedLabel(tone=Tone.DIM)
        self.graph_rate = TextLabel()
        self.current = ElidedLabel(tone=Tone.DIM, size=theme.SMALL)
        self.left = TextLabel(tone=Tone.DIM, size=theme.SMALL)
        self.why = WrappedLabel(tone=Tone.DIM)
        self.start = primary_button("Start", self.start_wanted.emit)
        self.attempt = plain_button("Try without writing", self.try_wanted.emit)
        self.key = TextLabel("Ctrl+Return", tone=Tone.DIM)
        self._remarks = QVBoxLayout()
        self._labels: list[WrappedLabel] = []
        self.empty = EmptyState("offload", *EMPTY)
        narrow(self.empty)
        self._lay_out()
        self.open_options(False)
        self.show_rate(RateFace())
        self.show_face(self.face)

    def _lay_out(self) -> None:
        self.inside = QWidget()
        content = QVBoxLayout(self.inside)
        content.setContentsMargins(0, 0, 4, 0)
        content.setSpacing(8)
        self._remarks.setSpacing(4)
        fold_row = QHBoxLayout()
        fold_row.setContentsMargins(-3, 0, 0, 0)
        fold_row.setSpacing(12)
        fold_row.addWidget(self.fold)
        fold_row.addWidget(self.ignore_list)
        fold_row.addStretch(1)
        content.addWidget(self.table)
        content.addLayout(self._remarks)
        content.addWidget(self.tried)
        content.addLayout(self._ignored_row())
        content.addLayout(fold_row)
        content.addWidget(self.options)
        content.addWidget(self._graph_part())
        content.addStretch(1)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(self.inside)
        self.column.setContentsMargins(12, 11, 8, 12)
        self.column.setSpacing(6)
        self.column.addWidget(self.title)
        self.column.addWidget(self.area, 1)
        self.column.addWidget(self.empty, 1)
        self.column.addWidget(self.why)
        self.column.addLayout(self._start_row())

    def _ignored_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.ignored)
        row.addWidget(self.show_ignored)
        row.addStretch(1)
        return row

    def _graph_part(self) -> QWidget:
        self.graph_part = QWidget()
        part = QVBoxLayout(self.graph_part)
        part.setContentsMargins(0, 6, 0, 0)
        part.setSpacing(5)
        head = QHBoxLayout()
        head.addWidget(self.graph_title, 1)
        head.addWidget(self.graph_rate)
        part.addLayout(head)
        part.addWidget(self.graph)
        foot = QHBoxLayout()
        foot.addWidget(self.current, 1)
        foot.addWidget(self.left)
        part.addLayout(foot)
        return self.graph_part

    def _start_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.start)
        row.addWidget(self.attempt)
        row.addStretch(1)
        row.addWidget(self.key)
        row.setContentsMargins(0, 0, 4, 0)
        return row

    # What is shown

    def show_face(self, face: PlanFace) -> None:
        """Show all of *face*."""
        self.face = face
        filled = bool(face.rows or face.remarks)
        self.title.show_text(face.title)
        self.title.setVisible(bool(face.title))
        self.area.setVisible(filled or self._has_rate or self.fold.isChecked())
        self.empty.setVisible(not self.area.isVisibleTo(self))
        self.empty.title.show_text(face.empty[0])
        self.empty.sentence.show_text(face.empty[1])
        self.table.show_rows(face.rows)
        self.table.setVisible(bool(face.rows))
        self._show_remarks(face.remarks)
        self.tried.show_text(face.tried)
        self.ignored.show_text(face.ignored)
        for widget in (self.ignored, self.show_ignored):
            widget.setVisible(bool(face.ignored))
        self.ignore_list.setVisible(bool(face.rows) and not face.ignored)
        self.start.setText(face.start.replace("&", "&&"))
        self.start.setAccessibleName(face.start)
        kind = "plain" if face.calm else "primary"
        if self.start.property("kind") != kind:
            self.start.setProperty("kind", kind)
            self.start.style().unpolish(self.start)
            self.start.style().polish(self.start)
        self._fit_key()
        self.start.setEnabled(face.can_start)
        self.start.setAccessibleDescription(face.why_not)
        self.start.setToolTip(face.why_not)
        self.attempt.setEnabled(face.can_try)
        self.why.set_tone(face.why_tone)
        self.why.show_text(face.why_not)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_key()

    def _fit_key(self) -> None:
        """The shortcut gives way to the buttons."""
        wanted = sum(w.sizeHint().width() for w in (self.start, self.attempt, self.key))
        self.key.setVisible(wanted + _BESIDE_KEY <= self.width())

    def show_rate(self, face: RateFace) -> None:
        """Show the job in hand; an empty title hides it."""
        self._has_rate = bool(face.title)
        self.graph_part.setVisible(self._has_rate)
        if self._has_rate:
            self.graph_title.show_text(face.title)
            self.graph_rate.show_text(face.rate)
            self.graph.show_samples(face.samples, face.note)
            self.current.show_text(face.current)
            self.left.show_text(face.left)

    def open_options(self, opened: bool) -> None:
        """Unfold or fold the options."""
        self.fold.setChecked(opened)
        self.fold.setText("Options ▾" if opened else "Options ▸")
        self.fold.setAccessibleName(f"Options, {'open' if opened else 'folded'}")
        self.options.setVisible(opened)

    def _toggle(self) -> None:
        self.open_options(self.fold.isChecked())
        self.show_face(self.face)
        if self.fold.isChecked():
            QTimer.singleShot(0, self._scroll_to_options)

    def _scroll_to_options(self) -> None:
        bar = self.area.verticalScrollBar()
        bar.setValue(min(bar.maximum(), self.fold.y()))

    def _show_remarks(self, remarks: tuple[tuple[Tone, str], ...]) -> None:
        kept = remarks[:_MOST_REMARKS]
        if len(remarks) > len(kept):
            rest = len(remarks) - len(kept)
            kept = (*kept, (Tone.DIM, f"{rest} more remarks, all of them stand in the report."))
        while len(self._labels) < len(kept):
            label = WrappedLabel()
            self._labels.append(label)
            self._remarks.addWidget(label)
        for label, (tone, text) in zip(self._labels, kept, strict=False):
            label.set_tone(Tone.DIM if tone is Tone.IDLE else tone)
            label.show_text(f"{GLYPHS.get(tone, '·')} {text}")
        for label in self._labels[len(kept) :]:
            label.show_text("")


def narrow(empty: EmptyState) -> None:
    """Fit an empty state into a column, its sentence wrapped to the lines that it needs."""
    empty.sentence.setFixedWidth(_NARROW)
    empty.sentence.setMinimumHeight(empty.sentence.heightForWidth(_NARROW))
