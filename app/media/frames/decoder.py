"""Gives frame N of a clip, and never its neighbour.

A plain seek is silently wrong: MOV is searched by the time of decoding, so that in front of an
open group the first picture that comes out is a later one; transport streams land anywhere. Here
every picture that is decoded says by its stamp which frame it is, the index knows the stamps, and
what comes out is either the frame that was asked for or an error that says why not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from av.video.frame import VideoFrame

from app.errors import BadInput, FrameFault
from app.media.frames.damage import damaged_frames
from app.media.frames.decoding import Item, Run
from app.media.frames.frame_index import FrameIndex
from app.media.frames.source import ByteSource

__all__ = ["Abandoned", "Decoder"]

Seen = Callable[[int, VideoFrame], object]

_NEAR = 8
"""Frames ahead that are sooner decoded than sought."""


class Abandoned(Exception):
    """Raised out of a run-up that nobody waits for any more. It is no error."""


class Decoder:
    """Decodes frames of a picture track of *source* by *index*. For one thread at a time.

    *seen* is told every frame that is decoded on the way, also the one that was asked for;
    *abandon* is asked after each, and True ends the call with `Abandoned`. What comes later suffers
    from neither. Raises MediaFault for a source that can't be opened, and FrameFault from `frame`,
    `following` and `key_frame` for a frame that can't be given.
    """

    def __init__(
        self,
        source: ByteSource,
        index: FrameIndex,
        *,
        track: int = 0,
        seen: Seen | None = None,
        abandon: Callable[[], bool] | None = None,
    ) -> None:
        self.source = source
        self.index = index
        self.seen = seen
        self.abandon = abandon
        self._run = Run(source, index, track)
        self._last: Item | None = None
        self._ahead: Item | None = None
        self._missing: set[int] = set(index.suspect.tolist()) if index.intra else set()
        self._looked_at: set[int] = set()
        self._track = track

    def frame(self, n: int) -> VideoFrame:
        """Frame *n*. Right after frame n-1 this does not seek."""
        self._check(n)
        if self._last is not None and self._last[0] == n:
            return self._last[1]
        if self._can_go_on(n):
            found = self._go_to(n)
            if found is not None:
                return found
        return self._sought(n)

    def following(self, n: int) -> Iterator[Item]:
        """Frame *n* and all that come after it, with their numbers, seeking once at most.

        A frame that can't be given raises FrameFault and ends the iterator; a new one from n+1
        goes on from there.
        """
        while n < self.index.frames:
            yield n, self.frame(n)
            n += 1

    def key_frame(self, n: int) -> Item:
        """The nearest frame at or before *n* that costs no run-up, with its number.

        Where the clip begins with frames that need a run-up or can't be given, it is the first
        that can, which may be a later one than *n*.
        """
        if n >= self.index.lost_at_head:
            self._check(n)
        number = self.index.key_at_or_before(n)
        if self._last is not None and self._last[0] == number:
            return self._last
        row = self.index.key_row(number)
        alone = row >= 0 and self.index.stamps[number] == self.index.key_stamps[row]
        if alone and not self.index.intra and not self.index.numbered:
            self._forget()
            frame = self._run.key_alone(row, number)
            if frame is not None:
                self._last = (number, frame)
                if self.seen is not None:
                    self.seen(number, frame)
                return self._last
        return number, self.frame(number)

    def close(self) -> None:
        """Give the file and the decoder's memory back."""
        self._forget()
        self._run.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _check(self, n: int) -> None:
        index = self.index
        if n < 0 or n >= index.frames + index.missing_at_end:
            raise BadInput(f"{self.source.name} has no frame {n}: it has {index.frames}.")
        if n >= index.frames:
            raise self._fault(n, "the file was cut off before it")
        if n < index.lost_at_head:
            raise self._fault(n, "what it is made from is not in the file, which begins behind it")
        if n in self._missing:
            raise self._fault(n, self._run.trouble)

    def _fault(self, n: int, what: str) -> FrameFault:
        path = getattr(self.source, "path", None)
        return FrameFault(
            f"Frame {n} of {self.source.name} cannot be given: {what}.",
            path=path if isinstance(path, Path) else None,
        )

    def _can_go_on(self, n: int) -> bool:
        """Whether decoding on is the shortest way to frame *n*."""
        if self._ahead is not None:
            at = self._ahead[0] - 1
        elif self._last is not None and self._run.going:
            at = self._last[0]
        else:
            return False
        if n <= at:
            return False
        row = self.index.key_row(n)
        begins = int(self.index.key_frames[row]) if row >= 0 else 0
        return begins <= at or n - at <= (1 if self.index.intra else _NEAR)

    def _sought(self, n: int) -> VideoFrame:
        """Frame *n* from the last key frame shown before it, or from one further back."""
        row = self.index.key_row(n)
        step = 1
        while True:
            self._forget()
            landed = self._run.start(row)
            found = self._go_to(n)
            if found is not None:
                return found
            if not self._run.damaged:
                break
            if landed <= row:
                self._look_for_damage(row, row)
                if self._last is not None:
                    break  # it came past the place, and the frame was not there
            if n in self._missing or row < 0 or (self.index.intra and landed <= row):
                break
            # It landed too late, or nothing whole came yet: pictures that are refreshed bit by bit.
            row = max(row - step, -1)
            step *= 2
        if self._run.damaged:
            self._missing.add(n)
        raise self._fault(n, self._run.trouble)

    def _go_to(self, n: int) -> VideoFrame | None:
        """Decode on to frame *n*; None where a later one comes, which is kept, or nothing."""
        while True:
            item = self._ahead or self._next()
            if item is None:
                return None
            if item[0] > n:
                self._ahead = item
                return None
            self._ahead = None
            self._last = item
            if item[0] == n:
                return item[1]
            self._give_up()

    def _next(self) -> Item | None:
        """The next picture that is what it should be."""
        run = self._run
        while (item := run.picture()) is not None:
            if run.alarm and not self.index.intra:
                last = max(item[0], run.read_to)
                self._look_for_damage(self.index.key_row(run.due), self.index.key_row(last))
            run.alarm = False
            run.due = item[0] + 1
            if item[0] not in self._missing:
                if self.seen is not None:
                    self.seen(*item)
                return item
        return None

    def _look_for_damage(self, first: int, last: int) -> None:
        """Learn what is lost in the groups of these key frames, which may well be nothing."""
        if self.index.intra:
            return
        for row in range(first, last + 1):
            if row not in self._looked_at:
                lost = damaged_frames(
                    self.source, self.index, row, track=self._track, checkpoint=self._give_up
                )
                self._missing |= lost
                self._looked_at.add(row)

    def _give_up(self) -> None:
        if self.abandon is not None and self.abandon():
            raise Abandoned

    def _forget(self) -> None:
        self._last = self._ahead = None
