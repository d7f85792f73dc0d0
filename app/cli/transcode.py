"""`reelkeep transcode`: encode clips anew, stream by stream, checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import click

from app.cli.clips import (
    as_given,
    clip_command,
    ending_words,
    engine_here,
    named_files,
    run_to_end,
    show_each,
    show_ended,
    show_plan,
)
from app.cli.output import Output
from app.cli.typed import Place
from app.engine import Engine
from app.errors import BadInput
from app.jobs.snapshot import JobSnapshot
from app.jobs.spec import JobId
from app.media.transcode.recipe import Box
from app.media.transcode.spec import (
    ClipState,
    Fate,
    PlannedClip,
    StreamSheet,
    TranscodeSheet,
    TranscodeSpec,
)
from app.units import bytes_text, count_text, duration_text


@clip_command("transcode")
@click.option(
    "--recipe",
    default="compact",
    metavar="NAME",
    help="compact (looks the same, smaller), keepsake (tiny), or one of your own."
    " Default: compact.",
)
@click.option("--to", required=True, metavar="DIR", type=Place(), help="Folder for what is made.")
@click.option("--container", metavar="KIND", help="mkv or mov, in the place of the recipe's own.")
def transcode_command(context: click.Context, /, **given: Any) -> None:
    """Transcode clips: each stream by itself, same frames, same timecode, checked after writing.

    FILE is a clip, or a folder: all clips below it. The original is only read. A transcode that
    was cut off goes on where it was.
    """
    output = Output(as_json=given["as_json"])
    with engine_here() as engine:
        spec = _spec(engine, given)
        if given["dry_run"]:
            plan = engine.transcodes.plan(spec)
            show_plan(plan, output, _show_planned)
            output.say(f"It would be made by {plan.program.partition(' Copyright')[0]}.")
            return
        ended = run_to_end(engine, spec, output)
        context.exit(show_transcodes(engine, ended, output))


def _spec(engine: Engine, given: dict[str, Any]) -> TranscodeSpec:
    files = named_files(given, "transcode")
    recipe = engine.transcodes.recipe(given["recipe"])
    if box := given["container"]:
        if box not in list(Box):
            raise BadInput(f'"{box}" is no container.', hint=f"There are: {', '.join(Box)}.")
        recipe = replace(recipe, container=Box(box))
    return TranscodeSpec(files=files, recipe=recipe, to=as_given(given["to"]), anew=given["anew"])


# Saying


def _show_planned(clip: PlannedClip, output: Output) -> None:
    if clip.trouble:
        output.warn(f"{clip.source}: {clip.trouble}")
    else:
        known = ", there already" if clip.known else ", begun already" if clip.begun else ""
        output.say(f"{clip.source}")
        output.say(f"  {clip.path}{known}")
    for stream in clip.streams:
        output.say(f"  {_stream_text(stream)}")


def show_transcodes(engine: Engine, ended: JobSnapshot, output: Output) -> int:
    """Say what became of each clip, stream by stream; answers the exit code."""
    sheets = show_sheets(engine, ended.id, output)
    failed = sum(1 for sheet in sheets if sheet.state is ClipState.FAILED)
    words = _ending(engine, ended)
    return show_ended(ended, output, words, clips=len(sheets), failed=failed)


def show_sheets(engine: Engine, job: JobId, output: Output) -> tuple[TranscodeSheet, ...]:
    """Say what became of each clip of a job, and answer it."""
    sheets = engine.transcodes.sheets(job)
    show_each(sheets, output, _show_sheet)
    return sheets


def _ending(engine: Engine, ended: JobSnapshot) -> str:
    kept = [str(path) for path in engine.transcodes.in_the_making(ended.id)]
    return ending_words(ended, f"What is encoded stays in {kept[0]}." if kept else "")


def _show_sheet(sheet: TranscodeSheet, output: Output) -> None:
    if sheet.state is ClipState.FAILED:
        output.warn(sheet.trouble)
        return
    share = f"{sheet.bytes / sheet.source_bytes:.0%}" if sheet.source_bytes else ""
    size = f"{bytes_text(sheet.bytes)}, {share} of the original"
    frames = f"{count_text(sheet.frames, 'frame')}, " if sheet.frames else ""
    if sheet.state is ClipState.KNOWN:
        output.say(f"{sheet.source}: there already, {sheet.path}")
    else:
        spent = duration_text(sheet.seconds)
        output.say(f"{sheet.source}: {frames}{size}, {spent}")
        output.say(f"  {sheet.path}")
    for stream in sheet.streams:
        output.say(f"  {_stream_text(stream)}")
    for note in sheet.notes:
        output.warn(note)


def _stream_text(stream: StreamSheet) -> str:
    return "  ".join((f"{stream.index:>2} {stream.kind} {stream.codec}".rstrip(), *_fate(stream)))


def _fate(stream: StreamSheet) -> Iterator[str]:
    words = str(stream.fate)
    if stream.encoder:
        words += f" {'to' if stream.fate is Fate.CONVERTED else 'by'} {stream.encoder}"
    if stream.at is not None:
        words += f" since second {stream.at:.1f}"
    if stream.why:
        words += f": {stream.why}"
    yield words
    if stream.width:
        yield f"{stream.width}×{stream.height}"
    if stream.bytes and stream.raw_bytes and stream.fate in {Fate.ENCODED, Fate.RAW}:
        yield f"{bytes_text(stream.raw_bytes)} → {bytes_text(stream.bytes)}"
    if stream.ssim is not None and stream.least_ssim is not None:
        vmaf = f", VMAF {stream.vmaf:.1f}" if stream.vmaf is not None else ""
        yield f"SSIM {stream.ssim:.4f}, worst frame {stream.least_ssim:.4f}{vmaf}"
    if stream.runs > 1:
        yield f"in {stream.runs} runs"
