"""Decodes the sound of a clip ahead of its player, as one stereo mix.

It reads the files by itself, so that the picture's seeks don't disturb it.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from app.media.frames.source import ByteSource
from app.media.play.sound_mix import Samples, SoundFile, mixed, opened_sound
from app.media.play.sound_sink import CHANNELS, RATE

log = logging.getLogger(__name__)

_AHEAD = RATE
"""Samples that are decoded ahead of the player: a second."""


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
    """Some seconds of a clip's sound: a file, or several that sound together."""

    source: ByteSource
    beside: tuple[ByteSource, ...] = ()
    """Further files that sound at the same time, each from its beginning on."""
    begins: Fraction = Fraction(0)
    """Seconds from the clip's frame 0 on."""
    ends: Fraction
    zero: Fraction = Fraction(0)
    """Where its own first frame lies in the time of *source*."""


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

    def let_go(self) -> None:
        """Have the thread end, without waiting for it."""
        with self._change:
            self._closed = True
            self._fresh = True
            self._forget()
            self._change.notify_all()

    def close(self, patience: float = 10.0) -> bool:
        """End the thread; False when it hangs in a read."""
        self.let_go()
        self._thread.join(patience)
        return not self._thread.is_alive()

    def _forget(self) -> None:
        self._ready.clear()
        self._waiting = 0

    # In the thread

    def _run(self) -> None:
        try:
            with contextlib.ExitStack() as files:
                heard = [(part, _all_of(part, files)) for part in self._parts()]
                heard = [(part, sounds) for part, sounds in heard if sounds]
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

    def _decode(self, passage: Passage, heard: list[_Heard]) -> None:
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

    def _write(self, start: Fraction, count: int, heard: list[_Heard]) -> None:
        """*count* samples from *start* on, out of whatever file has them; silence between."""
        first = round(start * RATE)
        at, end = first, first + count
        for part, files in heard:
            begins, ends = round(part.begins * RATE), round(part.ends * RATE)
            if part is heard[-1][0]:
                ends = end  # what a file has behind its last frame is heard too
            if ends <= at or begins >= end:
                continue
            self._be_silent(begins - at)
            at = max(at, begins)
            place = Fraction(at, RATE) - part.begins
            for samples in mixed(files, place, min(ends, end) - at, self._check):
                self._put(samples)
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


_Heard = tuple[SoundPart, list[SoundFile]]


def _all_of(part: SoundPart, files: contextlib.ExitStack) -> list[SoundFile]:
    """Every file of a part that can be heard, open until *files* are closed."""
    sources = [(part.source, part.zero), *((one, Fraction(0)) for one in part.beside)]
    found = [files.enter_context(opened_sound(source, zero)) for source, zero in sources]
    return [file for file in found if file is not None]
