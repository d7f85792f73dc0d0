"""What a player plays: one file, files that go on one after the other, or a row of pictures."""

from __future__ import annotations

import contextlib
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import ceil
from pathlib import Path
from typing import NamedTuple, Protocol, cast

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame

from app.errors import MediaFault
from app.media.facts.row import Pictures, ending
from app.media.facts.sequence import row_facts
from app.media.facts.whole import Whole, whole_clip
from app.media.frames.decoder import Decoder
from app.media.frames.footage import Row
from app.media.frames.frame_index import FrameIndex
from app.media.frames.opened import PATIENCE, OpenClip
from app.media.frames.source import ByteSource, FileSource
from app.media.play.sound_source import SoundPart
from app.places.cards.listing import SOUNDS

_OF_SOUND = Fraction(25)
Seen = Callable[[int, VideoFrame], object]
IndexOf = Callable[[ByteSource, Callable[[], object]], FrameIndex]
"""Makes or finds the index of a file; the second argument is called often and may raise."""


class Frames(Protocol):
    """An open clip's pictures by number. For one thread at a time; see `Decoder`."""

    index: FrameIndex
    seen: Seen | None
    abandon: Callable[[], bool] | None

    def frame(self, n: int) -> VideoFrame:
        """Frame *n*, or FrameFault."""

    def key_frame(self, n: int) -> tuple[int, VideoFrame]:
        """The nearest frame at or before *n* that costs no run-up, with its number."""

    def close(self) -> None:
        """Give all files back."""


class First(NamedTuple):
    """A clip's first picture, with what its frames don't tell themselves."""

    frame: VideoFrame
    aspect: Fraction = Fraction(1)
    """Of a pixel."""


class Film(Protocol):
    """A clip that can be played. Everything here may take its time."""

    @property
    def name(self) -> str:
        """What people and messages call it."""

    def first(self) -> First:
        """The first picture, before anything else is known. Raises NotFound, MediaFault."""

    def open(self, checkpoint: Callable[[], object]) -> Frames:
        """All pictures; *checkpoint* may raise to give up. Raises NotFound, MediaFault."""

    def sound(self, index: FrameIndex) -> Sequence[SoundPart]:
        """Where its sound is, if it can be heard; *index* is that of all its frames."""


@dataclass(frozen=True, slots=True)
class FileFilm:
    """A clip in one file."""

    source: ByteSource
    index_of: IndexOf

    @property
    def name(self) -> str:
        """The file's."""
        return self.source.name

    def first(self) -> First:
        """The first picture that comes out."""
        return _first(self.source)

    def open(self, checkpoint: Callable[[], object]) -> Frames:
        """Its frames by its index."""
        return Decoder(self.source, self.index_of(self.source, checkpoint))

    def sound(self, index: FrameIndex) -> Sequence[SoundPart]:
        """The same file."""
        return (SoundPart(source=self.source, ends=index.duration, zero=index.starts_at),)


class ClipFilm:
    """The whole clip that a file belongs to: a row of pictures, all files that it spans, or sound.

    *rate* is what frames of sound alone are counted by.
    """

    def __init__(self, path: Path, index_of: IndexOf, *, rate: Fraction = _OF_SOUND) -> None:
        self._path = path
        self._index_of = index_of
        self._rate = rate
        self._known: Whole | None = None
        self._spans: list[tuple[FileSource, FrameIndex]] = []

    @property
    def name(self) -> str:
        """The path of the file that speaks for it."""
        return str(self._path)

    @property
    def _whole(self) -> Whole:
        if self._known is None:
            try:
                self._known = whole_clip(self._path)
            except OSError as error:
                raise MediaFault(
                    f"{self._path} cannot be read: {error.strerror}.", path=self._path
                ) from error
        return self._known

    def first(self) -> First:
        """Of its first file."""
        if (pictures := self._whole.pictures) is not None:
            return First(Row(pictures, Fraction(0)).frame(0))
        if self._is_sound:
            return First(dark_frame())
        return _first(FileSource(self._whole.parts[0]))

    @property
    def _is_sound(self) -> bool:
        return ending(self._whole.first.name) in SOUNDS

    def open(self, checkpoint: Callable[[], object]) -> Frames:
        """All frames of all files."""
        whole = self._whole
        if whole.pictures is not None:
            return RowFrames(whole.pictures)
        sources = [FileSource(part) for part in whole.parts]
        if self._is_sound:
            return SoundFrames(sources[0], self._rate)
        if len(sources) == 1:
            return Decoder(sources[0], self._index_of(sources[0], checkpoint))
        self._spans = [(source, self._index_of(source, checkpoint)) for source in sources]
        return SpanFrames(self._spans)

    def sound(self, index: FrameIndex) -> Sequence[SoundPart]:
        """All its files that have pictures too, or the one of sound alone."""
        if self._spans:
            return sound_of(self._spans)
        whole = self._whole
        if whole.pictures is not None:
            return ()
        source = FileSource(whole.parts[0])
        return (SoundPart(source=source, ends=index.duration, zero=index.starts_at),)


class RowFrames:
    """A row of pictures: each frame is a file."""

    def __init__(self, pictures: Pictures) -> None:
        self._row = Row(pictures, _rate_of(pictures))
        self.seen: Seen | None = None
        self.abandon: Callable[[], bool] | None = None
        count = np.arange(self._row.frames, dtype=np.int64)
        self.index = _steady(count, self._row.rate, count)

    def frame(self, n: int) -> VideoFrame:
        """Frame *n*, or FrameFault."""
        return self._row.frame(n)

    def key_frame(self, n: int) -> tuple[int, VideoFrame]:
        """Frame *n* itself."""
        return n, self.frame(n)

    def close(self) -> None:
        """Nothing is kept open."""


class SoundFrames:
    """Sound alone: dark frames for as long as it lasts, so that it has places to go to."""

    def __init__(self, source: ByteSource, rate: Fraction) -> None:
        self.seen: Seen | None = None
        self.abandon: Callable[[], bool] | None = None
        count = np.arange(max(1, ceil(_seconds_of(source) * rate)), dtype=np.int64)
        self.index = _steady(count, rate, count)

    def frame(self, n: int) -> VideoFrame:
        """A dark frame."""
        return dark_frame()

    def key_frame(self, n: int) -> tuple[int, VideoFrame]:
        """The same."""
        return n, dark_frame()

    def close(self) -> None:
        """Nothing is kept open."""


class SpanFrames:
    """Files that go on one after the other, numbered through."""

    def __init__(self, spans: Sequence[tuple[FileSource, FrameIndex]]) -> None:
        self._sources = [source for source, _ in spans]
        self._indexes = [index for _, index in spans]
        self._begins = [0, *accumulate(index.frames for index in self._indexes)]
        self._decoder: Decoder | None = None
        self._part = -1
        self.seen: Seen | None = None
        self.abandon: Callable[[], bool] | None = None
        self.index = joined_index(self._indexes)

    def frame(self, n: int) -> VideoFrame:
        """Frame *n*, or FrameFault."""
        decoder, begin = self._at(n)
        return decoder.frame(n - begin)

    def key_frame(self, n: int) -> tuple[int, VideoFrame]:
        """The nearest one of the same file that costs no run-up."""
        decoder, begin = self._at(n)
        number, frame = decoder.key_frame(n - begin)
        return begin + number, frame

    def close(self) -> None:
        """Give the open file back."""
        if self._decoder is not None:
            self._decoder.close()
        self._decoder, self._part = None, -1

    def _at(self, n: int) -> tuple[Decoder, int]:
        part = min(bisect_right(self._begins, n) - 1, len(self._sources) - 1)
        begin = self._begins[part]
        if self._decoder is None or part != self._part:
            self.close()
            self._decoder = Decoder(self._sources[part], self._indexes[part])
            self._part = part
        seen = self.seen
        told = (lambda number, frame: seen(begin + number, frame)) if seen is not None else None
        self._decoder.seen, self._decoder.abandon = told, self.abandon
        return self._decoder, begin


def sound_of(spans: Sequence[tuple[FileSource, FrameIndex]]) -> Sequence[SoundPart]:
    """The sound of files that go on one after the other."""
    ends = list(accumulate(index.duration for _, index in spans))
    begins = [Fraction(0), *ends]
    return [
        SoundPart(source=source, begins=begin, ends=end, zero=index.starts_at)
        for (source, index), begin, end in zip(spans, begins, ends, strict=False)
    ]


def joined_index(indexes: list[FrameIndex]) -> FrameIndex:
    """One index for files that go on one after the other; it leads to no place in any of them."""
    begins = [0, *accumulate(index.frames for index in indexes)]
    keys = np.concatenate(
        [index.key_frames + begin for index, begin in zip(indexes, begins, strict=False)]
    )
    keys = np.unique(np.concatenate((keys, np.array(begins[:-1], dtype=np.int64))))
    if len({index.rate for index in indexes}) == 1 and all(index.steady for index in indexes):
        return _steady(np.arange(begins[-1], dtype=np.int64), indexes[0].rate, keys)
    starts = [Fraction(0), *accumulate(index.duration for index in indexes)]
    times = [
        round((start + index.seconds(n)) * 1_000_000)
        for start, index in zip(starts, indexes, strict=False)
        for n in range(index.frames)
    ]
    pts = np.array(times, dtype=np.int64)
    return FrameIndex(
        pts=pts, time_base=Fraction(1, 1_000_000), rate=begins[-1] / starts[-1], steady=False,
        intra=all(index.intra for index in indexes),
        key_frames=keys, key_stamps=pts[keys], key_places=pts[keys],
    )  # fmt: skip


def _steady(
    count: np.ndarray[tuple[int], np.dtype[np.int64]],
    rate: Fraction,
    keys: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> FrameIndex:
    return FrameIndex(
        pts=count, time_base=1 / rate, rate=rate, steady=True, intra=len(keys) == len(count),
        key_frames=keys, key_stamps=keys, key_places=keys,
    )  # fmt: skip


def _first(source: ByteSource) -> First:
    """The first picture that comes out of a file, without its index."""
    with OpenClip(source) as clip:
        clip.stream.thread_type = "SLICE"
        aspect = Fraction(clip.stream.sample_aspect_ratio or 1)
        try:
            for packet in clip.container.demux(clip.stream):
                for frame in packet.decode():
                    return First(frame, aspect)
        except av.FFmpegError as error:
            raise MediaFault(f"{source.name} cannot be decoded: {error.strerror}.") from error
    raise MediaFault(f"{source.name} holds no picture that could be shown.")


def dark_frame() -> VideoFrame:
    """What is seen where there is only sound."""
    return VideoFrame.from_ndarray(np.full((90, 160), 17, np.uint8), format="gray")


def _seconds_of(source: ByteSource) -> Fraction:
    """How long a file's sound lasts. Raises MediaFault."""
    given = source.for_av()
    try:
        opened = av.open(given, metadata_errors="replace", timeout=PATIENCE)
        with cast(InputContainer, opened) as container:
            if not container.streams.audio or not container.duration:
                raise MediaFault(f"{source.name} holds no sound.")
            return Fraction(container.duration, av.time_base)
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its bytes make no sense"
        raise MediaFault(f"{source.name} cannot be read as a clip: {reason}.") from error
    finally:
        if not isinstance(given, str):
            given.close()


def _rate_of(pictures: Pictures) -> Fraction:
    """As the header of its first picture says; 0 where it doesn't."""
    with contextlib.suppress(MediaFault, OSError, av.FFmpegError):
        picture = row_facts(pictures).picture
        return picture.rate if picture is not None else Fraction(0)
    return Fraction(0)
