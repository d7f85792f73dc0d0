"""Follows a job to its end: a bar on a terminal, lines or JSON elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from app.cli.output import Output, shown
from app.cli.progress import place_text, progress_facts, progress_text
from app.jobs.snapshot import JobSnapshot, JobState
from app.units import BYTES, duration_text, speed_text

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from app.cli.live import MediaLines

BAR_SECONDS = 0.1
PLAIN_SECONDS = 5.0


def follow(
    output: Output,
    ask: Callable[[], JobSnapshot],
    *,
    plain_seconds: float = PLAIN_SECONDS,
    wait: Callable[[float], object] = time.sleep,
) -> JobSnapshot:
    """Show a job's progress until it has ended; answers its last picture.

    *ask* is polled ten times a second; lines come every *plain_seconds* where there is no bar.
    """
    job = ask()
    display: _Bar | _Lines | MediaLines
    if job.unit != BYTES and not output.as_json:
        from app.cli.live import MediaLines

        display = MediaLines(output)
    else:
        display = _Bar() if output.on_terminal() else _Lines(output, plain_seconds)
    with display:
        while True:
            display.show(job)
            if job.state.ended or job.state is JobState.INTERRUPTED:
                return job
            wait(BAR_SECONDS)
            job = ask()


class _Lines:
    """A line or JSON object now and then, and whenever the stage or a request changes.

    Nothing where nothing has changed: a job may wait for hours.
    """

    def __init__(self, output: Output, seconds: float) -> None:
        self._output = output
        self._seconds = seconds
        self._last = -seconds
        self._stage: tuple[JobState, str, str] | None = None
        self._came: tuple[int, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, job: JobSnapshot) -> None:
        """Take in the job as it stands."""
        stage = (job.state, job.stage, job.wants)
        came = (job.work_done, job.copied, job.verified, job.files_done)
        now = time.monotonic()
        if stage == self._stage and (came == self._came or now - self._last < self._seconds):
            return
        self._stage, self._last, self._came = stage, now, came
        self._output.say(progress_text(job))
        self._output.event("progress", **progress_facts(job))


class _Bar:
    """A bar for the job and one below for each destination."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        self._progress: Progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[facts]}", markup=False),
            refresh_per_second=10,
            expand=True,
        )
        self._rows: list[TaskID] = []

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def show(self, job: JobSnapshot) -> None:
        """Take in the job as it stands."""
        while len(self._rows) < 1 + len(job.places):
            self._rows.append(self._progress.add_task("", total=1.0, facts=""))
        head, *below = self._rows
        self._progress.update(
            head, description=shown(job.title), completed=job.fraction, facts=_head_facts(job)
        )
        for row, place in zip(below, job.places, strict=False):
            self._progress.update(
                row,
                description=f"  {shown(place.name)}",
                completed=place.fraction,
                facts=place_text(place),
            )


def _head_facts(job: JobSnapshot) -> str:
    if job.wants:
        return shown(job.wants)
    left = f"{duration_text(job.left)} left" if job.left is not None else ""
    rate = f"{speed_text(job.rate, job.unit):>9}" if job.rate else ""
    return "  ".join(part for part in (shown(job.stage), rate, left) if part)
