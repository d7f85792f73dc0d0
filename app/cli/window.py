"""`reelkeep window`: the window, or a picture of it."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.invocation import this_invocation
from app.cli.output import shown
from app.cli.typed import Place
from app.errors import BadInput

PANES = ("offload", "library", "timeline", "branches", "tape")


@click.command("window")
@click.option(
    "--screenshot",
    type=Place(dir_okay=False),
    help="Draw the window without a display, save the picture and close.",
)
@click.option(
    "--pane", type=click.Choice(PANES), default=PANES[0], show_default=True, help="Pane to show."
)
@click.pass_context
def window_command(context: click.Context, screenshot: Path | None, pane: str) -> None:
    """Open the window."""
    invocation = this_invocation()
    if invocation.open_window is None:
        raise BadInput("The window opens only from the program itself: reelkeep window")
    if screenshot is not None and not screenshot.parent.is_dir():
        raise BadInput(
            f"The folder {screenshot.parent} is not there, so no picture can be kept in it.",
            hint="Make it first, or choose another one.",
        )
    invocation.profile.create()
    code = invocation.open_window(invocation.profile.directory, screenshot, pane)
    if screenshot is not None and code == 0:
        click.echo(f"The picture is {shown(str(screenshot))}.")
    context.exit(code)
