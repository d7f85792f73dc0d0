"""Each job's own log in the long form; once the job has ended, it lies beside its report."""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from app.errors import ReelkeepError
from app.jobs.control import JobControl
from app.jobs.spec import JobId
from app.log import job_log_file

log = logging.getLogger(__name__)

PROGRAM = "reelkeep"


@contextlib.contextmanager
def logbook(folder: Callable[[], Path] | None, job: JobId, control: JobControl) -> Iterator[None]:
    """While inside, what the job logs is also kept in *folder*, as `AF1ADD.log`.

    A job that was cut off goes on in the same file. At the end it gets the name of the report
    that the job has written. A log that cannot be written is no reason not to copy.
    """
    with contextlib.ExitStack() as stack:
        path: Path | None = None
        try:
            if folder is not None:
                path = folder() / f"{job}.log"
                stack.enter_context(job_log_file(path, job, PROGRAM))
        except (OSError, ReelkeepError) as error:
            path = None
            log.info("The log of %s could not be opened: %s", job, error)
        yield
    report = control.snapshot().report
    if path is not None and report:
        with contextlib.suppress(OSError):
            _add(path, Path(report).with_suffix(".log"))


def _add(path: Path, beside: Path) -> None:
    """Move a log, to the end of an earlier one of the same report."""
    if not beside.exists():
        shutil.move(path, beside)
        return
    with path.open("rb") as fresh, beside.open("ab") as whole:
        shutil.copyfileobj(fresh, whole)
    path.unlink()
