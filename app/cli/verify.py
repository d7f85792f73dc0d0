"""`reelkeep verify`: read a copy again and hold it against its history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.cli.ending import Ending
from app.cli.invocation import this_invocation
from app.cli.outcome import exit_code
from app.cli.output import Output
from app.cli.typed import Place
from app.cli.work import Watch
from app.engine import Engine
from app.errors import BadInput
from app.integrity.verify.outcome import FileOutcome, PartOutcome, VerifyOutcome
from app.integrity.verify.spec import VerifyPlan, VerifySpec
from app.jobs.snapshot import JobSnapshot, JobState
from app.units import bytes_text, count_text

_NAMED = 200
"""Differences that are named one by one to people; JSON has all."""


@click.command("verify")
@click.argument("path", metavar="PATH", type=Place())
@click.option(
    "--repair-from",
    type=Place(),
    metavar="PATH",
    help="Another copy of the same folder: damaged and missing files are replaced from it, once"
    " its own bytes are proven. Damaged files are kept under another name.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be read, and stop.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_context
def verify_command(
    context: click.Context, path: Path, repair_from: Path | None, dry_run: bool, as_json: bool
) -> None:
    """Read every file below PATH from its medium and compare it with its ASC MHL history.

    PATH is a copy with its ascmhl folder, a folder inside of one (then only that folder is
    checked), a drive with copies on it, or a legacy .mhl file. What is missing, changed, new or
    renamed is named. The result becomes a new generation of the history, where it can be written.
    """
    output = Output(as_json=as_json)
    invocation = this_invocation()
    settings = invocation.settings()
    spec = VerifySpec(path=path, repair_from=repair_from)
    with (
        invocation.logged(settings),
        Engine(invocation.profile.directory, settings) as engine,
    ):
        if engine.journal.trouble:
            output.warn(engine.journal.trouble)
        if dry_run:
            _show_plan(engine.plan_verify(spec), output)
            return
        job = engine.submit(spec)
        (ended,) = Watch(engine, output).until_ended([job])
        context.exit(show_verified(engine, ended, output))


def _show_plan(plan: VerifyPlan, output: Output) -> None:
    aim = plan.aim
    output.say(f"{aim.title}: {count_text(plan.files, 'file')}, {bytes_text(plan.size)}")
    for part in aim.parts:
        against = ", ".join(str(path) for path in part.legacy) or "its ASC MHL history"
        output.say(f"  {part.place} against {against}")
    if aim.outside:
        output.say(f"  {count_text(aim.outside, 'file')} beside them lie below no history")
    output.result(
        ok=True,
        exit_code=0,
        dry_run=True,
        files=plan.files,
        size=plan.size,
        outside=aim.outside,
        parts=[
            {"root": str(p.root), "below": p.below, "legacy": [str(m) for m in p.legacy]}
            for p in aim.parts
        ],
    )


def show_verified(engine: Engine, ended: JobSnapshot, output: Output) -> int:
    """Say what a verify job found; answers the exit code."""
    code = exit_code([ended])
    try:
        outcome = engine.verified(ended.id)
    except BadInput:
        outcome = None
    if code is Ending.CANCELLED or outcome is None:
        return _show_unfinished(ended, code, output)
    for part in outcome.parts:
        _show_part(part, outcome, output)
    for note in outcome.notes:
        output.warn(note)
    if ended.report:
        output.say(f"  report {ended.report}")
    elif ended.state is JobState.DONE and ended.error:
        output.warn(f"{ended.error} {ended.hint}".strip())
    verdicts = engine.journal.fact(ended.id, "verdicts", [])
    for verdict in verdicts:
        output.warn(verdict)
    if ended.state is JobState.DONE:
        output.say(outcome.sentence)
    else:
        output.warn(outcome.sentence)
    output.result(
        ok=code is Ending.DONE,
        exit_code=int(code),
        job=ended.id,
        state=str(ended.state),
        sentence=outcome.sentence,
        verified=outcome.verified,
        cached=outcome.cached,
        differences=sum(1 for _ in outcome.differences()),
        repaired=sum(1 for d in outcome.differences() if d.repaired),
        outside=outcome.outside,
        verdicts=verdicts,
        notes=list(outcome.notes),
        report=ended.report,
        parts=[_part_facts(part) for part in outcome.parts],
    )
    return int(code)


def _show_unfinished(ended: JobSnapshot, code: Ending, output: Output) -> int:
    words = f"{ended.error} {ended.hint}".strip()
    if ended.state is JobState.INTERRUPTED:
        words = f"Interrupted. `reelkeep jobs resume {ended.id}` begins it again."
    elif ended.state is JobState.CANCELLED:
        words = "Cancelled. Nothing was written."
    output.warn(words)
    output.result(ok=False, exit_code=int(code), job=ended.id, state=str(ended.state), error=words)
    return int(code)


def _show_part(part: PartOutcome, outcome: VerifyOutcome, output: Output) -> None:
    place = Path(part.root, part.below)
    output.say(
        f"{place}: {part.verified:,} of {count_text(part.asked, 'file')} verified,"
        f" {bytes_text(part.size)}, against {part.against}"
    )
    several = len(outcome.parts) > 1
    for n, difference in enumerate(part.differences):
        path = str(Path(part.root, difference.path)) if several else difference.path
        if n < _NAMED and not output.as_json:
            output.warn(_line(difference, path))
        output.event("file", **_file_facts(difference, part))
    if len(part.differences) > _NAMED and not output.as_json:
        output.warn(f"  And {len(part.differences) - _NAMED:,} more; --json names them all.")
    if part.generation:
        output.say(f"  generation {part.generation}")


def _line(difference: FileOutcome, path: str) -> str:
    state = f"{difference.state}, repaired" if difference.repaired else str(difference.state)
    line = f"  {state:<10} {path}"
    if difference.previous:
        line += f", was {difference.previous}"
    if difference.trouble:
        line += f": {difference.trouble}"
    if difference.aside:
        line += f"; the damaged file is kept as {difference.aside}"
    return line


def _file_facts(difference: FileOutcome, part: PartOutcome) -> dict[str, Any]:
    return {
        "root": part.root,
        "path": difference.path,
        "state": str(difference.state),
        "trouble": difference.trouble,
        "previous": difference.previous,
        "repaired": difference.repaired,
        "aside": difference.aside,
    }


def _part_facts(part: PartOutcome) -> dict[str, Any]:
    return {
        "root": part.root,
        "below": part.below,
        "against": part.against,
        "files": part.asked,
        "unchecked": list(part.unchecked),
        "size": part.size,
        "verified": part.verified,
        "cached": part.cached,
        "differences": len(part.differences),
        "generation": part.generation,
    }
