"""Encodes one stream to its end, goes on where a run was cut off, or finds that it is not worth it.

A stream is one task and never split; several streams are encoded side by side.
"""

from __future__ import annotations

import contextlib
import logging
from array import array
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from app.errors import DestinationFull, EnvironmentFault, MediaFault
from app.media.ffmpeg.process import Ended, Progress, Wishes, run_ffmpeg
from app.media.transcode.lines import (
    Entry,
    entry_line,
    picture_line,
    sound_line,
)
from app.media.transcode.recipe import TranscodeRecipe
from app.media.transcode.sound_frames import SoundFrames, sound_frames
from app.media.transcode.streams import Inventory, Stream, keys_of, times_of
from app.media.transcode.work import StreamWork, join_pictures, join_sound

log = logging.getLogger(__name__)

PATIENCE = 3600.0
"""Seconds without progress: slow presets look far ahead before they write anything."""
_BACK_KEYS, _BACK_SECONDS = 2, Fraction(1)
"""By how much decoding begins before the place where encoding goes on."""


class NotKept(MediaFault):
    """What was encoded is of no use: it was found wrong, and the drives have proven themselves."""


class NotSmaller(Exception):
    """The stream would not become small enough: the raw one is used."""

    def __init__(self, at: float) -> None:
        super().__init__(at)
        self.at = at


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What all tasks of a clip share."""

    clip: Inventory
    recipe: TranscodeRecipe
    program: str
    work: Path
    """The folder of this clip's streams in the making."""
    prove: Callable[[], None]
    """Raises EnvironmentFault where the clip no longer gives what it gave before."""
    goes_on: Callable[[int], None] = lambda _: None
    """Hears at which frame a picture goes on that was cut off."""

    @property
    def source(self) -> Path:
        """The file that speaks for the clip."""
        return self.clip.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An encoded stream, ready to be put into its container."""

    path: Path
    first: Fraction
    """Seconds at which it begins, from the beginning of the original on."""
    head: Fraction = Fraction(0)
    """Seconds in front of that which only warm a decoder up."""
    packets: int
    bytes: int


class StreamTask:
    """One stream, or several that are mixed to one."""

    def __init__(
        self,
        plot: Plot,
        streams: tuple[Stream, ...],
        control: Wishes,
        told: Callable[[float], None],
        *,
        may_stay: bool,
    ) -> None:
        """*told* hears how many seconds of it are encoded; *may_stay*: raw, where it is better."""
        self._plot, self._streams, self._control = plot, streams, control
        self._told, self._may_stay = told, may_stay
        self.stream = streams[0]
        self.picture = self.stream.kind == "video"
        self._frames = None if self.picture else sound_frames(plot.recipe, streams)
        suffix = self._frames.suffix if self._frames else ".nut"
        self.work = StreamWork(plot.work / f"stream-{self.stream.index}", suffix)
        self._base = (0, 0)
        """Packets and bytes that were encoded before the run at hand."""

    @property
    def length(self) -> float:
        """Seconds of the stream."""
        return float(max(one.length for one in self._streams))

    def run(self) -> None:
        """Bring it to its end: encoded whole, or known to stay raw. Raises NotKept."""
        self.work.load()
        if self.work.state.raw:
            return
        try:
            if not self.work.state.done:
                self._encode()
            if len(self.work.state.runs) > 1 and self._trouble():
                self.work.forget()
                self._encode()
            if trouble := self._trouble():
                raise MediaFault(
                    f"Stream {self.stream.index} of {self._plot.source} {trouble}.",
                    path=self._plot.source,
                )
            self._weigh(self._length_of(self.work.state.packets), self.work.state.bytes, last=True)
        except NotSmaller as found:
            self.work.keep(raw_at=round(found.at, 2))
            log.info("%s: stream %s stays raw", self._plot.source, self.stream.index)
        except MediaFault as fault:
            self._plot.prove()  # else a drive that failed would be taken for a damaged clip
            if not self._may_stay:
                raise NotKept(fault.message, path=fault.path, hint=fault.hint) from fault
            self.work.keep(why=str(fault))
            log.info("%s stays raw: %s", self._plot.source, fault)

    def _trouble(self) -> str:
        """What is wrong with all that was encoded; "" where it is whole."""
        state = self.work.state
        if not self.work.fits:
            return "was encoded by two programs that differ"
        if self.picture and state.packets != self.stream.packets:
            return (
                f"has {self.stream.packets:,} pictures, of which {state.packets:,} can be decoded"
            )
        return "" if state.packets else "has nothing that can be decoded"

    def whole(self) -> Made:
        """All that was encoded, as one file."""
        state = self.work.state
        first, head = min(one.start for one in self._streams), Fraction(0)
        if self._frames is None:
            times = times_of(self._plot.work, self.stream.index)
            path = join_pictures(self.work, times, str(self.stream.time_base), self._control)
        else:
            path = join_sound(self.work, self._frames, self._control)
            head = Fraction(self._frames.head, self._frames.rate)
        return Made(path=path, first=first, head=head, packets=state.packets, bytes=state.bytes)

    def _encode(self) -> None:
        self.work.take_stock(self._control)
        self._base = (self.work.state.packets, self.work.state.bytes)
        if self._base[0]:
            self._weigh(self._length_of(self._base[0]), self._base[1])
        if self._frames is None:
            self._encode_picture()
        else:
            self._encode_sound(self._frames)
        self.work.end(self._control)

    def _encode_picture(self) -> None:
        times = times_of(self._plot.work, self.stream.index)
        frame = self._base[0]
        if frame >= len(times):
            self.work.forget()
            frame, self._base = 0, (0, 0)
        if frame:
            self._plot.goes_on(frame)
        steady = _is_steady(times, self.stream)
        entry = self._entry(times, frame)
        out = self.work.begin()
        reading = self._plot.clip.reading(self.stream)
        line = picture_line(reading, self.stream, self._plot.recipe, entry, steady=steady, out=out)
        self._work(line)

    def _encode_sound(self, frames: SoundFrames) -> None:
        packets = self._base[0]
        warm_up = min(frames.warm_up, packets)
        out = self.work.begin(skip=warm_up)
        drop = (packets - warm_up) * frames.samples
        clip, recipe = self._plot.clip, self._plot.recipe
        self._base = (packets - warm_up, self._base[1])
        self._work(sound_line(clip, self._streams, recipe, frames, drop=drop, out=out))

    def _work(self, line: Sequence[str]) -> None:
        log.info("ffmpeg %s", " ".join(line))
        ended = run_ffmpeg(self._plot.program, line, self._control, self._hear, patience=PATIENCE)
        for words in ended.words:
            log.info("ffmpeg says: %s", words)
        if ended.full:
            raise DestinationFull(
                f"There is no room for what is encoded in {self.work.folder}.",
                path=self.work.folder,
                hint="Free some space, then resume the job: it goes on where it was.",
            )
        if ended.code < 0 or ended.silent:  # that is not the clip's doing
            raise EnvironmentFault(
                f"ffmpeg was ended while it encoded stream {self.stream.index} of"
                f" {self._plot.source}.",
                path=self._plot.source,
                hint="Look whether the memory was full; then retry: it goes on where it was.",
            )
        if not ended.whole:
            raise MediaFault(self._said(ended), path=self._plot.source)

    def _said(self, ended: Ended) -> str:
        return (
            f"Stream {self.stream.index} of {self._plot.source} cannot be encoded: {ended.trouble}"
        )

    def _hear(self, progress: Progress) -> None:
        packets, size = self._base
        if self._frames is None:
            length = self._length_of(packets + progress.frames)
        else:
            length = self._frames.seconds(packets) + progress.seconds
        self._told(min(length, self.length))
        self._weigh(length, size + progress.size)

    def _length_of(self, packets: int) -> float:
        """Seconds of the stream that so many packets make."""
        if self._frames is not None:
            return self._frames.seconds(packets)
        return self.length * packets / max(1, self.stream.packets)

    def _weigh(self, length: float, size: int, *, last: bool = False) -> None:
        """Raises NotSmaller where what is encoded is too large a part of the raw stream."""
        recipe = self._plot.recipe
        if not self._may_stay or not recipe.raw_from or not self.length:
            return
        if length < recipe.raw_after and not last:
            return
        length = min(length, self.length)
        if size > recipe.raw_from / 100 * self.stream.bytes * length / self.length:
            raise NotSmaller(length)

    # Where it goes on

    def _entry(self, times: array[int], frame: int) -> Entry:
        """The first picture that is missing, and a way there that is proven."""
        base = self.stream.time_base
        if not frame:
            return Entry()
        at = times[frame] * base
        close = (at - times[frame - 1] * base) / 4
        plain = Entry(frame=frame, at=at, close=close)
        keys = keys_of(self._plot.work, self.stream.index)
        early = bisect_right(keys, times[frame] - int(_BACK_SECONDS / base)) - 1 - _BACK_KEYS
        if early <= 0:
            return plain
        seek = keys[early] * base - self._plot.clip.reading(self.stream).start
        entry = Entry(frame=frame, at=at, seek=seek, close=close)
        return entry if self._leads_there(entry) else plain

    def _leads_there(self, entry: Entry) -> bool:
        """Whether the first picture that comes is the one that is missing."""
        out = self.work.folder / "entry"
        line = entry_line(self._plot.clip.reading(self.stream), self.stream, entry, out)
        ended = run_ffmpeg(self._plot.program, line, self._control)
        shown = _first_shown(out) if ended.whole else None
        out.unlink(missing_ok=True)
        return shown is not None and abs(shown - entry.at) <= entry.close


def _first_shown(path: Path) -> Fraction | None:
    """Seconds of the first picture in a list by ffmpeg's framecrc."""
    base = Fraction(0)
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in path.read_text("utf-8", "replace").splitlines():
            if line.startswith("#tb 0:"):
                base = Fraction(line.partition(":")[2].strip())
            elif not line.startswith("#"):
                return int(line.split(",")[2]) * base
    return None


def _is_steady(times: array[int], stream: Stream) -> bool:
    """Whether all pictures stand on the grid of the stream's rate."""
    if not stream.rate or not stream.steady:
        return False
    step = 1 / (stream.rate * stream.time_base)
    return all(abs(time - times[0] - n * step) < step / 4 for n, time in enumerate(times))
