"""The queue as a table: rows found by the job's id, changed in place, never reset.

Bars follow every picture the engine gives; text changes at most twice a second, except that a
new state, stage or request shows at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QModelIndex, QObject, Qt, QTimer

from app.jobs.snapshot import JobSnapshot
from app.jobs.spec import JobId
from ui import words
from ui.job_table import JOB_ROLE, TEXT_JOB_ROLE, Column, Index, JobTable, verbs_of

TEXT_SECONDS = 0.5
_TITLES = ("", "Job", "Stage", "Progress", "Rate", "Left", "Goes to", "")
_SPOKEN_TITLES = ("State", *_TITLES[1:7], "Actions")
_RIGHT = {Column.RATE, Column.LEFT}

_CELLS: dict[Column, Callable[[JobSnapshot], str]] = {
    Column.JOB: words.job_text,
    Column.STAGE: words.stage_text,
    Column.RATE: words.rate_cell,
    Column.LEFT: words.left_cell,
    Column.GOES_TO: words.goes_to_text,
}


class QueueModel(JobTable):
    """Every job of the queue, in the user's order."""

    def __init__(
        self, parent: QObject | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._jobs: list[JobSnapshot] = []
        self._texts: dict[JobId, JobSnapshot] = {}
        self._written: dict[JobId, float] = {}
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(round(TEXT_SECONDS * 1000))
        self._late.timeout.connect(self._write_late)

    @property
    def jobs(self) -> tuple[JobSnapshot, ...]:
        """The jobs as shown."""
        return tuple(self._jobs)

    def show(self, jobs: Sequence[JobSnapshot]) -> None:
        """Take over what the engine says."""
        self._drop_gone({job.id for job in jobs})
        for row, job in enumerate(jobs):
            at = self.row_of(job.id)
            if at < 0:
                self._insert(row, job)
            else:
                if at != row:
                    self._move(at, row)
                self._change(row, job)

    # What views ask

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._jobs)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(Column)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _TITLES[section]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return _SPOKEN_TITLES[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(Column(section))
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        job, column = self._jobs[index.row()], Column(index.column())
        shown = self._texts[job.id]
        if role in {JOB_ROLE, TEXT_JOB_ROLE}:
            return job if role == JOB_ROLE else shown
        answers: dict[int, Callable[[JobSnapshot, Column], object]] = {
            int(Qt.ItemDataRole.DisplayRole): self._words,
            int(Qt.ItemDataRole.AccessibleTextRole): self._spoken,
            int(Qt.ItemDataRole.ToolTipRole): self._tip,
            int(Qt.ItemDataRole.TextAlignmentRole): lambda _, at: self._alignment(at),
        }
        answer = answers.get(int(role))
        return answer(shown, column) if answer else None

    @staticmethod
    def _words(job: JobSnapshot, column: Column) -> str | None:
        return _CELLS[column](job) if column in _CELLS else None

    @staticmethod
    def _alignment(column: Column) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if column in _RIGHT else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter

    @staticmethod
    def _spoken(job: JobSnapshot, column: Column) -> str:
        if column is Column.STATE:
            return words.job_sign(job).word
        if column is Column.PROGRESS:
            return f"{job.fraction:.0%}"
        if column is Column.JOB:
            return words.job_spoken(job)
        return _CELLS[column](job) if column in _CELLS else ", ".join(verbs_of(job))

    @staticmethod
    def _tip(job: JobSnapshot, column: Column) -> str | None:
        if column is Column.STATE:
            return words.job_sign(job).word
        if column is Column.PROGRESS:
            return f"{job.fraction:.1%} of the work, read-back included"
        if column is Column.STAGE:
            lines = (words.stage_text(job), words.printable(job.current), job.hint)
            return "\n".join(line for line in lines if line)
        return _CELLS[column](job) if column in _CELLS else None

    # Changes

    def _drop_gone(self, kept: set[JobId]) -> None:
        for row in range(len(self._jobs) - 1, -1, -1):
            job = self._jobs[row].id
            if job not in kept:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._jobs[row], self._texts[job], self._written[job]
                self.endRemoveRows()

    def _insert(self, row: int, job: JobSnapshot) -> None:
        self.beginInsertRows(QModelIndex(), row, row)
        self._jobs.insert(row, job)
        self._texts[job.id], self._written[job.id] = job, self._clock()
        self.endInsertRows()

    def _move(self, at: int, row: int) -> None:
        self.beginMoveRows(QModelIndex(), at, at, QModelIndex(), row + (row > at))
        self._jobs.insert(row, self._jobs.pop(at))
        self.endMoveRows()

    def _change(self, row: int, job: JobSnapshot) -> None:
        if self._jobs[row] == job:
            return
        self._jobs[row] = job
        bar = self.index(row, Column.PROGRESS)
        self.dataChanged.emit(bar, bar)
        shown = self._texts[job.id]
        due = self._clock() - self._written[job.id] >= TEXT_SECONDS
        if due or _news(shown) != _news(job):
            self._write(row)
        elif not self._late.isActive():
            self._late.start()

    def _write(self, row: int) -> None:
        job = self._jobs[row]
        self._texts[job.id], self._written[job.id] = job, self._clock()
        self.dataChanged.emit(self.index(row, 0), self.index(row, len(Column) - 1))

    def _write_late(self) -> None:
        for row, job in enumerate(self._jobs):
            if self._texts[job.id] != job:
                self._write(row)


def _news(job: JobSnapshot) -> tuple[object, ...]:
    """What is shown at once, without waiting for the next turn of the text."""
    return (job.state, job.stage, job.wants, job.error, job.report, job.foreign)
