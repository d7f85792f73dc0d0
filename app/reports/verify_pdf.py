"""A verification's report as PDF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import BinaryIO

from app.reports.evidence import mark_of
from app.reports.facts import verify_facts
from app.reports.model import VerifyPart, VerifyReport, VerifyRow
from app.reports.pdf import (
    FILE_ROWS,
    KIND,
    TITLE,
    TROUBLE,
    finish,
    listed,
    say,
    shown_group,
    verdict_of,
)
from app.reports.sheet import QUIET, Column, Piece, Row, Sheet
from app.reports.visible import visible, visible_path
from app.units import bytes_text


def verify_pdf(report: VerifyReport, stream: BinaryIO, csv_name: str) -> None:
    """Write the report to *stream*; *csv_name* is the file that holds every row."""
    title = say(report.title, TITLE)
    result = verdict_of(report.brief, report.good, 18)
    sheet = Sheet(stream, title=title.text, subject=result.text, author=say(report.operator).text)
    sheet.paragraph(Piece("Verification report", KIND))
    sheet.paragraph(title)
    sheet.space(8)
    sheet.verdict(result, [say(f"• {sentence}") for sentence in report.verdicts])
    sheet.space(14)
    sheet.facts([shown_group(group) for group in verify_facts(report)])
    _folders(sheet, report)
    _differences(sheet, report, csv_name)
    listed(sheet, "Notes", report.notes)
    short = re.split(r": |\. |\.$", report.brief, maxsplit=1)[0]
    finish(
        sheet, title.text, replace(result, text=visible(short)), f"{report.tool}, job {report.job}"
    )


def _folders(sheet: Sheet, report: VerifyReport) -> None:
    sheet.heading("Folders")
    columns = (
        Column("Folder"),
        Column("Held against"),
        Column("Files", 52, right=True),
        Column("Size", 52, right=True),
        Column("Verified", 52, right=True),
    )
    sheet.table(columns, map(_folder_row, report.parts))


def _folder_row(part: VerifyPart) -> Row:
    cells = (
        (Piece(visible_path(part.path)),),
        (Piece(visible_path(part.against)),),
        (Piece(f"{part.asked:,}"),),
        (Piece(bytes_text(part.size)),),
        (Piece(f"{part.verified:,}"),),
    )
    below = []
    if part.cached:
        below.append(Piece(f"{part.cached:,} of them through the cache only.", QUIET))
    if part.generation:
        below.append(Piece(f"Generation written: {visible_path(part.generation)}", QUIET))
    return Row(cells, below)


def _differences(sheet: Sheet, report: VerifyReport, csv_name: str) -> None:
    count = sum(len(part.rows) for part in report.parts)
    sheet.heading(f"Differences ({count:,})")
    if not count:
        sheet.paragraph(Piece("Every recorded file is there, under its name, and nothing else."))
        return
    if count > FILE_ROWS:
        words = f"The first {FILE_ROWS:,}; all {count:,} rows are in the CSV beside this file"
        sheet.paragraph(Piece(f"{words}, {visible_path(csv_name)}."))
        sheet.space(4)
    several = len(report.parts) > 1
    rows = (_row(part, row, several) for part in report.parts for row in part.rows)
    sheet.table((Column("State", 92), Column("File")), islice(rows, FILE_ROWS))


def _row(part: VerifyPart, row: VerifyRow, several: bool) -> Row:
    file = (Piece(visible_path(row.path)), *_said(part, row, several))
    return Row(((say(row.state, mark=mark_of(row.state)),), file))


def _said(part: VerifyPart, row: VerifyRow, several: bool) -> Iterator[Piece]:
    if several:
        yield Piece(f"in {visible_path(part.path)}", QUIET)
    if row.previous:
        yield Piece(f"was {visible_path(row.previous)}", QUIET)
    if row.trouble:
        yield say(row.trouble, TROUBLE)
    if row.aside:
        yield Piece(f"The damaged file is kept as {visible_path(row.aside)}", QUIET)
