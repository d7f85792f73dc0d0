"""One live line on a terminal: how far the job in hand is, spent and remaining time.

Without a terminal there is no such line and no arithmetic, only what is said in lines of its own.
"""

from __future__ import annotations

import threading
from typing import Self

import click

from app.cli.output import Output, shown
from app.jobs.snapshot import JobSnapshot
from app.units import BYTES, amount_text, duration_text, now, speed_text

_CLEAR = "\r\x1b[2K"


class LiveLine:
    """The last line of a terminal, replaced in place; other lines go above it."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._terminal = output.on_terminal()
        self._text = ""
        self._lock = threading.RLock()

    def show(self, job: JobSnapshot | None) -> None:
        """Show how *job* stands; None: nothing is in hand."""
        if not self._terminal:
            return
        text = line_text(job) if job is not None else ""
        with self._lock:
            if text != self._text:
                self._text = text
                self._draw()

    def say(self, text: str) -> None:
        """A line that stays."""
        with self._lock:
            self._clear()
            self._output.say(text)
            self._draw()

    def warn(self, text: str) -> None:
        """The same on stderr."""
        with self._lock:
            self._clear()
            self._output.warn(text)
            self._draw()

    def close(self) -> None:
        """Take the line away."""
        with self._lock:
            self._clear()
            self._text = ""

    def _clear(self) -> None:
        if self._terminal and self._text:
            click.echo(_CLEAR, nl=False)

    def _draw(self) -> None:
        if self._terminal:
            width = click.get_text_stream("stdout").isatty() and _columns()
            click.echo(_CLEAR + self._text[: width or None], nl=False)


class MediaLines:
    """How a job on clips is followed: the live line, or a line at each step of its work."""

    def __init__(self, output: Output) -> None:
        self._output, self._line = output, LiveLine(output)
        self._terminal = output.on_terminal()
        self._step: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def show(self, job: JobSnapshot) -> None:
        """Take in the job as it stands."""
        if self._terminal:
            self._line.show(job)
            return
        step = (job.title, str(job.state), job.current, job.stage, job.wants)
        if step != self._step:
            self._step = step
            self._output.say(", ".join(filter(None, step)))


def line_text(job: JobSnapshot) -> str:
    """`Proxies of A003C001.mov  Making proxies  120 of 300 frames, 8 s spent, 12 s left`."""
    parts = []
    if job.size:
        parts.append(f"{amount_text(job.copied, job.unit)} of {amount_text(job.size, job.unit)}")
    if job.started is not None:
        parts.append(f"{duration_text((now() - job.started).total_seconds())} spent")
    if job.left is not None:
        parts.append(f"{duration_text(job.left)} left")
    if job.rate and job.unit != BYTES:
        parts.append(speed_text(job.rate, job.unit))
    return shown("  ".join(part for part in (job.title, job.stage, ", ".join(parts)) if part))


def _columns() -> int:
    import shutil

    return max(20, shutil.get_terminal_size().columns - 1)
