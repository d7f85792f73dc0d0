"""Where each frame of a clip is: the value that every exact seek rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from math import floor

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


class Stamps(StrEnum):
    """By what a decoded picture is known to be the one that was meant."""

    PTS = "pts"
    """The time that its packet is to be shown."""
    ORDER = "order"
    """The number of its packet in the file: times are missing, doubled or out of order."""


class Way(StrEnum):
    """What leads to a key frame."""

    TIME = "time"
    """The time of its packet: the container has a table."""
    BYTE = "byte"
    """The byte at which it begins: a search by time would land anywhere."""
    EVEN = "even"
    """The time; but only its byte says which packet it is, each taking equally many of them."""
    START = "start"
    """Only reading from the beginning of the file on."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FrameIndex:
    """All frames of one picture track in the order in which they are shown; frame 0 is the first.

    Numbers count frames, `pts` and `stamps` count units of `time_base`, seconds are exact.
    """

    pts: Numbers
    """When each frame is shown; ascending."""
    time_base: Fraction
    """Seconds of one unit."""
    rate: Fraction
    """Frames a second: exact where it is steady, the average where it isn't."""
    steady: bool
    """Whether each frame is as long as any other."""
    intra: bool
    """Whether every frame is a key frame."""
    stamped_by: Stamps = Stamps.PTS
    packet_of: Numbers | None = None
    """With `Stamps.ORDER`: the number of each frame's packet in the file."""
    way: Way = Way.TIME
    key_frames: Numbers
    """The number of each key frame, ascending; a hidden one has that of the first it leads to."""
    key_stamps: Numbers
    """What the picture of each key frame carries."""
    key_places: Numbers
    """What to seek to for each key frame, a time or a byte; with `Way.EVEN` where it lies."""
    key_bytes: Numbers = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """Where each key frame lies in the file, by which it is known again; -1, or empty: not told."""
    suspect: Numbers = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """Frames whose packets the container itself says are incomplete; ascending."""
    lost_at_head: int = 0
    """So many frames at the head need a picture from before the file begins: nobody has them."""
    missing_at_end: int = 0
    """So many more frames the file promises whose bytes aren't there."""
    assumed: bool = False
    """Whether *rate* is only assumed: nothing in the clip tells one."""

    @cached_property
    def frames(self) -> int:
        """How many there are."""
        return len(self.pts)

    @property
    def numbered(self) -> bool:
        """Whether its times were unusable and frames were counted as they came out."""
        return self.stamped_by is Stamps.ORDER

    @cached_property
    def stamps(self) -> Numbers:
        """What the picture of each frame carries."""
        return self.pts if self.packet_of is None else self.packet_of

    def number_of(self, stamp: int | None) -> int | None:
        """Which frame carries *stamp*; None where none does."""
        if stamp is None:
            return None
        at = int(np.searchsorted(self._sorted_stamps, stamp))
        if at == self.frames or self._sorted_stamps[at] != stamp:
            return None
        return at if self.packet_of is None else int(self._by_packet[at])

    @cached_property
    def _by_packet(self) -> Numbers:
        return np.argsort(self.stamps).astype(np.int64)

    @cached_property
    def _sorted_stamps(self) -> Numbers:
        return self.pts if self.packet_of is None else np.sort(self.stamps)

    def key_row(self, n: int) -> int:
        """The row of the last key frame at or before frame *n*; -1 where there is none."""
        return int(np.searchsorted(self.key_frames, n, side="right")) - 1

    def key_at_or_before(self, n: int) -> int:
        """The number of the last key frame at or before *n* that can be shown.

        Where there is none, because the first one is hidden or comes later, the first frame that
        can be given.
        """
        row = self.key_row(n)
        while row >= 0:
            number = int(self.key_frames[row])
            if self.stamps[number] == self.key_stamps[row]:
                return number
            row -= 1
        return min(self.lost_at_head, self.frames - 1)

    def seconds(self, n: int) -> Fraction:
        """When frame *n* is shown, from frame 0 on; `frames` is a number too, the clip's end."""
        if self.steady:
            return n / self.rate
        if n == self.frames:
            return self.duration
        return int(self.pts[n] - self.pts[0]) * self.time_base

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame to the end of the last, which is as long as most are."""
        if self.steady or self.frames < 2:
            return self.frames / self.rate
        usual = int(np.median(np.diff(self.pts)))
        return (int(self.pts[-1] - self.pts[0]) + usual) * self.time_base

    @property
    def starts_at(self) -> Fraction:
        """Frame 0 in the file's own time, in seconds, which sound counts from too."""
        return Fraction(0) if self.numbered else int(self.pts[0]) * self.time_base

    def number_at(self, seconds: float | Fraction) -> int:
        """Which frame is shown so long after frame 0 began; outside of the clip the nearest one."""
        since = Fraction(seconds)
        if self.steady:
            n = floor(since * self.rate)
        else:
            units = floor(since / self.time_base) + int(self.pts[0])
            n = int(np.searchsorted(self.pts, units, side="right")) - 1
        return min(max(n, 0), self.frames - 1)
