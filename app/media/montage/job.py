"""The montage job: contact sheets of all clips that were asked for, one clip after the other."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePath

from app.errors import (
    BadInput,
    DestinationFull,
    JobCancelled,
    MediaFault,
    NameTaken,
    ReelkeepError,
    WriteFailed,
)
from app.jobs.control import JobControl
from app.jobs.journal import Journal
from app.jobs.spec import CONVERTER, JobId, to_json
from app.media.facts.probe import probe
from app.media.facts.row import ending
from app.media.facts.values import ClipFacts
from app.media.facts.whole import whole_clip
from app.media.ffmpeg.process import Progress, run_reporting
from app.media.montage.mark import mark_in
from app.media.montage.order import Obstacle, SheetAnswer, SheetOrder
from app.media.montage.spec import (
    MadeSheet,
    MontagePlan,
    MontageSpec,
    PlannedMontage,
    PlannedSheet,
    SheetResult,
    SheetState,
)
from app.media.montage.tiles import grid_for
from app.media.products.clip_work import ClipWork
from app.media.products.names import names_of, with_ending
from app.media.products.partial import PART, leftovers, part_of, sync_folder
from app.media.products.sources import Sources, sources_of
from app.own_process import own_process
from app.units import TILES

log = logging.getLogger(__name__)

_RESULTS, _ORDERS = "sheets", "sheet orders"
"""Facts of the journal: what became of each clip, and which sheets may be half written."""
_SHEETS = {"png", "jpg", "jpeg"}
_WELL = {SheetState.MADE, SheetState.KNOWN, SheetState.NO_PICTURE}


def _sources(spec: MontageSpec) -> Sources:
    """Every clip that *spec* names, but for sheets of an earlier job that lie in a folder of it."""
    found = sources_of(spec.files, every_form=True)
    clips = {path: one for path, one in found.clips.items() if not (one.found and _is_sheet(path))}
    return replace(found, clips=clips)


def _is_sheet(path: Path) -> bool:
    return ending(path.name) in _SHEETS and mark_in(path) is not None


def _names(spec: MontageSpec, sources: Sources) -> dict[Path, PurePath]:
    """The names of the sheets, without suffix, below the job's folder."""
    if not spec.apart:
        return names_of(sources.names, sounds=False)
    return {path: PurePath(with_ending(name, path)) for path, name in sources.names.items()}


class MontageRun:
    """One montage job at work."""

    def __init__(
        self,
        job: JobId,
        spec: MontageSpec,
        control: JobControl,
        journal: Journal,
        indexes: Path | None,
        decoders: Mapping[str, str],
    ) -> None:
        self._job, self._spec, self._control = job, spec, control
        self._journal, self._indexes, self._decoders = journal, indexes, decoders
        self._results: list[SheetResult] = []
        self._work = ClipWork(control, TILES)
        self._tiles = 0
        """Of the clip at hand that are drawn."""
        self._clips = 0

    def run(self) -> bool:
        """Do it; False when some clip failed. What failed does not stop the others."""
        sources = _sources(self._spec)
        self._clips = len(sources.clips)
        if not sources.clips:
            raise MediaFault("There are no clips to make contact sheets of.")
        self._work.expect(self._clips)
        self._work.to_come((self._spec.grid or 3) ** 2 * self._clips)
        self._control.show(stage="Making contact sheets")
        names = _names(self._spec, sources)
        try:
            for path, source in sources.clips.items():
                self._work.begin(path)
                self._tiles = 0
                self._results.append(self._one(path, names[path], source.found))
                self._work.done(self._tiles)
        finally:
            self._journal.set_fact(self._job, _RESULTS, CONVERTER.unstructure(self._results))
        self._work.to_come(0)
        bad = [result for result in self._results if result.state not in _WELL]
        return self._work.end([one.trouble or one.notes[0] for one in bad], self._clips)

    def _one(self, source: Path, name: PurePath, found: bool) -> SheetResult:
        began = time.monotonic()
        try:
            order = SheetOrder.of(self._spec, source, name, self._indexes, self._decoders)
        except BadInput as error:  # the settings name a program in a way that makes no sense
            return SheetResult(source=source, state=SheetState.FAILED, trouble=str(error))
        self._journal.set_fact(self._job, _ORDERS, [json.loads(to_json(order))])
        if sheet := _finished(order):
            return SheetResult(source=source, state=SheetState.KNOWN, sheets=(sheet,))
        try:
            answer = draw_sheets(order, self._control, self._hear)
            if answer.obstacle is Obstacle.NO_PICTURE and found:
                return SheetResult(source=source, state=SheetState.NO_PICTURE)
            _raise_for(answer, source)
            _name(answer)
        except JobCancelled:
            raise
        except ReelkeepError as error:
            log.info("%s", error)
            return SheetResult(source=source, state=SheetState.FAILED, trouble=str(error))
        except OSError as error:
            words = f"{error.filename or source} cannot be used: {error.strerror}."
            return SheetResult(source=source, state=SheetState.FAILED, trouble=words)
        finally:
            leftovers(parts_of(order))
        return SheetResult(
            source=source,
            state=answer.state,
            sheets=answer.sheets,
            seconds=round(time.monotonic() - began, 3),
            notes=answer.notes,
        )

    def _hear(self, progress: Progress) -> None:
        """Clips that are still to come are expected to have as many tiles as those so far."""
        self._tiles = progress.frames
        so_far = self._work.through + max(progress.wanted, progress.frames)
        self._work.to_come(so_far * self._clips // (len(self._results) + 1) - self._work.through)
        self._work.at(progress.frames)


def _finished(order: SheetOrder) -> MadeSheet | None:
    """The sheet of a clip with one picture track, if it is there: nobody has to open the clip."""
    (path,) = order.paths(1)
    there = None if order.anew else mark_in(path)
    if there is None:
        return None
    try:
        same = order.mark(whole_clip(order.source), 0).finished(there)
        return there.sheet(path, known=True) if same else None
    except (ReelkeepError, OSError):
        return None  # what is the matter is said by who opens the clip


def draw_sheets(
    order: SheetOrder, control: JobControl, told: Callable[[Progress], None] = lambda _: None
) -> SheetAnswer:
    """Have the sheets of one clip drawn, under their partial names. MediaFault, JobCancelled."""
    command, environment = own_process("app.media.montage.process", to_json(order))
    ended = run_reporting(command, control, told, environment=environment)
    if bug := ended.said.get("bug"):
        raise RuntimeError(f"Drawing {order.source} failed:\n{json.loads(bug)}")
    if not ended.whole or "answer" not in ended.said:
        why = "took too long" if ended.silent else "is damaged: the program that read it broke down"
        raise MediaFault(f"{order.source} {why}.", path=order.source)
    return CONVERTER.structure(json.loads(ended.said["answer"]), SheetAnswer)


def _raise_for(answer: SheetAnswer, source: Path) -> None:
    if answer.state is not SheetState.FAILED:
        return
    if answer.obstacle is Obstacle.TAKEN:
        hint = "Choose another folder, or take that file away."
        raise NameTaken(answer.trouble, path=answer.path, hint=hint)
    if answer.obstacle is Obstacle.FULL:
        hint = "Free some space, or choose another folder."
        raise DestinationFull(answer.trouble, path=answer.path, hint=hint)
    if answer.obstacle is Obstacle.WRITING:
        raise WriteFailed(answer.trouble, path=answer.path)
    raise MediaFault(answer.trouble, path=source)


def _name(answer: SheetAnswer) -> None:
    """Give new sheets their final names, once they are on the disk. OSError."""
    new = [sheet.path for sheet in answer.sheets if not sheet.known]
    for path in new:
        with part_of(path).open("rb+") as file:
            os.fsync(file.fileno())
        part_of(path).replace(path)
    for folder in {path.parent for path in new}:
        sync_folder(folder)


def parts_of(order: SheetOrder) -> Iterator[Path]:
    """The sheets of an order that may be half written."""
    (alone,) = order.paths(1)
    yield alone
    folder = order.to / order.name
    for part in folder.glob(f"*{order.form.suffix}{PART}") if folder.is_dir() else ():
        if part.name.startswith(f"{folder.name}-"):
            yield part.with_name(part.name.removesuffix(PART))


def plan_montage(spec: MontageSpec, decoders: Mapping[str, str]) -> MontagePlan:
    """What *spec* would do, clip by clip; nothing is written. *decoders* are programs."""
    sources = _sources(spec)
    names = _names(spec, sources)
    clips = []
    for source in sources.clips:
        try:
            order = SheetOrder.of(spec, source, names[source])
            clips.append(_planned(order, probe(source, decoders=decoders)))
        except (ReelkeepError, OSError) as error:
            clips.append(PlannedMontage(source=source, trouble=str(error)))
    return MontagePlan(clips=tuple(clips), unreadable=sources.unreadable)


def _planned(order: SheetOrder, facts: ClipFacts) -> PlannedMontage:
    if facts.picture is None:
        words = f"{order.source} has no picture."
        return PlannedMontage(source=order.source, trouble=words, no_picture=True)
    whole = whole_clip(order.source)
    sheets = []
    for number, path in enumerate(order.paths(len(facts.video))):
        track = facts.video[number]
        mark, there = order.mark(whole, number), mark_in(path)
        known = there is not None and mark.finished(there) and not order.anew
        grid = order.grid or grid_for(track.duration or facts.duration)
        sheets.append(PlannedSheet(path=path, grid=grid, known=known))
    return PlannedMontage(source=order.source, sheets=tuple(sheets))


def results_of(journal: Journal, job: JobId) -> tuple[SheetResult, ...]:
    """What became of each clip of a montage job so far."""
    return CONVERTER.structure(journal.fact(job, _RESULTS, []), tuple[SheetResult, ...])


def clear_up(journal: Journal, job: JobId) -> tuple[str, ...]:
    """Remove what a job that was cut off has left half written."""
    orders = CONVERTER.structure(journal.fact(job, _ORDERS, []), tuple[SheetOrder, ...])
    return leftovers(path for order in orders for path in parts_of(order))
