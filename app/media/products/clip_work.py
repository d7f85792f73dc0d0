"""What jobs that go through clips one by one have in common: how far they are, and what failed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.errors import ReelkeepError
from app.jobs.control import JobControl
from app.units import count_text


class ClipWork:
    """How far a job over clips is: counted up, and back where a clip is begun anew."""

    def __init__(self, control: JobControl, unit: str) -> None:
        """*unit* is what is counted: frames, or milliseconds of material."""
        self._control = control
        self._through = self._shown = 0
        control.show(unit=unit, stage="Looking at the clips")
        control.show(work_done=0, copied=0, files_done=0)

    @property
    def through(self) -> int:
        """How much of all clips that are through was done."""
        return self._through

    def expect(self, clips: int) -> None:
        """So many clips are to be done."""
        self._control.show(files_total=clips)

    def to_come(self, units: int) -> None:
        """So much is expected of the clips that are not through."""
        total = self._through + units
        self._control.show(work_total=total, size=total)

    def begin(self, source: Path) -> None:
        """A clip's turn. JobCancelled."""
        self._control.checkpoint()
        self._control.show(current=source.name)

    def at(self, units: int) -> None:
        """So much of the clip at hand is done."""
        self._count(self._through + units)

    def done(self, units: int) -> None:
        """That much of the clip at hand counts, and it is through."""
        self._through += units
        self._count(self._through)
        self._control.advance(files=1)

    def _count(self, units: int) -> None:
        more, self._shown = units - self._shown, units
        self._control.advance(more, copied=more)

    def end(self, troubles: Sequence[str], clips: int) -> bool:
        """Say what failed of so many *clips*; whether nothing did."""
        self._control.show(current="")
        if not troubles:
            return True
        words = troubles[0]
        if len(troubles) > 1:
            words = f"{len(troubles)} of {count_text(clips, 'clip')} failed. {words}"
        self._control.show(error=words)
        return False


def trouble_of(error: ReelkeepError | OSError, source: Path) -> str:
    """Why a clip failed, in one sentence."""
    if isinstance(error, ReelkeepError):
        return str(error)
    return f"{error.filename or source} cannot be used: {error.strerror}."
