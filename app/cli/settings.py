"""`reelkeep settings`: read and change the settings, and see where each value comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from app.cli.invocation import this_invocation
from app.cli.output import Output, shown
from app.places.volumes import volumes
from app.settings import Key, Settings, key_named, value_from_text, value_text

_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")


@click.group("settings")
def settings_command() -> None:
    """Read and change the settings.

    The command line beats the profile, the profile beats the site's file, and that what is built
    in.
    """


@settings_command.command("get")
@click.argument("name", metavar="KEY")
@_JSON
def get_command(name: str, as_json: bool) -> None:
    """Show one value; --json also says where it comes from."""
    settings = this_invocation().settings()
    output = Output(as_json=as_json)
    value = settings.get(name)
    if isinstance(value, list):
        for one in value:
            output.say(json.dumps(one, ensure_ascii=False) if isinstance(one, dict) else str(one))
    else:
        output.say(value_text(value))
    output.result(**_facts(settings, key_named(name)))


@settings_command.command("set")
@click.argument("name", metavar="KEY")
@click.argument("values", metavar="VALUE...", nargs=-1, required=True)
@_JSON
def set_command(name: str, values: tuple[str, ...], as_json: bool) -> None:
    """Keep a value in the profile. Several make a list; VOLUME=DEVICE makes a table."""
    settings = this_invocation().settings()
    settings.set(name, value_from_text(key_named(name), values))
    output = Output(as_json=as_json)
    output.say(f"{name} = {value_text(settings.get(name))}")
    if name == "devices.declared":
        for words in _not_connected(settings.get(name)):
            output.warn(words)
    output.result(**_facts(settings, key_named(name)))


def _not_connected(declared: dict[str, str]) -> Iterator[str]:
    """What is declared of no volume that is connected, in words that say how to name one."""
    mounted = volumes()
    for key in declared:
        if any(key in (one.identity, str(one.mount_point)) for one in mounted):
            continue
        said = f"{key} is no volume that is connected now."
        likely = next((v for v in mounted if key in (v.label, v.source, f"UUID={v.uuid}")), None)
        if likely is None:
            yield f"{said} Name one by its mount point or its file-system ID."
        else:
            yield f"{said} Did you mean {likely.mount_point} or {likely.identity}?"


@settings_command.command("unset")
@click.argument("name", metavar="KEY")
@_JSON
def unset_command(name: str, as_json: bool) -> None:
    """Forget the profile's value: the site's or the built-in one counts again."""
    settings = this_invocation().settings()
    settings.unset(name)
    output = Output(as_json=as_json)
    output.say(f"{name} = {value_text(settings.get(name))}, {settings.origin(name)}")
    output.result(**_facts(settings, key_named(name)))


@settings_command.command("list")
@_JSON
def list_command(as_json: bool) -> None:
    """Show every setting: value, where it comes from, what it is for and may be."""
    settings = this_invocation().settings()
    if as_json:
        for key in settings.keys():  # noqa: SIM118 - no mapping
            click.echo(json.dumps({"event": "setting", **_facts(settings, key)}))
        Output(as_json=True).result()
        return
    for key in settings.keys():  # noqa: SIM118 - no mapping
        value = value_text(settings.get(key.name)) or "(empty)"
        click.echo(shown(f"{key.name} = {value}"))
        click.echo(shown(f"    {key.text} It is {key.expects}; {settings.origin(key.name)}."))


def _facts(settings: Settings, key: Key) -> dict[str, Any]:
    value = settings.get(key.name)
    plain = value.isoformat() if hasattr(value, "isoformat") else value
    return {
        "key": key.name,
        "value": plain,
        "origin": settings.origin(key.name),
        "text": key.text,
        "expects": key.expects,
    }
