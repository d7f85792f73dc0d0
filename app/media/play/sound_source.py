"""Decodes the sound of a clip ahead of its player: all tracks as one stereo mix, to the sample.

It reads the file by itself, so that the picture's seeks don't disturb it. What is missing, before
a track begins or where it is damaged, is silence; time never shifts.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
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

from app.media.frames.opened import PATIENCE
from app.media.frames.source import ByteSource
from app.media.play.sound_sink import CHANNELS, RATE

log = logging.getLogger(__name__)

Samples = NDArray[np.float32]

_AHEAD = RATE
"""Samples that are decoded ahead of the player: a second."""
_RUN_UP = Fraction(1, 5)
"""Seconds before the wanted sample at which decoding begins: some codecs need it."""
_WAIT = 2 * RATE
"""Samples that one track may be behind the others before it is not waited for any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What is to be heard: from one second to another, and then perhaps round and round."""

    start: Fraction
    """Seconds from frame 0 on."""
    end: Fraction
    again: Fraction | None = None
    """With a loop: where it begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundPart:
    """A file with some of a clip's sound."""

    source: ByteSource
    begins: Fraction = Fraction(0)
    """Seconds from the clip's frame 0 on."""
    ends: Fraction
    zero: Fraction = Fraction(0)
    """Where its own first frame lies in the file's time."""


class SoundSource:
    """The sound of one clip, decoded in a thread of its own; read by one other thread.

    *parts* are asked for in that thread; they go on one after the other.
    """

    def __init__(self, parts: Callable[[], Sequence[SoundPart]]) -> None:
        self._parts = parts
        self._change = threading.Condition()
        self._passage: Passage | None = None
        self._fresh = False
        self._closed = False
        self._ready: deque[Samples] = deque()
        self._waiting = 0
        self._ended = False
        self.silent = False
        """Whether there is nothing to be heard: no track, or none that can be decoded."""
        self._thread = threading.Thread(target=self._run, name="sound", daemon=True)
        self._thread.start()

    def play(self, passage: Passage) -> None:
        """Decode this from now on; what was decoded before is forgotten."""
        with self._change:
            self._passage = passage
            self._fresh = True
            self._ended = False
            self._forget()
            self._change.notify_all()

    def stop(self) -> None:
        """Decode no more."""
        with self._change:
            self._passage = None
            self._fresh = True
            self._forget()
            self._change.notify_all()

    @property
    def ready(self) -> bool:
        """Whether enough is decoded to begin, or no more will come."""
        return self._waiting >= RATE // 4 or self._ended or self.silent

    def read(self, most: int) -> bytes:
        """Up to *most* samples, as many as are decoded; nothing behind the passage's end."""
        taken: list[Samples] = []
        with self._change:
            while most > 0 and self._ready:
                first = self._ready.popleft()
                if len(first) > most:
                    self._ready.appendleft(first[most:])
                    first = first[:most]
                taken.append(first)
                most -= len(first)
                self._waiting -= len(first)
            self._change.notify_all()
        return b"".join(part.tobytes() for part in taken)

    def close(self, patience: float = 10.0) -> bool:
        """End the thread; False when it hangs in a read."""
        with self._change:
            self._closed = True
            self._fresh = True
            self._forget()
            self._change.notify_all()
        self._thread.join(patience)
        return not self._thread.is_alive()

    def _forget(self) -> None:
        self._ready.clear()
        self._waiting = 0

    # In the thread

    def _run(self) -> None:
        try:
            with contextlib.ExitStack() as files:
                open_now = [
                    (part, files.enter_context(_opened(part.source))) for part in self._parts()
                ]
                heard = [(p, c) for p, c in open_now if c is not None and c.streams.audio]
                self.silent = not heard
                while not self.silent and (passage := self._next()) is not None:
                    with contextlib.suppress(_Unwanted):
                        self._decode(passage, heard)
        except Exception:
            log.exception("The sound has stopped")
        self.silent = True

    def _next(self) -> Passage | None:
        with self._change:
            self._change.wait_for(
                lambda: self._closed or (self._fresh and self._passage is not None)
            )
            self._fresh = False
            return None if self._closed else self._passage

    def _decode(self, passage: Passage, heard: list[tuple[SoundPart, InputContainer]]) -> None:
        start, written, wanted = passage.start, 0, Fraction(0)
        while True:
            wanted += (passage.end - start) * RATE
            self._write(start, round(wanted) - written, heard)
            written = round(wanted)
            if passage.again is None:
                break
            start = passage.again
        with self._change:
            self._ended = True

    def _write(
        self, start: Fraction, count: int, heard: list[tuple[SoundPart, InputContainer]]
    ) -> None:
        """*count* samples from *start* on, out of whatever file has them; silence between."""
        first = round(start * RATE)
        at, end = first, first + count
        for part, container in heard:
            begins, ends = round(part.begins * RATE), round(part.ends * RATE)
            if part is heard[-1][0]:
                ends = end  # what a file has behind its last frame is heard too
            if ends <= at or begins >= end:
                continue
            self._be_silent(begins - at)
            at = max(at, begins)
            place = Fraction(at, RATE) - part.begins + part.zero
            tracks = list(container.streams.audio)
            for mixed in _mixed(container, tracks, place, min(ends, end) - at, self._check):
                self._put(mixed)
            at = min(ends, end)
        self._be_silent(end - at)

    def _be_silent(self, count: int) -> None:
        while count > 0:
            self._put(np.zeros((min(count, RATE), CHANNELS), np.float32))
            count -= RATE

    def _put(self, part: Samples) -> None:
        with self._change:
            self._change.wait_for(lambda: self._waiting < _AHEAD or self._fresh or self._closed)
            self._check()
            self._ready.append(part)
            self._waiting += len(part)

    def _check(self) -> None:
        if self._fresh or self._closed:
            raise _Unwanted


class _Unwanted(Exception):
    """Something else is to be heard by now."""


@contextlib.contextmanager
def _opened(source: ByteSource) -> Iterator[InputContainer | None]:
    """The clip for its sound only; None where it can't be read: then it is silent."""
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
        yield container
    finally:
        if container is not None:
            container.close()
        if not isinstance(given, str):
            given.close()


def _mixed(
    container: InputContainer,
    tracks: list[AudioStream],
    start: Fraction,
    count: int,
    check: Callable[[], object],
) -> Iterator[Samples]:
    """*count* samples from *start* seconds of the file's time on, all tracks together."""
    mix = _Mix(start, count, len(tracks))
    _seek(container, tracks[0], start - _RUN_UP)
    voices = {track.index: _Voice(track) for track in tracks}
    try:
        for packet in container.demux(tracks):
            check()
            voice = voices[packet.stream.index]
            for at, samples in voice.heard(cast("Packet[AudioStream]", packet)):
                mix.add(packet.stream.index, at, samples)
            yield from mix.complete()
            if mix.full:
                break
    except (av.FFmpegError, OSError) as error:
        log.info("%s falls silent: %s", container.name, error)
    yield from mix.rest()


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
        self._reached: dict[int, int] = {}
        self._loudness = np.float32(tracks**-0.5)

    @property
    def full(self) -> bool:
        """Whether everything that was wanted has been let go."""
        return self._left <= 0

    def add(self, track: int, at: int, samples: Samples) -> None:
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
