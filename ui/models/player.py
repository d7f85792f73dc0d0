"""What the player's widgets show and do: one clip, its versions, its marks. Paints nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app.errors import ReelkeepError
from app.media.play.lens import Lens
from app.media.play.marks import MarkStore
from app.media.play.playback import FASTEST, Playback
from app.media.play.sound_sink import SoundSink
from app.places.online import is_online
from app.timecode import Timecode, frame_rate
from ui.bridge import Bridge
from ui.models.kept_marks import KeptMarks
from ui.models.leaving import Leaving
from ui.models.marked_clip import MarkedClip
from ui.models.version_choice import VersionChoice
from ui.models.versions import ORIGINAL, PlayerClip, Version

TICK_MS = 5
"""While it plays: a quarter of the shortest frame."""
SETTLE_MS = 90
"""After so long without a move of the pointer the exact frame is decoded."""
BOX = (640, 360)


class PlayerModel(MarkedClip):
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
        marks: MarkStore | None = None,
        sink: Callable[[], SoundSink | None] = lambda: None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.clip: PlayerClip | None = None
        self.version: Version | None = None
        self.because = ""
        """Why it is not played from the original, where nobody chose that."""
        self.loop = False
        self.playback: Playback | None = None
        self.lut: Path | None = None
        self.lut_name = ""
        self._bridge = bridge
        self._make_sink = sink
        self._choice = VersionChoice()
        self._box = BOX
        self._leaving = Leaving(bridge)
        self._return_to: int | None = None
        self._woken.connect(self._tick, Qt.ConnectionType.QueuedConnection)
        self._beat = QTimer(self)
        self._beat.setTimerType(Qt.TimerType.PreciseTimer)
        self._beat.setInterval(TICK_MS)
        self._beat.timeout.connect(self._tick)
        self._rest = self._once(SETTLE_MS, self._come_to_rest)
        self._kept = KeptMarks(bridge, marks, self)
        self._kept.changed.connect(self._marks_known)
        bridge.volumes_changed.connect(lambda _: self.look_for_original())

    def _once(self, ms: int, call: Callable[[], object]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(ms)
        timer.timeout.connect(call)
        return timer

    # Clips

    def open(self, clip: PlayerClip | None) -> None:
        """Show *clip* in place of the one before."""
        self._leave()
        self.clip, self.because = clip, ""
        self._return_to, self._choice = None, VersionChoice()
        self._kept.open(clip.files if clip is not None else ())
        if clip is not None and clip.versions:
            self._begin(clip.versions[0])
        self.clip_changed.emit()
        self.picture_changed.emit()
        self.changed.emit()

    def tell_start(self, start: Timecode | None) -> None:
        """The clip's timecode became known after it was opened."""
        if self.clip is not None and start is not None and start != self.clip.start:
            self.clip = replace(self.clip, start=start)
            self.changed.emit()

    def offer(self, key: str, versions: tuple[Version, ...]) -> None:
        """Everything that the clip *key* can be played from is known now."""
        if self.clip is None or self.clip.key != key or not versions:
            return
        self.clip = replace(self.clip, versions=versions)
        if self.version is not None:
            here = self.version.label
            self.version = next((v for v in versions if v.label == here), self.version)
        self._choice.learn_of(versions)
        self._choose()
        self.changed.emit()

    def play_from(self, version: Version) -> None:
        """What the person wants it to be played from."""
        self._wish_version(version.label)

    def play_by_itself(self) -> None:
        """The original where it can be shown and this machine is fast enough, else a proxy."""
        self._wish_version("")

    def _wish_version(self, label: str) -> None:
        self._choice.wished = label
        self._choose()
        self.changed.emit()

    @property
    def wished(self) -> str:
        """Label of the version that a person chose; "" where that goes by itself."""
        return self._choice.wished

    def _choose(self) -> None:
        """Play what is to be played by now, and know why it is that."""
        if self.clip is None or self.playback is None or self.version is None:
            return
        self._choice.learn(self.version, self.playback)
        version, self.because = self._choice.pick(self.clip.versions, self._box[1])
        self.switch(version)

    def look_for_original(self) -> None:
        """Ask whether the original is there: a drive was plugged or pulled, or a read failed."""
        clip = self.clip
        if clip is None or not clip.files:
            return
        files = clip.files

        def seen(online: bool) -> None:
            now = self.clip
            if now is not None and now.key == clip.key and now.versions[0].online != online:
                original = replace(now.versions[0], online=online)
                self.offer(now.key, (original, *now.versions[1:]))

        self._bridge.ask(lambda: all(map(is_online, files)), seen)

    def switch(self, version: Version) -> None:
        """Play the same clip from another file, at the same frame."""
        if self.playback is None or version == self.version:
            return
        place, speed = self.playback.number, self.playback.speed or self._return_to
        before = self.playback.picture
        self._leave()
        self._begin(version)
        self.playback.picture = before
        self.playback.show(place)
        self._return_to = speed or None
        self.changed.emit()

    def _begin(self, version: Version) -> None:
        self.version = version
        self._tell_used(self.clip, version)
        lens = Lens(box=self._box, lut=self.lut)
        self.playback = Playback(version.film, lens, self._woken.emit, sink=self._make_sink)
        self.playback.loop = self.loop
        self.playback.set_range(self.marks.first, self.marks.end)

    def _tell_used(self, clip: PlayerClip | None, version: Version) -> None:
        """What is played stays in the cache for longer than what is not."""
        if clip is not None and clip.files and version.label != ORIGINAL:
            proxies, source = self._bridge.engine.proxies, clip.files[0]
            self._bridge.ask(lambda: proxies.used(source.resolve()))

    def _leave(self) -> None:
        """Let go of the open file."""
        self._beat.stop()
        self._rest.stop()
        playback, self.playback, self.version = self.playback, None, None
        if playback is not None:
            self._leaving.take(playback)

    def close(self) -> None:
        """The window closes: end every thread."""
        self._kept.close()
        self._leave()
        self._leaving.close()

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
    def dropped(self) -> int:
        """Frames that this machine was too slow to show since it was last played."""
        return self.playback.dropped if self.playback else 0

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
        if self._opening:
            before = self._return_to or 0
            same = before * way > 0
            self._wish_speed(way * min(FASTEST, abs(before) * 2) if same else way)
            return
        self._do(lambda playback: playback.faster(way))

    def pause(self) -> None:
        """K."""
        self._do(lambda playback: playback.pause())

    def play_or_pause(self) -> None:
        """The space bar."""
        if self._opening:
            self._wish_speed(0 if self._return_to else 1)
            return
        self._do(lambda playback: playback.pause() if playback.playing else playback.play())

    @property
    def _opening(self) -> bool:
        """Whether another version is on its way to the frame where it is to play on."""
        playback = self.playback
        if playback is None or playback.fault is not None:
            return False
        return self._return_to is not None or playback.index is None

    def _wish_speed(self, speed: int) -> None:
        """Play like that as soon as something can be played; 0: not at all."""
        self._return_to = speed or None
        self.changed.emit()

    def _do(self, deed: Callable[[Playback], object]) -> None:
        if self.playback is None:
            return
        self._rest.stop()
        self._return_to = None
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
        if self.because:
            self._choose()

    def look_through(self, lut: Path | None, name: str = "") -> None:
        """Show the picture through a LUT, called *name*, or as it is."""
        self.lut, self.lut_name = lut, name
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

    def _marks_known(self) -> None:
        self._tell_range()
        self.changed.emit()

    def _tell_range(self) -> None:
        if self.playback is not None:
            self.playback.set_range(self.marks.first, self.marks.end)
            if self.loop and self.playback.playing:
                self.playback.play(self.playback.speed)

    # Time goes by

    def _tick(self) -> None:
        if self.playback is None or not self.playback.tick():
            return
        if self.playback.fault is not None or self.playback.heavy:
            self._choose()
        if self.playback.fault is not None:
            self.look_for_original()
        self._play_on()
        self._beat_on()
        self.picture_changed.emit()
        self.changed.emit()

    def _play_on(self) -> None:
        """Go on playing once another version stands at the same frame."""
        playback, speed = self.playback, self._return_to
        if playback is not None and speed and playback.settled and playback.fault is None:
            self._return_to = None
            playback.play(speed)

    def _beat_on(self) -> None:
        playing = self.playback is not None and self.playback.playing
        if playing and not self._beat.isActive():
            self._beat.start()
        elif not playing:
            self._beat.stop()
