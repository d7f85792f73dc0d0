"""The pictures of a whole clip by their numbers: of one file, of files it spans, of a row of files.

Pictures are asked for in ascending order. Going to the next one by a key frame, or by decoding on
to it, is decided for each by what the index says that it costs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Protocol

import av
from av.video.frame import VideoFrame

from app.errors import FrameFault, MediaFault
from app.media.facts.opened import opened
from app.media.facts.row import Pictures, ending
from app.media.facts.sequence import FORMATS
from app.media.facts.whole import Whole
from app.media.frames.decoder import Decoder
from app.media.frames.frame_index import FrameIndex, Way
from app.media.frames.source import FileSource

RESTART = 10
"""Frames that could be decoded in the time that a decoder needs to begin anew at a key frame.

Measured: 6 of UHD and 12 of HD H.264 on two processors.
"""
_UNTOLD = Fraction(24)
"""Frames a second of a row of pictures that does not say."""

MakeIndex = Callable[[FileSource, int], FrameIndex]


class Footage(Protocol):
    """Pictures by number, from 0 on."""

    frames: int
    rate: Fraction
    """Frames a second, the average where they aren't steady."""
    steady: bool
    """Whether all frames are shown equally long."""
    missing_at_end: int
    """Further ones that the file promises and does not hold."""

    @property
    def duration(self) -> Fraction:
        """Seconds."""

    def number_at(self, seconds: Fraction) -> int:
        """Which frame is shown then; the nearest one that can be given."""

    def seconds(self, n: int) -> Fraction:
        """When frame *n* is shown, from the first one on."""

    def frame(self, n: int) -> VideoFrame:
        """Frame *n*; FrameFault where it can't be given."""

    def close(self) -> None:
        """Give all files back."""


def sooner_decoded(index: FrameIndex, at: int, n: int) -> bool:
    """Whether frame *n* is reached sooner by decoding on from frame *at* than from a key frame."""
    if index.intra:
        return n - at <= 1
    row = index.key_row(n)
    key = int(index.key_frames[row]) if row >= 0 else 0
    return key <= at or index.way is Way.START or n - at <= n - key + RESTART


class Files:
    """The pictures of a track that lies in one file, or goes on through several."""

    def __init__(self, paths: Sequence[Path], track: int, make_index: MakeIndex) -> None:
        self._sources = [FileSource(path) for path in paths]
        self._track = track
        self._indexes = [make_index(source, track) for source in self._sources]
        self._begins = [0, *accumulate(index.frames for index in self._indexes)]
        self.frames = self._begins.pop()
        self.missing_at_end = sum(index.missing_at_end for index in self._indexes)
        rates = {index.rate for index in self._indexes}
        self.rate = self._indexes[0].rate
        self.steady = len(rates) == 1 and all(index.steady for index in self._indexes)
        self._decoder: Decoder | None = None
        self._part = -1
        self._at = -1
        """The frame of the part that was given last; -1 for none."""

    @property
    def duration(self) -> Fraction:
        """Seconds of all parts."""
        return sum((index.duration for index in self._indexes), Fraction(0))

    def number_at(self, seconds: Fraction) -> int:
        """Which frame is shown then; the nearest one that can be given."""
        for begin, index in zip(self._begins, self._indexes, strict=True):
            if seconds < index.duration or index is self._indexes[-1]:
                return begin + max(index.number_at(seconds), index.lost_at_head)
            seconds -= index.duration
        raise AssertionError("no parts")

    def seconds(self, n: int) -> Fraction:
        """When frame *n* is shown, from the first one on."""
        part = bisect_right(self._begins, n) - 1
        before = sum((index.duration for index in self._indexes[:part]), Fraction(0))
        return before + self._indexes[part].seconds(n - self._begins[part])

    def frame(self, n: int) -> VideoFrame:
        """Frame *n*; FrameFault where it can't be given."""
        part = bisect_right(self._begins, n) - 1
        decoder, index, number = self._decoder_of(part), self._indexes[part], n - self._begins[part]
        if 0 <= self._at < number - 1 and sooner_decoded(index, self._at, number):
            try:
                for between in range(self._at + 1, number):
                    decoder.frame(between)
            except FrameFault:
                pass  # then by the next key frame
        self._at = -1
        found = decoder.frame(number)
        self._at = number
        return found

    def _decoder_of(self, part: int) -> Decoder:
        if self._decoder is None or self._part != part:
            self.close()
            self._decoder = Decoder(self._sources[part], self._indexes[part], track=self._track)
            self._part = part
        return self._decoder

    def close(self) -> None:
        """Give the open file back."""
        if self._decoder is not None:
            self._decoder.close()
        self._decoder, self._at = None, -1


class Row:
    """One file for each picture."""

    def __init__(self, pictures: Pictures, rate: Fraction) -> None:
        self._pictures = pictures
        self.rate = rate or _UNTOLD
        self.steady = True
        self.missing_at_end = 0
        self._names = pictures.places
        self.frames = max(self._names) + 1

    @property
    def duration(self) -> Fraction:
        """Seconds."""
        return self.frames / self.rate

    def number_at(self, seconds: Fraction) -> int:
        """Which frame is shown then."""
        return min(int(seconds * self.rate), self.frames - 1)

    def seconds(self, n: int) -> Fraction:
        """When frame *n* is shown, from the first one on."""
        return n / self.rate

    def has(self, n: int) -> bool:
        """Whether there is a file of frame *n*."""
        return n in self._names

    def path_of(self, n: int) -> Path:
        """The file of frame *n*; FrameFault where it is missing."""
        name = self._names.get(n)
        if name is None:
            raise FrameFault(f"Frame {n} of {self._pictures.folder} cannot be given: no file.")
        return self._pictures.folder / name

    def frame(self, n: int) -> VideoFrame:
        """Frame *n*; FrameFault where its file is missing or damaged."""
        path = self.path_of(n)
        kind = FORMATS.get(ending(path.name))
        if kind is None:
            raise MediaFault(f"{path} cannot be decoded here.", path=path)
        try:
            with opened(path, form=kind) as container:
                return next(container.decode(video=0))
        except (av.FFmpegError, OSError, StopIteration) as error:
            reason = getattr(error, "strerror", None) or "it is damaged"
            raise FrameFault(f"Frame {n}, {path}, cannot be given: {reason}.", path=path) from error

    def close(self) -> None:
        """Nothing is kept open."""


def footage_of(whole: Whole, track: int, rate: Fraction, make_index: MakeIndex) -> Footage:
    """The pictures of track *track* of a clip; *rate* is what its facts say.

    To be closed by the caller. Raises MediaFault.
    """
    if whole.pictures is not None:
        return Row(whole.pictures, rate)
    return Files(whole.parts, track, make_index)
