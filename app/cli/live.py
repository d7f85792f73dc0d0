"""One live line on a terminal: how far the job in hand is, spent and remaining time.

Without a terminal there is no such line and no arithmetic, only what is said in lines of its own.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from typing import Self

import click
from rich.cells import cell_len, chop_cells

from app.cli.output import Output, shown
from app.jobs.snapshot import JobSnapshot
from app.units import BYTES, FRAMES, TILES, amount_text, duration_text, now, speed_text

_CLEAR = "\r\x1b[2K"
_STANDS_STILL = 20
"""How many times slower than so far a job has to be for its speed to say nothing."""
_SHORTEST_NAME = 8
"""Columns below which a name says nothing any more."""


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
        text = line_text(job, _columns()) if job is not None else ""
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
            click.echo(_CLEAR + self._text, nl=False)


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


def line_text(job: JobSnapshot, columns: int) -> str:
    """`Making proxies  A003C001.mov  120 of 300 frames, 61 fps, 8 s spent, 12 s left`.

    Where that does not fit, what the job is gives way to how far it is, and then the clip's name.
    """
    facts = shown(", ".join(_facts(job)))
    title, stage, current = map(shown, (job.title, job.stage, job.current))
    name = current or title
    for words in ((title, stage, current), (stage, name), (name,)):
        text = "  ".join(filter(None, (*words, facts)))
        if cell_len(text) <= columns:
            return text
    room = columns - cell_len(facts) - 2
    return f"{elided(name, room)}  {facts}" if room >= _SHORTEST_NAME else facts[:columns]


def elided(name: str, columns: int) -> str:
    """A name in so many columns of a terminal: what clips differ in stands at both ends."""
    if cell_len(name) <= columns:
        return name
    head = chop_cells(name, (columns - 1) // 2)[0]
    tail = chop_cells(name[::-1], columns - 1 - cell_len(head))[0][::-1]
    return f"{head}…{tail}"


def _facts(job: JobSnapshot) -> Iterator[str]:
    if job.size:
        done = amount_text(job.copied, job.unit)
        if job.unit in {FRAMES, TILES}:  # the word once is enough
            done = f"{job.copied:,}"
        yield f"{done} of {amount_text(job.size, job.unit)}"
    spent = (now() - job.started).total_seconds() if job.started is not None else 0.0
    if job.rate and job.unit != BYTES and not _rests(job, spent):
        yield speed_text(job.rate, job.unit)
    if job.started is not None:
        yield f"{duration_text(spent)} spent"
    if job.left is not None:
        yield f"{duration_text(job.left)} left"


def _rests(job: JobSnapshot, spent: float) -> bool:
    """Whether nothing is made at the moment: what was made is put together, or checked."""
    return job.copied >= job.size or job.rate * spent < job.copied / _STANDS_STILL


def _columns() -> int:
    return max(20, shutil.get_terminal_size().columns - 1)
