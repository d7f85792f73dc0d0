"""`reelkeep doctor`: what this machine has, and what it lacks."""

from __future__ import annotations

import json

import click

from app.cli.examination import Finding, Weight, examine
from app.cli.invocation import this_invocation
from app.cli.output import shown

_MARKS = {Weight.GOOD: "✓", Weight.OPTIONAL: "-", Weight.MISSING: "✕"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_context
def doctor_command(context: click.Context, as_json: bool) -> None:
    """Show Python, Qt, the profile with its journal, ffmpeg and what it can read and write, and
    programs for drives and tapes.

    Exit code 1 when something is missing that Reelkeep cannot do without.
    """
    invocation = this_invocation()
    ffmpeg = str(invocation.settings().get("media.ffmpeg"))
    findings = examine(ffmpeg, invocation.profile)
    missing = [found for found in findings if found.weight is Weight.MISSING]
    if as_json:
        for found in findings:
            click.echo(json.dumps({"event": "finding", **_facts(found)}))
        names = [found.name for found in missing]
        click.echo(json.dumps({"event": "result", "ok": not missing, "missing": names}))
    elif click.get_text_stream("stdout").isatty():
        _show_table(findings)
    else:
        for found in findings:
            parts = (_MARKS[found.weight], found.name, found.fact, found.remedy)
            click.echo("\t".join(map(shown, parts)))
    context.exit(1 if missing else 0)


def _facts(found: Finding) -> dict[str, str]:
    return {
        "name": found.name,
        "state": found.weight.value,
        "fact": found.fact,
        "remedy": found.remedy,
    }


def _show_table(findings: tuple[Finding, ...]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None)
    for head in ("", "What", "Found", "What to do"):
        table.add_column(head, overflow="fold")
    for found in findings:
        cells = (_MARKS[found.weight], found.name, found.fact, found.remedy)
        table.add_row(*(Text(shown(cell)) for cell in cells))
    Console().print(table)
