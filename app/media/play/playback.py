"""A clip as a player has it: where it stands, what is seen, what is heard.

The player's thread calls everything here, and `tick` often; decoding goes on in other threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial

from app.errors import ReelkeepError
from app.media.frames.frame_index import FrameIndex
from app.media.frames.pictures import Picture
from app.media.play.clock import PlayClock
from app.media.play.film import Film
from app.media.play.lens import Lens
from app.media.play.projector import Fault, Opened, Projector, Shown, Wish
from app.media.play.sound_sink import FRAME, RATE, SoundSink
from app.media.play.sound_source import Passage, SoundSource

FASTEST = 8
_SOUND_LATE = 1.0
"""Seconds that the first sound may take before pictures go without it."""
_STUCK = 1.5
"""Seconds after which a device that has sound and makes none heard is counted as lost."""


class Playback:
    """One open clip: `tick` tells whether something changed that is to be shown."""

    def __init__(
        self,
        film: Film,
        lens: Lens,
        wake: Callable[[], object],
        *,
        sink: Callable[[], SoundSink | None] = lambda: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.film = film
        self.index: FrameIndex | None = None
        """None until all frames are known."""
        self.picture: Picture | None = None
        """What is seen."""
        self.exact = False
        """Whether it is the frame that was asked for, not the key frame before it."""
        self.number = 0
        """The frame where the player stands."""
        self.speed = 0
        self.dropped = 0
        """Frames that should have been seen since it was last played, and came too late."""
        self.fault: ReelkeepError | None = None
        """Why nothing, or not this frame, can be shown."""
        self.first: int | None = None
        """Frame at the in point."""
        self.end: int | None = None
        """Frame behind the last one that is kept: out points are exclusive."""
        self.loop = False
        self._lens = lens
        self._now = now
        self._clock = PlayClock(now)
        self._make_sink = sink
        self._sink: SoundSink | None = None
        self._sound: SoundSource | None = None
        self._asked_at = 0.0
        self._sounding = False
        self._written = 0
        self._heard = (0.0, 0.0)
        self._wished: Wish | None = None
        self._dead = False
        self._projector = Projector(film, self._clock, wake)
        self._projector.start(lens)

    # What is known

    @property
    def frames(self) -> int:
        """How many there are; 0 until they are known."""
        return self.index.frames if self.index is not None else 0

    @property
    def playing(self) -> bool:
        """Whether it moves."""
        return self.speed != 0

    @property
    def pace(self) -> float:
        """Frames a second that this machine decodes of this clip; 0 while not known."""
        return self._projector.pace

    @property
    def moving(self) -> bool:
        """Whether it has begun: the first picture was ready, and the first sound."""
        return self._clock.running

    @property
    def reach(self) -> float:
        """Seconds of playing for which pictures are ready, counted from where it began."""
        return self._projector.reach

    @property
    def elapsed(self) -> float:
        """Seconds of playing that have gone by."""
        return self._clock.elapsed()

    @property
    def heavy(self) -> bool:
        """Whether this machine is too slow for it, with a little reserve."""
        pace = self._projector.pace
        return self.index is not None and 0 < pace < 1.15 * float(self.index.rate)

    @property
    def settled(self) -> bool:
        """Whether what is seen is what was asked for, or can't be."""
        if self.playing:
            return False
        return self.fault is not None or (self.index is not None and self._wished is None)

    # Standing still

    def show(self, number: int, *, exact: bool = True) -> None:
        """Stop, and show frame *number*; not *exact*: the key frame before it, at once."""
        self.halt()
        self.number = self._within(number)
        self._ask(Wish(number=self.number, lens=self._lens, exact=exact))

    def step(self, by: int) -> None:
        """One frame on or back, or more."""
        self.show(self.number + by)

    def look_through(self, lens: Lens) -> None:
        """Show the same through another lens, also while it plays."""
        if lens == self._lens:
            return
        self._lens = lens
        if self.playing:
            self.play(self.speed)
        elif self._wished is not None:
            self._ask(replace(self._wished, lens=lens))
        else:
            self._ask(Wish(number=self.number, lens=lens))

    # Moving

    def play(self, speed: int = 1) -> None:
        """Play from where it stands; backwards with a negative *speed*."""
        if self.index is None or not speed:
            return self.pause()
        first, last = self._bounds()
        at = self.number
        if not first <= at <= last or (at == (last if speed > 0 else first)):
            at = first if speed > 0 else last
        self.halt()
        self.speed, self.number, self.dropped = speed, at, 0
        self._asked_at = self._now()
        self._ask(
            Wish(number=at, lens=self._lens, speed=speed, first=first, last=last, loop=self.loop)
        )
        self._prepare_sound(at, first, last)
        return None

    def pause(self) -> None:
        """Stand still at the frame that is seen."""
        if self.playing:
            self.show(self.number)

    def faster(self, way: int) -> None:
        """J and L: play that way, and twice as fast each time it is asked for again."""
        same = self.speed * way > 0
        self.play(way * min(FASTEST, abs(self.speed) * 2) if same else way)

    def set_range(self, first: int | None, end: int | None) -> None:
        """The part that is kept: from frame *first*, up to and without frame *end*."""
        self.first, self.end = first, end

    def _bounds(self) -> tuple[int, int]:
        """First and last frame that are played: all, or with a loop what is kept."""
        if not self.loop:
            return 0, self.frames - 1
        first = self._within(self.first or 0)
        last = self._within((self.end if self.end is not None else self.frames) - 1)
        return (first, last) if first <= last else (0, self.frames - 1)

    def _within(self, number: int) -> int:
        return min(max(number, 0), max(self.frames - 1, 0)) if self.frames else max(number, 0)

    def halt(self) -> None:
        """Stop moving and fall silent, wherever it stands."""
        self.speed = 0
        self._clock.stop()
        if self._sound is not None:
            self._sound.stop()
        if self._sink is not None:
            self._sink.end()
        self._sounding = False

    def _ask(self, wish: Wish) -> None:
        if self._dead:
            return
        self.fault = None
        self._wished = wish
        if self.index is not None:
            self._projector.ask(wish)

    # Time goes by

    def tick(self) -> bool:
        """Take what has come, and what is due; True when something is to be drawn anew."""
        changed = False
        for news in self._projector.news():
            changed = True
            if isinstance(news, Opened):
                self.index = news.index
                self.number = self._within(self.number)
                wished = self._wished or Wish(number=self.number, lens=self._lens)
                self._ask(replace(wished, number=self._within(wished.number)))
            elif isinstance(news, Shown):
                self._see(news)
            elif isinstance(news, Fault) and (news.wish is None or news.wish is self._wished):
                self._fail(news)
        return self._move() or changed

    def _see(self, news: Shown) -> None:
        if news.wish is not None and news.wish is not self._wished:
            return
        self.picture = news.picture
        self.exact = news.wish is not None and news.picture.number == news.wish.number
        if news.wish is not None and (news.picture.fine or not news.wish.exact):
            self._wished = None

    def _fail(self, news: Fault) -> None:
        self.halt()
        self._dead = news.wish is None
        self.fault = news.error
        self._wished = None

    def _move(self) -> bool:
        if not self.playing:
            return False
        if not self._clock.running:
            return self._set_off()
        self._feed()
        due = self._projector.due(self._clock.elapsed())
        if due is None or due.wish is not self._wished:
            return False
        if due.picture is None:  # the last one may have come too late to be seen
            last = due.wish.last if due.wish.speed > 0 else due.wish.first
            self._count_dropped(last)
            self.show(last)
            return True
        self._count_dropped(due.picture.number)
        self.picture, self.number, self.exact = due.picture, due.picture.number, True
        return True

    def _count_dropped(self, number: int) -> None:
        """Frame *number* is seen next; those on the way to it were not."""
        steps = (number - self.number) // self.speed  # negative where a loop begins anew
        self.dropped += max(0, steps - 1)

    def _set_off(self) -> bool:
        """Begin once there is something to be seen, and to be heard where there is sound."""
        waits = self._sound is not None and self._sounding and not self._sound.ready
        if not self._projector.ready or (waits and self._now() - self._asked_at < _SOUND_LATE):
            return False
        if self._sounding and (self._sound is None or self._sound.silent):
            self._sounding = False
        if self._sounding:
            self._sink = self._sink or self._make_sink()
            self._sounding = self._sink is not None
        self._clock.start()
        if self._sounding and self._sink is not None:
            self._sink.begin()
            self._written, self._heard = 0, (0.0, self._now())
        self._feed()
        return self._move()

    # Sound

    def _prepare_sound(self, at: int, first: int, last: int) -> None:
        """Only at normal speed, forwards."""
        index = self.index
        self._sounding = self.speed == 1
        if not self._sounding or index is None:
            return
        if self._sound is None:
            self._sound = SoundSource(partial(self.film.sound, index))
        self._sound.play(
            Passage(
                start=Fraction(index.seconds(at)),
                end=Fraction(index.seconds(last + 1)),
                again=Fraction(index.seconds(first)) if self.loop else None,
            )
        )

    def _feed(self) -> None:
        """Keep the device full, and follow its clock; without it, go on by the machine's."""
        if not self._sounding or self._sink is None or self._sound is None:
            return
        heard = self._sink.heard()
        if heard is None or self._sound.silent or self._stuck(heard):
            self._sink.end()
            self._sounding = False
            self._sink = None
            return
        room = self._sink.room()
        if room > 0 and (samples := self._sound.read(min(room, RATE))):
            self._sink.write(samples)
            self._written += len(samples) // FRAME
        if heard > 0:
            self._clock.heard(heard)

    def _stuck(self, heard: float) -> bool:
        """Whether the device, which says nothing of it, plays no more of what it has."""
        now, (before, since) = self._now(), self._heard
        if heard != before or self._written / RATE - heard < _STUCK / 10:
            self._heard = heard, now
        return now - since > _STUCK and self._heard[1] == since

    def let_go(self) -> None:
        """Have its threads end, without waiting for them."""
        self.halt()
        if self._sound is not None:
            self._sound.let_go()
        self._projector.let_go()

    def close(self, patience: float = 10.0) -> bool:
        """Let go of the clip; False when a read of it hangs for longer than *patience* seconds."""
        self.let_go()
        until = self._now() + patience
        sound = self._sound is None or self._sound.close(patience)
        return self._projector.close(max(0.0, until - self._now())) and sound
