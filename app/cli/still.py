"""`reelkeep still`: one frame of a clip as a picture file."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.clips import as_given, engine_here
from app.cli.output import Output
from app.cli.typed import Number, Place
from app.errors import BadInput
from app.jobs.spec import CONVERTER
from app.media.montage.still_order import StillForm


@click.command("still")
@click.argument("file", type=Place())
@click.option(
    "--at",
    required=True,
    metavar="TC|FRAME",
    help="A timecode, such as 01:00:04:12, or a frame's number from 0 on.",
)
@click.option("--to", required=True, metavar="DIR", type=Place(), help="Folder of the picture.")
@click.option("--format", "form", metavar="FORM", help="png or tiff. Default: png.")
@click.option(
    "--track", type=Number(1, 99), metavar="N", default=1, help="Of several pictures. Default: 1."
)
@click.option("--dry-run", is_flag=True, help="Show what would be written, and stop.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def still_command(
    file: Path, at: str, to: Path, form: str | None, track: int, **flags: bool
) -> None:
    """Export one frame of FILE, exactly the one that is named, as PNG or TIFF.

    Its timecode is in the name. A source with more than 8 bits gives 16 bits a colour. Nothing is
    replaced.
    """
    output = Output(as_json=flags["as_json"])
    form = {"tif": "tiff", None: "png"}.get(form, form)
    if form not in list(StillForm):
        raise BadInput(f'"{form}" is no form of stills.', hint="There are: png, tiff.")
    clip, folder = as_given(file), as_given(to)
    with engine_here() as engine:
        still = engine.montages.still(
            clip, at, folder,
            form=StillForm(form), track=track - 1, dry_run=flags["dry_run"],
        )  # fmt: skip
    size = f"{still.width}×{still.height}, {still.bits} bits"
    output.say(f"{still.path}  {still.timecode}, frame {still.frame:,}, {size}")
    facts = CONVERTER.unstructure(still)
    output.result(ok=True, exit_code=0, dry_run=flags["dry_run"], **facts)
