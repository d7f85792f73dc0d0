"""SMPTE timecode (ST 12-1) as a value: a frame number with the rate that it is counted at.

Text, frames and seconds are exact: rates are fractions, 29.97 is 30000/1001. Drop-frame timecode
leaves out *numbers*, never frames: the first 2 of every minute (4 at 59.94, 8 at 119.88) except of
each tenth, so that 01:00:00;00 is an hour by the clock within 3.6 milliseconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import total_ordering

from app.errors import BadInput

_TEXT = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2})([:;.,])([0-9]{2,3})")
_NTSC = Fraction(1000, 1001)
_KNOWN = (24, 25, 30, 48, 50, 60, 96, 100, 120)
_HOURS = 24


def frame_rate(said: str | float | Fraction) -> Fraction:
    """The exact rate behind what people and programs write: 23.98, "29.97", "24000/1001", 25.

    Raises BadInput for what is no rate. A rate that no timecode is counted at comes back as it is.
    """
    try:
        rate = Fraction(said)
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise BadInput(
            f'"{said}" is no frame rate.', hint="E.g. 23.976, 25 or 30000/1001."
        ) from error
    if rate <= 0:
        raise BadInput(f'"{said}" is no frame rate.', hint="E.g. 23.976, 25 or 30000/1001.")
    for nominal in _KNOWN:
        slow = nominal * _NTSC
        # Written short, 23.98 and 23.976 are the same one; 24 and 23.976 differ by 0.1 %.
        if abs(rate - slow) < nominal * Fraction(3, 10_000):
            return slow
    return rate


def rate_text(rate: Fraction) -> str:
    """As people write it: `23.976`, `25`, `29.97`."""
    return f"{float(rate):.3f}".rstrip("0").rstrip(".")


def counts_drop_frames(rate: Fraction) -> bool:
    """Whether drop-frame timecode exists at *rate*: 29.97, 59.94 and 119.88."""
    return rate in {nominal * _NTSC for nominal in (30, 60, 120)}


@total_ordering
@dataclass(frozen=True, slots=True)
class Timecode:
    """A frame by its number since 00:00:00:00, at a rate, counted with or without dropped numbers.

    The number may pass midnight (the text begins again at 00:00:00:00, the order goes on) and may
    be negative. Two are equal when all three are; those of different rates have no order.
    """

    frame: int
    rate: Fraction
    drop: bool = False

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise BadInput(f"{self.rate} is no frame rate.")
        if self.drop and not counts_drop_frames(self.rate):
            raise BadInput(
                f"There is no drop-frame timecode at {rate_text(self.rate)} frames a second.",
                hint="It exists at 29.97, 59.94 and 119.88.",
            )

    @classmethod
    def parse(cls, text: str, rate: Fraction, drop: bool | None = None) -> Timecode:
        """From `01:02:03:04`, or `01:02:03;04` for drop-frame.

        *drop* decides where the text has only colons (as in cut lists that say FCM: DROP FRAME).
        Raises BadInput, by name, for what is no timecode or for a number that the rate lacks.
        """
        found = _TEXT.fullmatch(text.strip())
        if found is None:
            raise BadInput(f'"{text}" is no timecode.', hint="It looks like 01:02:03:04.")
        marked = found[4] != ":"
        if marked and drop is False:
            raise BadInput(f"{text} is written as drop-frame timecode, and the clip has none.")
        made = cls(0, rate, marked or bool(drop))
        hours, minutes, seconds, frames = (int(found[n]) for n in (1, 2, 3, 5))
        return replace(made, frame=made._numbered(text, hours, minutes, seconds, frames))

    @classmethod
    def at(cls, seconds: Fraction | int, rate: Fraction, drop: bool = False) -> Timecode:
        """The frame that is shown so many seconds after the one of 00:00:00:00."""
        return cls(int(Fraction(seconds) * rate // 1), rate, drop)

    def _numbered(self, text: str, hours: int, minutes: int, seconds: int, frames: int) -> int:
        nominal = self.nominal
        if hours >= _HOURS or minutes > 59 or seconds > 59:
            raise BadInput(f"{text} is no time of a day.")
        if frames >= nominal:
            raise BadInput(
                f"{text} does not exist: at {rate_text(self.rate)} frames a second the last one"
                f" is {nominal - 1:02}."
            )
        if self.drop and seconds == 0 and minutes % 10 and frames < self._dropped:
            raise BadInput(
                f"{text} does not exist: drop-frame timecode leaves this number out.",
                hint=f"The minute begins with {text[:9]}{self._dropped:02}.",
            )
        whole = (hours * 60 + minutes) * 60 + seconds
        left_out = self._dropped * (whole // 60 - whole // 600)
        return whole * nominal + frames - left_out

    @property
    def nominal(self) -> int:
        """Frames that are counted in a second: 24 for 23.976."""
        return -(-self.rate.numerator // self.rate.denominator)

    @property
    def _dropped(self) -> int:
        """Numbers left out at the beginning of most minutes."""
        return self.nominal // 15 if self.drop else 0

    @property
    def frames_a_day(self) -> int:
        """After so many frames the text begins again."""
        return _HOURS * (3600 * self.nominal - 54 * self._dropped)

    @property
    def seconds(self) -> Fraction:
        """When the frame is shown, exactly, after the one of 00:00:00:00."""
        return self.frame / self.rate

    @property
    def parts(self) -> tuple[int, int, int, int]:
        """Hours, minutes, seconds, frames as they are written."""
        number, dropped = self.frame % self.frames_a_day, self._dropped
        if dropped:
            ten = 600 * self.nominal - 9 * dropped
            tens, rest = divmod(number, ten)
            minute = 60 * self.nominal - dropped
            # The first minute of ten is whole; the numbers left out count from the second on.
            minutes = max(0, (rest - dropped) // minute)
            number += dropped * (9 * tens + minutes)
        whole, frames = divmod(number, self.nominal)
        return whole // 3600, whole // 60 % 60, whole % 60, frames

    def __str__(self) -> str:
        hours, minutes, seconds, frames = self.parts
        width = max(2, len(str(self.nominal - 1)))
        mark = ";" if self.drop else ":"
        return f"{hours:02}:{minutes:02}:{seconds:02}{mark}{frames:0{width}}"

    def __add__(self, frames: int) -> Timecode:
        if not isinstance(frames, int):
            return NotImplemented
        return replace(self, frame=self.frame + frames)

    def __sub__(self, other: int) -> Timecode:
        if not isinstance(other, int):
            return NotImplemented
        return replace(self, frame=self.frame - other)

    def frames_since(self, earlier: Timecode) -> int:
        """Frames from *earlier* to this one; BadInput where the two are counted differently."""
        self._check_alike(earlier)
        return self.frame - earlier.frame

    def after(self, earlier: Timecode) -> Timecode:
        """This time of day at or after *earlier*: the next day's where it would lie before."""
        self._check_alike(earlier)
        return replace(self, frame=earlier.frame + (self.frame - earlier.frame) % self.frames_a_day)

    def at_rate(self, rate: Fraction, drop: bool = False) -> Timecode:
        """The frame that is shown at the same moment at another rate."""
        return Timecode.at(self.seconds, rate, drop)

    def __lt__(self, other: Timecode) -> bool:
        if not isinstance(other, Timecode):
            return NotImplemented
        self._check_alike(other)
        return self.frame < other.frame

    def _check_alike(self, other: Timecode) -> None:
        if (self.rate, self.drop) != (other.rate, other.drop):
            mine, theirs = _counted(self), _counted(other)
            raise BadInput(f"{self} at {mine} and {other} at {theirs} are counted differently.")


def _counted(timecode: Timecode) -> str:
    return rate_text(timecode.rate) + (" drop-frame" if timecode.drop else "")
