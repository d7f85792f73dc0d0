"""Put a report into a folder as HTML, PDF and CSV: complete under its final name, or not at all."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, TextIO, cast

from app.errors import BadInput, DestinationFull, DestinationReadOnly, WriteFailed
from app.reports.csv import day_csv, transfer_csv, verify_csv
from app.reports.evidence import sums_of
from app.reports.html import day_html, transfer_html, verify_html
from app.reports.model import DayReport, TransferReport, VerifyReport
from app.reports.pdf import day_pdf, transfer_pdf
from app.reports.verify_pdf import verify_pdf

_BUFFER = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenReport:
    """Where the three forms of one report lie."""

    html: Path
    pdf: Path
    csv: Path


def write_transfer(report: TransferReport, folder: Path, stem: str) -> WrittenReport:
    """Write a job's report as STEM.html, STEM.pdf and STEM.csv, replacing an earlier one.

    The folder is made if need be. Raises BadInput for a stem that is no file name, and a
    DestinationFault that names the file. No file is replaced before all three are on disk.
    """
    sums = sums_of(report)
    return _write(
        folder,
        stem,
        html=lambda stream: transfer_html(report, stream, sums),
        pdf=lambda stream: transfer_pdf(report, stream, f"{stem}.csv", sums),
        csv=lambda stream: transfer_csv(report, stream, sums),
    )


def write_verify(report: VerifyReport, folder: Path, stem: str) -> WrittenReport:
    """Write a verification's report as STEM.html, STEM.pdf and STEM.csv, as `write_transfer`."""
    return _write(
        folder,
        stem,
        html=lambda stream: verify_html(report, stream),
        pdf=lambda stream: verify_pdf(report, stream, f"{stem}.csv"),
        csv=lambda stream: verify_csv(report, stream),
    )


def write_day(report: DayReport, folder: Path, stem: str) -> WrittenReport:
    """Write a day's report as STEM.html, STEM.pdf and STEM.csv; promises as `write_transfer`."""
    return _write(
        folder,
        stem,
        html=lambda stream: day_html(report, stream),
        pdf=lambda stream: day_pdf(report, stream),
        csv=lambda stream: day_csv(report, stream),
    )


def _write(
    folder: Path,
    stem: str,
    *,
    html: Callable[[TextIO], None],
    pdf: Callable[[BinaryIO], None],
    csv: Callable[[TextIO], None],
) -> WrittenReport:
    if not stem.strip(".") or "\0" in stem or Path(stem).name != stem:
        raise BadInput(f"A report cannot be named {stem!r}.", hint="Give a plain file name.")
    names = [folder / f"{stem}.{ending}" for ending in ("html", "pdf", "csv")]
    with contextlib.ExitStack() as partials:
        with _told(folder):
            folder.mkdir(parents=True, exist_ok=True)
        written = [
            partials.enter_context(_partial(name, fill))
            for name, fill in zip(names, (_as_text(html), pdf, _as_text(csv)), strict=True)
        ]
        for partial, name in zip(written, names, strict=True):
            with _told(name):
                partial.replace(name)
        with _told(folder):
            _sync_folder(folder)
    return WrittenReport(html=names[0], pdf=names[1], csv=names[2])


@contextlib.contextmanager
def _partial(target: Path, fill: Callable[[BinaryIO], None]) -> Iterator[Path]:
    """A complete, synced file beside *target*, under a name of its own; gone afterwards."""
    partial = target.with_name(f".report-{secrets.token_hex(8)}.partial")
    try:
        with _told(target), partial.open("xb", buffering=_BUFFER) as stream:
            fill(stream)
            stream.flush()
            os.fsync(stream.fileno())
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def _as_text(fill: Callable[[TextIO], None]) -> Callable[[BinaryIO], None]:
    def fill_bytes(stream: BinaryIO) -> None:
        # Everything was made printable before; the error handler is the last net.
        text = io.TextIOWrapper(
            cast(IO[bytes], stream), encoding="utf-8", errors="backslashreplace", newline=""
        )
        fill(text)
        text.flush()
        text.detach()

    return fill_bytes


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what the system says into an error that names the report."""
    try:
        yield
    except OSError as error:
        place = os.fsdecode(path).encode("utf-8", "backslashreplace").decode()
        reason = error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DestinationFull(
                f"No room for the report {place}.", path=path, hint="Free space, then try again."
            ) from error
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise DestinationReadOnly(
                f"The report {place} cannot be written: {reason}.", path=path
            ) from error
        raise WriteFailed(
            f"The report {place} could not be written: {reason}.", path=path
        ) from error


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
