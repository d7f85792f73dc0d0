"""Progress and room as bars: parts that lie one after the other on a dark track."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QAccessible, QAccessibleEvent, QColor, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.jobs.snapshot import JobSnapshot, JobState
from app.units import BYTES
from ui.theme import COLOURS, Tone, colour

Part = tuple[float, Tone]
"""A share of the whole bar, 0 to 1, and what it means."""


def paint_bar(painter: QPainter, box: QRectF, parts: Sequence[Part]) -> None:
    """Draw *parts* one after the other into *box*, clipped to rounded ends."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    radius = min(3.0, box.height() / 2)
    outline = QPainterPath()
    outline.addRoundedRect(box, radius, radius)
    painter.fillPath(outline, QColor(COLOURS.track))
    painter.setClipPath(outline)
    left = box.left()
    for share, tone in parts:
        width = box.width() * max(0.0, min(1.0, share))
        painter.fillRect(QRectF(left, box.top(), width, box.height()), colour(tone))
        left += width
    painter.restore()


def job_parts(job: JobSnapshot) -> tuple[Part, ...]:
    """A job's bar: what is verified, then what is done beyond it; it stops where it failed."""
    done = job.fraction
    if job.state is JobState.DONE:
        copied_only = job.unit == BYTES and job.size and not job.verified and job.kind != "repair"
        return ((1.0, Tone.RUNNING if copied_only else Tone.VERIFIED),)
    verified = min(done, done * job.verified / job.copied) if job.copied else 0.0
    rest = {
        JobState.FAILED: Tone.FAILED,
        JobState.CANCELLED: Tone.USED,
        JobState.INTERRUPTED: Tone.IDLE,
    }.get(job.state, Tone.RUNNING)
    if job.state is JobState.FAILED and done - verified < 0.02:
        verified = max(0.0, verified - 0.02)
        done = max(done, 0.02)
    return ((verified, Tone.VERIFIED), (done - verified, rest))


class Bar(QWidget):
    """A horizontal bar; tells its share to screen readers."""

    def __init__(
        self, parent: QWidget | None = None, *, height: int = 6, name: str = "Progress"
    ) -> None:
        super().__init__(parent)
        self._parts: tuple[Part, ...] = ()
        self._height = height
        self._name = name
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._tell()

    def set_parts(self, *parts: Part) -> None:
        """Show *parts* one after the other, each a share of the whole (0 to 1) and its tone."""
        if parts != self._parts:
            self._parts = parts
            self._tell()
            self.update()

    def set_progress(self, verified: float, copied: float, *, failed: bool = False) -> None:
        """Show shares *verified* and *copied* (copied includes verified); failed stops there."""
        rest = Tone.FAILED if failed else Tone.RUNNING
        self.set_parts((verified, Tone.VERIFIED), (max(0.0, copied - verified), rest))

    def set_room(self, used: float, planned: float, *, failed: bool = False) -> None:
        """Show a drive: the share *used* before, and what this plan adds."""
        self.set_parts((used, Tone.USED), (planned, Tone.FAILED if failed else Tone.RUNNING))

    @property
    def parts(self) -> tuple[Part, ...]:
        """What is shown."""
        return self._parts

    def sizeHint(self) -> QSize:
        return QSize(120, self._height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = QRectF(0, (self.height() - self._height) / 2, self.width(), self._height)
        paint_bar(painter, box, self._parts)

    def _tell(self) -> None:
        share = sum(share for share, _ in self._parts)
        text = f"{self._name}, {share:.0%}"
        if text != self.accessibleName():
            self.setAccessibleName(text)
            if QAccessible.isActive():
                QAccessible.updateAccessibility(
                    QAccessibleEvent(self, QAccessible.Event.NameChanged)
                )
