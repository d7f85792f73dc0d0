"""What the commands that make something out of clips have in common."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

from app.cli.invocation import this_invocation
from app.cli.outcome import exit_code
from app.cli.output import Output
from app.cli.typed import Place
from app.cli.work import Watch
from app.engine import Engine
from app.errors import BadInput
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import CONVERTER, JobId, Spec


@contextmanager
def engine_here() -> Iterator[Engine]:
    """The engine of this invocation's profile, its log in its place."""
    invocation = this_invocation()
    settings = invocation.settings()
    with invocation.logged(settings), Engine(invocation.profile.directory, settings) as engine:
        yield engine


def clip_command(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """A command that makes something of clips: what all of these take, and its own options."""
    files = click.argument("files", metavar="FILE...", nargs=-1, type=Place())
    common = (
        click.option("--anew", is_flag=True, help="Make also those again that are finished."),
        click.option("--dry-run", is_flag=True, help="Show what would be made, and stop."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object per line."),
    )

    def made(function: Callable[..., None]) -> click.Command:
        command = click.command(name)(files(click.pass_context(function)))
        for option in common:  # behind its own
            option(command)
        return command

    return made


def named_files(given: Mapping[str, Any], command: str) -> tuple[Path, ...]:
    """The clips and folders of a command line; BadInput where none was named."""
    if not given["files"]:
        raise BadInput("Name at least one clip or folder.", hint=f"`reelkeep {command} --help`")
    return tuple(map(as_given, given["files"]))


def as_given(path: Path) -> Path:
    """A path as it is remembered: seen from the root, links followed."""
    return Path(os.path.realpath(path.expanduser()))


# A plan


class _Planned(Protocol):
    @property
    def trouble(self) -> str: ...


C_co = TypeVar("C_co", bound=_Planned, covariant=True)


class _Plan(Protocol[C_co]):
    @property
    def clips(self) -> Sequence[C_co]: ...
    @property
    def unreadable(self) -> Sequence[str]: ...


def show_plan(plan: _Plan[C_co], output: Output, show: Callable[[C_co, Output], None]) -> None:
    """Say what a job would do, clip by clip as *show* does, and all of it as JSON."""
    show_each(plan.clips, output, show)
    for folder in plan.unreadable:
        output.warn(f"The folder {folder} cannot be read; what is in it was left out.")
    failed = sum(1 for clip in plan.clips if clip.trouble)
    output.result(ok=True, exit_code=0, dry_run=True, clips=len(plan.clips), failed=failed)


# A job


def run_to_end(engine: Engine, spec: Spec, output: Output) -> JobSnapshot:
    """Do the job, or go on with one of the same wishes that was cut off; how it ended."""
    job = _cut_off(engine, spec)
    if job is None:
        job = engine.submit(spec)
    else:
        engine.resume(job)
        output.say(f"This goes on with job {job}, which was interrupted.")
    (ended,) = Watch(engine, output).until_ended([job])
    return ended


def _cut_off(engine: Engine, spec: Spec) -> JobId | None:
    engine.recover()
    same = [row.id for row in engine.journal.jobs_in(JobState.INTERRUPTED) if row.spec == spec]
    return same[-1] if same else None


R = TypeVar("R")


def show_each(results: Sequence[R], output: Output, show: Callable[[R, Output], None]) -> None:
    """Say what became of each clip, as *show* does, and all of it as JSON."""
    for result in results:
        show(result, output)
        output.event("clip", **CONVERTER.unstructure(result))


def ending_words(ended: JobSnapshot, stays: str) -> str:
    """How a job ended, in words; *stays*, a sentence, is what is there already."""
    if ended.state not in {JobState.INTERRUPTED, JobState.CANCELLED}:
        return f"{ended.error} {ended.hint}".strip()
    word = "Interrupted" if ended.state is JobState.INTERRUPTED else "Cancelled"
    goes_on = f"`reelkeep jobs resume {ended.id}` goes on with it."
    return " ".join(filter(None, (f"{word}.", stays, goes_on)))


def show_ended(
    ended: JobSnapshot, output: Output, words: str, *, clips: int, failed: int, **facts: object
) -> int:
    """Say *words* unless the clips have said it, and all of it as JSON; answers the exit code."""
    code = exit_code([ended])
    if words and not failed:
        output.warn(words)
    output.result(
        ok=not code,
        exit_code=int(code),
        job=ended.id,
        state=str(ended.state),
        clips=clips,
        failed=failed,
        **facts,
        error=words,
    )
    return int(code)
