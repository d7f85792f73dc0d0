"""A player without a window: time that the test sets, and a sound device that writes down."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from app.media.frames.index import build_index
from app.media.frames.pictures import Picture
from app.media.play.film import ClipFilm, Film
from app.media.play.lens import Lens
from app.media.play.playback import Playback
from app.media.play.sound_sink import CHANNELS, RATE
from app.media.play.trial import Trial

PATIENCE = 60.0
STEP = 0.005
"""Seconds between two ticks, as in the window."""
BOX = (320, 180)


class SetTime:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Recorder:
    """A sound device with a rate of its own, a little late; knows when each sample was heard."""

    def __init__(
        self, clock: Callable[[], float], *, drift: float = 1.0, late: float = 0.0
    ) -> None:
        self._clock = clock
        self._drift = drift
        self._late = late
        self._room = RATE // 4
        self._parts: list[np.ndarray] = []
        self._count = 0
        self._began = 0.0
        self._at = 0.0
        self._looked = 0.0
        self._heard: list[tuple[float, float]] = []
        self.lost = False
        """Says that it is gone."""
        self.stuck = False
        """Says nothing, and plays no more."""
        self.plays = False

    def begin(self) -> None:
        self._parts, self._count = [], 0
        self._began = self._looked = self._clock()
        self._at = 0.0
        self._heard = [(0.0, self._began + self._late)]
        self.plays = True

    def room(self) -> int:
        self._go_on()
        return self._room - (self._count - int(self._at * RATE))

    def write(self, samples: bytes) -> None:
        both = np.frombuffer(samples, np.float32).reshape(-1, CHANNELS)
        assert len(both) <= self.room()
        self._parts.append(both[:, 0])
        self._count += len(both)

    def heard(self) -> float | None:
        self._go_on()
        return None if self.lost else self._at

    def end(self) -> None:
        self.plays = False

    def _go_on(self) -> None:
        """Play what was written; where nothing was, stand."""
        now = self._clock()
        since = max(0.0, now - max(self._looked, self._began + self._late))
        since = 0.0 if self.stuck else since
        self._looked = now
        self._at = min(self._at + since * self._drift, self._count / RATE)
        self._heard.append((self._at, now))

    def onsets(self) -> list[tuple[float, float]]:
        """Of each beep: where it begins, in seconds of sound, and when that was heard."""
        loud = np.flatnonzero(np.abs(np.concatenate(self._parts)) > 0.2)
        begins = loud[np.diff(loud, prepend=-RATE) > 4000] / RATE
        begins = begins[begins <= self._at]
        places, times = np.array(self._heard).T
        return list(zip(begins.tolist(), np.interp(begins, places, times).tolist(), strict=True))


class Player:
    """A `Playback` of a real file, moved by hand."""

    def __init__(
        self, film: Path | Film, clock: SetTime | None = None, sink: Recorder | None = None
    ) -> None:
        self._news = threading.Event()
        self.clock = clock or SetTime()
        self.playback = Playback(
            film_of(film) if isinstance(film, Path) else film,
            Lens(box=BOX),
            self._news.set,
            sink=lambda: sink,
            now=self.clock,
        )
        self.settle()

    def until(self, met: Callable[[], bool]) -> None:
        """Tick in standing time until something is so."""
        end = time.monotonic() + PATIENCE
        while not met():
            self._news.wait(0.01)
            self._news.clear()
            self.playback.tick()
            assert time.monotonic() < end, "nothing came"

    def settle(self) -> None:
        """Until what is seen is what was asked for."""
        self.until(lambda: self.playback.settled)

    def show(self, number: int) -> Picture:
        """The picture of a frame."""
        self.playback.show(number)
        self.settle()
        assert self.playback.picture is not None
        return self.playback.picture

    def run(self, seconds: float) -> list[tuple[float, Picture]]:
        """Let so much time go by; every picture, and when it was seen first."""
        playback, seen = self.playback, []
        self.until(lambda: playback.moving or not playback.playing)
        end = self.clock.now + seconds
        while self.clock.now < end and playback.playing:
            self.until(lambda: self._ahead() or not playback.playing)
            self.clock.now += STEP
            if playback.tick() and playback.playing and playback.picture is not None:
                seen.append((self.clock.now, playback.picture))
        return seen

    def _ahead(self) -> bool:
        """Whether picture and sound of the next step are decoded: time is not to outrun them."""
        playback, sound = self.playback, self.playback._sound
        heard = not playback._sounding or sound is None or sound.ready or sound._waiting > 0
        return heard and playback.reach > playback.elapsed + STEP

    def close(self) -> None:
        assert self.playback.close()
        assert not [t for t in threading.enumerate() if t.name in {"projector", "sound"}]


def film_of(
    path: Path, trial: Trial | None = None, decoders: dict[str, str] | None = None
) -> ClipFilm:
    """The clip that *path* belongs to, with an index that is made each time."""
    return ClipFilm(
        path,
        lambda source, checkpoint: build_index(source, checkpoint=checkpoint),
        trial=trial,
        decoders=lambda: decoders or {},
    )


def brightness(picture: Picture) -> np.ndarray:
    """What `number_in` reads."""
    rows = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.stride)
    return rows[:, : picture.width * 4].reshape(picture.height, picture.width, 4)[:, :, 1]
