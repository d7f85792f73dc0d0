"""What people mark at the frame where a player stands."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject

from app.media.play.marks import ClipMarks
from ui.models.kept_marks import KeptMarks


class MarkedClip(QObject):
    """The half of a player's model that knows marks; the other half knows frames."""

    _kept: KeptMarks

    @property
    def number(self) -> int:
        """The frame where the player stands."""
        raise NotImplementedError

    @property
    def frames(self) -> int:
        """How many frames the clip has; 0 while not known."""
        raise NotImplementedError

    def show(self, number: int) -> None:
        """Show frame *number*."""
        raise NotImplementedError

    def mark_in(self) -> None:
        """Keep from the shown frame on."""
        self._mark(self.marks.kept_from(self.number))

    def mark_out(self) -> None:
        """Keep up to the shown frame; stored is the one behind it."""
        self._mark(self.marks.kept_to(self.number))

    def clear_range(self) -> None:
        """Keep all of it."""
        self._mark(replace(self.marks, first=None, end=None))

    def add_mark(self, text: str = "") -> None:
        """Mark the shown frame; what was said about it stays unless there is something else."""
        self._mark(self.marks.marked(self.number, text or self.marks.text_at(self.number)))

    def say_of_mark(self, frame: int, text: str) -> None:
        """Have a mark say something else."""
        if text != self.marks.text_at(frame):
            self._mark(self.marks.marked(frame, text))

    def remove_mark(self, frame: int) -> None:
        """Take a mark away."""
        self._mark(self.marks.without(frame))

    def next_mark(self, way: int) -> None:
        """Go to the next mark, in or out point."""
        place = self.marks.beyond(self.number, way)
        if place is not None:
            self.show(place)

    @property
    def marks(self) -> ClipMarks:
        """What is marked."""
        return self._kept.marks

    @property
    def marks_from(self) -> str:
        """The file of another name, and the same bytes, in which they were made; "" for this."""
        return self._kept.origin

    def _mark(self, marks: ClipMarks) -> None:
        if self.frames:
            self._kept.change(marks)
