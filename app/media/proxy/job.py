"""The proxy job: all clips that were asked for, one after the other, each from one decode."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePath

from app.errors import JobCancelled, MediaFault, ReelkeepError
from app.jobs.control import JobControl
from app.jobs.journal import Journal
from app.jobs.spec import CONVERTER, JobId
from app.media.ffmpeg.feed import at_pace, missing_pictures
from app.media.ffmpeg.program import Program
from app.media.ffmpeg.tally import Care, Tally, tallies, tally
from app.media.products.clip_work import ClipWork, trouble_of
from app.media.products.names import names_of
from app.media.products.partial import leftovers
from app.media.products.sources import Source, sources_of
from app.media.proxy.graph import SOFTWARE
from app.media.proxy.hardware import ways_for
from app.media.proxy.maker import Finished, Order, ProxyMaker, Stamps, known
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
from app.units import FRAMES

log = logging.getLogger(__name__)

_RESULTS, _PATHS = "proxies", "proxy paths"
"""Facts of the journal: what became of each clip, and what may be half written."""


class NoPicture(MediaFault):
    """A clip of sound alone."""


def order_of(
    spec: ProxySpec, of: Source, name: PurePath, shelf: ProxyShelf, clip: Tally, stamps: Stamps
) -> Order:
    """What a clip is to get, and where. Raises MediaFault for what can have no proxy."""
    track, source = clip.facts.picture, of.path
    if track is None:
        raise NoPicture(f"{source} has no picture.", path=source)
    if not track.decodable:
        raise MediaFault(
            f"{source} is {track.codec_name or 'of a kind'} that cannot be decoded here.",
            path=source,
        )
    proxies: dict[Path, Rung] = {}
    for recipes, to in ((spec.recipes, spec.to), (spec.beside, None)):
        for rung in rungs_of(track, recipes, spec.heights):
            if to is not None:
                place = to / rung.name / f"{name}{rung.suffix}"
            else:
                place = shelf.place(source) / f"{rung.name}{rung.suffix}"
            proxies[place] = rung
    return Order(of=of, stamps=stamps, clip=clip, name=name.name, proxies=proxies)


def _stamps(source: Source) -> Stamps | None:
    try:
        return Stamps.of(source)
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
        self._counted: dict[Path, tuple[Stamps | None, Tally]] = {}
        self._work = ClipWork(control, FRAMES)

    def run(self) -> bool:
        """Do it; False when some clip failed. What failed does not stop the others."""
        sources = sources_of(self._spec.files)
        clips = sources.clips
        if not clips and self._spec.after is None:
            raise MediaFault("There are no clips to make proxies of.")
        self._work.expect(len(clips))
        lengths = self._lengths(clips)
        names = names_of(sources.names, sounds=False)
        try:
            for path, source in clips.items():
                self._work.begin(path)
                self._work.to_come(sum(lengths.values()))
                result = self._one(source, names[path])
                self._results.append(result)
                lengths.pop(path, None)
                self._work.done(result.frames if result.state is ClipState.MADE else 0)
        finally:
            self._journal.set_fact(self._job, _RESULTS, CONVERTER.unstructure(self._results))
        failed = [one.trouble for one in self._results if one.state is ClipState.FAILED]
        return self._work.end(failed, len(self._results))

    def _lengths(self, clips: Mapping[Path, Source]) -> dict[Path, int]:
        """Frames of each clip as its container tells, where there is anything to do."""
        lengths = {}
        stamps = {path: _stamps(source) for path, source in clips.items()}
        for path, clip in tallies(list(clips), self._control, care=Care.FACTS).items():
            if isinstance(clip, Tally):  # what cannot be read is said when its turn comes
                track = clip.facts.picture
                lengths[path] = clip.frames or (track.present if track else 0)
                self._counted[path] = (stamps[path], clip)
        return lengths

    def _counted_clip(self, source: Source) -> Tally:
        """Its frames, by an index that was read already where the files are still the same."""
        stamps, clip = self._counted.pop(source.path, (None, None))
        told = clip is not None and (clip.span or clip.frames == 1)
        if clip is None or not told or stamps != _stamps(source):
            clip = tally(source.path, self._control)
        return at_pace(clip)

    def _one(self, source: Source, name: PurePath) -> ClipResult:
        began = time.monotonic()
        try:
            result = self._proxies(source, name)
        except JobCancelled:
            raise
        except NoPicture as error:
            state = ClipState.LEFT_OUT if source.found else ClipState.FAILED
            return ClipResult(source=source.path, state=state, trouble=str(error))
        except (ReelkeepError, OSError) as error:
            words = trouble_of(error, source.path)
            log.info("%s", words)
            return ClipResult(source=source.path, state=ClipState.FAILED, trouble=words)
        return replace(result, seconds=round(time.monotonic() - began, 3))

    def _proxies(self, source: Source, name: PurePath) -> ClipResult:
        self._control.show(stage="Counting frames")
        path, stamps = source.path, Stamps.of(source)
        clip = self._counted_clip(source)
        order = order_of(self._spec, source, name, self._shelf, clip, stamps)
        there = {} if self._spec.anew else known(order, self._shelf)
        missing = {path: rung for path, rung in order.proxies.items() if path not in there}
        made = self._made(replace(order, job=self._job, proxies=missing)) if missing else Finished()
        self._shelf.used(path)
        every = there | {proxy.path: proxy for proxy in made.proxies}
        return ClipResult(
            source=source.path,
            state=ClipState.MADE if missing else ClipState.KNOWN,
            frames=clip.frames,
            made=tuple(proxy.name for proxy in made.proxies),
            proxies=tuple(every[one] for one in order.proxies),
            notes=(*made.notes, *_lacking(clip, path), *_damaged(path, every.values())),
        )

    def _made(self, order: Order) -> Finished:
        self._journal.set_fact(self._job, _PATHS, [str(path) for path in order.proxies])
        maker = ProxyMaker(order, self._program, self._shelf, self._control)
        source, facts = order.of.path, order.clip.facts
        ways = ways_for(self._program, source, facts) if self._hardware else (SOFTWARE,)
        return maker.make(self._work.at, ways)


def plan_proxies(spec: ProxySpec, shelf: ProxyShelf, control: JobControl) -> ProxyPlan:
    """What *spec* would do, clip by clip; nothing is written."""
    sources = sources_of(spec.files)
    names = names_of(sources.names, sounds=False)
    clips = []
    for path, clip in tallies(list(sources.clips), control, care=Care.FACTS).items():
        source = sources.clips[path]
        try:
            if isinstance(clip, MediaFault):
                raise clip
            stamps = Stamps.of(source)
            order = order_of(spec, source, names[path], shelf, at_pace(clip), stamps)
            clips.append(_planned(order, {} if spec.anew else known(order, shelf)))
        except (ReelkeepError, OSError) as error:
            clips.append(PlannedClip(source=path, trouble=trouble_of(error, path)))
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
    frames = order.clip.frames or (track.present if track else 0)
    source = order.of.path
    notes = tuple(_lacking(order.clip, source))
    return PlannedClip(
        source=source,
        frames=frames,
        counted=bool(order.clip.frames) or (track is not None and track.counted),
        proxies=tuple(proxies),
        notes=notes,
    )


def _lacking(clip: Tally, source: Path) -> Iterator[str]:
    """What of a clip its proxies do not show, in words."""
    row, tracks = clip.facts.row, len(clip.facts.video)
    if row is not None and row.missing:
        yield (
            f"The row of pictures that begins with {source} lacks {missing_pictures(row)}:"
            " its proxies show the picture before in place of each."
        )
    if tracks > 1:
        yield f"{source} has {tracks} picture tracks; its proxies show the first one."


def _damaged(source: Path, proxies: Iterable[KeptProxy]) -> Iterator[str]:
    for places in dict.fromkeys(proxy.damage for proxy in proxies if proxy.damage):
        yield (
            f"{source} is damaged at {places}: in their place its proxies show what can be read of"
            " them, or the frame before."
        )


def results_of(journal: Journal, job: JobId) -> tuple[ClipResult, ...]:
    """What became of each clip of a proxy job so far."""
    return CONVERTER.structure(journal.fact(job, _RESULTS, []), tuple[ClipResult, ...])


def clear_up(journal: Journal, job: JobId) -> tuple[str, ...]:
    """Remove what a job that was cut off has left half written."""
    return leftovers(map(Path, journal.fact(job, _PATHS, [])), job)
