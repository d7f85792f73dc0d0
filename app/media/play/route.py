"""Which frames are shown when a clip is played, and when: forwards, backwards, fast, in a loop.

A machine that can't keep up leaves out pictures, never time: sound and timecode stay right.
"""

from __future__ import annotations

from math import ceil

from app.media.frames.frame_index import FrameIndex

_TOO_LATE = 0.5
"""Seconds behind at which the pictures up to the next key frame are left out."""


class Route:
    """A place in a clip that moves on: frame `number` is to be seen `at` seconds of playing."""

    def __init__(
        self, index: FrameIndex, number: int, speed: int, first: int, last: int, *, loop: bool
    ) -> None:
        self._index = index
        self._first = first
        self._last = last
        self._loop = loop
        self.speed = speed
        self.number: int | None = min(max(number, first), last)
        """None: playing has come to its end."""
        self.at = 0.0
        self.steps = 0
        """Frames since the one before; 0 for the first one, and after a leap."""

    @property
    def backwards(self) -> bool:
        """Whether time runs back."""
        return self.speed < 0

    @property
    def span(self) -> float:
        """Seconds that a picture stands."""
        return 1 / float(self._index.rate)

    def go_on(self, elapsed: float, pace: float) -> None:
        """Go to the next frame to be shown.

        *elapsed*: seconds of playing that have gone by; *pace*: frames a second that this machine
        decodes, 0 where that is not known.
        """
        assert self.number is not None
        step = abs(self.speed)
        way = -1 if self.backwards else 1
        target = self.number + way * step
        late = elapsed - self.at - self.span
        if late > 0:
            missed = ceil(late * float(self._index.rate) * step)
            if self._index.intra:
                target += way * missed
            elif late > _TOO_LATE:
                target = self._key_beyond(self.number + way * missed, target)
        if self._too_fast(pace):
            target = self._key_beyond(target, target)
        self._go_to(target)

    def _too_fast(self, pace: float) -> bool:
        """Whether only key frames can be shown at this speed."""
        wanted = float(self._index.rate) * abs(self.speed)
        return abs(self.speed) > 1 and not self._index.intra and 0 < pace < wanted

    def _key_beyond(self, place: int, otherwise: int) -> int:
        """The next key frame at *place* or beyond, on our way."""
        keys = self._index.key_frames
        if self.backwards:
            key = self._index.key_at_or_before(max(place, 0))
            return key if key < (self.number or 0) else otherwise
        beyond = keys[keys >= place]
        return int(beyond[0]) if len(beyond) else otherwise

    def _go_to(self, target: int) -> None:
        assert self.number is not None
        inside = self._first <= target <= self._last
        if inside:
            self._stand_at(target, self._between(self.number, target))
            return
        end, begin = (self._first, self._last) if self.backwards else (self._last, self._first)
        rest = self._between(self.number, end)
        if self._loop:
            self._stand_at(begin, rest + self._length(end))
        elif self.number == end:
            self._stand_at(None, self._length(end))
        else:
            self._stand_at(end, rest)

    def _stand_at(self, number: int | None, seconds: float) -> None:
        self.at += seconds / abs(self.speed)
        steps = abs((number or 0) - (self.number or 0))
        self.steps = steps if steps <= abs(self.speed) else 0
        self.number = number

    def _between(self, one: int, other: int) -> float:
        return abs(float(self._index.seconds(other) - self._index.seconds(one)))

    def _length(self, number: int) -> float:
        """Seconds of one frame."""
        return float(self._index.seconds(number + 1) - self._index.seconds(number))
