"""The transcode job: all clips that were asked for, one after the other."""

from __future__ import annotations

import logging
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path, PurePath

from app.errors import JobCancelled, MediaFault, ReelkeepError
from app.jobs.control import JobControl
from app.jobs.journal import Journal
from app.jobs.spec import CONVERTER, JobId
from app.media.products.clip_work import ClipWork, trouble_of
from app.media.products.names import names_of, with_ending
from app.media.products.sources import Source, Sources, sources_of
from app.media.transcode.clip import ClipTranscode
from app.media.transcode.fates import Intent, intents, words_of
from app.media.transcode.lines import size_of
from app.media.transcode.original import refuse_what_cannot_be_read
from app.media.transcode.outputs import Output, known, output_of
from app.media.transcode.programs import Programs
from app.media.transcode.recipe import TranscodeRecipe
from app.media.transcode.spec import (
    ClipState,
    Fate,
    PlannedClip,
    StreamSheet,
    TranscodePlan,
    TranscodeSheet,
    TranscodeSpec,
)
from app.media.transcode.streams import Inventory, headers
from app.units import MATERIAL

log = logging.getLogger(__name__)

_RESULTS, _WORK = "transcodes", "transcode work"
"""Facts of the journal: what became of each clip, and what may be half done."""


def _names(spec: TranscodeSpec, sources: Sources) -> dict[Path, PurePath]:
    """The names of what is made, without suffix, below the job's folder."""
    if spec.under is None:
        return names_of(sources.names)
    names = {}
    for path, source in sources.clips.items():
        name = with_ending(source.name, path) if spec.apart else source.name
        below = path.is_relative_to(spec.under)
        names[path] = path.relative_to(spec.under).with_name(name) if below else PurePath(name)
    return names


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
        self._work = ClipWork(control, MATERIAL)

    def run(self) -> bool:
        """Do it; False when some clip failed. What failed does not stop the others."""
        sources = sources_of(self._spec.files, every_form=True)
        if not sources.clips:
            raise MediaFault("There are no clips to transcode.")
        self._work.expect(len(sources.clips))
        names = _names(self._spec, sources)
        lengths = {path: self._length(path) for path in sources.clips}
        self._work.to_come(sum(lengths.values()))
        try:
            for path, source in sources.clips.items():
                self._work.begin(path)
                self._results.append(self._one(source, names[path], lengths[path]))
                self._work.done(lengths[path])
        finally:
            self._journal.set_fact(self._job, _RESULTS, CONVERTER.unstructure(self._results))
        failed = [one.trouble for one in self._results if one.state is ClipState.FAILED]
        return self._work.end(failed, len(self._results))

    def _length(self, source: Path) -> int:
        """Milliseconds, as its headers tell."""
        try:
            return round(float(headers(source, self._control).length) * 1000)
        except ReelkeepError:
            return 0  # said when its turn comes

    def _one(self, source: Source, name: PurePath, length: int) -> TranscodeSheet:
        began = time.monotonic()
        try:
            output = output_of(self._spec, source, name)
            there = None if self._spec.anew else known(output)
            if there is not None:
                return replace(there, state=ClipState.KNOWN, seconds=0.0)
            self._journal.set_fact(self._job, _WORK, [str(output.work), str(output.part)])
            recipe = self._spec.recipe

            def hear(share: float) -> None:
                self._work.at(round(length * share))

            made = ClipTranscode(output, recipe, self._programs, self._control, hear).make()
        except JobCancelled:
            raise
        except (ReelkeepError, OSError) as error:
            words = trouble_of(error, source.path)
            log.info("%s", words)
            return TranscodeSheet(source=source.path, state=ClipState.FAILED, trouble=words)
        return replace(made, seconds=round(time.monotonic() - began, 3))


def plan_transcodes(spec: TranscodeSpec, programs: Programs, control: JobControl) -> TranscodePlan:
    """What *spec* would do, clip by clip; nothing is written."""
    sources = sources_of(spec.files, every_form=True)
    names = _names(spec, sources)
    clips = []
    for path, source in sources.clips.items():
        try:
            output = output_of(spec, source, names[path])
            refuse_what_cannot_be_read(source)
            clips.append(_planned(spec, output, headers(path, control)))
        except (ReelkeepError, OSError) as error:
            clips.append(PlannedClip(source=path, trouble=trouble_of(error, path)))
    return TranscodePlan(
        clips=tuple(clips), program=programs.encode.words, unreadable=sources.unreadable
    )


def _planned(spec: TranscodeSpec, output: Output, clip: Inventory) -> PlannedClip:
    streams = tuple(_planned_stream(spec.recipe, one) for one in intents(clip, spec.recipe))
    first = next(iter(clip.of("video")), None)
    return PlannedClip(
        source=output.source,
        path=output.path,
        known=not spec.anew and known(output) is not None,
        begun=output.begun,
        frames=first.packets if first else 0,
        streams=streams,
    )


def _planned_stream(recipe: TranscodeRecipe, one: Intent) -> StreamSheet:
    stream, made = one.stream, one.fate in {Fate.ENCODED, Fate.MIXED}
    drawn = one.fate is Fate.ENCODED and stream.kind == "video"
    width, height = size_of(stream, recipe) if drawn else (0, 0)
    return StreamSheet(
        index=stream.index,
        kind=stream.kind,
        codec=stream.codec,
        fate=one.fate,
        encoder=words_of(recipe, one.encoder, stream.kind) if made else "",
        why=one.why,
        width=width,
        height=height,
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
