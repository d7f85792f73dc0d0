"""The queue below every pane: counts, what it wants from you, and one row per job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId
from ui import theme, words
from ui.job_table import JobTable, Verb, gone_places, since_mended
from ui.theme import Tone
from ui.widgets.buttons import small_button
from ui.widgets.labels import Heading, Pill, TextLabel, VerdictLabel
from ui.widgets.queue_table import QueueTable, WholeRows
from ui.widgets.tile import Tile, TileMood

_LONGEST = 28
MINIMUM = 96
"""Pixels: the head, the column titles and one row."""


class QueuePanel(QWidget):
    """The whole queue, always visible; its height is the user's."""

    verb_asked = Signal(str, str)
    """A verb and the id of the job it is meant for."""
    seen_changed = Signal()
    """The person has looked at finished jobs."""

    def __init__(self, model: JobTable) -> None:
        super().__init__()
        model.setParent(self)
        self.model = model
        self.table = QueueTable(self.model)
        self.seen: set[str] = set()
        """Ids of ended jobs that the person has looked at."""
        self.head = QueueHead()
        self.requests = Requests()
        self._empty = TextLabel("", tone=Tone.DIM)
        self._empty.setContentsMargins(8, 10, 0, 0)
        self._empty.show_text("No jobs. What you start is listed here until you clear it.")
        self._pages = QStackedLayout()
        self._pages.addWidget(self._page(self._empty))
        self._pages.addWidget(WholeRows(self.table))
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 6, 16, 0)
        column.setSpacing(2)
        column.addWidget(self.head)
        column.addWidget(self.requests)
        column.addLayout(self._pages, 1)
        self.setMinimumHeight(MINIMUM)
        self.setAutoFillBackground(True)
        palette = self.palette()
        palette.setColor(self.backgroundRole(), QColor(theme.COLOURS.base))
        self.setPalette(palette)
        self.table.verb_asked.connect(self.verb_asked)
        self.requests.verb_asked.connect(self.verb_asked)
        self.requests.focus_freed.connect(self.table.setFocus)
        self.table.current_changed.connect(self._look_at_current)
        self.head.looked.connect(self.look_at)

    @staticmethod
    def _page(label: QWidget) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(label)
        column.addStretch(1)
        return page

    def show_jobs(self, jobs: Sequence[JobSnapshot]) -> None:
        """Take over what the engine says."""
        jobs = since_mended(jobs)
        self.model.show(jobs)
        self._pages.setCurrentIndex(1 if jobs else 0)
        self.requests.show_jobs(jobs)
        asked = self.requests.sizeHint().height() if self.requests.tiles else 0
        self.setMinimumHeight(MINIMUM + (asked and asked + 40))
        self._count()

    def look_at(self, state: JobState) -> None:
        """Take all jobs that ended so as seen, and show the newest of them."""
        ended = [job for job in self.model.jobs if job.state is state]
        if ended:
            self.table.choose(ended[-1].id)
        self._see(job.id for job in ended)

    def _look_at_current(self) -> None:
        job = self.table.current_job
        if job is not None and job.state.ended and self.table.hasFocus():
            self._see([job.id])

    def _see(self, jobs: Iterable[JobId]) -> None:
        fresh = set(jobs) - self.seen
        if fresh:
            self.seen |= fresh
            self.seen_changed.emit()
            self._count()

    def _count(self) -> None:
        self.head.show_jobs(self.model.jobs, self.seen)


class QueueHead(QWidget):
    """The queue's name, how many run, wait and have ended unseen, and when all is done."""

    looked = Signal(object)
    """The JobState of ended jobs that the person wants to see."""

    def __init__(self) -> None:
        super().__init__()
        heading = Heading("Queue")
        self.done_at = heading.hint
        self.running, self.waiting, self.held = Pill(), Pill(), Pill(tone=Tone.ATTENTION)
        self.ended = {
            JobState.DONE: self._button(JobState.DONE, "verified"),
            JobState.FAILED: self._button(JobState.FAILED, "failed"),
        }
        widgets: tuple[QWidget, ...] = (
            self.running, self.waiting, self.held, *self.ended.values(),
        )  # fmt: skip
        for at, widget in enumerate(widgets, start=1):
            heading.row.insertWidget(at, widget)
            widget.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(heading)
        self.setFixedHeight(24)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def _button(self, state: JobState, tone: str) -> QPushButton:
        made = small_button("", lambda: self.looked.emit(state))
        made.setProperty("kind", "pill")
        made.setProperty("tone", tone)
        made.setFont(theme.bold(theme.HEAD))
        made.setToolTip("Show them and take them as seen")
        return made

    def show_jobs(self, jobs: Sequence[JobSnapshot], seen: set[str]) -> None:
        """Count *jobs*."""
        states = [job.state for job in jobs]
        self.running.show_text(words.counts_text([(states.count(JobState.RUNNING), "running")]))
        self.waiting.show_text(words.counts_text([(states.count(JobState.QUEUED), "waiting")]))
        held = [(states.count(JobState.PAUSED), "paused")]
        held += [(states.count(JobState.INTERRUPTED), "interrupted")]
        self.held.show_text(words.counts_text(held))
        for state, button in self.ended.items():
            unseen = sum(job.state is state and job.id not in seen for job in jobs)
            button.setText(words.counts_text([(unseen, words.JOB_SIGNS[state].word.lower())]))
            button.setVisible(unseen > 0)
        self.done_at.show_text(words.done_at_text(jobs))


class Requests(QWidget):
    """What jobs want from a person: inline, large, one tile each."""

    verb_asked = Signal(str, str)
    focus_freed = Signal()
    """The keyboard was on a request that is no longer there."""

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 2, 0, 4)
        self._column.setSpacing(6)
        self._tiles: dict[JobId, RequestTile] = {}
        self.hide()

    def show_jobs(self, jobs: Sequence[JobSnapshot]) -> None:
        """Show one tile per job that waits for a person."""
        wanting = {job.id: job for job in jobs if job.wants and not job.state.ended}
        for gone in self._tiles.keys() - wanting.keys():
            tile = self._tiles.pop(gone)
            if tile.isAncestorOf(self.window().focusWidget() or self):
                self.focus_freed.emit()
            self._column.removeWidget(tile)
            tile.hide()
            tile.deleteLater()
        for job in wanting.values():
            if job.id not in self._tiles:
                self._tiles[job.id] = RequestTile(job.id)
                self._tiles[job.id].verb_asked.connect(self.verb_asked)
                self._column.addWidget(self._tiles[job.id])
            self._tiles[job.id].show_job(job)
        self.setVisible(bool(self._tiles))

    @property
    def tiles(self) -> tuple[RequestTile, ...]:
        """The requests as shown."""
        return tuple(self._tiles.values())


class RequestTile(Tile):
    """One request of one job, readable from across the cart."""

    verb_asked = Signal(str, str)

    def __init__(self, job: JobId) -> None:
        super().__init__()
        self._job = job
        self.set_mood(TileMood.ATTENTION)
        self.column.setContentsMargins(13, 7, 10, 8)
        self.column.setSpacing(0)
        self.what = VerdictLabel(size=17)
        self.what.set_clickable(False)
        self.why = TextLabel("", tone=Tone.DIM)
        row = QHBoxLayout()
        row.setSpacing(8)
        words_column = QVBoxLayout()
        words_column.setSpacing(0)
        words_column.addWidget(self.what)
        words_column.addWidget(self.why)
        row.addLayout(words_column, 1)
        self.without = small_button("", lambda: self.verb_asked.emit(Verb.WITHOUT, job))
        row.addWidget(self.without)
        row.addWidget(small_button("Show files", lambda: self.verb_asked.emit(Verb.FILES, job)))
        row.addWidget(small_button("Cancel job", lambda: self.verb_asked.emit(Verb.CANCEL, job)))
        self.column.addLayout(row)

    def show_job(self, job: JobSnapshot) -> None:
        """Show what *job* wants."""
        want = words.printable(job.wants).rstrip(".")
        self.what.show_sign(words.Sign(mark="attention", glyph="!", word=want, tone=Tone.ATTENTION))
        title = words.printable(job.title)
        self.why.show_text(
            f"{title} waits for it and goes on by itself, with what was not confirmed. "
            "Reelkeep may be closed."
        )
        gone = ", ".join(words.place_name(job.places[n], job.places) for n in gone_places(job))
        short = gone if len(gone) <= _LONGEST else "them"
        self.without.setText(f"Finish without {short}".replace("&", "&&"))
        self.without.setAccessibleName(f"Finish {title} without {gone}")
        self.without.setVisible(bool(gone))
        self.setAccessibleName(f"{title} needs you: {want}")
