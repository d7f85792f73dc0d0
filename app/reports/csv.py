"""Reports as CSV (RFC 4180): a row for each copy of each file, or for each card of a day.

UTF-8 with a byte order mark, so that spreadsheets read names right. A text that a spreadsheet
would run as a formula gets an apostrophe in front.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterator
from datetime import datetime
from typing import TextIO

from app.reports.evidence import Sums, sums_of
from app.reports.model import CopyRow, DayReport, FileRow, TransferReport, VerifyReport
from app.reports.visible import visible, visible_path

_FORMULA = frozenset("=+-@＝＋－＠")
_NO_COPY = ("",) * 7

TRANSFER_COLUMNS = (
    *("project", "day", "camera", "roll", "job", "verdict"),
    *("clip", "file", "size_bytes", "modified", "file_state"),
    *("destination", "destination_path", "device", "copy_path", "copy_state", "read_back"),
    "trouble",
)
"""The columns before the hashes; one column `hash_KIND` for each kind follows."""

DAY_COLUMNS = (
    *("day", "day_number", "project", "roll", "camera", "clips", "files", "size_bytes"),
    *("first_recorded", "last_recorded", "verdict", "safe", "copies", "copies_on"),
    *("offloaded", "job", "open"),
)

VERIFY_COLUMNS = (
    *("job", "folder", "against", "generation", "files_read", "bytes_read", "files_verified"),
    *("file", "state", "trouble", "previous_name", "damaged_file_kept_as"),
)


def transfer_csv(report: TransferReport, stream: TextIO, sums: Sums | None = None) -> None:
    """Write the report's files and copies to *stream* (opened with newline="").

    *sums*: those of its rows, where they are known.
    """
    stream.write("\ufeff")
    writer = csv.writer(stream)
    kinds = (sums or sums_of(report)).kinds
    writer.writerow([*TRANSFER_COLUMNS, *(f"hash_{visible(kind)}" for kind in kinds)])
    writer.writerows(_transfer_rows(report, kinds))


def _transfer_rows(report: TransferReport, kinds: tuple[str, ...]) -> Iterator[list[str]]:
    facts = (report.project, report.day.isoformat(), report.camera, report.roll, report.job)
    head = [_text(fact) for fact in (*facts, report.verdict)]
    places = [(_text(row.name), _text(row.path), _text(row.device)) for row in report.destinations]
    named: set[str] = set()
    for row in report.files:
        if row.state == "ignored":
            named.add(row.path)
        middle = [*head, *_file_cells(row)]
        digests = [row.hashes.get(kind, "") for kind in kinds]
        for copy in row.copies or (None,):
            yield [*middle, *_copy_cells(row, copy, places), *digests]
    for path in report.ignored:
        if path not in named:
            cells = ["", _path(path), "", "", "ignored", *_NO_COPY]
            yield [*head, *cells, *("" for _ in kinds)]


def _file_cells(row: FileRow) -> tuple[str, str, str, str, str]:
    return (
        _text(row.clip),
        _path(row.path),
        str(row.size),
        _moment(row.modified),
        _text(row.state),
    )


def _copy_cells(
    row: FileRow, copy: CopyRow | None, places: list[tuple[str, str, str]]
) -> tuple[str, ...]:
    if copy is None:
        return ("",) * 6 + (_text(row.trouble),)
    known = 0 <= copy.destination < len(places)
    place = places[copy.destination] if known else ("unknown", "", "")
    trouble = " ".join(filter(None, (row.trouble, copy.trouble)))
    return (
        *place,
        _path(copy.path),
        _text(copy.state),
        _moment(copy.read_back),
        _text(trouble),
    )


def day_csv(report: DayReport, stream: TextIO) -> None:
    """Write the day's cards to *stream* (opened with newline="")."""
    stream.write("\ufeff")
    writer = csv.writer(stream)
    writer.writerow(DAY_COLUMNS)
    number = "" if report.number is None else str(report.number)
    head = (report.day.isoformat(), number, _text(report.project))
    for card in report.cards:
        writer.writerow(
            (
                *head,
                *(_text(card.roll), _text(card.camera), card.clips, card.files, card.size),
                *(_moment(card.first_recorded), _moment(card.last_recorded)),
                *(_text(card.verdict), "yes" if card.safe else "no"),
                *(len(set(card.copies)), _text("; ".join(card.copies))),
                *(_moment(card.offloaded), _text(card.job), _text(" ".join(card.open))),
            )
        )


def verify_csv(report: VerifyReport, stream: TextIO) -> None:
    """Write a row for each difference to *stream*, and one for a folder without any."""
    stream.write("\ufeff")
    writer = csv.writer(stream)
    writer.writerow(VERIFY_COLUMNS)
    for part in report.parts:
        head = (
            *(_text(report.job), _path(part.path), _path(part.against), _path(part.generation)),
            *(part.files, part.size, part.verified),
        )
        for row in part.rows:
            cells = (_path(row.path), _text(row.state), _text(row.trouble), _path(row.previous))
            writer.writerow((*head, *cells, _path(row.aside)))
        if not part.rows:
            writer.writerow((*head, "", "verified", "", "", ""))


@functools.lru_cache(maxsize=4096)
def _text(text: str) -> str:
    return _guarded(visible(text))


@functools.lru_cache(maxsize=16)
def _path(path: str) -> str:
    return _guarded(visible_path(path))


def _guarded(text: str) -> str:
    return f"'{text}" if text and text[0] in _FORMULA else text


@functools.lru_cache(maxsize=1024)
def _moment(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat(sep=" ", timespec="seconds")
