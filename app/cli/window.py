"""`reelkeep window`: the window, or a picture of it."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.invocation import this_invocation
from app.errors import BadInput

PANES = ("offload", "library", "timeline", "branches", "tape")


@click.command("window")
@click.option(
    "--screenshot",
    type=click.Path(dir_okay=False, path_type=Path),
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
    invocation.profile.create()
    context.exit(invocation.open_window(invocation.profile.directory, screenshot, pane))
