"""The proxy job: all clips that were asked for, one after the other, each from one decode."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from app.errors import JobCancelled, MediaFault, ReelkeepError
from app.jobs.control import JobControl
from app.jobs.journal import Journal
from app.jobs.spec import CONVERTER, JobId
from app.media.facts.folder import clips_below
from app.media.facts.whole import whole_clip
from app.media.ffmpeg.feed import at_pace
from app.media.ffmpeg.program import Program
from app.media.ffmpeg.tally import Care, Tally, tallies, tally
from app.media.products.names import names_of
from app.media.products.partial import leftovers
from app.media.products.stamp import Stamp
from app.media.proxy.graph import SOFTWARE
from app.media.proxy.hardware import ways_for
from app.media.proxy.maker import Finished, Order, ProxyMaker, known
from app.media.proxy.rungs import Rung, rungs_of
from app.media.proxy.shelf import ProxyShelf
from app.media.proxy.spec import (
    ClipResult,
    ClipState,
    KeptProxy,
    PlannedClip,
    PlannedProxy,
    ProxyPlan,
    ProxySpec,
)
from app.units import FRAMES, count_text

log = logging.getLogger(__name__)

_RESULTS, _PATHS = "proxies", "proxy paths"
"""Facts of the journal: what became of each clip, and what may be half written."""


class NoPicture(MediaFault):
    """A clip of sound alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The clips of a job."""

    clips: Mapping[Path, str]
    """The first file of each → the clip's name."""
    found: frozenset[Path] = frozenset()
    """Those that nobody has named: they were in a folder."""
    unreadable: tuple[str, ...] = ()


def sources_of(spec: ProxySpec) -> Sources:
    """Every clip that *spec* names, by itself or by a folder; NotFound for what is not there."""
    clips: dict[Path, str] = {}
    covered: set[Path] = set()
    found: set[Path] = set()
    unreadable: list[str] = []
    for path in spec.files:
        if path.is_dir():
            folder = clips_below(path)
            unreadable += folder.unreadable
            clips |= {clip.path: clip.name for clip in folder.clips}
            found.update(clip.path for clip in folder.clips)
        elif path not in covered:
            name, files = _clip_of(path)
            clips[files[0]] = name
            covered.update(files)
    found.difference_update(spec.files)
    return Sources(clips=clips, found=frozenset(found), unreadable=tuple(unreadable))


def _clip_of(path: Path) -> tuple[str, list[Path]]:
    """The name and the files of the clip that *path* belongs to."""
    try:
        whole = whole_clip(path)
    except (ReelkeepError, OSError):  # said when its turn comes
        return path.stem, [path]
    if whole.pictures is not None:
        row = whole.pictures
        return whole.name, [row.folder / name for name in row.names]
    name = whole.name if len(whole.parts) > 1 else path.stem
    return name, [*whole.parts, *whole.sounds]


def order_of(
    spec: ProxySpec, source: Path, name: PurePath, shelf: ProxyShelf, clip: Tally, stamp: Stamp
) -> Order:
    """What *source* is to get, and where. Raises MediaFault for what can have no proxy."""
    track = clip.facts.picture
    if track is None:
        raise NoPicture(f"{source} has no picture.", path=source)
    if not track.decodable:
        raise MediaFault(
            f"{source} is {track.codec_name or 'of a kind'} that cannot be decoded here.",
            path=source,
        )
    proxies: dict[Path, Rung] = {}
    for rung in rungs_of(track, spec.recipes, spec.heights):
        if spec.to is not None:
            place = spec.to / rung.name / f"{name}{rung.suffix}"
        else:
            place = shelf.place(source) / f"{rung.name}{rung.suffix}"
        proxies[place] = rung
    return Order(source=source, stamp=stamp, clip=clip, name=name.name, proxies=proxies)


def _stamp(source: Path) -> Stamp | None:
    try:
        return Stamp.of(source)
    except OSError:
        return None


class ProxyRun:
    """One proxy job at work."""

    def __init__(
        self,
        job: JobId,
        spec: ProxySpec,
        control: JobControl,
        journal: Journal,
        shelf: ProxyShelf,
        program: Program,
        *,
        hardware: bool = False,
    ) -> None:
        """*hardware*: devices may do the work where they have proven that they can."""
        self._job, self._spec, self._control = job, spec, control
        self._journal, self._shelf, self._program = journal, shelf, program
        self._hardware = hardware
        self._results: list[ClipResult] = []
        self._found: frozenset[Path] = frozenset()
        self._counted: dict[Path, tuple[Stamp | None, Tally]] = {}
        self._done = 0
        """Frames of clips that are through."""
        self._shown = 0

    def run(self) -> bool:
        """Do it; False when some clip failed. What failed does not stop the others."""
        self._control.show(unit=FRAMES, stage="Looking at the clips")
        self._control.show(work_done=0, copied=0, files_done=0)
        of_job = sources_of(self._spec)
        sources, self._found = of_job.clips, of_job.found
        if not sources and self._spec.after is None:
            raise MediaFault("There are no clips to make proxies of.")
        self._control.show(files_total=len(sources))
        lengths = self._lengths(list(sources))
        names = names_of(sources)
        try:
            for source in sources:
                self._control.checkpoint()
                self._control.show(current=source.name)
                total = self._done + sum(lengths.values())
                self._control.show(work_total=total, size=total)
                self._results.append(self._one(source, names[source]))
                lengths.pop(source, None)
                self._control.advance(files=1)
        finally:
            self._journal.set_fact(self._job, _RESULTS, CONVERTER.unstructure(self._results))
        return self._told()

    def _lengths(self, sources: list[Path]) -> dict[Path, int]:
        """Frames of each clip as its container tells, where there is anything to do."""
        lengths = {}
        stamps = {source: _stamp(source) for source in sources}
        for source, clip in tallies(sources, self._control, care=Care.FACTS).items():
            if isinstance(clip, Tally):  # what cannot be read is said when its turn comes
                track = clip.facts.picture
                lengths[source] = clip.frames or (track.frames if track else 0)
                self._counted[source] = (stamps[source], clip)
        return lengths

    def _counted_clip(self, source: Path) -> Tally:
        """Its frames, by an index that was read already where the file is still the same."""
        stamp, clip = self._counted.pop(source, (None, None))
        if clip is None or not clip.frames or stamp != _stamp(source):
            clip = tally(source, self._control)
        return at_pace(clip)

    def _one(self, source: Path, name: PurePath) -> ClipResult:
        began = time.monotonic()
        try:
            result = self._proxies(source, name)
        except JobCancelled:
            raise
        except NoPicture as error:
            state = ClipState.LEFT_OUT if source in self._found else ClipState.FAILED
            return ClipResult(source=source, state=state, trouble=str(error))
        except ReelkeepError as error:
            log.info("%s", error)
            return ClipResult(source=source, state=ClipState.FAILED, trouble=str(error))
        except OSError as error:
            words = f"{error.filename or source} cannot be used: {error.strerror}."
            return ClipResult(source=source, state=ClipState.FAILED, trouble=words)
        return replace(result, seconds=round(time.monotonic() - began, 3))

    def _proxies(self, source: Path, name: PurePath) -> ClipResult:
        self._control.show(stage="Counting frames")
        stamp = Stamp.of(source)
        clip = self._counted_clip(source)
        order = order_of(self._spec, source, name, self._shelf, clip, stamp)
        there = {} if self._spec.anew else known(order, self._shelf)
        missing = {path: rung for path, rung in order.proxies.items() if path not in there}
        made = Finished(proxies=())
        if missing:
            paths = [str(path) for path in missing]
            self._journal.set_fact(self._job, _PATHS, paths)
            wanted = replace(order, job=self._job, proxies=missing)
            maker = ProxyMaker(wanted, self._program, self._shelf, self._control)
            ways = ways_for(self._program, source, clip.facts) if self._hardware else (SOFTWARE,)
            made = maker.make(self._hear, ways)
            self._done += clip.frames
            self._count(self._done)
        self._shelf.used(source)
        new = {proxy.path: proxy for proxy in made.proxies}
        every = there | new
        return ClipResult(
            source=source,
            state=ClipState.MADE if missing else ClipState.KNOWN,
            frames=clip.frames,
            made=tuple(proxy.name for proxy in made.proxies),
            proxies=tuple(every[path] for path in order.proxies),
            notes=made.notes,
        )

    def _hear(self, frames: int) -> None:
        self._count(self._done + frames)

    def _count(self, frames: int) -> None:
        """Set how far it is; also back, where a device has failed and all is made again."""
        more, self._shown = frames - self._shown, frames
        self._control.advance(more, copied=more)

    def _told(self) -> bool:
        failed = [result for result in self._results if result.state is ClipState.FAILED]
        self._control.show(current="")
        if not failed:
            return True
        words = failed[0].trouble
        if len(failed) > 1:
            words = f"{len(failed)} of {count_text(len(self._results), 'clip')} failed. {words}"
        self._control.show(error=words)
        return False


def plan_proxies(spec: ProxySpec, shelf: ProxyShelf, control: JobControl) -> ProxyPlan:
    """What *spec* would do, clip by clip; nothing is written."""
    sources = sources_of(spec)
    names = names_of(sources.clips)
    clips = []
    for source, clip in tallies(list(sources.clips), control, care=Care.FACTS).items():
        try:
            if isinstance(clip, MediaFault):
                raise clip
            order = order_of(spec, source, names[source], shelf, at_pace(clip), Stamp.of(source))
            clips.append(_planned(order, {} if spec.anew else known(order, shelf)))
        except (ReelkeepError, OSError) as error:
            clips.append(PlannedClip(source=source, trouble=str(error)))
    return ProxyPlan(clips=tuple(clips), unreadable=sources.unreadable)


def _planned(order: Order, there: dict[Path, KeptProxy]) -> PlannedClip:
    track = order.clip.facts.picture
    proxies = []
    for path, rung in order.proxies.items():
        width, height = rung.stored
        one = PlannedProxy(
            name=rung.name, path=path, width=width, height=height, known=path in there
        )
        proxies.append(one)
    frames = order.clip.frames or (track.frames if track else 0)
    return PlannedClip(source=order.source, frames=frames, proxies=tuple(proxies))


def results_of(journal: Journal, job: JobId) -> tuple[ClipResult, ...]:
    """What became of each clip of a proxy job so far."""
    return CONVERTER.structure(journal.fact(job, _RESULTS, []), tuple[ClipResult, ...])


def clear_up(journal: Journal, job: JobId) -> tuple[str, ...]:
    """Remove what a job that was cut off has left half written."""
    return leftovers(map(Path, journal.fact(job, _PATHS, [])), job)
