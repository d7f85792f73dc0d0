"""The table of commands, each imported only when it is called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from app.cli.invocation import Invocation
from app.cli.typed import Place
from app.paths import Profile

COMMANDS = {
    "offload": "Copy cards to several drives, verified.",
    "verify": "Read a copy again and compare it with its history.",
    "cards": "What is on the mounted cards.",
    "probe": "What a clip tells of itself.",
    "proxy": "Make thumbnails, previews and editorial proxies.",
    "montage": "Make contact sheets of clips.",
    "still": "Export a frame as a picture.",
    "transcode": "Encode clips anew: looking the same and smaller, or tiny.",
    "watch": "Make what was ordered of every clip that lands in a folder.",
    "volumes": "Every mounted place and the device behind it.",
    "eject": "Let go of a card or drive.",
    "jobs": "The queue: list, resume, retry, cancel, report.",
    "report": "The report of a shooting day.",
    "log": "What happened, of one job or all.",
    "settings": "Read and change the settings.",
    "doctor": "What this machine has, and what it lacks.",
    "demo": "Make trial material.",
    "window": "Open the window.",
}
"""Name → one sentence; the module is `app.cli.NAME`, the command in it `NAME_command`."""


class LazyGroup(click.Group):
    """Knows its commands by name and sentence; help does not import them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the work, not of the alphabet."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"app.cli.{cmd_name}"), f"{cmd_name}_command")
        assert isinstance(command, click.Command)
        for leaf in _leaves(command):
            _accept_profile(leaf)
        if ctx.params.get("as_json"):
            ctx.default_map = {cmd_name: _json_defaults(command)}
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _json_defaults(command: click.Command) -> dict[str, Any]:
    """`reelkeep --json COMMAND` means what `reelkeep COMMAND --json` means, at any depth."""
    below = command.commands.items() if isinstance(command, click.Group) else ()
    return {"as_json": True} | {name: _json_defaults(part) for name, part in below}


def _leaves(command: click.Command) -> Iterator[click.Command]:
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from _leaves(below)
    else:
        yield command


def _accept_profile(command: click.Command) -> None:
    """People write `--profile` before the command or after it; both mean the same."""
    if any("--profile" in parameter.opts for parameter in command.params):
        return
    command.params.append(
        click.Option(
            ["--profile"],
            type=Place(),
            expose_value=False,
            hidden=True,
            callback=_take_profile,
        )
    )


def _take_profile(
    context: click.Context, _option: click.Parameter, value: Path | None
) -> Path | None:
    if value is not None:
        known = context.find_object(Invocation) or Invocation()
        context.obj = replace(known, profile=Profile.at(value))
        context.find_root().obj = context.obj  # for what happens after the command
    return value


def _show_version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    click.echo(f"reelkeep {version()}")
    context.exit()


def version() -> str:
    """The installed version."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("reelkeep")
    except PackageNotFoundError:
        return "(not installed)"


@click.group(
    "reelkeep",
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--profile",
    type=Place(),
    envvar="REELKEEP_PROFILE",
    metavar="DIR",
    help="Keep settings, journal, log and reports in DIR.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version.",
)
@click.pass_context
def reelkeep(context: click.Context, profile: Path | None, as_json: bool) -> None:
    """Keep film safe from the camera card to the tape shelf.

    Without a command the window opens. Every job also runs without one.
    """
    given = context.obj if isinstance(context.obj, Invocation) else Invocation()
    if profile is not None:
        given = replace(given, profile=Profile.at(profile))
    context.obj = given
    if context.invoked_subcommand is None:
        from app.cli.window import window_command

        context.invoke(window_command)
