"""`reelkeep volumes`: every mounted place, its room, and the device behind it."""

from __future__ import annotations

import json
from typing import Any

import click

from app.cli.output import shown
from app.places.devices import speed_class, speed_warning
from app.places.volumes import Volume, volumes
from app.units import bytes_text, count_text


@click.command("volumes")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def volumes_command(as_json: bool) -> None:
    """Show every mounted place: label, file system, room, and the device that it is on.

    Two volumes on one device fail together, so two copies there count as one.
    """
    found = volumes()
    if as_json:
        for volume in found:
            click.echo(json.dumps(volume_facts(volume)))
        click.echo(json.dumps({"event": "result", "volumes": len(found)}))
        return
    if click.get_text_stream("stdout").isatty():
        _show_table(found)
    else:
        for volume in found:
            click.echo("\t".join(_cells(volume)))
    for warning in {speed_warning(volume.device) for volume in found} - {""}:
        click.echo(shown(warning))


def volume_facts(volume: Volume) -> dict[str, Any]:
    """A volume as one JSON object; names that are not UTF-8 keep their bytes as surrogates."""
    device = volume.device
    return {
        "event": "volume",
        "mount_point": str(volume.mount_point),
        "label": volume.label,
        "identity": volume.identity,
        "uuid": volume.uuid,
        "source": volume.source,
        "file_system": volume.file_system,
        "capacity": volume.capacity,
        "free": volume.free,
        "removable": volume.removable,
        "read_only": volume.read_only,
        "remote": volume.remote,
        "device": {
            "id": device.id,
            "name": device.name,
            "kind": device.kind.value,
            "bus": device.bus,
            "bus_speed": device.bus_speed,
            "speed_class": speed_class(device),
            "declared": device.declared,
            "identified": device.identified,
            "counts": device.counts,
        },
    }


_HEADS = ("Volume", "Mounted on", "System", "Free", "Of", "Device", "Bus", "")


def _cells(volume: Volume) -> tuple[str, ...]:
    answered = volume.capacity > 0
    return tuple(
        map(
            shown,
            (
                volume.label,
                str(volume.mount_point),
                volume.file_system,
                bytes_text(volume.free) if answered else "-",
                bytes_text(volume.capacity) if answered else "does not answer",
                volume.device.name,
                speed_class(volume.device),
                _remarks(volume),
            ),
        )
    )


def _remarks(volume: Volume) -> str:
    remarks = {
        "read-only": volume.read_only,
        "removable": volume.removable,
        "never counts": not volume.device.counts,
        "device declared": volume.device.declared,
        "device not identified": not volume.device.identified,
    }
    return ", ".join(text for text, holds in remarks.items() if holds)


def _show_table(found: tuple[Volume, ...]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, caption=count_text(len(found), "volume"), caption_justify="left")
    for head in _HEADS:
        justify: Any = "right" if head in {"Free", "Of"} else "left"
        table.add_column(head, justify=justify, overflow="fold")
    for volume in found:
        table.add_row(*(Text(cell) for cell in _cells(volume)))
    Console().print(table)
