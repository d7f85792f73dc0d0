"""What a player plays: one file, files that go on one after the other, or a row of pictures."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple, Protocol

import av
from av.video.frame import VideoFrame

from app.errors import MediaFault
from app.media.facts.external import SETTING, ExternalDecoder, decoder_for
from app.media.facts.packets import packets_to_decode
from app.media.facts.row import ending
from app.media.facts.whole import Whole, whole_clip
from app.media.frames.decoder import Decoder, Seen
from app.media.frames.footage import Row
from app.media.frames.frame_index import FrameIndex
from app.media.frames.opened import OpenClip
from app.media.frames.source import ByteSource, FileSource
from app.media.play.external_frames import external_frames, first_shown
from app.media.play.row_frames import RowFrames
from app.media.play.sound_frames import SoundFrames, dark_frame
from app.media.play.sound_source import SoundPart
from app.media.play.span_frames import SpanFrames
from app.media.play.trial import Trial, Tried
from app.places.cards.listing import SOUNDS

log = logging.getLogger(__name__)

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

    frame: VideoFrame | None
    """None where it is damaged: others may be whole."""
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
        return first_picture(self.source)

    def open(self, checkpoint: Callable[[], object]) -> Frames:
        """Its frames by its index."""
        return Decoder(self.source, self.index_of(self.source, checkpoint))

    def sound(self, index: FrameIndex) -> Sequence[SoundPart]:
        """The same file."""
        return (SoundPart(source=self.source, ends=index.duration, zero=index.starts_at),)


class ClipFilm:
    """The whole clip that a file belongs to: a row of pictures, all files that it spans, or sound.

    *rate* is what frames of sound alone are counted by, where it tells one. With a *trial* no file
    of it is decoded that a child has not tried before, and of a row a child decodes each picture;
    *decoders* are the programs of the settings, for pictures that nobody here can decode.
    """

    def __init__(
        self,
        path: Path,
        index_of: IndexOf,
        *,
        rate: Fraction | None = None,
        trial: Trial | None = None,
        decoders: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._path = path
        self._index_of = index_of
        self._rate = rate
        self._trial = trial
        self._decoders = decoders
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
        whole, tried = self._whole, self._tried()
        if not tried.shown and (external := self._external()) is not None:
            return First(first_shown(external, whole.first))
        if self._is_sound(tried):
            return First(dark_frame())
        if not tried.shown:
            raise _not_shown(whole.first, tried)
        if whole.pictures is not None:
            return First(Row(whole.pictures, Fraction(0)).frame(0))
        return first_picture(FileSource(whole.parts[0]))

    def _tried(self) -> Tried:
        """What a child could make of it. Raises NotFound, MediaFault."""
        if self._trial is None:
            return Tried(heard=True)
        whole = self._whole
        tried = self._trial.of(whole.first)
        for path in (*whole.parts[1:], *whole.sounds):
            self._trial.of(path)
        return tried

    def _is_sound(self, tried: Tried) -> bool:
        alone = tried.facts is not None and not tried.facts.video and tried.heard
        return alone or ending(self._whole.first.name) in SOUNDS

    def _external(self) -> ExternalDecoder | None:
        return decoder_for(self._whole.first, self._decoders())

    def open(self, checkpoint: Callable[[], object]) -> Frames:
        """All frames of all files."""
        whole, tried = self._whole, self._tried()
        if not tried.shown and (external := self._external()) is not None:
            return external_frames(external, whole, tried.facts, checkpoint)
        sources = [FileSource(part) for part in whole.parts]
        if self._is_sound(tried):
            return SoundFrames(sources[0], self._rate)
        if whole.pictures is not None:
            return RowFrames(whole.pictures, aside=self._trial is not None)
        if len(sources) == 1:
            return Decoder(sources[0], self._index_of(sources[0], checkpoint))
        self._spans = [(source, self._index_of(source, checkpoint)) for source in sources]
        return SpanFrames(self._spans)

    def sound(self, index: FrameIndex) -> Sequence[SoundPart]:
        """All its files that have pictures too, those beside them, or the one of sound alone."""
        if self._spans:
            return sound_of(self._spans, self._whole.sounds)
        if self._whole.pictures is not None:
            return ()
        return sound_of([(FileSource(self._whole.parts[0]), index)], self._whole.sounds)


def _not_shown(path: Path, tried: Tried) -> MediaFault:
    """Why no picture is shown, and what to do about it."""
    if not tried.raw:
        return MediaFault(tried.fault, path=path)
    way_out = f"Name a program that shows {ending(path.name)} files in the settings: {SETTING}."
    return MediaFault(
        f"The {tried.raw} pictures of {path} cannot be decoded here.", path=path, hint=way_out
    )


def sound_of(
    spans: Sequence[tuple[FileSource, FrameIndex]], sounds: Sequence[Path] = ()
) -> Sequence[SoundPart]:
    """The sound of files that go on one after the other, and of the *sounds* beside them.

    The sound of P2 lies in files of its own: those of `0001AB.MXF` are `0001AB00.MXF` and so on.
    """
    ends = list(accumulate(index.duration for _, index in spans))
    begins = [Fraction(0), *ends]
    return [
        SoundPart(
            source=source,
            beside=tuple(map(FileSource, _named_like(source.path, sounds))),
            begins=begin,
            ends=end,
            zero=index.starts_at,
        )
        for (source, index), begin, end in zip(spans, begins, ends, strict=False)
    ]


def _named_like(picture: Path, sounds: Sequence[Path]) -> list[Path]:
    stem = picture.stem.lower()
    return [sound for sound in sounds if sound.stem.lower().startswith(stem)]


def first_picture(source: ByteSource) -> First:
    """The first picture that comes out of a file, without its index: no window can wait for that.

    It is the frame `lost_at_head`, which is 0 nearly always. Raises NotFound, MediaFault.
    """
    with OpenClip(source) as clip:
        clip.stream.thread_type = "SLICE"
        aspect = Fraction(clip.stream.sample_aspect_ratio or 1)
        try:
            for packet in packets_to_decode(clip.container, clip.stream):
                for frame in packet.decode():
                    return First(frame, aspect)
        except av.FFmpegError as error:
            log.info("The first picture of %s is damaged: %s", source.name, error)
            return First(None, aspect)
    raise MediaFault(f"{source.name} holds no picture that could be shown.")
