"""`reelkeep montage`: contact sheets of clips."""

from __future__ import annotations

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
from app.cli.typed import Number, Place
from app.engine import Engine
from app.errors import BadInput
from app.jobs.snapshot import JobSnapshot
from app.media.montage.spec import (
    LEAST_WIDTH,
    MOST_TILES,
    MOST_WIDTH,
    USUAL_WIDTH,
    MontageSpec,
    PlannedMontage,
    SheetForm,
    SheetResult,
    SheetState,
)
from app.units import bytes_text, duration_text


@clip_command("montage")
@click.option("--to", required=True, metavar="DIR", type=Place(), help="Folder of the sheets.")
@click.option(
    "--grid",
    type=Number(1, MOST_TILES),
    metavar="N",
    help="N × N tiles. Default: as many as the clip's length asks for, 1 to 10.",
)
@click.option("--format", "form", metavar="FORM", help="jpeg, png or pdf. Default: jpeg.")
@click.option(
    "--width",
    type=Number(LEAST_WIDTH, MOST_WIDTH),
    default=USUAL_WIDTH,
    metavar="PIXELS",
    help=f"Of a sheet, at the most. Default: {USUAL_WIDTH}.",
)
def montage_command(context: click.Context, /, **given: Any) -> None:
    """Make contact sheets of clips: exact frames in equal steps, timecode under each.

    FILE is a clip, or a folder: all clips below it. A clip with several picture tracks gets a
    folder with a sheet for each. A finished sheet is not made again.
    """
    output = Output(as_json=given["as_json"])
    spec = _spec(given)
    with engine_here() as engine:
        if given["dry_run"]:
            show_plan(engine.montages.plan(spec), output, _show_planned)
            return
        ended = run_to_end(engine, spec, output)
        context.exit(show_montage(engine, ended, output))


def _spec(given: dict[str, Any]) -> MontageSpec:
    files = named_files(given, "montage")
    form = {"jpg": "jpeg", None: "jpeg"}.get(given["form"], given["form"])
    if form not in list(SheetForm):
        raise BadInput(f'"{form}" is no form of sheets.', hint="There are: jpeg, png, pdf.")
    return MontageSpec(
        files=files,
        to=as_given(given["to"]),
        grid=given["grid"],
        form=SheetForm(form),
        width=given["width"],
        anew=given["anew"],
    )


# Saying


def _show_planned(clip: PlannedMontage, output: Output) -> None:
    if clip.trouble:
        output.warn(clip.trouble)
    for sheet in clip.sheets:
        known = ", there already" if sheet.known else ""
        output.say(f"{sheet.grid}×{sheet.grid}  {sheet.path}{known}")


def show_montage(engine: Engine, ended: JobSnapshot, output: Output) -> int:
    """Say what became of each clip; answers the exit code."""
    results = engine.montages.results(ended.id)
    show_each(results, output, _show_clip)
    words = ending_words(ended, "Finished sheets stay.")
    bad = sum(1 for one in results if one.state in {SheetState.FAILED, SheetState.GAPS})
    return show_ended(
        ended,
        output,
        words,
        clips=len(results),
        failed=bad,
        sheets=sum(len(result.sheets) for result in results),
    )


def _show_clip(result: SheetResult, output: Output) -> None:
    if result.state is SheetState.FAILED:
        output.warn(result.trouble)
        return
    if result.state is SheetState.NO_PICTURE:
        output.say(f"{result.source}: no picture")
        return
    known = result.state is SheetState.KNOWN
    output.say(f"{result.source}: {'there already' if known else duration_text(result.seconds)}")
    for sheet in result.sheets:
        size = f"{sheet.width}×{sheet.height}"
        facts = f"{sheet.grid}×{sheet.grid:<4}{size:<12}{bytes_text(sheet.bytes):>9}"
        output.say(f"  {facts}  {sheet.path}")
    for note in result.notes:
        output.warn(note)
