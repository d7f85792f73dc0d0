"""`reelkeep log`: what happened, of one job or all."""

from __future__ import annotations

import json

import click

from app.cli.invocation import this_invocation
from app.cli.typed import Number
from app.log import read_log

LINES = 200


@click.command("log")
@click.argument("job", required=False)
@click.option(
    "--lines", type=Number(min=1), help=f"How many of the last lines; {LINES} without JOB."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def log_command(job: str | None, lines: int | None, as_json: bool) -> None:
    """Show the end of the log, or everything that it says of JOB.

    JOB is the six letters and digits that name a job, such as AF1ADD.
    """
    invocation = this_invocation()
    directory = invocation.log_directory(invocation.settings())
    last = lines or (None if job else LINES)
    count = 0
    for line in read_log(directory, job, last=last):
        count += 1
        click.echo(json.dumps({"event": "line", "text": line}) if as_json else line)
    if as_json:
        click.echo(json.dumps({"event": "result", "lines": count, "directory": str(directory)}))
