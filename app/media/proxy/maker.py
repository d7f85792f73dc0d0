"""Makes the proxies of one clip: under partial names, then checked frame for frame, then named."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.errors import DestinationFull, MediaFault, NameTaken, WriteFailed
from app.jobs.control import JobControl
from app.jobs.spec import to_json
from app.media.facts.stamp import Stamp
from app.media.facts.values import cut_off_words
from app.media.ffmpeg.feed import at_pace, feed_of
from app.media.ffmpeg.process import Progress, run_ffmpeg
from app.media.ffmpeg.program import Program
from app.media.ffmpeg.tally import Care, Tally, tallies, tally
from app.media.products.partial import part_of, sync_folder
from app.media.products.sources import Source
from app.media.proxy.check import differences
from app.media.proxy.damage import Damage, damage_of
from app.media.proxy.display_matrix import set_turn
from app.media.proxy.graph import SOFTWARE, Way, arguments, decoding
from app.media.proxy.record import is_there
from app.media.proxy.rungs import Rung
from app.media.proxy.shelf import ProxyShelf
from app.media.proxy.spec import KeptProxy

log = logging.getLogger(__name__)

_GENERATION = 1
"""Grows when proxies come out differently, so that finished ones are made again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamps:
    """By what a clip is known again: quickly, and with all its files."""

    first: Stamp
    """Of the file that speaks for it."""
    whole: Stamp

    @classmethod
    def of(cls, source: Source) -> Stamps:
        """OSError."""
        return cls(first=Stamp.of(source.path), whole=Stamp.of_all(source.files))


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What one clip is to get."""

    of: Source
    stamps: Stamps
    clip: Tally
    name: str
    """The clip's, for people."""
    job: str = ""
    """Its own partial names are no other job's."""
    proxies: Mapping[Path, Rung]
    """Final name → what lies there in the end."""

    @property
    def source(self) -> Path:
        """The file that speaks for the clip."""
        return self.of.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """Proxies of one clip that have their final names."""

    proxies: tuple[KeptProxy, ...] = ()
    notes: tuple[str, ...] = ()


def digest_of(rung: Rung) -> str:
    """Stands for everything that a proxy is made by; another digest is another proxy."""
    lut = rung.recipe.lut
    looked_up = hashlib.sha256(lut.read_bytes()).hexdigest() if lut is not None else ""
    whole = json.dumps([_GENERATION, json.loads(to_json(rung)), looked_up], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:24]


def known(order: Order, shelf: ProxyShelf) -> dict[Path, KeptProxy]:
    """Which of the wanted proxies are finished and still there."""
    record = shelf.record(order.source)
    if record is None or (record.stamp, record.whole) != (order.stamps.first, order.stamps.whole):
        return {}
    found = {}
    for path, rung in order.proxies.items():
        proxy = record.named(rung.name, path)
        if proxy is not None and proxy.digest == digest_of(rung) and is_there(proxy):
            found[path] = proxy
    return found


class ProxyMaker:
    """Makes all wanted proxies of one clip in one process, from one decode."""

    def __init__(
        self, order: Order, program: Program, shelf: ProxyShelf, control: JobControl
    ) -> None:
        self._order, self._program = order, program
        self._shelf, self._control = shelf, control
        self._parts = {path: part_of(path, order.job) for path in order.proxies}
        self._damage = Damage()
        self._notes: list[str] = []

    def make(self, told: Callable[[int], None], ways: tuple[Way, ...] = (SOFTWARE,)) -> Finished:
        """Make them; *told* hears how many frames are done, of the clip's.

        *ways* are tried one after the other: a device may fail in the middle of a file. Raises
        MediaFault, DestinationFault, JobCancelled; then nothing is left.
        """
        self._claim()
        try:
            for n, way in enumerate(ways, 1):
                try:
                    made = self._make(told, way)
                    return Finished(proxies=made, notes=tuple(self._notes))
                except MediaFault as fault:
                    if n == len(ways):
                        raise
                    why = f"{way.words} failed, so it was made without: {fault.message}"
                    self._notes.append(why)
                    log.info("%s", why)
                    told(0)
            raise AssertionError("no way at all")
        finally:
            for part in self._parts.values():
                with contextlib.suppress(OSError):
                    part.unlink(missing_ok=True)

    def _make(self, told: Callable[[int], None], way: Way) -> tuple[KeptProxy, ...]:
        complaints = self._encode(told, way)
        counted = self._counted()
        clip = self._told_by_pictures(next(iter(counted.values())))
        made = [one.frames for one in counted.values() if isinstance(one, Tally)]
        missing = clip.frames - min(made, default=clip.frames)
        if complaints or missing > 0:
            self._look_for_damage()
        if missing > 0 and self._can_be_filled(clip, missing):
            self._encode(told, way, filled=clip.frames)
            counted = self._counted()
        found = [
            self._checked(clip, path, rung, counted[self._parts[path]], way)
            for path, rung in self._order.proxies.items()
        ]
        self._unchanged()
        return self._name(found)

    def _counted(self) -> dict[Path, Tally | MediaFault]:
        self._control.show(stage="Checking frame for frame")
        self._turn()
        return tallies(list(self._parts.values()), self._control, care=Care.PACKETS)

    def _look_for_damage(self) -> None:
        track = self._order.clip.facts.picture
        if track is not None and track.lost:
            return  # what lies behind the end of the file is known
        self._control.show(stage="Looking for damage in the original")
        self._damage = damage_of(self._order.source, self._control)
        if self._damage:
            log.info("%s is damaged at %s", self._order.source, self._damage.places)

    def _can_be_filled(self, clip: Tally, missing: int) -> bool:
        track = clip.facts.picture
        steady = track is not None and track.steady
        return steady and self._damage.can_be_held(missing, clip.frames)

    def _claim(self) -> None:
        """Make the folders; nothing that is not ours is written over."""
        record = self._shelf.record(self._order.source)
        mine = {p.path: p for p in record.proxies} if record is not None else {}
        for path in self._order.proxies:
            ours = self._shelf.folder in path.parents or (path in mine and is_there(mine[path]))
            if path.exists() and not ours:
                raise NameTaken(
                    f"{path} is there already and was not made from {self._order.source}.",
                    path=path,
                    hint="Choose another folder, or take that file away.",
                )
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise WriteFailed(
                    f"The folder {path.parent} could not be made: {error.strerror}.",
                    path=path.parent,
                ) from error

    def _encode(self, told: Callable[[int], None], way: Way, *, filled: int = 0) -> tuple[str, ...]:
        """Write all parts; what ffmpeg complained of."""
        order = self._order
        outputs = {self._parts[path]: rung for path, rung in order.proxies.items()}

        def hear(progress: Progress) -> None:
            told(min(progress.frames, order.clip.frames))

        self._control.show(stage="Making proxies")
        with feed_of(order.source, order.clip, decoding(way)) as feed:
            line = arguments(order.name, order.clip.facts, feed, outputs, way, filled=filled)
            log.info("ffmpeg %s", " ".join(line))
            ended = run_ffmpeg(self._program.path, line, self._control, hear)
        for words in ended.words:
            log.info("ffmpeg says: %s", words)
        if ended.full:
            place = next(iter(order.proxies)).parent
            raise DestinationFull(
                f"There is no room for proxies in {place}.",
                path=place,
                hint="Free some space, or choose another folder.",
            )
        if not ended.whole:
            raise MediaFault(
                f"Proxies of {order.source} could not be made: {ended.trouble}", path=order.source
            )
        return ended.words

    def _turn(self) -> None:
        """Have players turn what was not turned, and nothing else."""
        track = self._order.clip.facts.picture
        if track is None or not track.rotation:
            return
        for path, rung in self._order.proxies.items():
            if rung.marked % 90 == 0:
                set_turn(self._parts[path], rung.marked, rung.stored)

    def _told_by_pictures(self, made: Tally | MediaFault) -> Tally:
        """The clip as it was counted; by decoding it once more where its packets may be fields."""
        clip, track = self._order.clip, self._order.clip.facts.picture
        woven = track is not None and track.interlaced
        if not woven or isinstance(made, MediaFault) or abs(2 * made.frames - clip.frames) > 2:
            return clip
        return at_pace(tally(self._order.source, self._control, care=Care.PICTURES))

    def _checked(
        self, clip: Tally, path: Path, rung: Rung, made: Tally | MediaFault, way: Way
    ) -> KeptProxy:
        order, part = self._order, self._parts[path]
        if isinstance(made, MediaFault):
            raise made
        if wrong := list(differences(clip, rung, made)):
            raise MediaFault(self._why(clip, rung, wrong), path=order.source)
        _sync(part)
        stat = part.stat()
        width, height = rung.stored
        if rung.marked % 180:
            width, height = height, width
        return KeptProxy(
            name=rung.name,
            size=rung.recipe.size,
            path=path,
            width=width,
            height=height,
            frames=made.frames,
            bytes=stat.st_size,
            changed=stat.st_mtime_ns,
            peak=made.peak,
            digest=digest_of(rung),
            way=way.name_for(rung),
            damage=self._damage.places if self._damage else "",
        )

    def _why(self, clip: Tally, rung: Rung, wrong: list[str]) -> str:
        """Why a proxy was not kept: the original's own fault comes first."""
        source, track = self._order.source, clip.facts.picture
        if self._damage:
            return (
                f"{source} is damaged at {self._damage.places}, so that no proxy of it is frame for"
                f" frame the same: {'; '.join(wrong)}."
            )
        if track is not None and track.lost:
            return f"{source} {cut_off_words(track.lost, track.frames)} No proxy was made of it."
        return (
            f"The proxy {rung.name} of {source} is not what it has to be and was not kept:"
            f" {'; '.join(wrong)}."
        )

    def _unchanged(self) -> None:
        """A clip that was written meanwhile has proxies of something else.

        One that went offline is looked at when it is back: they count only if it is the same.
        """
        try:
            same = Stamps.of(self._order.of) == self._order.stamps
        except OSError:
            self._notes.append(
                f"{self._order.source} went offline before its proxies were finished: whether it"
                " changed meanwhile shows once it is back."
            )
            return
        if not same:
            raise MediaFault(
                f"{self._order.source} changed while its proxies were being made.",
                path=self._order.source,
                hint="Make sure that no program writes to it, then try again.",
            )

    def _name(self, found: list[KeptProxy]) -> tuple[KeptProxy, ...]:
        """Give them their final names. What is remembered counts for nothing until then."""
        order = self._order
        try:
            stamps, files = order.stamps, order.of.files
            several = len(files) > 1 and order.clip.facts.row is None
            self._shelf.remember(
                order.source,
                stamps.first,
                found,
                whole=stamps.whole,
                files=files if several else (),
            )
            for proxy in found:
                self._parts[proxy.path].replace(proxy.path)
            for folder in {proxy.path.parent for proxy in found}:
                sync_folder(folder)
        except OSError as error:
            raise WriteFailed(
                f"The proxies of {order.source} could not be kept: {error.strerror}.",
                path=order.source,
                hint="Check the disk that holds the cache, or the folder, then try again.",
            ) from error
        return tuple(found)


def _sync(path: Path) -> None:
    try:
        with path.open("rb+") as file:
            os.fsync(file.fileno())
    except OSError as error:
        raise WriteFailed(f"{path} could not be written: {error.strerror}.", path=path) from error
