"""`reelkeep cards`: what is on the mounted cards, or on the given folders."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from app.cli.output import shown
from app.cli.typed import Place
from app.places.cards import Card, Clip, candidate_cards, recognise
from app.places.volumes import volumes
from app.units import bytes_text, count_text, moment_text


@click.command("cards")
@click.argument(
    "paths",
    nargs=-1,
    metavar="[PATH]...",
    type=Place(exists=True, file_okay=False),
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def cards_command(paths: tuple[Path, ...], as_json: bool) -> None:
    """Show roll, camera, clips, sizes, times and what seems to be missing.

    Without PATH all mounted cards are shown. Nothing is ever written to them.
    """
    places = [(path, None) for path in paths] if paths else _mounted()
    found = 0
    for root, label in places:
        card = recognise(root, label=label)
        found += 1
        if as_json:
            click.echo(json.dumps(_facts(card)))
        else:
            click.echo("\n".join(_lines(card)))
    if as_json:
        click.echo(json.dumps({"event": "result", "cards": found}))
    elif not found:
        click.echo("No card is mounted. Name a folder to look at it: reelkeep cards PATH")


def _mounted() -> Sequence[tuple[Path, str | None]]:
    candidates = candidate_cards(volumes())
    return [(found.volume.mount_point, found.volume.label) for found in candidates]


def _lines(card: Card) -> list[str]:
    sizes = f"{count_text(len(card.clips), 'clip')}, {count_text(card.files, 'file')}"
    lines = [
        f"{shown(card.roll)}  {shown(card.camera)}",
        f"  in        {shown(str(card.root))}",
        f"  holds     {sizes}, {bytes_text(card.size)}",
    ]
    if card.first_recorded and card.last_recorded:
        first, last = moment_text(card.first_recorded), moment_text(card.last_recorded)
        lines.append(f"  recorded  {first} to {last}")
    lines += [f"  look at   {shown(finding.text)}" for finding in card.findings]
    return lines


def _facts(card: Card) -> dict[str, Any]:
    return {
        "event": "card",
        "root": str(card.root),
        "structure": card.structure,
        "camera": card.camera,
        "roll": card.roll,
        "label": card.label,
        "size": card.size,
        "files": card.files,
        "first_recorded": _iso(card.first_recorded),
        "last_recorded": _iso(card.last_recorded),
        "clips": [_clip_facts(clip) for clip in card.clips],
        "findings": [
            {"kind": finding.kind.value, "text": finding.text, "clip": finding.clip}
            for finding in card.findings
        ],
    }


def _clip_facts(clip: Clip) -> dict[str, Any]:
    return {
        "name": clip.name,
        "files": len(clip.files),
        "size": clip.size,
        "missing": list(clip.missing),
        "first_recorded": _iso(clip.first_recorded),
        "last_recorded": _iso(clip.last_recorded),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
