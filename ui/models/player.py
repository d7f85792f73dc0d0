"""What the player's widgets show and do: one clip, its versions, its marks. Paints nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app.errors import ReelkeepError
from app.media.frame_index import FrameIndex
from app.media.lens import Lens
from app.media.marks import ClipMarks, Mark, MarkStore, content_stamp
from app.media.playback import Playback
from app.media.sound_sink import SoundSink
from app.media.source import ByteSource
from app.timecode import Timecode, frame_rate
from ui.bridge import Bridge

TICK_MS = 5
"""While it plays: a quarter of the shortest frame."""
SETTLE_MS = 90
"""After so long without a move of the pointer the exact frame is decoded."""
SAVE_MS = 400
BOX = (640, 360)

IndexOf = Callable[[ByteSource, Callable[[], object]], FrameIndex]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One file that a clip can be played from; all versions have the same frames."""

    source: ByteSource
    label: str
    """`original`, `preview 720`."""
    online: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerClip:
    """A clip for the player."""

    key: str
    name: str
    versions: tuple[Version, ...]
    """The one to begin with first."""
    start: Timecode | None = None
    files: tuple[Path, ...] = ()
    """What is dragged out when the clip is."""


class PlayerModel(QObject):
    """One clip at a time. Everything that is slow happens elsewhere; news comes as signals."""

    picture_changed = Signal()
    """Another picture is to be painted."""
    changed = Signal()
    """Something else is to be told: place, speed, range, marks, version, fault."""
    clip_changed = Signal()
    """Another clip, or none."""

    _woken = Signal()

    def __init__(
        self,
        bridge: Bridge,
        index_of: IndexOf,
        marks: MarkStore | None = None,
        sink: Callable[[], SoundSink | None] = lambda: None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.clip: PlayerClip | None = None
        self.version: Version | None = None
        self.marks = ClipMarks()
        self.loop = False
        self.playback: Playback | None = None
        self.lut: Path | None = None
        self._bridge = bridge
        self._index_of = index_of
        self._store = marks
        self._make_sink = sink
        self._stamp = ""
        self._box = BOX
        self._leaving: list[Playback] = []
        self._return_to: int | None = None
        self._woken.connect(self._tick, Qt.ConnectionType.QueuedConnection)
        self._beat = QTimer(self)
        self._beat.setTimerType(Qt.TimerType.PreciseTimer)
        self._beat.setInterval(TICK_MS)
        self._beat.timeout.connect(self._tick)
        self._rest = self._once(SETTLE_MS, self._come_to_rest)
        self._later = self._once(SAVE_MS, self._save)

    def _once(self, ms: int, call: Callable[[], object]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(ms)
        timer.timeout.connect(call)
        return timer

    # Clips

    def open(self, clip: PlayerClip | None) -> None:
        """Show *clip* in place of the one before."""
        if self._later.isActive():
            self._later.stop()
            self._save()
        self._leave()
        self.clip, self.marks, self._stamp = clip, ClipMarks(), ""
        self._return_to = None
        if clip is not None and clip.versions:
            self._begin(clip.versions[0])
            self._load_marks(clip)
        self.clip_changed.emit()
        self.picture_changed.emit()
        self.changed.emit()

    def tell_start(self, start: Timecode | None) -> None:
        """The clip's timecode became known after it was opened."""
        if self.clip is not None and start is not None and start != self.clip.start:
            self.clip = replace(self.clip, start=start)
            self.changed.emit()

    def switch(self, version: Version) -> None:
        """Play the same clip from another file, at the same frame."""
        if self.playback is None or version == self.version:
            return
        place, speed = self.playback.number, self.playback.speed
        before = self.playback.picture
        self._leave()
        self._begin(version)
        self.playback.picture = before
        self.playback.show(place)
        self._return_to = speed or None
        self.changed.emit()

    def _begin(self, version: Version) -> None:
        self.version = version
        lens = Lens(box=self._box, lut=self.lut)
        self.playback = Playback(
            version.source, lens, self._index_of, self._woken.emit, sink=self._make_sink
        )
        self.playback.loop = self.loop

    def _leave(self) -> None:
        """Let go of the open file, without waiting for a read that it may be in."""
        self._beat.stop()
        self._rest.stop()
        playback, self.playback, self.version = self.playback, None, None
        if playback is None:
            return
        playback.halt()
        self._leaving.append(playback)
        self._bridge.ask(playback.close, lambda _: self._left(playback))

    def _left(self, playback: Playback) -> None:
        if playback in self._leaving:
            self._leaving.remove(playback)

    def close(self) -> None:
        """The window closes: end every thread."""
        if self._later.isActive():
            self._later.stop()
            self._save_now()
        self._leave()
        for playback in self._leaving:
            playback.close()
        self._leaving.clear()

    # What is known

    @property
    def frames(self) -> int:
        """How many frames the clip has; 0 while not known."""
        return self.playback.frames if self.playback else 0

    @property
    def number(self) -> int:
        """The frame where the player stands."""
        return self.playback.number if self.playback else 0

    @property
    def speed(self) -> int:
        """0 where it stands still."""
        return self.playback.speed if self.playback else 0

    @property
    def rate(self) -> Fraction:
        """Frames a second; 0 while not known."""
        if self.playback is None or self.playback.index is None:
            return self.clip.start.rate if self.clip and self.clip.start else Fraction(0)
        return frame_rate(self.playback.index.rate)

    @property
    def fault(self) -> ReelkeepError | None:
        """Why nothing is shown."""
        return self.playback.fault if self.playback else None

    @property
    def settled(self) -> bool:
        """Whether what is seen is what was asked for."""
        return self.playback is None or (self.playback.settled and not self._rest.isActive())

    def timecode(self, number: int) -> Timecode | None:
        """The source timecode of a frame, from 0 where the clip has none of its own."""
        if self.clip is None or not self.rate:
            return None
        start = self.clip.start or Timecode(0, self.rate)
        return start + number

    # Moving

    def show(self, number: int) -> None:
        """Show frame *number*."""
        self._do(lambda playback: playback.show(number))

    def scrub(self, number: int) -> None:
        """Show the key frame there while the pointer moves, and the frame itself once it rests."""
        self._do(lambda playback: playback.show(number, exact=False))
        self._rest.start()

    def _come_to_rest(self) -> None:
        self._do(lambda playback: playback.show(playback.number))

    def step(self, by: int) -> None:
        """Go on by so many frames, or back."""
        self._do(lambda playback: playback.step(by))

    def to_end(self) -> None:
        """Show the last frame."""
        self.show(self.frames - 1)

    def faster(self, way: int) -> None:
        """J and L."""
        self._do(lambda playback: playback.faster(way))

    def pause(self) -> None:
        """K."""
        self._do(lambda playback: playback.pause())

    def play_or_pause(self) -> None:
        """The space bar."""
        self._do(lambda playback: playback.pause() if playback.playing else playback.play())

    def _do(self, deed: Callable[[Playback], object]) -> None:
        if self.playback is None:
            return
        self._rest.stop()
        deed(self.playback)
        self._beat_on()
        self.changed.emit()

    def go_to(self, text: str) -> str:
        """Go where *text* says; answers why that can't be, or ""."""
        from ui.models.places_typed import typed_frame

        start = self.timecode(0)
        if start is None:
            return ""
        try:
            number = typed_frame(text, start, self.number)
        except ReelkeepError as error:
            return str(error)
        if not 0 <= number < self.frames:
            last = start + (self.frames - 1)
            return f"The clip runs from {start} to {last}."
        self.show(number)
        return ""

    # What it is looked at through

    def fit(self, width: int, height: int) -> None:
        """The picture has so many pixels of the screen."""
        self._box = max(width, 2), max(height, 2)
        self._look()

    def look_through(self, lut: Path | None) -> None:
        """Show the picture through a LUT, or as it is."""
        self.lut = lut
        self._look()
        self.changed.emit()

    def _look(self) -> None:
        if self.playback is not None:
            self.playback.look_through(Lens(box=self._box, lut=self.lut))

    def set_loop(self, loop: bool) -> None:
        """Play what is kept round and round."""
        self.loop = loop
        if self.playback is not None:
            self.playback.loop = loop
            if self.playback.playing:
                self.playback.play(self.playback.speed)
        self.changed.emit()

    # Marks

    def mark_in(self) -> None:
        """Keep from the shown frame on."""
        end = self.marks.end
        kept = end if end is not None and end > self.number else None
        self._mark(replace(self.marks, first=self.number, end=kept))

    def mark_out(self) -> None:
        """Keep up to the shown frame; stored is the one behind it."""
        first = self.marks.first
        kept = first if first is not None and first <= self.number else None
        self._mark(replace(self.marks, first=kept, end=self.number + 1))

    def clear_range(self) -> None:
        """Keep all of it."""
        self._mark(replace(self.marks, first=None, end=None))

    def add_mark(self, text: str = "") -> None:
        """Mark the shown frame, or say something else about it."""
        others = [mark for mark in self.marks.marks if mark.frame != self.number]
        marks = sorted([*others, Mark(frame=self.number, text=text)], key=lambda m: m.frame)
        self._mark(replace(self.marks, marks=tuple(marks)))

    def say_of_mark(self, frame: int, text: str) -> None:
        """Have a mark say something else."""
        marks = tuple(
            replace(mark, text=text) if mark.frame == frame else mark for mark in self.marks.marks
        )
        if marks != self.marks.marks:
            self._mark(replace(self.marks, marks=marks))

    def remove_mark(self, frame: int) -> None:
        """Take a mark away."""
        kept = tuple(mark for mark in self.marks.marks if mark.frame != frame)
        self._mark(replace(self.marks, marks=kept))

    def next_mark(self, way: int) -> None:
        """Go to the next mark, in or out point."""
        places = {mark.frame for mark in self.marks.marks}
        if self.marks.first is not None:
            places.add(self.marks.first)
        if self.marks.end is not None:
            places.add(self.marks.end - 1)
        beyond = [place for place in places if (place - self.number) * way > 0]
        if beyond:
            self.show(min(beyond, key=lambda place: abs(place - self.number)))

    def set_marks(self, marks: ClipMarks) -> None:
        """Have these marks."""
        self._mark(marks)

    def _mark(self, marks: ClipMarks) -> None:
        if self.playback is None or not self.frames:
            return
        self.marks = marks
        self._tell_range()
        self._later.start()
        self.changed.emit()

    def _tell_range(self) -> None:
        if self.playback is not None:
            self.playback.set_range(self.marks.first, self.marks.end)
            if self.loop and self.playback.playing:
                self.playback.play(self.playback.speed)

    def _load_marks(self, clip: PlayerClip) -> None:
        store = self._store
        if store is None:
            return

        def load() -> tuple[str, ClipMarks]:
            stamp = content_stamp(clip.versions[0].source)
            return stamp, store.load(stamp)

        def loaded(found: tuple[str, ClipMarks]) -> None:
            if self.clip is not None and self.clip.key == clip.key:
                self._stamp = found[0]
                if self.marks.empty:
                    self.marks = found[1]
                self._tell_range()
                self.changed.emit()

        self._bridge.ask(load, loaded, lambda _: None)

    def _save(self) -> None:
        store, stamp, marks, clip = self._store, self._stamp, self.marks, self.clip
        if store is not None and clip is not None and stamp:
            self._bridge.ask(lambda: store.save(stamp, marks, name=clip.name))

    def _save_now(self) -> None:
        if self._store is not None and self.clip is not None and self._stamp:
            self._store.save(self._stamp, self.marks, name=self.clip.name)

    # Time goes by

    def _tick(self) -> None:
        playback = self.playback
        if playback is None or not playback.tick():
            return
        if self._return_to and playback.settled and playback.fault is None:
            playback.play(self._return_to)
            self._return_to = None
        self._beat_on()
        self.picture_changed.emit()
        self.changed.emit()

    def _beat_on(self) -> None:
        playing = self.playback is not None and self.playback.playing
        if playing and not self._beat.isActive():
            self._beat.start()
        elif not playing:
            self._beat.stop()


def versions_of(sources: Sequence[tuple[ByteSource, str]]) -> tuple[Version, ...]:
    """Versions out of sources and what they are called."""
    return tuple(Version(source=source, label=label) for source, label in sources)
