"""A clip with one file for each picture, as a player has it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from fractions import Fraction

import av
from av.video.frame import VideoFrame

from app.errors import MediaFault
from app.media.facts.row import Pictures
from app.media.facts.sequence import row_facts
from app.media.frames.decoder import Seen
from app.media.frames.footage import Row
from app.media.play.steady import steady_index


class RowFrames:
    """A row of pictures: each frame is a file."""

    def __init__(self, pictures: Pictures) -> None:
        rate = _rate_of(pictures)
        self._row = Row(pictures, rate)
        self.seen: Seen | None = None
        self.abandon: Callable[[], bool] | None = None
        self.index = steady_index(self._row.frames, rate)

    def frame(self, n: int) -> VideoFrame:
        """Frame *n*, or FrameFault."""
        return self._row.frame(n)

    def key_frame(self, n: int) -> tuple[int, VideoFrame]:
        """Frame *n* itself."""
        return n, self.frame(n)

    def close(self) -> None:
        """Nothing is kept open."""


def _rate_of(pictures: Pictures) -> Fraction:
    """As the header of its first picture says; 0 where it doesn't."""
    with contextlib.suppress(MediaFault, OSError, av.FFmpegError):
        picture = row_facts(pictures).picture
        return picture.rate if picture is not None else Fraction(0)
    return Fraction(0)
