"""`reelkeep eject`: let go of a card or drive, so that it may be unplugged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from app.cli.output import shown
from app.errors import BadInput, NotFound, ReelkeepError, Refusal
from app.places.eject import EjectResult, eject
from app.places.volumes import Volume, volume_of, volumes


@click.command("eject")
@click.argument("place")
@click.option("--keep-power", is_flag=True, help="Unmount, but do not switch the drive off.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_context
def eject_command(context: click.Context, place: str, keep_power: bool, as_json: bool) -> None:
    """Write everything out, unmount and switch off the drive that PLACE is on.

    PLACE is a folder, a device such as /dev/sdb1, or a volume's label. All volumes of the drive
    are ejected. A program that still uses it is named, and then nothing is ejected.
    """
    try:
        result = eject(_volume(place), power_off=not keep_power)
    except ReelkeepError as error:
        click.echo(shown(f"{error.title}: {error}"), err=True)
        if as_json:
            click.echo(json.dumps({"event": "result", "ejected": False, "error": str(error)}))
        context.exit(2 if isinstance(error, Refusal) else 1)
    if as_json:
        click.echo(json.dumps(_facts(result)))
    else:
        click.echo(shown(result.text))


def _volume(place: str) -> Volume:
    """The volume that a folder, device or label means; a folder before a label."""
    if not place:
        raise BadInput("An empty name is no drive.", hint="`reelkeep volumes` shows them.")
    path, mounted = Path(place).resolve(), volumes()
    for volume in mounted:
        # A drive whose driver died has no folder that could be asked.
        if volume.mount_point == path:
            return volume
    if _is_there(path):
        return volume_of(path)
    found = [v for v in mounted if v.label == place or v.source in {place, str(path)}]
    if len(found) > 1:
        points = ", ".join(str(volume.mount_point) for volume in found)
        raise BadInput(f"{len(found)} volumes are called {place}: {points}. Name the folder.")
    if not found:
        raise NotFound(
            f"There is no volume {place}.", hint="`reelkeep volumes` shows what is mounted."
        )
    return found[0]


def _is_there(path: Path) -> bool:
    try:
        return path.is_dir() or path.is_file()
    except OSError:
        return False  # we may not look, or its driver died


def _facts(result: EjectResult) -> dict[str, Any]:
    return {
        "event": "result",
        "ejected": True,
        "label": result.label,
        "device": result.device,
        "unmounted": [str(point) for point in result.unmounted],
        "powered_off": result.powered_off,
        "text": result.text,
    }
