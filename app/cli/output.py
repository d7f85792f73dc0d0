"""How commands answer: JSON lines for scripts, a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click

from app.jobs.snapshot import JobSnapshot, JobState, PlaceSnapshot, PlaceState
from app.units import BYTES, amount_text, duration_text, speed_text

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from app.cli.live import MediaLines

BAR_SECONDS = 0.1
PLAIN_SECONDS = 5.0


def shown(text: str) -> str:
    """Text for a terminal: a line break or a byte that is no UTF-8 is shown, not sent."""
    printable = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in printable
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What one command says, and to whom."""

    as_json: bool = False

    def say(self, text: str) -> None:
        """A line for people; scripts that asked for JSON do not get it."""
        if not self.as_json:
            click.echo(shown(text))

    def warn(self, text: str) -> None:
        """A line for people beside the output, on stderr."""
        click.echo(shown(text), err=True)

    def event(self, name: str, **facts: object) -> None:
        """A JSON line; people do not get it. Odd names survive, escaped."""
        if self.as_json:
            click.echo(json.dumps({"event": name, **facts}, ensure_ascii=True, default=str))

    def result(self, **facts: object) -> None:
        """The last JSON line."""
        self.event("result", **facts)

    def on_terminal(self) -> bool:
        """Whether a person watches."""
        return not self.as_json and click.get_text_stream("stdout").isatty()

    def follow(
        self,
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
        if job.unit != BYTES and not self.as_json:
            from app.cli.live import MediaLines

            display = MediaLines(self)
        else:
            display = _Bar() if self.on_terminal() else _Lines(self, plain_seconds)
        with display:
            while True:
                display.show(job)
                if job.state.ended or job.state is JobState.INTERRUPTED:
                    return job
                wait(BAR_SECONDS)
                job = ask()


class _Lines:
    """A line or JSON object now and then, and whenever the stage or a request changes."""

    def __init__(self, output: Output, seconds: float) -> None:
        self._output = output
        self._seconds = seconds
        self._last = -seconds
        self._stage: tuple[JobState, str, str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, job: JobSnapshot) -> None:
        """Take in the job as it stands."""
        stage = (job.state, job.stage, job.wants)
        now = time.monotonic()
        if stage == self._stage and now - self._last < self._seconds:
            return
        self._stage, self._last = stage, now
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


def progress_text(job: JobSnapshot) -> str:
    """One line on how a job stands."""
    parts = [job.title, str(job.state), job.stage, f"{job.fraction:.0%}"]
    parts += (
        [f"{amount_text(job.copied, job.unit)} of {amount_text(job.size, job.unit)}"]
        if job.size
        else []
    )
    if job.state is JobState.RUNNING:
        parts += [speed_text(job.rate, job.unit)] if job.rate else []
        parts += [f"{duration_text(job.left)} left"] if job.left is not None else []
    parts += [job.wants] if job.wants else []
    return ", ".join(part for part in parts if part)


def _head_facts(job: JobSnapshot) -> str:
    if job.wants:
        return shown(job.wants)
    left = f"{duration_text(job.left)} left" if job.left is not None else ""
    rate = f"{speed_text(job.rate, job.unit):>9}" if job.rate else ""
    return "  ".join(part for part in (shown(job.stage), rate, left) if part)


_PLACE_WORDS = {
    PlaceState.WAITING: "waiting",
    PlaceState.WRITING: "writing, do not unplug",
    PlaceState.READING_BACK: "reading back",
    PlaceState.DONE: "done",
    PlaceState.FAILED: "failed",
    PlaceState.GONE: "gone",
}


def place_text(place: PlaceSnapshot) -> str:
    """How one destination stands, in words."""
    if place.trouble:
        return shown(place.trouble)
    return "safe to eject" if place.safe_to_eject else _PLACE_WORDS[place.state]


def progress_facts(job: JobSnapshot) -> dict[str, Any]:
    """How a job stands, as JSON."""
    return {
        "job": job.id,
        "kind": job.kind,
        "title": job.title,
        "state": str(job.state),
        "stage": job.stage,
        "current": job.current,
        "fraction": round(job.fraction, 4),
        "unit": job.unit,
        "size": job.size,
        "copied": job.copied,
        "verified": job.verified,
        "files_done": job.files_done,
        "files_total": job.files_total,
        "rate": round(job.rate) if job.unit == BYTES else round(job.rate, 2),
        "left": None if job.left is None else round(job.left, 1),
        "wants": job.wants,
        "places": [
            {
                "name": place.name,
                "path": place.path,
                "state": str(place.state),
                "written": place.written,
                "verified": place.verified,
                "trouble": place.trouble,
                "safe_to_eject": place.safe_to_eject,
            }
            for place in job.places
        ],
    }
