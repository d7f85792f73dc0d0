"""The transcode job: all clips that were asked for, one after the other."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePath

from app.errors import JobCancelled, MediaFault, ReelkeepError
from app.jobs.control import JobControl
from app.jobs.journal import Journal
from app.jobs.spec import CONVERTER, JobId
from app.media.facts.folder import clips_below
from app.media.facts.row import PICTURES, ending
from app.media.products.names import names_of
from app.media.transcode.clip import ClipTranscode
from app.media.transcode.fates import intents, words_of
from app.media.transcode.outputs import Output, known, output_of
from app.media.transcode.programs import Programs
from app.media.transcode.spec import (
    ClipState,
    Fate,
    PlannedClip,
    StreamSheet,
    TranscodePlan,
    TranscodeSheet,
    TranscodeSpec,
)
from app.media.transcode.streams import Inventory, inventory
from app.units import MATERIAL, count_text

log = logging.getLogger(__name__)

_RESULTS, _WORK = "transcodes", "transcode work"
"""Facts of the journal: what became of each clip, and what may be half done."""


def sources_of(spec: TranscodeSpec) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Every clip that *spec* names, by itself or by a folder; and folders that can't be read."""
    clips: dict[Path, None] = {}
    unreadable: list[str] = []
    for path in spec.files:
        if path.is_dir():
            folder = clips_below(path)
            unreadable += folder.unreadable
            for clip in folder.clips:
                row = ending(clip.path.name) in PICTURES
                clips.update((part, None) for part in clip.parts[: 1 if row else None])
        else:
            clips[path] = None
    return tuple(clips), tuple(unreadable)


def _names(spec: TranscodeSpec, sources: tuple[Path, ...]) -> dict[Path, PurePath]:
    """The names of what is made, without suffix, below the job's folder."""
    if spec.under is None:
        return names_of({source: source.stem for source in sources})
    under = spec.under
    return {
        source: PurePath(source.relative_to(under)).with_suffix("")
        if source.is_relative_to(under)
        else PurePath(source.stem)
        for source in sources
    }


def refuse_pictures(source: Path) -> None:
    """MediaFault for a row of pictures: it has no streams."""
    if ending(source.name) in PICTURES:
        raise MediaFault(
            f"{source} is one of a row of pictures, which are not transcoded.",
            path=source,
            hint="Make an editorial proxy of them: reelkeep proxy --size editorial",
        )


class TranscodeRun:
    """One transcode job at work."""

    def __init__(
        self,
        job: JobId,
        spec: TranscodeSpec,
        control: JobControl,
        journal: Journal,
        programs: Programs,
    ) -> None:
        self._job, self._spec, self._control = job, spec, control
        self._journal, self._programs = journal, programs
        self._results: list[TranscodeSheet] = []
        self._done = self._shown = 0
        """Milliseconds of clips that are through, and those that were told."""

    def run(self) -> bool:
        """Do it; False when some clip failed. What failed does not stop the others."""
        self._control.show(unit=MATERIAL, stage="Looking at the clips")
        self._control.show(work_done=0, copied=0, files_done=0)
        sources, _ = sources_of(self._spec)
        if not sources:
            raise MediaFault("There are no clips to transcode.")
        names = _names(self._spec, sources)
        lengths = {source: self._length(source) for source in sources}
        total = sum(lengths.values())
        self._control.show(files_total=len(sources), work_total=total, size=total)
        try:
            for source in sources:
                self._control.checkpoint()
                self._control.show(current=source.name)
                self._results.append(self._one(source, names[source], lengths[source]))
                self._done += lengths[source]
                self._count(self._done)
                self._control.advance(files=1)
        finally:
            self._journal.set_fact(self._job, _RESULTS, CONVERTER.unstructure(self._results))
        return self._told()

    def _length(self, source: Path) -> int:
        """Milliseconds, as its header tells."""
        try:
            return round(float(inventory(source, self._control, quick=True).length) * 1000)
        except ReelkeepError:
            return 0  # said when its turn comes

    def _one(self, source: Path, name: PurePath, length: int) -> TranscodeSheet:
        began = time.monotonic()
        try:
            refuse_pictures(source)
            output = output_of(self._spec, source, name)
            there = None if self._spec.anew else known(output)
            if there is not None:
                return replace(there, state=ClipState.KNOWN)
            self._journal.set_fact(self._job, _WORK, [str(output.work), str(output.part)])
            recipe = self._spec.recipe
            hear = self._hear(length)
            made = ClipTranscode(output, recipe, self._programs, self._control, hear).make()
        except JobCancelled:
            raise
        except ReelkeepError as error:
            log.info("%s", error)
            return TranscodeSheet(source=source, state=ClipState.FAILED, trouble=str(error))
        except OSError as error:
            words = f"{error.filename or source} cannot be used: {error.strerror}."
            return TranscodeSheet(source=source, state=ClipState.FAILED, trouble=words)
        return replace(made, seconds=round(time.monotonic() - began, 3))

    def _hear(self, length: int) -> Callable[[float], None]:
        return lambda share: self._count(self._done + round(length * share))

    def _count(self, milliseconds: int) -> None:
        more, self._shown = milliseconds - self._shown, milliseconds
        self._control.advance(more, copied=more)

    def _told(self) -> bool:
        failed = [one for one in self._results if one.state is ClipState.FAILED]
        self._control.show(current="")
        if not failed:
            return True
        words = failed[0].trouble
        if len(failed) > 1:
            words = f"{len(failed)} of {count_text(len(self._results), 'clip')} failed. {words}"
        self._control.show(error=words)
        return False


def plan_transcodes(spec: TranscodeSpec, programs: Programs, control: JobControl) -> TranscodePlan:
    """What *spec* would do, clip by clip; nothing is written."""
    sources, unreadable = sources_of(spec)
    names = _names(spec, sources)
    clips = []
    for source in sources:
        try:
            refuse_pictures(source)
            output = output_of(spec, source, names[source])
            clip = inventory(source, control, quick=True)
            clips.append(_planned(spec, output, clip))
        except (ReelkeepError, OSError) as error:
            clips.append(PlannedClip(source=source, trouble=str(error)))
    return TranscodePlan(clips=tuple(clips), program=programs.encode.words, unreadable=unreadable)


def _planned(spec: TranscodeSpec, output: Output, clip: Inventory) -> PlannedClip:
    streams = tuple(
        StreamSheet(
            index=one.stream.index,
            kind=one.stream.kind,
            codec=one.stream.codec,
            fate=one.fate,
            encoder=words_of(spec.recipe, one.encoder, one.stream.kind)
            if one.fate in {Fate.ENCODED, Fate.MIXED}
            else "",
            why=one.why,
        )
        for one in intents(clip, spec.recipe)
    )
    first = next(iter(clip.of("video")), None)
    return PlannedClip(
        source=output.source,
        path=output.path,
        known=not spec.anew and known(output) is not None,
        begun=output.begun,
        frames=first.packets if first else 0,
        streams=streams,
    )


def sheets_of(journal: Journal, job: JobId) -> tuple[TranscodeSheet, ...]:
    """What became of each clip of a transcode job so far."""
    return CONVERTER.structure(journal.fact(job, _RESULTS, []), tuple[TranscodeSheet, ...])


def work_of(journal: Journal, job: JobId) -> tuple[Path, ...]:
    """What a job has in the making: a folder, and a file without its final name."""
    return tuple(map(Path, journal.fact(job, _WORK, [])))


def clear_up(journal: Journal, job: JobId) -> tuple[str, ...]:
    """Remove what a job that was cut off has left half done."""
    left = []
    for path in work_of(journal, job):
        try:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            left.append(f"{os.fspath(path)} could not be removed: {error.strerror}.")
    return tuple(left)
