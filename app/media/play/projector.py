"""The thread that opens a clip and decodes what a player wants to see next.

There is one wish at a time, and the newest one wins: a run-up that nobody waits for any more is
given up after the frame at hand.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from app.errors import BadInput, FrameFault, ReelkeepError
from app.media.frames.decoder import Abandoned
from app.media.frames.frame_index import FrameIndex
from app.media.frames.pictures import Picture, PictureCache
from app.media.play.clock import PlayClock
from app.media.play.film import Film, Frames
from app.media.play.lens import Glass, Lens
from app.media.play.route import Route

log = logging.getLogger(__name__)

CACHE = 400_000_000
"""Bytes of pictures that one player keeps."""
_AHEAD = 8
_AHEAD_BACKWARDS = 48
"""Pictures that wait to be shown. Backwards a group comes whole, and the next takes its time."""
_DARK = 0.15
"""Seconds after which a picture is shown even if it comes late."""
_ENOUGH = 12
"""Frames after which something can be said of a machine's pace."""
_RUN_UP = 60
"""Frames before the one that is wanted, kept for those who step back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a player wants to see."""

    number: int
    """The frame, or the one that playing begins with."""
    lens: Lens
    exact: bool = True
    """False: the nearest key frame will do, at once."""
    speed: int = 0
    """0 stands still; -8 to 8 otherwise."""
    first: int = 0
    last: int = 0
    """Where playing ends, or goes on from the other end with *loop*."""
    loop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The clip is open, and all its frames are known."""

    index: FrameIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture to be seen at once."""

    wish: Wish | None
    """None: the first one of the clip, before anybody asked."""
    picture: Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What was wished can't be shown."""

    wish: Wish | None
    """None: the clip can't be opened, and nothing more will come."""
    error: ReelkeepError


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A picture on its way: when it is to be seen, in seconds of playing."""

    wish: Wish
    at: float
    picture: Picture | None
    """None: here playing ends."""


News = Opened | Shown | Fault


class Projector:
    """Decodes one clip in a thread of its own. All methods may be called from any other one."""

    def __init__(self, film: Film, clock: PlayClock, wake: Callable[[], object]) -> None:
        self.film = film
        self.pace = 0.0
        """Frames a second that were decoded and scaled lately; 0 before enough was played."""
        self._clock = clock
        self._wake = wake
        self._change = threading.Condition()
        self._wish: Wish | None = None
        self._closed = False
        self._news: deque[News] = deque()
        self._reel: deque[Due] = deque()
        self._cache = PictureCache(CACHE)
        self._aspect = Fraction(1)
        self._lately: deque[tuple[float, int]] = deque(maxlen=4 * _ENOUGH)
        self._thread = threading.Thread(target=self._run, name="projector", daemon=True)

    def start(self, lens: Lens) -> None:
        """Open the clip and show its first frame through *lens*."""
        self._wish = Wish(number=0, lens=lens)
        self._thread.start()

    def ask(self, wish: Wish) -> None:
        """Show this instead of what was asked for before."""
        with self._change:
            self._wish = wish
            self._reel.clear()
            self._change.notify_all()

    def let_go(self) -> None:
        """Have the thread end, without waiting for it."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    def close(self, patience: float = 10.0) -> bool:
        """End the thread; False when it hangs in a read that does not come back."""
        self.let_go()
        if self._thread.ident is not None:
            self._thread.join(patience)
        return not self._thread.is_alive()

    def news(self) -> list[News]:
        """What has happened since the last call."""
        with self._change:
            told = list(self._news)
            self._news.clear()
        return told

    @property
    def ready(self) -> bool:
        """Whether a picture waits to be shown."""
        return bool(self._reel)

    @property
    def reach(self) -> float:
        """Seconds of playing for which pictures wait; infinite once the end is among them."""
        with self._change:
            if not self._reel:
                return 0.0
            last = self._reel[-1]
            return last.at if last.picture is not None else float("inf")

    def due(self, elapsed: float) -> Due | None:
        """What is to be seen after so many seconds of playing; None: what is seen already."""
        found = None
        with self._change:
            while self._reel and self._reel[0].at <= elapsed:
                found = self._reel.popleft()
                if found.picture is None:
                    break
            if found is not None:
                self._change.notify_all()
        return found

    # In the thread

    def _run(self) -> None:
        try:
            with contextlib.closing(self._opened()) as frames:
                while (wish := self._next()) is not None:
                    self._grant(wish, frames)
        except Abandoned:
            return
        except ReelkeepError as error:
            self._tell(Fault(wish=None, error=error))
        except Exception as error:
            log.exception("The player of %s has stopped", self.film.name)
            self._tell(Fault(wish=None, error=ReelkeepError(_BUG)))
            del error

    def _opened(self) -> Frames:
        wish = self._wish
        assert wish is not None
        frame, self._aspect = self.film.first()
        with contextlib.suppress(BadInput):  # a LUT that is gone: said with the frame itself
            if frame is not None:
                picture = Glass(wish.lens, self._aspect).picture(frame, 0, fine=True)
                self._tell(Shown(wish=None, picture=picture))
        frames = self.film.open(self._stop_if_closed)
        self._tell(Opened(index=frames.index))
        return frames

    def _stop_if_closed(self) -> None:
        if self._closed:
            raise Abandoned

    def _tell(self, news: News) -> None:
        with self._change:
            if self._closed:
                return
            self._news.append(news)
        self._wake()

    def _next(self) -> Wish | None:
        """The newest wish, once there is one that was not granted yet; None at the end."""
        with self._change:
            self._change.wait_for(lambda: self._closed or self._wish is not None)
            wish, self._wish = self._wish, None
            return None if self._closed else wish

    def _unwanted(self) -> bool:
        return self._closed or self._wish is not None

    def _grant(self, wish: Wish, frames: Frames) -> None:
        self._cache.of_kind(wish.lens)
        glass = Glass(wish.lens, self._aspect)
        frames.abandon = self._unwanted
        try:
            if wish.speed:
                self._play(wish, frames, glass)
            else:
                self._show(wish, frames, glass)
        except Abandoned:
            return
        except ReelkeepError as error:
            self._tell(Fault(wish=wish, error=error))

    def _show(self, wish: Wish, frames: Frames, glass: Glass) -> None:
        kept = self._cache.get(wish.number)
        if kept is not None:
            self._tell(Shown(wish=wish, picture=kept))
            if kept.fine or not wish.exact:
                return
        frames.seen = None
        if wish.exact:
            frames.seen = self._keeper(glass, wish.number - _RUN_UP, wish.number, fine=True)
            number, frame = wish.number, frames.frame(wish.number)
        else:
            number, frame = frames.key_frame(wish.number)
        picture = self._cache.get(number)
        if picture is None or (wish.exact and not picture.fine):
            picture = glass.picture(frame, number, fine=wish.exact)
            self._cache.put(picture)
        self._tell(Shown(wish=wish, picture=picture))

    def _keeper(
        self, glass: Glass, first: int, last: int, *, fine: bool, every: int = 1
    ) -> Callable[[int, object], None]:
        """Keeps the frames of a run-up that somebody may go back to."""
        most = max(1, CACHE // max(1, glass.lens.box[0] * glass.lens.box[1] * 4) - 2)

        def keep(number: int, frame: object) -> None:
            wanted = max(first, last - most) <= number < last and not (last - number) % every
            if wanted and self._cache.get(number) is None:
                self._cache.put(glass.picture(frame, number, fine=fine))  # type: ignore[arg-type]

        return keep

    # Playing

    def _play(self, wish: Wish, frames: Frames, glass: Glass) -> None:
        route = Route(frames.index, wish.number, wish.speed, wish.first, wish.last, loop=wish.loop)
        shown_at = -1.0
        while route.number is not None:
            late = self._clock.elapsed() - route.at
            wanted = late <= route.span or route.at - shown_at > _DARK
            picture = self._picture_on(route, frames, glass, wanted=wanted)
            if picture is not None:
                shown_at = route.at
                self._put(Due(wish=wish, at=route.at, picture=picture), wish.speed)
            if self._unwanted():
                raise Abandoned
            route.go_on(self._clock.elapsed(), self.pace)
        self._put(Due(wish=wish, at=route.at, picture=None), wish.speed)

    def _picture_on(
        self, route: Route, frames: Frames, glass: Glass, *, wanted: bool
    ) -> Picture | None:
        """The picture at the place where *route* is; None where it can't be given or comes late."""
        number = route.number
        assert number is not None
        kept = self._cache.get(number)
        if kept is not None:
            return kept
        frames.seen = None
        if route.backwards and not frames.index.intra:
            frames.seen = self._keeper(glass, 0, number, fine=False, every=abs(route.speed))
        began = time.monotonic()
        try:
            frame = frames.frame(number)
        except FrameFault as error:
            log.info("Left out while playing: %s", error)
            return None
        picture = glass.picture(frame, number, fine=False) if wanted else None
        decoded = 1 if frames.index.intra else 0 if route.backwards else route.steps
        if decoded:
            self._measure(time.monotonic() - began, decoded)
        if picture is not None:
            self._cache.put(picture)
        return picture

    def _measure(self, seconds: float, frames: int) -> None:
        """Learn what this machine does of this clip: decoders give pictures in bursts."""
        self._lately.append((seconds, frames))
        if len(self._lately) >= _ENOUGH:
            took = sum(seconds for seconds, _ in self._lately)
            self.pace = sum(frames for _, frames in self._lately) / max(took, 1e-4)

    def _put(self, due: Due, speed: int) -> None:
        most = _AHEAD if speed > 0 else _AHEAD_BACKWARDS
        if due.picture is not None:
            most = max(2, min(most, CACHE // (2 * due.picture.size)))
        with self._change:
            self._change.wait_for(lambda: len(self._reel) < most or self._unwanted())
            if self._unwanted():
                raise Abandoned
            self._reel.append(due)
            first = len(self._reel) == 1
        if first:
            self._wake()


_BUG = "The player has stopped by an internal error, see the log."
