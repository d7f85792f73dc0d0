"""The rows of the queue: painted cells of fixed widths, and real buttons at their end."""

from __future__ import annotations

from PySide6.QtCore import (
    QModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QPainter,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId
from ui import icons, theme, words
from ui.job_table import (
    JOB_ROLE,
    SHORT,
    TEXT_JOB_ROLE,
    Column,
    Index,
    JobTable,
    Verb,
    verbs_of,
)
from ui.theme import COLOURS, Tone
from ui.widgets.bar import job_parts, paint_bar
from ui.widgets.buttons import icon_button, small_button
from ui.widgets.row_table import RowTable, paint_ground, paint_in_two, paint_words

ROW = 31
_WIDTHS = {
    Column.STATE: 27,
    Column.JOB: 205,
    Column.STAGE: 237,
    Column.PROGRESS: 202,
    Column.RATE: 84,
    Column.LEFT: 90,
    Column.GOES_TO: 221,
    Column.VERBS: 106,
}
_SHARES = {Column.JOB: 0.28, Column.STAGE: 0.28, Column.PROGRESS: 0.22, Column.GOES_TO: 0.22}
"""Who gets what is wider than 1280."""


class QueueDelegate(QStyledItemDelegate):
    """Paints marks, words and bars."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(_WIDTHS[Column(index.column())], ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        box: QRect = option.rect
        painter.save()
        paint_ground(painter, option)
        job: JobSnapshot = index.data(JOB_ROLE)
        column = Column(index.column())
        if column is Column.STATE:
            _paint_mark(painter, box, job)
        elif column is Column.PROGRESS:
            _paint_progress(painter, box, job, index.data(TEXT_JOB_ROLE))
        elif column is not Column.VERBS:
            _paint_text(painter, box, index, column)
        painter.restore()


def _paint_mark(painter: QPainter, box: QRect, job: JobSnapshot) -> None:
    sign = words.job_sign(job)
    side = 12.0
    middle = box.center().y() + 0.5
    spot = QRectF(box.left() + 8, middle - side / 2, side, side)
    icons.paint(painter, sign.mark, COLOURS.of(sign.tone), spot)


def _paint_progress(painter: QPainter, box: QRect, job: JobSnapshot, said: JobSnapshot) -> None:
    """The bar as it is, the figure as the text of the row has it."""
    percent = 46
    track = QRectF(box.left() + 8, box.center().y() - 2.5, box.width() - 16 - percent, 6)
    paint_bar(painter, track, job_parts(job))
    if not words.percent_text(said):
        return
    painter.setFont(theme.font(theme.HEAD))
    painter.setPen(theme.colour(Tone.DIM))
    side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    painter.drawText(box.adjusted(0, 0, -8, 0), side, words.percent_text(said))


def _paint_text(painter: QPainter, box: QRect, index: Index, column: Column) -> None:
    shown: JobSnapshot = index.data(TEXT_JOB_ROLE)
    if column is Column.STAGE and shown.state is JobState.FAILED:
        paint_in_two(painter, box, index, _tone(shown, column))
        return
    path = column is Column.GOES_TO and bool(shown.checked or shown.goes_to)
    ends_tell = path or column is Column.JOB
    mode = Qt.TextElideMode.ElideMiddle if ends_tell else Qt.TextElideMode.ElideRight
    paint_words(painter, box, index, _tone(shown, column), mode)


def _tone(job: JobSnapshot, column: Column) -> Tone:
    if column is Column.STAGE:
        if job.wants and not job.state.ended:
            return Tone.ATTENTION
        return {
            JobState.FAILED: Tone.FAILED,
            JobState.QUEUED: Tone.DIM,
            JobState.CANCELLED: Tone.DIM,
            JobState.INTERRUPTED: Tone.ATTENTION,
            JobState.DONE: _done_tone(job),
        }.get(job.state, Tone.TEXT)
    if column is Column.GOES_TO:
        return Tone.DIM
    quiet = job.state in {JobState.QUEUED, JobState.CANCELLED} and column is not Column.JOB
    return Tone.DIM if quiet else Tone.TEXT


def _done_tone(job: JobSnapshot) -> Tone:
    if job.safe or job.kind in {"verify", "repair"}:
        return Tone.VERIFIED
    return Tone.ATTENTION if job.verdict else Tone.TEXT


class RowButtons(QWidget):
    """The buttons at the end of a row: what one most likely wants, and everything else."""

    asked = Signal(str, str)
    """A verb and the job's id."""
    menu_asked = Signal(str, QPoint)
    """The job's id, and where its menu is to open."""

    def __init__(self, job: JobSnapshot) -> None:
        super().__init__()
        self._job = job.id
        self._verb: Verb = verbs_of(job)[0]
        self.main: QPushButton = small_button("", self._ask)
        self.more = icon_button("more", "More actions", self._ask_menu, size=14)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 0, 1)
        row.setSpacing(2)
        row.addWidget(self.main, 1)
        row.addWidget(self.more)
        self.show_job(job)
        self.set_reachable(False)

    def show_job(self, job: JobSnapshot) -> None:
        """Offer what can be done with *job* now."""
        self._verb = verbs_of(job)[0]
        text = SHORT.get(self._verb, str(self._verb))
        title = words.printable(job.title)
        if self.main.text() != text or self.main.accessibleName() != f"{text}, {title}":
            self.main.setText(text)
            self.main.setAccessibleName(f"{text}, {title}")
            self.main.setToolTip(str(self._verb))
            self.more.setAccessibleName(f"More actions, {title}")

    def set_reachable(self, reachable: bool) -> None:
        """Only the current row's buttons are stops of the Tab key."""
        policy = Qt.FocusPolicy.StrongFocus if reachable else Qt.FocusPolicy.ClickFocus
        self.main.setFocusPolicy(policy)
        self.more.setFocusPolicy(policy)

    def _ask(self) -> None:
        self.asked.emit(self._verb, self._job)

    def _ask_menu(self) -> None:
        self.menu_asked.emit(self._job, self.more.mapToGlobal(self.more.rect().bottomLeft()))


class QueueTable(RowTable):
    """The queue's rows. Arrow keys walk them; Tab goes to the current row's buttons and on."""

    verb_asked = Signal(str, str)
    """A verb and the id of the job it is meant for."""
    current_changed = Signal()
    """Another row is the current one, or it has changed."""

    def __init__(self, model: JobTable) -> None:
        super().__init__(model, "Queue", ROW)
        self.queue = model
        self._follow: JobId | None = None
        """The job that is kept in sight: the newest one, before anybody has looked elsewhere."""
        self._running: JobId | None = None
        """The first one that runs; it is kept in sight before all others."""
        self.setItemDelegate(QueueDelegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.horizontalHeader().setMinimumSectionSize(20)
        self.horizontalHeader().setSectionsClickable(False)
        model.rowsInserted.connect(self._rows_inserted)
        model.dataChanged.connect(self._data_changed)
        self.selectionModel().currentRowChanged.connect(self._row_changed)
        for row in range(model.rowCount()):
            self._dress(row)

    @property
    def current_job(self) -> JobSnapshot | None:
        """The job of the current row."""
        return self.queue.job(self.currentIndex().row())

    def choose(self, job: JobId) -> None:
        """Make *job* the current row and show it."""
        row = self.queue.row_of(job)
        self._follow = None
        if row >= 0:
            self.choose_row(row, Column.JOB)

    def buttons(self, row: int) -> RowButtons | None:
        """The buttons of a row."""
        widget = self.indexWidget(self.queue.index(row, Column.VERBS))
        return widget if isinstance(widget, RowButtons) else None

    def open_menu(self, job: JobId, at: QPoint) -> None:
        """Show everything that can be done with *job*."""
        row = self.queue.row_of(job)
        snapshot = self.queue.job(row)
        if snapshot is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for verb in verbs_of(snapshot):
            action = menu.addAction(str(verb))
            action.triggered.connect(
                lambda _checked=False, verb=verb: self.verb_asked.emit(verb, job)
            )
        menu.popup(at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        job = self.current_job
        self._follow = None
        if job is not None and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            verbs = verbs_of(job)
            shown = next((v for v in (Verb.FILES, Verb.OUTCOME) if v in verbs), verbs[0])
            self.verb_asked.emit(shown, job.id)
            return
        if self.queue.jobs and event.key() in {Qt.Key.Key_Home, Qt.Key.Key_End}:
            self.choose(self.queue.jobs[0 if event.key() == Qt.Key.Key_Home else -1].id)
            return
        if job is not None and event.key() == Qt.Key.Key_Space:
            self.verb_asked.emit(verbs_of(job)[0], job.id)
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index, spot = self.menu_place(event)
        job = self.queue.job(index.row())
        if job is not None:
            self.open_menu(job.id, spot)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        spare = self.viewport().width() - sum(_WIDTHS.values())
        for column, width in _WIDTHS.items():
            share = _SHARES.get(column, 0.0)
            self.setColumnWidth(column, max(24, width + int(spare * share)))
        self._bring_up()

    def _rows_inserted(self, _parent: QModelIndex, first: int, last: int) -> None:
        for row in range(first, last + 1):
            self._dress(row)
        self._note_running()
        fresh = self.queue.job(last)
        kept = self._followed()
        if fresh is not None and (kept is None or kept.state.ended or not fresh.state.ended):
            self._follow = fresh.id
        QTimer.singleShot(0, self, self._bring_up)

    def _followed(self) -> JobSnapshot | None:
        return self.queue.job(self.queue.row_of(self._follow)) if self._follow else None

    def _bring_up(self) -> None:
        """Have what runs and what is new in sight, until the person looks elsewhere."""
        if self._followed() is None or self._follow is None:
            return
        self.scrollTo(self.queue.index(self.queue.row_of(self._follow), Column.JOB))
        if self._running is not None:
            self.scrollTo(self.queue.index(self.queue.row_of(self._running), Column.JOB))

    def _note_running(self) -> bool:
        """Whether another job than before is the first one that runs."""
        before = self._running
        running = (job.id for job in self.queue.jobs if job.state is JobState.RUNNING)
        self._running = next(running, None)
        return self._running != before

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._follow = None
        super().wheelEvent(event)

    def _dress(self, row: int) -> None:
        job = self.queue.job(row)
        if job is None:
            return
        buttons = RowButtons(job)
        buttons.asked.connect(self.verb_asked)
        buttons.menu_asked.connect(self.open_menu)
        self.setIndexWidget(self.queue.index(row, Column.VERBS), buttons)

    def _data_changed(self, first: QModelIndex, last: QModelIndex) -> None:
        if last.column() < Column.VERBS:
            return
        for row in range(first.row(), last.row() + 1):
            buttons, job = self.buttons(row), self.queue.job(row)
            if buttons is not None and job is not None:
                buttons.show_job(job)
        if self._note_running():
            QTimer.singleShot(0, self, self._bring_up)
        self.current_changed.emit()

    def _row_changed(self, now: QModelIndex, before: QModelIndex) -> None:
        for index, reachable in ((before, False), (now, True)):
            buttons = self.buttons(index.row()) if index.isValid() else None
            if buttons is not None:
                buttons.set_reachable(reachable)
        self.current_changed.emit()


class WholeRows(QWidget):
    """The table, as high as whole rows are: half a row is read wrongly, its buttons are cut."""

    def __init__(self, table: QueueTable) -> None:
        super().__init__()
        self._table = table
        table.setParent(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        around = self._table.horizontalHeader().height() + 2 * self._table.frameWidth()
        rows = max((self.height() - around) // ROW, 1)
        self._table.setGeometry(0, 0, self.width(), around + rows * ROW)
