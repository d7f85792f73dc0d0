"""The pictures of a clip that another maker's program shows, by number, for a player.

The program writes pictures from a number on for as long as somebody reads. Going on is what it
does best; anything else starts it anew, so that going back is done in groups.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame

from app.errors import FrameFault, MediaFault
from app.media.facts.external import PATIENCE, ExternalDecoder, LastWords, ended, started
from app.media.facts.row import Pictures
from app.media.facts.values import ClipFacts
from app.media.facts.whole import Whole
from app.media.frames.decoder import Abandoned, Seen
from app.media.frames.footage import Row
from app.media.play.steady import steady_index

_GROUP = 12
"""Frames that are read at once when somebody goes back."""
_NEAR = 48
"""Frames ahead that are sooner read over than the program is started anew."""
_MOST = 1 << 20
"""Frames that are looked for in a clip which does not tell how many it has."""
_GRACE = 2.0
"""Seconds that a picture which nobody waits for any more may still take."""
_LOOK = 0.1


class ExternalFrames:
    """One file's pictures. For one thread at a time.

    *frames* and *rate* are 0 where nobody knows them. Raises MediaFault where the program shows
    nothing, or not where the clip ends.
    """

    def __init__(
        self,
        decoder: ExternalDecoder,
        path: Path,
        *,
        frames: int,
        rate: Fraction,
        checkpoint: Callable[[], object],
    ) -> None:
        self.seen: Seen | None = None
        self.abandon: Callable[[], bool] | None = None
        self._decoder = decoder
        self._path = path
        self._checkpoint = checkpoint
        self._run: Run | None = None
        self._at = 0
        """The picture that comes next."""
        count = frames or (self._searched() if decoder.takes_first else self._counted())
        keys = np.arange(0, count if decoder.takes_first else 1, _GROUP, dtype=np.int64)
        self.index = steady_index(count, rate, keys)

    def frame(self, n: int) -> VideoFrame:
        """Frame *n*, or FrameFault."""
        if self._run is None or not self._at <= n <= self._at + _NEAR:
            back = n < self._at and self._run is not None
            self._start(self.index.key_at_or_before(n) if back or not self._decoder.takes_first
                        else n)  # fmt: skip
        while True:
            number, frame = self._at, self._next(n)
            if self.seen is not None:
                self.seen(number, frame)
            if number == n:
                return frame
            if self.abandon is not None and self.abandon():
                raise Abandoned

    def key_frame(self, n: int) -> tuple[int, VideoFrame]:
        """A frame at or before *n* from which going back and forth is quick."""
        number = self.index.key_at_or_before(n)
        return number, self.frame(number)

    def close(self) -> None:
        """End the program."""
        if self._run is not None:
            self._run.close()
            self._run = None

    def _start(self, first: int) -> None:
        self.close()
        left = self.index.frames - first
        self._run = Run(self._decoder, self._path, first, left, self._unwanted)
        self._at = first

    def _next(self, wanted: int) -> VideoFrame:
        assert self._run is not None
        try:
            frame = self._run.picture()
        except BaseException:
            self.close()
            raise
        if frame is None:
            said = self._run.last_words()
            self._run = None
            what = f"{self._decoder.name} gave no picture.{said}"
            raise FrameFault(
                f"Frame {wanted} of {self._path} cannot be given: {what}", path=self._path
            )
        self._at += 1
        return frame

    def _unwanted(self) -> bool:
        return self.abandon is not None and self.abandon()

    # How many there are, where no header tells

    def _searched(self) -> int:
        """By asking for single pictures, further and further on."""
        low, high = 0, 256
        while high < _MOST and self._shows(high):
            low, high = high, high * 2
        if high >= _MOST:
            raise MediaFault(
                f"{self._decoder.name} does not show where {self._path} ends.", path=self._path
            )
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._shows(middle) else (low, middle)
        return high

    def _shows(self, number: int) -> bool:
        """Asked twice where it fails: once may be the drive, or a busy machine."""
        return self._shows_now(number) or self._shows_now(number)

    def _shows_now(self, number: int) -> bool:
        self._checkpoint()
        with contextlib.closing(self._run_of(number, 1)) as run:
            return run.picture() is not None

    def _counted(self) -> int:
        """By reading all of them."""
        count = 0
        with contextlib.closing(self._run_of(0, _MOST)) as run:
            while run.picture() is not None:
                self._checkpoint()
                count += 1
        return max(count, 1)

    def _run_of(self, first: int, frames: int) -> Run:
        def unwanted() -> bool:
            self._checkpoint()
            return False

        return Run(self._decoder, self._path, first, frames, unwanted)


def external_frames(
    decoder: ExternalDecoder,
    whole: Whole,
    facts: ClipFacts | None,
    checkpoint: Callable[[], object],
) -> ExternalFrames | ExternalRow:
    """The pictures of a whole clip; *facts* is what its header tells. Raises MediaFault."""
    track = facts.picture if facts is not None else None
    rate = track.rate if track is not None else Fraction(0)
    if whole.pictures is not None:
        return ExternalRow(decoder, whole.pictures, rate)
    frames = track.frames if track is not None else 0
    return ExternalFrames(decoder, whole.first, frames=frames, rate=rate, checkpoint=checkpoint)


class ExternalRow:
    """A clip with one file for each picture: the program is called for each."""

    def __init__(self, decoder: ExternalDecoder, pictures: Pictures, rate: Fraction) -> None:
        self.seen: Seen | None = None
        self.abandon: Callable[[], bool] | None = None
        self._decoder = decoder
        self._row = Row(pictures, rate)
        self.index = steady_index(self._row.frames, self._row.rate)

    def frame(self, n: int) -> VideoFrame:
        """Frame *n*, or FrameFault."""
        path = self._row.path_of(n)
        unwanted = self.abandon or (lambda: False)
        with contextlib.closing(Run(self._decoder, path, 0, 1, unwanted)) as run:
            frame = run.picture()
            if frame is not None:
                return frame
            what = f"{self._decoder.name} gave no picture.{run.last_words()}"
            raise FrameFault(f"Frame {n}, {path}, cannot be given: {what}", path=path)

    def key_frame(self, n: int) -> tuple[int, VideoFrame]:
        """Frame *n* itself."""
        return n, self.frame(n)

    def close(self) -> None:
        """Nothing is kept open."""


def first_shown(decoder: ExternalDecoder, path: Path) -> VideoFrame:
    """The first picture of *path*. Raises MediaFault, with the program's own words."""
    with contextlib.closing(Run(decoder, path, 0, 1, lambda: False)) as run:
        frame = run.picture()
        if frame is None:
            said = run.last_words()
            raise MediaFault(f"{decoder.name} gave no picture of {path}.{said}", path=path)
    return frame


class Run:
    """A program at work: *frames* pictures of *path* from number *first* on."""

    def __init__(
        self,
        decoder: ExternalDecoder,
        path: Path,
        first: int,
        frames: int,
        unwanted: Callable[[], bool],
    ) -> None:
        self._program = started(decoder, path, first, frames)
        assert self._program.stderr is not None
        self._words = LastWords(self._program.stderr)
        self._pictures = self._read(_Pipe(self._program, unwanted))

    def picture(self) -> VideoFrame | None:
        """The next one; None where no more come."""
        try:
            return next(self._pictures, None)
        except (av.FFmpegError, OSError, ValueError, IndexError):
            return None

    def last_words(self) -> str:
        """End it; how it ended, and why, in its own words."""
        return self._words.said(ended(self._program, _GRACE))

    def close(self) -> None:
        """End it, wherever it is."""
        ended(self._program, 0)

    @staticmethod
    def _read(pipe: _Pipe) -> Iterator[VideoFrame]:
        with av.open(pipe, mode="r", options={"fpsprobesize": "0"}) as container:
            stream = container.streams.video[0]
            stream.thread_type = "SLICE"  # frame threads hold pictures back
            yield from container.decode(stream)


class _Pipe:
    """What a program writes; a read of it ends when nobody waits any more."""

    def __init__(self, program: subprocess.Popen[bytes], unwanted: Callable[[], bool]) -> None:
        assert program.stdout is not None
        self._from = program.stdout
        self._unwanted = unwanted

    def read(self, count: int) -> bytes:
        """Up to *count* bytes; none at the end, or where nothing comes for too long."""
        began = time.monotonic()
        while os.name == "posix" and not select.select([self._from], [], [], _LOOK)[0]:
            waited = time.monotonic() - began
            if waited > PATIENCE:
                return b""
            if waited > _GRACE and self._unwanted():
                raise Abandoned
        return os.read(self._from.fileno(), count)
