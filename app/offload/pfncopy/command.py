"""`pfndispatchcopy`: one file to several destinations, with the options and lines of its namesake.

Kept from the original: the options, the lines and their order. Different on purpose: the flush
comes before the rename, every flushed copy is read back from the medium before it gets its name,
the source is always kept, and a file that lies under the name already is never replaced: an equal
one counts as copied once it was read, a different one is refused.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TextIO

import click

from app.errors import (
    BadInput,
    DestinationFault,
    DestinationSilent,
    JobCancelled,
    NameTaken,
    ReelkeepError,
    Refusal,
    SourceChanged,
    SourceGone,
)
from app.integrity.hashing import HashKind
from app.jobs.spec import JobId, new_job_id
from app.jobs.stand_in import stand_in
from app.log import JobLogFormatter, job_context, job_log_file
from app.offload.pfncopy.dead_runs import Runs
from app.offload.pfncopy.dispatch import LOOK_AT_SOURCE, Dispatch, DispatchRun, Outcome
from app.offload.pfncopy.look import asked, final_of, typed_path
from app.offload.pfncopy.words import missed, told
from app.paths import Profile
from app.settings import Settings

log = logging.getLogger(__name__)
_details = logging.getLogger("app.offload.pfncopy.dispatch")
"""Said in the job's log only."""

PROGRAM = "pfndispatchcopy"
PROGRESS_SECONDS = 0.5
_LOOK_SECONDS = 0.05
HASHES = {
    "xxh64be": HashKind.XXH64,
    "md5": HashKind.MD5,
    "sha1": HashKind.SHA1,
    "sha256": HashKind.SHA256,
}
DONE, FAILED, REFUSED, CANCELLED = 0, 1, 2, 130


@click.command(PROGRAM, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-v", "--verbose", is_flag=True, help="Also say how each copy was proven.")
@click.option(
    "-t", "--hash", "kind", type=click.Choice(list(HASHES)), default="xxh64be", show_default=True
)
@click.option("-k", "--keep", is_flag=True, help="Accepted; the source is always kept.")
@click.option(
    "-f_size",
    "--file-size",
    "size",
    type=click.IntRange(0),
    metavar="N",
    help="Bytes that the source must have, before and after.",
)
@click.option(
    "-b",
    "--buffer-size",
    type=click.IntRange(1),
    default=8388608,
    show_default=True,
    metavar="N",
    help="Bytes of one block.",
)
@click.option(
    "-noflush_dest", "unflushed", multiple=True, metavar="PATH", help="Do not flush this one."
)
@click.argument("source")
@click.argument("destinations", nargs=-1, required=True, metavar="DESTINATION...")
def _command(
    source: str,
    destinations: tuple[str, ...],
    *,
    kind: str,
    size: int | None,
    buffer_size: int,
    unflushed: tuple[str, ...],
    verbose: bool,
    keep: bool,
) -> int:
    """Copy the file SOURCE to every DESTINATION, a file or a folder that exists, in one read."""
    del keep  # whatever is given
    log.setLevel(logging.DEBUG if verbose else logging.INFO)
    file = _source(source)
    lost: dict[Path, DestinationFault] = {}
    finals = _finals(file, destinations, lost)
    order = Dispatch(
        source=file,
        destinations=tuple(finals.values()),
        kind=HASHES[kind],
        unflushed=_unflushed(unflushed, finals),
        buffer_size=buffer_size,
    )
    job = new_job_id()
    profile = Profile.at(Path(p) if (p := os.environ.get("REELKEEP_PROFILE")) else None)
    with job_context(job), _job_log(profile, job, file):
        try:
            _check_size(file, size)
            work = DispatchRun(job, order, Runs(profile.directory / "copies"), lost)
            return _copy(work, source, kind, size)
        except (Refusal, NameTaken) as error:
            log.error("%s", error)
            return REFUSED
        except (DestinationSilent, JobCancelled):
            raise
        except Exception:
            _details.exception("This ended by an internal error")
            raise


def _source(typed: str) -> Path:
    path = typed_path(typed, "source")
    try:
        return asked(path, path.resolve)
    except (OSError, RuntimeError) as error:  # a name too long, or links in a circle
        raise BadInput(f"{path} cannot be looked at: {error}.", path=path) from error


def _finals(
    source: Path, typed: Sequence[str], lost: dict[Path, DestinationFault]
) -> dict[str, Path]:
    """What was typed → the final path; *lost* gets those whose drives fail."""
    finals: dict[str, Path] = {}
    for text in typed:
        try:
            final = final_of(text, source.name)
        except DestinationFault as error:
            final = typed_path(text, "destination")
            lost[final] = error
        if final in finals.values():
            raise BadInput(f"{final} is named twice.", path=final)
        finals[text] = final
    return finals


def _unflushed(typed: Sequence[str], finals: dict[str, Path]) -> frozenset[Path]:
    found = set()
    for text in typed:
        path = typed_path(text, "path of -noflush_dest")
        meant = [final for final in finals.values() if path in (final, final.parent)]
        if not meant:
            raise BadInput(f"-noflush_dest {path} is none of the destinations.", path=path)
        found.update(meant)
    return frozenset(found)


def _copy(work: DispatchRun, typed: str, kind: str, size: int | None) -> int:
    source, total = work.order.source, len(work.order.destinations)
    for path in work.swept:
        log.warning("%s was removed: a run that was cut off had left it half written.", path)
    for n, trouble in work.troubles.items():
        log.error("%s: %s", work.order.destinations[n], told(trouble))
    if len(work.troubles) == total:
        log.error("%s", missed(total, total))
        return REFUSED
    known = frozenset(work.troubles)
    log.info("copying %s...", typed)
    outcome = _watched(work)
    if outcome.source_trouble is None:
        try:
            _check_size(source, size)
        except BadInput as error:
            outcome.source_trouble = SourceChanged(error.message, path=source)
        except DestinationSilent as error:
            outcome.source_trouble = SourceGone(error.message, path=source, hint=LOOK_AT_SOURCE)
    if outcome.source_trouble is not None:
        log.error("%s", told(outcome.source_trouble))
        return FAILED
    return _tell(work, outcome, kind, known)


def _check_size(source: Path, size: int | None) -> None:
    if size is None:
        return
    try:
        found = asked(source, source.stat).st_size
    except OSError as error:
        raise BadInput(f"{source} cannot be looked at: {error.strerror}.", path=source) from error
    if found != size:
        raise BadInput(f"{source} has {found} bytes, not {size}.", path=source)


def _watched(work: DispatchRun) -> Outcome:
    """Run the copy in a thread of its own and say every half second how far it is."""
    found: list[Outcome] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            with job_context(work.control.snapshot().id):
                found.append(work.run())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="copy")
    told, since = -1, time.monotonic()
    with _asked_to_stop() as asked:
        thread.start()
        while thread.is_alive():
            thread.join(_LOOK_SECONDS)
            if asked and not work.control.cancelled:
                work.control.cancel()
                log.warning("cancelling at the next safe point")
            copied = work.control.snapshot().copied
            if copied != told and time.monotonic() - since >= PROGRESS_SECONDS:
                told, since = copied, time.monotonic()
                _say_progress(copied, work.entry.size)
    if errors:
        raise errors[0]
    outcome = found[0]
    if outcome.digest and told != work.entry.size:
        _say_progress(work.entry.size, work.entry.size)
    return outcome


@contextlib.contextmanager
def _asked_to_stop() -> Iterator[list[int]]:
    """Signals that have asked for an end; noted, not raised, so that no partial file stays."""
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {n: signal.signal(n, lambda number, _frame: asked.append(number)) for n in numbers}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say_progress(copied: int, size: int) -> None:
    log.info("copied %d of %d bytes", copied, size)


def _tell(work: DispatchRun, outcome: Outcome, kind: str, known: Collection[int]) -> int:
    """The lines after the copy, in the original's order; *known* troubles were told before."""
    paths, size = work.order.destinations, work.entry.size
    good = [n for n in range(len(paths)) if n in outcome.facts and n not in outcome.troubles]
    if outcome.digest:
        rate = size / outcome.seconds / 1e6
        log.info("hash %s:%s", kind.upper(), outcome.digest)
        log.info("copy speed %d bytes in %.6g sec (%.1f MB/sec)", size, outcome.seconds, rate)
    for n in good:
        log.info(
            "Copy completed successfully for destination file with file size check (%s)", paths[n]
        )
        fact = outcome.facts[n]
        log.debug("%s: %s%s", paths[n], fact.state, ", was there already" if fact.found else "")
    for n, trouble in outcome.troubles.items():
        if n not in known:
            log.error("%s: %s", paths[n], told(trouble))
    if good:
        log.info("moving files in place..")
        log.info("flushing files")
    if len(good) < len(paths):
        log.error("%s", missed(len(paths) - len(good), len(paths)))
        return FAILED
    log.info("done.")
    return DONE


class _Stream(logging.StreamHandler[TextIO]):
    """Says things for as long as anybody listens."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Whoever read our output has read enough, or its disk is full: the copy goes on."""
        del record
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())  # or Python would fail to flush it at the end
            os.close(nowhere)


class _Console(JobLogFormatter):
    """`INFO: done.`"""

    def head(self, record: logging.LogRecord) -> str:
        """The level only."""
        return f"{record.levelname}: "


@contextlib.contextmanager
def _consoles() -> Iterator[None]:
    """While inside, what happens goes to stdout, and what went wrong to stderr."""
    good, bad = _Stream(sys.stdout), _Stream(sys.stderr)
    good.addFilter(lambda record: record.levelno < logging.WARNING)
    bad.setLevel(logging.WARNING)
    for handler in (good, bad):
        handler.setFormatter(_Console())
        log.addHandler(handler)
    # Without a job's log nothing of what the engine says in detail may end up on the terminal.
    engine, silent = logging.getLogger("app"), logging.NullHandler()
    engine.addHandler(silent)
    try:
        yield
    finally:
        engine.removeHandler(silent)
        for handler in (good, bad):
            log.removeHandler(handler)
        log.setLevel(logging.NOTSET)


@contextlib.contextmanager
def _job_log(profile: Profile, job: JobId, source: Path) -> Iterator[None]:
    """The job's log in the long form, where the reports are; without it the copy goes on."""
    stem = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in source.stem)
    with contextlib.ExitStack() as stack:
        try:
            settings = Settings.load(profile.settings_file)
            folder = settings.path("report.directory") or profile.reports
            path = folder / f"{stem[:60]}_pfncopy_{job}.log"
            stack.enter_context(job_log_file(path, job, PROGRAM))
        except (OSError, ReelkeepError) as error:
            log.warning("The log of this job could not be opened: %s", error)
        yield


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; answers the exit code: 0 done, 1 failed, 2 refused, 130 cancelled."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name that is no UTF-8 is shown, it does not crash
            stream.reconfigure(errors="backslashreplace")
    if arguments is None:  # the program itself: it may have to leave a drive behind
        return stand_in(lambda: _main(sys.argv[1:]))
    return _main(arguments)


def _main(arguments: Sequence[str]) -> int:
    with _consoles():
        try:
            answer = _command.main(list(arguments), prog_name=PROGRAM, standalone_mode=False)
        except click.ClickException as error:
            error.show()
            return REFUSED
        except ReelkeepError as error:
            log.error("%s", told(error))
            return REFUSED if isinstance(error, Refusal) else FAILED
        except (JobCancelled, KeyboardInterrupt, click.Abort):
            log.error("cancelled")
            return CANCELLED
        except Exception as error:
            log.error("Internal error (%s): %s", type(error).__name__, error)
            return FAILED
    return answer if isinstance(answer, int) else DONE
