"""Reports as HTML: one file that needs nothing beside it and no script, for screen and paper."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import TextIO

from app.reports.day import day_sentence
from app.reports.evidence import (
    Sums,
    copies_in_order,
    destination_result,
    mark_of,
    remarks,
    shared_device,
    sums_of,
)
from app.reports.facts import (
    copies_sentence,
    day_facts,
    posters_sentence,
    short_moment,
    transfer_facts,
    verify_facts,
)
from app.reports.lines import NO_COPY, Cell, Line
from app.reports.model import CopyRow, DayReport, TransferReport, VerifyReport

_BLOCK = 500
"""Template pieces written at once."""


def transfer_html(report: TransferReport, stream: TextIO, sums: Sums | None = None) -> None:
    """Write the transfer report to *stream*; *sums*: those of its rows, where they are known."""
    sums = sums or sums_of(report)
    _render(
        "transfer.html",
        stream,
        report=report,
        facts=transfer_facts(report),
        copies=copies_sentence(report),
        results=[destination_result(row) for row in report.destinations],
        shared=[shared_device(report.destinations, i) for i in range(len(report.destinations))],
        evidence=sums.evidence,
        attention=sums.attention,
        clips=[(clip, mark_of(clip.state, "".join(clip.missing))) for clip in report.clips],
        posters=posters_sentence(report.clips),
        lines=_lines(report),
    )


def verify_html(report: VerifyReport, stream: TextIO) -> None:
    """Write the verification report to *stream*."""
    _render(
        "verify.html",
        stream,
        report=report,
        facts=verify_facts(report),
        rows=[(part, row, mark_of(row.state)) for part in report.parts for row in part.rows],
    )


def day_html(report: DayReport, stream: TextIO) -> None:
    """Write the day report to *stream*."""
    sentence = day_sentence(report)
    _render(
        "day.html",
        stream,
        report=report,
        sentence=sentence[:1].upper() + sentence[1:],
        safe=bool(report.cards) and all(card.safe for card in report.cards),
        open=[(card.roll, point) for card in report.cards for point in card.open],
        facts=day_facts(report),
    )


def _render(template: str, stream: TextIO, **values: object) -> None:
    from app.reports.markup import environment  # jinja2 is loaded when a report is written

    pieces = environment().get_template(template).stream(**values)
    pieces.enable_buffering(_BLOCK)
    for piece in pieces:
        stream.write(piece)


def _lines(report: TransferReport) -> Iterator[Line]:
    count = len(report.destinations)
    for row in report.files:
        yield Line(
            row.path,
            f"{row.size:,}",
            short_moment(row.modified),
            mark_of(row.state, row.trouble),
            row.state,
            [_cell(copy) for copy in copies_in_order(row, count)],
            list(row.hashes.items()),
            list(remarks(row, report.destinations)),
        )


def _cell(copy: CopyRow | None) -> Cell:
    return NO_COPY if copy is None else _copy_cell(copy.state, copy.trouble, copy.read_back)


@lru_cache(maxsize=1024)
def _copy_cell(state: str, trouble: str, read_back: datetime | None) -> Cell:
    """Files of a batch were read back at one moment."""
    return Cell(mark_of(state, trouble, read_back), state, short_moment(read_back))
