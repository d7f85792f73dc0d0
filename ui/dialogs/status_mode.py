"""Status mode: every job in type large enough to be read across a tent."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from app.jobs.snapshot import JobSnapshot, JobState, PlaceSnapshot, PlaceState
from app.units import duration_text, now
from ui import icons, theme, words
from ui.bridge import Bridge
from ui.job_table import is_offload, since_mended
from ui.theme import COLOURS, Tone
from ui.widgets.bar import job_parts, paint_bar
from ui.widgets.labels import TextLabel
from ui.words import Sign, printable

MOST = 4
"""Jobs shown at once; more would be too small to read."""
_LINE = 26
"""Pixels: a drive gets a line of its own where there is so much room for each."""
_ORDER = {
    JobState.RUNNING: 1,
    JobState.FAILED: 2,
    JobState.INTERRUPTED: 3,
    JobState.PAUSED: 4,
    JobState.DONE: 5,
    JobState.QUEUED: 6,
    JobState.CANCELLED: 7,
}


def _urgency(job: JobSnapshot) -> int:
    if job.wants and not job.state.ended:
        return 0
    return _ORDER[JobState.FAILED if words.job_sign(job) is words.COPY_LOST else job.state]


def most_urgent(jobs: tuple[JobSnapshot, ...]) -> list[JobSnapshot]:
    """What people must see first: who wants hands, who runs, what failed, what is safe."""
    return sorted(jobs, key=_urgency)


def speaking(jobs: tuple[JobSnapshot, ...]) -> tuple[JobSnapshot, ...]:
    """*jobs* without those for whose card a newer one speaks: a card has one verdict."""
    newest = {(job.card, job.title): job.id for job in jobs if is_offload(job) and job.card}
    return tuple(
        job
        for job in jobs
        if not (job.state.ended or job.state is JobState.INTERRUPTED)
        or newest.get((job.card, job.title), job.id) == job.id
    )


def drive_signs(job: JobSnapshot, jobs: tuple[JobSnapshot, ...]) -> tuple[Sign, ...]:
    """How each drive of *job* stands, seen that other jobs write to it, or wait for it."""
    others = [(other, place) for other in jobs if other.id != job.id for place in other.places]
    away = {_volume(p) for o, p in others if p.state is PlaceState.GONE and not o.state.ended}
    busy = {
        _drive(place)
        for other, place in others
        if _at_work(other) and not place.safe_to_eject and _volume(place) not in away
    }
    return tuple(_drive_sign(job, place, busy, away) for place in job.places)


def _drive_sign(
    job: JobSnapshot, place: PlaceSnapshot, busy: set[str], away: set[tuple[str, str]]
) -> Sign:
    if place.state is PlaceState.DONE and _volume(place) in away:
        return words.AWAY
    if place.state is PlaceState.DONE and _drive(place) in busy:
        return words.HOLDS_ALL if place.verified >= place.total > 0 else words.IN_USE
    return words.drive_sign(job, place)


def _drive(place: PlaceSnapshot) -> str:
    """What tells one drive from another."""
    return place.lane or place.device or place.name


def _volume(place: PlaceSnapshot) -> tuple[str, str]:
    return _drive(place), place.name


class StatusMode(QWidget):
    """A window of its own, for a second screen or the whole one; Escape or F9 closes it."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self.setWindowTitle("Reelkeep · status")
        self.resize(1280, 800)
        self._clock = TextLabel("", tone=Tone.DIM, size=28)
        self._clock.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._empty = TextLabel("Nothing is running", tone=Tone.DIM, size=48, strong=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.boards = [StatusBoard() for _ in range(MOST)]
        column = QVBoxLayout(self)
        column.setContentsMargins(32, 20, 32, 24)
        column.setSpacing(18)
        column.addWidget(self._clock)
        column.addWidget(self._empty, 1)
        for board in self.boards:
            column.addWidget(board, 1)
        bridge.snapshots_changed.connect(self.show_jobs)
        self.show_jobs(bridge.snapshots)

    def show_jobs(self, jobs: tuple[JobSnapshot, ...]) -> None:
        """Show the most urgent of *jobs*."""
        jobs = since_mended(jobs)
        urgent = most_urgent(speaking(jobs))
        more = f"{len(urgent) - MOST} more in the queue · " if len(urgent) > MOST else ""
        until = words.done_at_text(jobs)
        self._clock.show_text(f"{more}{until + ' · ' if until else ''}Now {now():%H:%M}")
        self._empty.setVisible(not urgent)
        for at, board in enumerate(self.boards):
            board.setVisible(at < len(urgent))
            if at < len(urgent):
                board.show_job(urgent[at], drive_signs(urgent[at], jobs))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Escape, Qt.Key.Key_F9}:
            self.close()
        elif event.key() == Qt.Key.Key_F11:
            self.showNormal() if self.isFullScreen() else self.showFullScreen()
        else:
            super().keyPressEvent(event)


class StatusBoard(QWidget):
    """One job: the card, a percentage, the sentence people act on, and every drive."""

    def __init__(self) -> None:
        super().__init__()
        self._job: JobSnapshot | None = None
        self._signs: tuple[Sign, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(120)

    def sizeHint(self) -> QSize:
        return QSize(1000, 220)

    def show_job(self, job: JobSnapshot, signs: tuple[Sign, ...]) -> None:
        """Show *job*, and of each of its drives how it stands."""
        if (job, signs) != (self._job, self._signs):
            self._job, self._signs = job, signs
            pairs = zip(job.places, signs, strict=True)
            places = ", ".join(f"{place.name} {sign.word}" for place, sign in pairs)
            self.setAccessibleName(f"{words.job_spoken(job)}. {printable(places)}")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._job is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(COLOURS.line))
        painter.setBrush(QColor(COLOURS.raised))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 10, 10)
        height = self.height() - 36
        box = QRectF(24, 18, self.width() - 48, height)
        unit = height / 100
        self._paint_title(painter, QRectF(box.left(), box.top(), box.width(), 30 * unit))
        sign = QRectF(box.left(), box.top() + 30 * unit, box.width(), 28 * unit)
        _paint_sign(painter, sign, _headline(self._job))
        bar = QRectF(box.left(), box.top() + 62 * unit, box.width(), min(28.0, max(6.0, 8 * unit)))
        paint_bar(painter, bar, job_parts(self._job))
        places = QRectF(box.left(), box.top() + 74 * unit, box.width(), 26 * unit)
        _paint_places(painter, places, self._job.places, self._signs)

    def _paint_title(self, painter: QPainter, box: QRectF) -> None:
        job = self._job
        if job is None:
            return
        figure = words.percent_text(job)
        if job.state is JobState.RUNNING and job.left is not None and not job.wants:
            figure += f" · {duration_text(job.left)}"
        title = printable(job.title)
        tallest = box.height() * 0.78
        size = _fitting(f"{title}    {figure}", theme.heavy, box.width(), tallest)
        painter.setFont(theme.heavy(size))
        painter.setPen(theme.colour(Tone.STRONG))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(box, middle | Qt.AlignmentFlag.AlignRight, figure)
        room = box.width() - QFontMetrics(painter.font()).horizontalAdvance(figure) - size
        painter.drawText(box, middle | Qt.AlignmentFlag.AlignLeft, _elided(painter, title, room))


def _fitting(text: str, make: Callable[[int], QFont], room: float, tallest: float) -> int:
    """The size of type, in pixels, at which *text* fills *room* without getting too small."""
    size = max(13, int(tallest))
    width = QFontMetrics(make(size)).horizontalAdvance(text)
    if width <= room:
        return size
    return max(13, int(tallest * 0.4), int(size * room / width) - 1)


def _at_work(job: JobSnapshot) -> bool:
    return job.state in {JobState.RUNNING, JobState.PAUSED}


def _headline(job: JobSnapshot) -> Sign:
    """The sentence people act on."""
    if job.wants and not job.state.ended:
        return Sign(mark="attention", glyph="!", word=printable(job.wants), tone=Tone.ATTENTION)
    if job.safe and job.state.ended:
        return words.SAFE
    if job.state is JobState.FAILED:
        word = words.stage_text(job).partition(": ")[0].partition(". ")[0]
        return Sign(mark="failed", glyph="✕", word=word, tone=Tone.FAILED)
    if job.verdict and job.state.ended and is_offload(job):
        text = printable(job.verdict)
        return Sign(mark="attention", glyph="!", word=text, tone=Tone.ATTENTION)
    sign = words.job_sign(job)
    return Sign(mark=sign.mark, glyph=sign.glyph, word=words.stage_text(job), tone=sign.tone)


def _paint_sign(painter: QPainter, box: QRectF, sign: Sign) -> None:
    size = _fitting(sign.word, theme.bold, box.width() - box.height(), box.height() * 0.72)
    spot = QRectF(box.left(), box.center().y() - size / 2, size, size)
    icons.paint(painter, sign.mark, COLOURS.of(sign.tone), spot)
    painter.setFont(theme.bold(size))
    painter.setPen(theme.colour(sign.tone))
    inner = box.adjusted(size * 1.3, 0, 0, 0)
    side = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
    painter.drawText(inner, side, _elided(painter, sign.word, inner.width()))


def _paint_places(
    painter: QPainter, box: QRectF, places: tuple[PlaceSnapshot, ...], signs: tuple[Sign, ...]
) -> None:
    if not places:
        return
    texts = [
        f"{words.place_name(place, places)}  {sign.word}"
        for place, sign in zip(places, signs, strict=True)
    ]
    stacked = box.height() / len(places) >= _LINE
    width = box.width() if stacked else box.width() / len(places)
    height = box.height() / len(places) if stacked else box.height()
    tallest = min(height * 0.78, 44.0)
    size = min(_fitting(text, theme.font, width - 2 * tallest, tallest) for text in texts)
    painter.setFont(theme.font(size))
    painter.setPen(theme.colour(Tone.TEXT))
    side = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
    for at, (sign, text) in enumerate(zip(signs, texts, strict=True)):
        left = box.left() + (0 if stacked else at * width)
        line = QRectF(left, box.top() + (at * height if stacked else 0), width, height)
        spot = QRectF(left, line.center().y() - size / 2, size, size)
        icons.paint(painter, sign.mark, COLOURS.of(sign.tone), spot)
        inner = line.adjusted(size * 1.3, 0, -size * 0.3, 0)
        painter.drawText(inner, side, _elided(painter, text, inner.width()))


def _elided(painter: QPainter, text: str, room: float) -> str:
    metrics = QFontMetrics(painter.font())
    return metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, int(room)))
