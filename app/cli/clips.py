"""What the commands that make something out of clips have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.cli.invocation import this_invocation
from app.cli.outcome import exit_code
from app.cli.output import Output
from app.cli.work import Watch
from app.engine import Engine
from app.errors import BadInput
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import Spec


@contextmanager
def engine_here() -> Iterator[Engine]:
    """The engine of this invocation's profile, its log in its place."""
    invocation = this_invocation()
    settings = invocation.settings()
    with invocation.logged(settings), Engine(invocation.profile.directory, settings) as engine:
        yield engine


def run_to_end(engine: Engine, spec: Spec, output: Output) -> JobSnapshot:
    """Do the job and watch it; how it ended."""
    (ended,) = Watch(engine, output).until_ended([engine.submit(spec)])
    return ended


def named_files(given: dict[str, Any], command: str) -> tuple[Path, ...]:
    """The clips and folders of a command line; BadInput where none was named."""
    if not given["files"]:
        raise BadInput("Name at least one clip or folder.", hint=f"`reelkeep {command} --help`")
    return tuple(given["files"])


def warn_unreadable(folders: Sequence[str], output: Output) -> None:
    """Say which folders could not be looked through."""
    for folder in folders:
        output.warn(f"The folder {folder} cannot be read; what is in it was left out.")


def show_planned(clips: int, failed: int, output: Output) -> None:
    """The last line of a plan as JSON."""
    output.result(ok=True, exit_code=0, dry_run=True, clips=clips, failed=failed)


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
