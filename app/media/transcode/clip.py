"""The transcode of one clip: its streams side by side, put together, checked, then named."""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace

from app.errors import MediaFault, ReelkeepError
from app.jobs.control import JobControl
from app.media.facts.stamp import Stamp
from app.media.products.pixels import has_alpha
from app.media.transcode.check import (
    begins_apart,
    decoded_digest,
    differences,
    stored_otherwise,
    undecodable,
)
from app.media.transcode.fates import Intent, in_order, intents, words_of
from app.media.transcode.mux import Place, cover_of, holds, mux
from app.media.transcode.original import readings_of
from app.media.transcode.outputs import Output, claim, finish, head_of
from app.media.transcode.programs import Programs
from app.media.transcode.quality import measure
from app.media.transcode.recipe import Box, TranscodeRecipe
from app.media.transcode.side_by_side import SideBySide, Told
from app.media.transcode.spec import ClipState, Fate, StreamSheet, TranscodeSheet
from app.media.transcode.streams import (
    Inventory,
    Stream,
    inventory,
    inventory_of_file,
    prove_readable,
)
from app.media.transcode.task import NotKept, Plot, StreamTask

log = logging.getLogger(__name__)


class ClipTranscode:
    """One clip at work."""

    def __init__(
        self,
        output: Output,
        recipe: TranscodeRecipe,
        programs: Programs,
        control: JobControl,
        told: Told,
    ) -> None:
        self._output, self._recipe, self._programs = output, recipe, programs
        self._control = control
        self._encoding = SideBySide(control, told)
        self._began = time.monotonic()

    def make(self) -> TranscodeSheet:
        """Make it; raises EnvironmentFault, JobCancelled.

        What is encoded stays, but for what was found wrong.
        """
        output = self._output
        claim(output)
        try:
            sheet = self._made()
        except NotKept:  # what is there is of no use: another try begins anew
            shutil.rmtree(output.work, ignore_errors=True)
            raise
        except ReelkeepError:
            if not any(output.work.glob("stream-*")):  # nothing was encoded
                shutil.rmtree(output.work, ignore_errors=True)
            raise
        shutil.rmtree(output.work, ignore_errors=True)
        return sheet

    def _made(self) -> TranscodeSheet:
        output = self._output
        output.part.unlink(missing_ok=True)
        self._control.show(stage="Reading all streams")
        readings = readings_of(output.of, output.work, self._control)
        clip = inventory(output.source, self._control, readings, output.work)
        if clip.cut_off:
            raise MediaFault(f"{clip.path} {clip.cut_off} No transcode was made of it.")
        tasks, wanted = self._tasks(clip)
        self._control.show(stage="Encoding")
        self._encoding.run(tasks)
        try:
            return self._put_together(clip, tasks, wanted)
        finally:
            with contextlib.suppress(OSError):
                output.part.unlink(missing_ok=True)

    # Encoding

    def _tasks(self, clip: Inventory) -> tuple[dict[int, StreamTask], tuple[Intent, ...]]:
        recipe, output = self._recipe, self._output
        self._can_turn(clip)
        wanted = tuple(self._settled(one, clip) for one in intents(clip, recipe))
        plot = Plot(
            clip=clip,
            recipe=recipe,
            program=self._programs.encode.path,
            work=output.work,
            prove=lambda: prove_readable(clip, self._control),
            goes_on=self._goes_on,
        )
        mixed = tuple(one.stream for one in wanted if one.fate is Fate.MIXED)
        tasks = {}
        for one in in_order(wanted, recipe):
            if one.fate not in {Fate.ENCODED, Fate.MIXED}:
                continue
            streams = mixed if one.fate is Fate.MIXED else (one.stream,)
            may_stay = bool(recipe.raw_from) and self._held(clip, one.stream)
            told = self._encoding.ear(one.stream.index)
            tasks[one.stream.index] = StreamTask(
                plot, streams, self._encoding.together, told, may_stay=may_stay
            )
        return tasks, wanted

    def _goes_on(self, frame: int) -> None:
        self._control.show(stage=f"Encoding, on from frame {frame:,}")

    def _can_turn(self, clip: Inventory) -> None:
        turned = any(one.rotation for one in clip.of("video"))
        if turned and self._recipe.container is Box.MKV and not self._programs.turns:
            raise MediaFault(
                f"{clip.path} is to be turned when it is shown, and"
                f" {self._programs.mux.path} cannot write that into MKV.",
                path=clip.path,
                hint="Use a newer ffmpeg, or ask for MOV.",
            )

    def _settled(self, one: Intent, clip: Inventory) -> Intent:
        """A stream that is to stay raw, where the container takes it."""
        if one.fate is not Fate.RAW or one.stream.kind == "attachment":
            return one
        if one.stream.kind == "cover":
            return self._cover(one, clip)
        if self._held(clip, one.stream):
            return one
        name = self._recipe.container.upper()
        why = f"{name} cannot hold it"
        if one.stream.kind == "subtitle" and self._held(clip, one.stream, "-c", "ass"):
            return replace(one, fate=Fate.CONVERTED, encoder="ass", why=why)
        if one.stream.kind in {"video", "audio"}:
            if not one.stream.decodable:
                raise MediaFault(
                    f"Stream {one.stream.index} of {clip.path} is {one.stream.codec}: it cannot be"
                    f" decoded here, and {name} cannot hold it as it is.",
                    path=clip.path,
                )
            raise MediaFault(
                f"{name} cannot hold the raw stream {one.stream.index} of {clip.path}.",
                path=clip.path,
                hint="Choose another container, or a recipe that encodes it.",
            )
        return replace(one, fate=Fate.DROPPED, why=why)

    def _cover(self, one: Intent, clip: Inventory) -> Intent:
        """A still picture beside: MKV has it as an attachment, which is a file of its own."""
        out = self._output.work / f"cover-{one.stream.index}"
        if self._recipe.container is Box.MKV and cover_of(
            self._programs.mux.path, clip, one.stream, out, self._control
        ):
            return one
        name = self._recipe.container.upper()
        return replace(one, fate=Fate.DROPPED, why=f"{name} cannot hold it")

    def _held(self, clip: Inventory, stream: Stream, *words: str) -> bool:
        trial = self._output.work / "trial"
        box = self._recipe.container
        return holds(self._programs.mux.path, clip, stream, box, trial, self._control, *words)

    # Putting together

    def _put_together(
        self, clip: Inventory, tasks: dict[int, StreamTask], wanted: tuple[Intent, ...]
    ) -> TranscodeSheet:
        output, control = self._output, self._control
        control.show(stage="Putting together")
        found = [
            self._place(one, tasks.get(one.stream.index)) for one in in_order(wanted, self._recipe)
        ]
        places = tuple(sorted(found, key=lambda one: one.beside is not None))
        mux(self._programs, clip, places, self._recipe, output.part, control)
        control.show(stage="Checking")
        made = inventory_of_file(output.part, control)
        self._check(clip, made, places, tasks)
        notes = (
            *clip.remarks,
            *self._compared_raw(clip, made, places),
            *_lost(wanted, self._programs),
        )
        sheet = self._sheet(clip, made, tasks, wanted, places)
        spent = round(time.monotonic() - self._began, 3)
        sheet = replace(sheet, notes=notes, seconds=spent)
        if Stamp.of_all(output.of.files) != output.stamp:
            raise NotKept(
                f"{output.source} changed while it was being transcoded.",
                path=output.source,
                hint="Make sure that no program writes to it, then try again.",
            )
        finish(output, sheet)
        return sheet

    def _check(
        self,
        clip: Inventory,
        made: Inventory,
        places: tuple[Place, ...],
        tasks: dict[int, StreamTask],
    ) -> None:
        """Raise NotKept for what is not as it has to be."""
        output, program = self._output, self._programs.mux.path
        wrong = [*differences(clip, made, places, self._recipe), *begins_apart(clip, made, places)]
        if not wrong:
            encoded = set(self._to_decode(places, tasks))
            wrong = list(undecodable(program, output.part, made, self._control, encoded))
        if wrong:
            self._prove(clip, made)
            raise NotKept(
                f"The transcode of {output.source} is not what it has to be and was not kept:"
                f" {'; '.join(wrong)}.",
                path=output.source,
            )

    def _prove(self, *files: Inventory) -> None:
        """Raise EnvironmentFault where one gives other bytes now: then its drive is to blame."""
        for one in files:
            prove_readable(one, self._control)

    def _compared_raw(
        self, clip: Inventory, made: Inventory, places: tuple[Place, ...]
    ) -> Iterator[str]:
        """Raw streams that could be counted only, in words."""
        for before, after in stored_otherwise(made, places):
            if not self._sounds_and_looks_the_same((clip, before), (made, after)):
                yield (
                    f"The raw stream {before.index} is stored in another form than in the original"
                    " and cannot be decoded here: it was counted, not compared."
                )

    def _sounds_and_looks_the_same(
        self, before: tuple[Inventory, Stream], after: tuple[Inventory, Stream]
    ) -> bool:
        """Whether it was compared; raises NotKept where a raw stream is not what it was."""
        output, program = self._output, self._programs.mux.path
        digests = {
            decoded_digest(program, of, stream, output.work, self._control)
            for of, stream in (before, after)
        }
        if len(digests) > 1:
            self._prove(before[0], after[0])
            raise NotKept(
                f"The raw stream {before[1].index} of {output.source} did not come through whole;"
                " the transcode was not kept.",
                path=output.source,
            )
        return digests != {""}

    def _place(self, one: Intent, task: StreamTask | None) -> Place:
        if one.stream.kind == "cover":
            beside = self._output.work / f"cover-{one.stream.index}"
            return Place(stream=one.stream, fate=Fate.RAW, beside=beside)
        if task is None or task.work.state.raw:
            fate = one.fate if one.fate is Fate.CONVERTED else Fate.RAW
            return Place(stream=one.stream, fate=fate)
        words = words_of(self._recipe, one.encoder, one.stream.kind)
        return Place(stream=one.stream, fate=one.fate, made=task.whole(), encoder=words)

    def _sheet(
        self,
        clip: Inventory,
        made: Inventory,
        tasks: dict[int, StreamTask],
        wanted: tuple[Intent, ...],
        places: tuple[Place, ...],
    ) -> TranscodeSheet:
        output = self._output
        stat = output.part.stat()
        numbers = {place.stream.index: n for n, place in enumerate(places)}
        streams = tuple(
            self._row(one, tasks.get(one.stream.index), made, numbers.get(one.stream.index))
            for one in wanted
        )
        if self._recipe.measured:
            streams = tuple(
                self._measured(row, (clip, one.stream), made, numbers.get(row.index))
                for row, one in zip(streams, wanted, strict=True)
            )
        first = next(iter(clip.of("video")), None)
        return TranscodeSheet(
            source=output.source,
            state=ClipState.MADE,
            recipe=self._recipe.name,
            path=output.path,
            frames=first.packets if first else 0,
            duration=round(float(clip.length), 3),
            bytes=stat.st_size,
            changed=stat.st_mtime_ns,
            source_bytes=output.stamp.size,
            source_files=len(output.of.files),
            source_changed=output.stamp.changed,
            source_head=head_of(output.source),
            digest=output.digest,
            program=self._programs.encode.words,
            streams=streams,
        )

    def _row(
        self, one: Intent, task: StreamTask | None, made: Inventory, number: int | None
    ) -> StreamSheet:
        state = task.work.state if task is not None else None
        raw = state is not None and state.raw
        there = next((s for s in made.streams if s.index == number), None)
        why = one.why
        if state is not None and state.raw_at is not None:
            why = f"not smaller than {self._recipe.raw_from} % of the raw stream"
        elif state is not None and state.why:
            why = state.why
        fate = Fate.RAW if raw else one.fate
        drawn = there if fate is Fate.ENCODED and one.stream.kind == "video" else None
        return StreamSheet(
            index=one.stream.index,
            kind=one.stream.kind,
            codec=one.stream.codec,
            fate=fate,
            encoder="" if raw or not one.encoder else self._words(one),
            at=state.raw_at if state is not None else None,
            why=why,
            raw_bytes=one.stream.bytes,
            bytes=there.bytes if there is not None else 0,
            width=drawn.width if drawn is not None else 0,
            height=drawn.height if drawn is not None else 0,
            runs=max(1, state.begun) if state is not None else 1,
        )

    def _words(self, one: Intent) -> str:
        if one.fate is Fate.CONVERTED:
            return one.encoder
        return words_of(self._recipe, one.encoder, one.stream.kind)

    def _to_decode(self, places: tuple[Place, ...], tasks: dict[int, StreamTask]) -> Iterator[int]:
        """Streams of the file that are looked at for damage: all that were encoded.

        Where one run was measured, every picture of it is decoded there.
        """
        measured = self._recipe.measured and not self._recipe.picture.below
        for n, place in enumerate(places):
            if place.made is None:
                continue
            runs = len(tasks[place.stream.index].work.state.runs)
            if not (measured and place.stream.kind == "video" and runs == 1):
                yield n

    def _measured(
        self,
        row: StreamSheet,
        original: tuple[Inventory, Stream],
        made: Inventory,
        number: int | None,
    ) -> StreamSheet:
        encoded = row.kind == "video" and row.fate is Fate.ENCODED
        if number is None or not encoded or self._recipe.picture.below:
            return row
        self._control.show(stage="Measuring quality")
        output = self._output
        there, frames = made.streams[number], original[1].packets
        found = measure(self._programs, (made, there), original, output.work, self._control)
        if found.frames != frames:
            self._prove(original[0], made)
            raise NotKept(
                f"The transcode of {output.source} was not kept: of stream {row.index}"
                f" {found.frames:,} of {frames:,} frames can be decoded.",
                path=output.source,
            )
        return replace(
            row,
            ssim=round(found.ssim, 5),
            least_ssim=round(found.least, 5),
            vmaf=None if found.vmaf is None else round(found.vmaf, 2),
        )


def _lost(wanted: tuple[Intent, ...], programs: Programs) -> Iterator[str]:
    """What is not kept of pictures, in words."""
    for one in wanted:
        if one.fate is not Fate.ENCODED:
            continue
        if has_alpha(one.stream.pixel_format):
            yield f"The alpha channel of stream {one.stream.index} could not be kept."
        if one.stream.mastering and not programs.light:
            yield (
                f"The pictures of stream {one.stream.index} tell the display that they were"
                " finished on; for the container to tell it too, ffmpeg 9 or newer is needed."
            )
