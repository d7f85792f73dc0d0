"""What happened, in the past tense: one rotating log per profile, and one per job on demand.

Every record carries the id of the job that it belongs to. A name that is no UTF-8, or that holds
a line break, is escaped: one record begins on one line, and only tracebacks follow it, indented.
"""

from __future__ import annotations

import contextlib
import contextvars
import logging
import os
import re
import sys
from collections import deque
from collections.abc import Callable, Iterator, MutableMapping
from datetime import datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from app.errors import NotFound, WriteFailed

P = ParamSpec("P")
T = TypeVar("T")

FILE_NAME = "reelkeep.log"
NO_JOB = "------"
"""Stands where a record belongs to no job."""

_job: contextvars.ContextVar[str] = contextvars.ContextVar("job", default=NO_JOB)
_BEGINS = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d{4} \w+ <([^>]*)> ")
_BREAKS = {ord("\n"): "\\n", ord("\r"): "\\r", 0x85: "\\x85", 0x2028: "\\u2028", 0x2029: "\\u2029"}


@contextlib.contextmanager
def job_context(job: str) -> Iterator[None]:
    """Everything that this thread logs inside belongs to *job*."""
    token = _job.set(job)
    try:
        yield
    finally:
        _job.reset(token)


def carried(work: Callable[P, T]) -> Callable[P, T]:
    """*work* for a thread of its own: what it logs belongs to the job of the thread that asks."""
    job = _job.get()

    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with job_context(job):
            return work(*args, **kwargs)

    return run


class JobLog(logging.LoggerAdapter[logging.Logger]):
    """A logger whose records belong to one job, whichever thread writes them."""

    def __init__(self, logger: logging.Logger, job: str) -> None:
        super().__init__(logger, {"job": job})

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        """Add the job to the record, beside what the caller adds."""
        kwargs["extra"] = {**(kwargs.get("extra") or {}), **(self.extra or {})}
        return msg, kwargs


def job_log(job: str, logger: logging.Logger | str = "app.job") -> JobLog:
    """The logger of one job."""
    return JobLog(logging.getLogger(logger) if isinstance(logger, str) else logger, job)


def job_of(record: logging.LogRecord) -> str:
    """The job of a record: named by its logger, or that of the thread."""
    job = getattr(record, "job", None)
    if job is None:  # kept, for handlers that another thread serves
        job = record.job = _job.get()
    return str(job)


class _OneLine(logging.Formatter):
    """Escapes line breaks in the message, and indents tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        lines = self.head(record) + record.getMessage().translate(_BREAKS)
        if record.exc_info:
            lines += self._below(self.formatException(record.exc_info))
        if record.stack_info:
            lines += self._below(record.stack_info)
        return lines

    def head(self, record: logging.LogRecord) -> str:
        """What stands before the message."""
        raise NotImplementedError

    def _below(self, text: str) -> str:
        return "".join(f"\n    {line}" for line in text.splitlines())


class LogFormatter(_OneLine):
    """`2026-11-20 12:04:31.118+0100 INFO <AF1ADD> app.offload.job.run: Copied A003C001.mov`."""

    def head(self, record: logging.LogRecord) -> str:
        """Moment, level, job, who."""
        moment = _moment(record)
        return f"{moment} {record.levelname} <{job_of(record)}> {record.name}: "


class JobLogFormatter(_OneLine):
    """The long form of pfndispatchcopy.

    `I 2025-10-11 17:55:32.958+0800 <AF1ADD> [thread] pfndispatchcopy (pid): INFO: done.`
    """

    def __init__(self, program: str = "pfndispatchcopy") -> None:
        super().__init__()
        self._program = program

    def head(self, record: logging.LogRecord) -> str:
        """Level letter, moment, job, thread, process, level."""
        return (
            f"{record.levelname[0]} {_moment(record)} <{job_of(record)}> "
            f"[{record.threadName}] {self._program} ({record.process}): {record.levelname}: "
        )


def _moment(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created).astimezone()
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}{moment:%z}"


class _Forgiving(logging.FileHandler):
    """A file whose failure never fails a job."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say it once on stderr and go on: a full disk must not stop a copy for its log."""
        if not getattr(self, "_said", False):
            self._said = True
            error = sys.exc_info()[1]
            with contextlib.suppress(OSError, ValueError, AttributeError):
                sys.stderr.write(f"The log {self.baseFilename} could not be written: {error}\n")


class _LogFile(_Forgiving, RotatingFileHandler):
    """A rotating file that two instances may share."""

    def __init__(self, path: Path, max_size: int, keep: int) -> None:
        super().__init__(
            path, maxBytes=max_size, backupCount=keep, encoding="utf-8", errors="backslashreplace"
        )
        self.setFormatter(LogFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, to the file that has the name now."""
        with contextlib.suppress(OSError):
            self._follow()
        super().emit(record)

    def doRollover(self) -> None:  # noqa: N802 - logging's name
        """Close this file and begin a new one; with keep 0 the old one is dropped."""
        super().doRollover()
        if self.backupCount == 0 and self.stream:
            self.stream.truncate(0)

    def _follow(self) -> None:
        """Another instance may have put the file away in the meantime."""
        if self.stream is None:
            return
        ours = os.fstat(self.stream.fileno())
        try:
            there = os.stat(self.baseFilename)  # noqa: PTH116 - this is a plain string
        except FileNotFoundError:
            there = None
        if there is None or (there.st_ino, there.st_dev) != (ours.st_ino, ours.st_dev):
            self.stream.close()
            self.stream = self._open()


def start_log(
    directory: Path, *, max_size: int = 500_000_000, keep: int = 5, level: int = logging.INFO
) -> logging.Handler:
    """Log everything into *directory* until `stop_log`; WriteFailed when that cannot be."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handler = _LogFile(directory / FILE_NAME, max_size, keep)
    except OSError as error:
        raise WriteFailed(
            f"The log in {directory} could not be opened: {error.strerror}.",
            path=directory,
            hint="Choose another folder: reelkeep settings set log.directory FOLDER",
        ) from error
    root = logging.getLogger()
    root.setLevel(min(level, root.level))
    root.addHandler(handler)
    return handler


def stop_log(handler: logging.Handler) -> None:
    """Close a log."""
    logging.getLogger().removeHandler(handler)
    with contextlib.suppress(OSError):  # its disk may have died
        handler.close()


@contextlib.contextmanager
def job_log_file(path: Path, job: str, program: str = "pfndispatchcopy") -> Iterator[None]:
    """While inside, whatever *job* logs is also added to *path*, in the long form."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = _Forgiving(path, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(JobLogFormatter(program))
    handler.addFilter(lambda record: job_of(record) == job)
    root = logging.getLogger()
    root.setLevel(min(logging.INFO, root.level))
    root.addHandler(handler)
    try:
        yield
    finally:
        stop_log(handler)


def read_log(directory: Path, job: str | None = None, *, last: int | None = None) -> Iterator[str]:
    """The lines of the log, oldest first, of one job or all; at most the *last* so many.

    NotFound when there is no log, or nothing in it of that job.
    """
    lines = _lines(directory, job.upper() if job else None)
    found = iter(deque(lines, maxlen=last)) if last is not None else lines
    first = next(found, None)
    if first is None:
        whose = f"Nothing of the job {job} is in the log" if job else "There is no log"
        raise NotFound(f"{whose} in {directory}.", path=directory)
    yield first
    yield from found


def _lines(directory: Path, job: str | None) -> Iterator[str]:
    wanted = job is None
    for path in log_files(directory):
        with path.open(encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            for line in file:
                if job is not None and (begins := _BEGINS.match(line)):
                    wanted = begins[1].upper() == job
                if wanted:
                    yield line.rstrip("\n")


def log_files(directory: Path) -> list[Path]:
    """The files of the log, oldest first."""

    def age(path: Path) -> int:
        return int(path.suffix[1:]) if path.suffix[1:].isdigit() else 0

    return sorted(directory.glob(FILE_NAME + "*"), key=age, reverse=True)
