"""`reelkeep demo`: trial material to try everything with."""

from __future__ import annotations

import time
from pathlib import Path

import click

from app.cli.invocation import this_invocation
from app.cli.output import Output
from app.cli.typed import Place
from app.demo import Part, make_material
from app.paths import absolute
from app.units import duration_text


@click.command("demo")
@click.argument("directory", metavar="DIR", type=Place())
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def demo_command(directory: Path, as_json: bool) -> None:
    """Make trial material in DIR: cards with clips and timecode, drives, a profile.

    A folder that holds anything else is refused; material that is there already is kept.
    """
    output = Output(as_json=as_json)
    settings = this_invocation().settings()
    began = time.monotonic()

    def tell(part: Part, made: bool) -> None:
        output.say(f"{part.title}{'' if made else ', was there already'}")
        output.event("part", key=part.key, title=part.title, made=made)

    place = absolute(directory)
    cards = make_material(place, str(settings.get("media.ffmpeg")) or "ffmpeg", tell)
    output.say(f"The trial material is in {place}, {duration_text(time.monotonic() - began)}.")
    output.result(ok=True, directory=str(place), cards=[str(card) for card in cards])
