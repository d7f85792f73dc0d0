"""`reelkeep jobs`: the queue and what was done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from app.cli.invocation import this_invocation
from app.cli.outcome import show_outcome
from app.cli.output import Output, shown
from app.cli.progress import progress_facts
from app.cli.transcode import show_sheets
from app.cli.typed import Place
from app.cli.work import Watch
from app.engine import Engine
from app.errors import Refusal
from app.integrity.verify.spec import VerifySpec
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId
from app.media.transcode.spec import TranscodeSpec
from app.units import amount_text, moment_text

_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
END_SECONDS = 60.0
"""So long a cancelled job of another process is waited for."""
_JOB = click.argument("job", metavar="ID", callback=lambda _context, _option, value: as_id(value))


def as_id(text: str | None) -> JobId | None:
    """A job's id as it is kept; people type it in either case."""
    return JobId(text.strip().upper()) if text else None


@click.group("jobs", invoke_without_command=True)
@_JSON
@click.pass_context
def jobs_command(context: click.Context, as_json: bool) -> None:
    """Show the queue, and resume, retry, cancel or report a job.

    ID is the six letters and digits that name a job, such as AF1ADD. Without a command the queue
    is listed.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_command, everything=False, as_json=as_json)
    elif as_json:
        below = context.default_map or {}
        name = context.invoked_subcommand
        context.default_map = {**below, name: {**below.get(name, {}), "as_json": True}}


@contextmanager
def _engine() -> Iterator[Engine]:
    invocation = this_invocation()
    settings = invocation.settings()
    with (
        invocation.logged(settings),
        Engine(invocation.profile.directory, settings) as engine,
    ):
        if engine.journal.trouble:
            click.echo(shown(engine.journal.trouble), err=True)
        yield engine


@jobs_command.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those taken off the queue.")
@_JSON
def list_command(everything: bool, as_json: bool) -> None:
    """Show every job: state, how far it came, and the verdict."""
    output = Output(as_json=as_json)
    with _engine() as engine:
        jobs = tuple(engine.history()) if everything else engine.snapshots()
    if as_json:
        for job in jobs:
            output.event("job", **_facts(job))
        output.result(ok=True, exit_code=0, jobs=len(jobs))
    elif not jobs:
        output.say("There are no jobs. Begin one: reelkeep offload SOURCE --to DIR")
    elif output.on_terminal():
        _show_table(jobs)
    else:
        for job in jobs:
            click.echo("\t".join(_cells(job)))


@jobs_command.command("resume")
@click.argument(
    "job", metavar="[ID]", required=False, callback=lambda _context, _option, value: as_id(value)
)
@_JSON
@click.pass_context
def resume_command(context: click.Context, job: JobId | None, as_json: bool) -> None:
    """Go on with an interrupted job; without ID with all of them.

    Only what was not confirmed is done again.
    """
    output = Output(as_json=as_json)
    with _engine() as engine:
        jobs = [job] if job else [found.id for found in engine.interrupted()]
        if not jobs:
            output.say(_none_interrupted(engine))
            output.result(ok=True, exit_code=0, jobs=[])
            return
        context.exit(_run(engine, jobs, engine.resume, output))


@jobs_command.command("retry")
@_JOB
@_JSON
@click.pass_context
def retry_command(context: click.Context, job: JobId, as_json: bool) -> None:
    """Try again what failed in a job; what is confirmed is not done again."""
    with _engine() as engine:
        found = engine.snapshot(job)
        if found.state is JobState.DONE:
            raise Refusal(f"Job {job} is done; there is nothing to try again.")
        context.exit(_run(engine, [job], engine.retry, Output(as_json=as_json)))


def _run(
    engine: Engine, jobs: Sequence[JobId], begin: Callable[[JobId], object], output: Output
) -> int:
    for job in jobs:
        if engine.snapshot(job).foreign:
            raise Refusal(f"Another running Reelkeep has job {job} in hand.")
        begin(job)
    ended = Watch(engine, output).until_ended(jobs)
    for job_ended in ended:
        if job_ended.kind == TranscodeSpec.kind:
            show_sheets(engine, job_ended.id, output)
    return show_outcome(engine, ended, output)


def _none_interrupted(engine: Engine) -> str:
    cancelled = [job.id for job in engine.snapshots() if job.state is JobState.CANCELLED]
    if not cancelled:
        return "No job was interrupted."
    return (
        "No job was interrupted. One that was cancelled goes on when it is named:"
        f" reelkeep jobs resume {cancelled[-1]}"
    )


def _wait_for_end(engine: Engine, job: JobId) -> None:
    """Wait until the process that has *job* in hand has ended it."""
    end = time.monotonic() + END_SECONDS
    while not (found := engine.snapshot(job)).state.ended:
        if found.state is JobState.INTERRUPTED:
            engine.cancel(job)
        if time.monotonic() > end:
            raise Refusal(
                f"Job {job} has not ended yet; a drive may keep it from its next safe point.",
                hint="`reelkeep jobs` shows when it has.",
            )
        time.sleep(0.1)
    if found.state is not JobState.CANCELLED:
        raise Refusal(f"Job {job} is {found.state}; it ended before it could be cancelled.")


@jobs_command.command("cancel")
@_JOB
@_JSON
def cancel_command(job: JobId, as_json: bool) -> None:
    """End a job that waits, runs or was interrupted; what is confirmed stays.

    One that runs in another process or window ends there, at its next safe point.
    """
    output = Output(as_json=as_json)
    with _engine() as engine:
        found = engine.snapshot(job)
        if found.state.ended:
            raise Refusal(f"Job {job} is {found.state}; there is nothing to cancel.")
        left = engine.cancel(job)
        if found.foreign:
            output.say("It runs in another process, which is asked to cancel it.")
            _wait_for_end(engine, job)
    output.say(f"{found.title}, {job}, is cancelled. What is confirmed stays.")
    for words in left:
        output.warn(words)
    output.result(ok=True, exit_code=0, job=job, state=str(JobState.CANCELLED), left=list(left))


@jobs_command.command("report")
@_JOB
@click.option(
    "--to",
    "folder",
    type=Place(),
    metavar="DIR",
    help="Write it there, as it stands now.",
)
@_JSON
def report_command(job: JobId, folder: Path | None, as_json: bool) -> None:
    """Say where a job's report is; it is written (again) where it is not there."""
    output = Output(as_json=as_json)
    with _engine() as engine:
        show_report(engine, job, folder, output)


def show_report(engine: Engine, job: JobId, folder: Path | None, output: Output) -> None:
    """Say where the report of an offload or a verify job is, and its result."""
    found = engine.snapshot(job)
    html = Path(found.report) if found.report else None
    if folder is not None or html is None or not html.exists():
        html = engine.write_report(job, folder)
    if found.kind == VerifySpec.kind:
        told = engine.verify_report(job)
        facts: dict[str, Any] = {"sentence": told.sentence, "good": told.good}
    else:
        verdict = engine.verdict(job)
        facts = {
            "verdict": verdict.sentence,
            "safe": verdict.safe,
            "reasons": list(verdict.reasons),
        }
    output.say(str(html))
    output.say(facts.get("verdict") or facts["sentence"])
    output.result(
        ok=True,
        exit_code=0,
        job=job,
        report=str(html),
        pdf=str(html.with_suffix(".pdf")),
        csv=str(html.with_suffix(".csv")),
        **facts,
    )


_HEADS = ("Job", "State", "What", "", "Of", "Since", "Verdict or trouble")


def _cells(job: JobSnapshot) -> tuple[str, ...]:
    state = f"{job.state} elsewhere" if job.foreign else str(job.state)
    cells = (
        job.id,
        state,
        job.title,
        f"{job.fraction:.0%}",
        amount_text(job.size, job.unit),
        moment_text(job.created) if job.created else "",
        job.verdict or job.error or job.wants or (job.stage if not job.state.ended else ""),
    )
    return tuple(map(shown, cells))


def _show_table(jobs: Sequence[JobSnapshot]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None)
    for head in _HEADS:
        table.add_column(head, justify="right" if head in {"", "Of"} else "left", overflow="fold")
    for job in jobs:
        table.add_row(*(Text(cell) for cell in _cells(job)))
    Console().print(table)


def _facts(job: JobSnapshot) -> dict[str, Any]:
    return {
        **progress_facts(job),
        "verdict": job.verdict,
        "safe": job.safe,
        "error": job.error,
        "hint": job.hint,
        "card": job.card,
        "report": job.report,
        "foreign": job.foreign,
        "created": job.created.isoformat() if job.created else None,
        "started": job.started.isoformat() if job.started else None,
        "finished": job.finished.isoformat() if job.finished else None,
    }
