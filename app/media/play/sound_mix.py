"""Decodes all sound tracks of one part of a clip, and mixes them to stereo, to the sample.

The tracks may lie in several files, as those of a P2 card do. What is missing, before a track
begins or where it is damaged, is silence; time never shifts.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard
from numpy.typing import NDArray

from app.media.facts.packets import packets_to_decode
from app.media.frames.opened import PATIENCE
from app.media.frames.source import ByteSource
from app.media.play.sound_sink import CHANNELS, RATE

log = logging.getLogger(__name__)

Samples = NDArray[np.float32]

_RUN_UP = Fraction(1, 5)
"""Seconds before the wanted sample at which decoding begins: some codecs need it."""
_WAIT = 2 * RATE
"""Samples that one track may be behind the others before it is not waited for any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundFile:
    """A file that is open for its sound."""

    container: InputContainer
    zero: Fraction
    """Where the part's first frame lies in the file's time."""

    @property
    def tracks(self) -> list[AudioStream]:
        """All that can be decoded here."""
        return [track for track in self.container.streams.audio if track.codec_context is not None]


@contextlib.contextmanager
def opened_sound(source: ByteSource, zero: Fraction) -> Iterator[SoundFile | None]:
    """A file for its sound only; None where it has none, or can't be read: then it is silent."""
    given = source.for_av()
    container: InputContainer | None = None
    try:
        container = cast(
            InputContainer, av.open(given, metadata_errors="replace", timeout=PATIENCE)
        )
        for stream in container.streams:
            if stream.type != "audio":
                stream.discard = Discard.all
    except (av.FFmpegError, OSError, ValueError) as error:
        log.info("%s plays without sound: %s", source.name, error)
    try:
        file = SoundFile(container=container, zero=zero) if container is not None else None
        yield file if file is not None and file.tracks else None
    finally:
        if container is not None:
            container.close()
        if not isinstance(given, str):
            given.close()


def mixed(
    files: Sequence[SoundFile], start: Fraction, count: int, check: Callable[[], object]
) -> Iterator[Samples]:
    """*count* samples from *start* seconds of the part on, all tracks of all *files* together.

    *check* is called often, and may raise to give up.
    """
    mix = _Mix(start, count, sum(len(file.tracks) for file in files))
    readers = [_Reader(number, file, start) for number, file in enumerate(files)]
    while readers and not mix.full:
        check()
        reader = min(readers, key=lambda one: one.reached)
        if not reader.read_on(mix):
            readers.remove(reader)
        yield from mix.complete()
    yield from mix.rest()


class _Reader:
    """One file, read packet by packet."""

    def __init__(self, number: int, file: SoundFile, start: Fraction) -> None:
        self._number = number
        self._file = file
        self._zero = round(file.zero * RATE)
        self.reached = round(start * RATE)
        """The furthest sample of the part that came out of it."""
        tracks = file.tracks
        self._voices = {track.index: _Voice(track) for track in tracks}
        _seek(file.container, tracks[0], start + file.zero - _RUN_UP)
        self._packets = packets_to_decode(file.container, *tracks)

    def read_on(self, mix: _Mix) -> bool:
        """Add the next packet to *mix*; False where nothing more comes."""
        try:
            packet = next(self._packets)
        except StopIteration:
            return False
        except (av.FFmpegError, OSError) as error:
            log.info("%s falls silent: %s", self._file.container.name, error)
            return False
        index = packet.stream.index
        for at, samples in self._voices[index].heard(cast("Packet[AudioStream]", packet)):
            mix.add((self._number, index), at - self._zero, samples)
            self.reached = max(self.reached, at - self._zero + len(samples))
        return True


def _seek(container: InputContainer, track: AudioStream, start: Fraction) -> None:
    """Before *start*, also before 0: there lies what a codec begins with."""
    base = track.time_base or Fraction(1, RATE)
    for seconds in (start, Fraction(0)):
        with contextlib.suppress(av.FFmpegError):
            container.seek(int(seconds / base), stream=track)
            return


class _Voice:
    """One track on its way to 48 kHz stereo."""

    def __init__(self, track: AudioStream) -> None:
        self._track = track
        self._turned = AudioResampler(format="flt", layout="stereo", rate=RATE)

    def heard(self, packet: Packet[AudioStream]) -> Iterator[tuple[int, Samples]]:
        """Samples with their place, counted from the file's zero."""
        try:
            frames = self._track.codec_context.decode(packet)
        except av.FFmpegError:
            return  # a damaged packet is silence
        for frame in frames:
            for turned in self._turned.resample(frame):
                if turned.pts is not None and turned.time_base:
                    at = round(turned.pts * turned.time_base * RATE)
                    samples = np.frombuffer(bytes(turned.planes[0]), np.float32)
                    yield at, samples[: turned.samples * CHANNELS].reshape(-1, CHANNELS)


class _Mix:
    """Adds tracks up, and lets go of what all of them have passed."""

    def __init__(self, start: Fraction, count: int, tracks: int) -> None:
        self._first = round(start * RATE)
        self._left = count
        self._tracks = tracks
        self._sum = np.zeros((0, CHANNELS), np.float32)
        self._reached: dict[object, int] = {}
        self._loudness = np.float32(tracks**-0.5)

    @property
    def full(self) -> bool:
        """Whether everything that was wanted has been let go."""
        return self._left <= 0

    def add(self, track: object, at: int, samples: Samples) -> None:
        """*samples* of one track that belong *at* this place."""
        begin = at - self._first
        self._reached[track] = max(self._reached.get(track, 0), begin + len(samples))
        if begin < 0:
            samples, begin = samples[-begin:], 0
        samples = samples[: max(0, self._left - begin)]
        end = begin + len(samples)
        if end > len(self._sum):
            more = np.zeros((end - len(self._sum), CHANNELS), np.float32)
            self._sum = np.concatenate((self._sum, more))
        self._sum[begin:end] += samples * self._loudness

    def complete(self) -> Iterator[Samples]:
        """What no track will add to any more."""
        furthest = max(self._reached.values(), default=0)
        slowest = min(self._reached.values(), default=0)
        if len(self._reached) < self._tracks:
            slowest = 0
        done = max(slowest, furthest - _WAIT)
        if done >= RATE // 50 or done >= self._left:
            yield from self._let_go(min(done, self._left))

    def rest(self) -> Iterator[Samples]:
        """All that is left, with silence up to the end."""
        while self._left > 0:
            yield from self._let_go(min(self._left, RATE))

    def _let_go(self, count: int) -> Iterator[Samples]:
        if count <= 0:
            return
        if count > len(self._sum):
            more = np.zeros((count - len(self._sum), CHANNELS), np.float32)
            self._sum = np.concatenate((self._sum, more))
        part, self._sum = self._sum[:count], self._sum[count:]
        self._first += count
        self._left -= count
        self._reached = {track: at - count for track, at in self._reached.items()}
        yield np.clip(part, -1.0, 1.0)
