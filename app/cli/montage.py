"""`reelkeep montage`: contact sheets of clips."""

from __future__ import annotations

from typing import Any

import click

from app.cli.clips import (
    ending_words,
    engine_here,
    named_files,
    run_to_end,
    show_ended,
    show_planned,
    warn_unreadable,
)
from app.cli.output import Output
from app.cli.typed import Number, Place
from app.engine import Engine
from app.errors import BadInput
from app.jobs.snapshot import JobSnapshot
from app.jobs.spec import CONVERTER
from app.media.montage.spec import (
    LEAST_WIDTH,
    MOST_TILES,
    MOST_WIDTH,
    USUAL_WIDTH,
    MontagePlan,
    MontageSpec,
    SheetForm,
    SheetResult,
    SheetState,
)
from app.media.proxy.proxies import as_given
from app.units import bytes_text, duration_text


@click.command("montage")
@click.argument("files", metavar="FILE...", nargs=-1, type=Place())
@click.option("--to", metavar="DIR", type=Place(), help="The folder of the sheets.")
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
@click.option("--anew", is_flag=True, help="Make also those again that are finished.")
@click.option("--dry-run", is_flag=True, help="Show what would be made, and stop.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_context
def montage_command(context: click.Context, /, **given: Any) -> None:
    """Make contact sheets of clips: exact frames in equal steps, timecode under each.

    FILE is a clip, or a folder: all clips below it. A clip with several picture tracks gets a
    folder with a sheet for each. A finished sheet is not made again.
    """
    output = Output(as_json=given["as_json"])
    spec = _spec(given)
    with engine_here() as engine:
        if given["dry_run"]:
            _show_plan(engine.montages.plan(spec), output)
            return
        ended = run_to_end(engine, spec, output)
        context.exit(show_montage(engine, ended, output))


def _spec(given: dict[str, Any]) -> MontageSpec:
    files = as_given(named_files(given, "montage"))
    if given["to"] is None:
        raise BadInput("Name the folder of the sheets: --to DIR")
    form = {"jpg": "jpeg", None: "jpeg"}.get(given["form"], given["form"])
    if form not in list(SheetForm):
        raise BadInput(f'"{form}" is no form of sheets.', hint="There are: jpeg, png, pdf.")
    (to,) = as_given((given["to"],))
    return MontageSpec(
        files=files,
        to=to,
        grid=given["grid"],
        form=SheetForm(form),
        width=given["width"],
        anew=given["anew"],
    )


# Saying


def _show_plan(plan: MontagePlan, output: Output) -> None:
    for clip in plan.clips:
        if clip.trouble:
            output.warn(clip.trouble)
        for sheet in clip.sheets:
            known = ", there already" if sheet.known else ""
            output.say(f"{sheet.grid}×{sheet.grid}  {sheet.path}{known}")
        output.event("clip", **CONVERTER.unstructure(clip))
    warn_unreadable(plan.unreadable, output)
    failed = sum(1 for clip in plan.clips if clip.trouble)
    show_planned(len(plan.clips), failed, output)


def show_montage(engine: Engine, ended: JobSnapshot, output: Output) -> int:
    """Say what became of each clip; answers the exit code."""
    results = engine.montages.results(ended.id)
    for result in results:
        _show_clip(result, output)
        output.event("clip", **CONVERTER.unstructure(result))
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
