"""Who asks which drive for something right now: told by hands, looked at by whoever waits.

A hand tells it in one store into memory that it shares with its crew, also from another process:
a count that changes with every call (24 bits), the number of the file (32), and the drive (8).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from app.offload.copying.hand import CARD

MOST_SECONDS = 2.0
"""Of the time between two looks no more counts: a machine that slept has not waited."""


class Abandoned(BaseException):
    """Ends a hand that comes back from a drive that was given up."""


class Touch:
    """What one hand is at."""

    def __init__(self, cells: memoryview, slot: int) -> None:
        self._cells, self._slot, self._count = cells, slot, 0
        self.over = False
        """Set once nobody waits for this hand any more: it must not touch anything."""

    def __call__(self, drive: int, n: int = 0) -> None:
        """The hand is about to ask *drive* (or the CARD) for something, about the file *n*."""
        if self.over:
            raise Abandoned
        self._count = self._count + 1 & 0xFFFFFF
        self._cells[self._slot] = self._count << 40 | (n & 0xFFFFFFFF) << 8 | (drive + 2)

    def idle(self) -> None:
        """The hand has nothing to do."""
        self._cells[self._slot] = 0


class Look:
    """Watches one hand from outside, look by look."""

    def __init__(self, cells: memoryview, slot: int, done: Callable[[int], int]) -> None:
        """*done* tells how much I/O the device of a drive has finished."""
        self._cells, self._slot, self._done = cells, slot, done
        self._cell = self._seen_done = 0
        self._last = 0.0
        self.waited = 0.0
        """Seconds without a change, while the drive's device finished nothing either."""
        self.card_waited = 0.0
        """The same for the card."""

    @property
    def file(self) -> int:
        """The number of the file that the hand was at when it was looked at last."""
        return self._cell >> 8 & 0xFFFFFFFF

    def take(self) -> int | None:
        """Look once; the drive that the hand waits for, None for the card or nothing."""
        cell, moment = self._cells[self._slot], time.monotonic()
        passed, self._last = min(moment - self._last, MOST_SECONDS), moment
        drive = (cell & 0xFF) - 2
        if cell == 0 or cell != self._cell:
            self._cell, self.waited, self.card_waited = cell, 0.0, 0.0
            return None
        if drive == CARD:
            self.card_waited += passed
            return None
        self.waited += passed
        if (done := self._done(drive)) != self._seen_done:
            self._seen_done, self.waited = done, 0.0  # it is busy, and answers somebody
        return drive

    def goes_on(self) -> bool:
        """Whether the hand has gone on since the last look; an idle one counts as gone on."""
        before, self._cell = self._cell, self._cells[self._slot]
        return self._cell == 0 or self._cell != before
