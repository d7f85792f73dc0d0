"""Reports as HTML: one file that needs nothing beside it and no script, for screen and paper."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, TextIO

from app.reports import visible as printable
from app.reports.day import day_sentence
from app.reports.evidence import (
    Mark,
    copies_in_order,
    destination_result,
    evidence,
    mark_of,
    needs_attention,
    remarks,
    shared_device,
)
from app.reports.facts import copies_sentence, day_facts, short_moment, transfer_facts
from app.reports.model import CopyRow, DayReport, TransferReport
from app.reports.typeface import RESOURCES
from app.units import bytes_text, count_text, duration_text, moment_text, rate_text

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_BLOCK = 500
"""Template pieces written at once."""


class Cell(NamedTuple):
    """One copy in a file's row."""

    mark: Mark
    words: str
    moment: str


class Line(NamedTuple):
    """One file's row, ready for the template."""

    path: str
    size: str
    modified: str
    mark: Mark
    state: str
    cells: list[Cell]
    hashes: list[tuple[str, str]]
    remarks: list[tuple[str, str]]


def transfer_html(report: TransferReport, stream: TextIO) -> None:
    """Write the transfer report to *stream*."""
    _render(
        "transfer.html",
        stream,
        report=report,
        facts=transfer_facts(report),
        copies=copies_sentence(report),
        results=[destination_result(row) for row in report.destinations],
        shared=[shared_device(report.destinations, i) for i in range(len(report.destinations))],
        evidence=evidence(report),
        attention=[row for row in report.files if needs_attention(row)],
        lines=_lines(report),
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
    pieces = _environment().get_template(template).stream(**values)
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
    if copy is None:
        return Cell(Mark.NONE, "no copy", "")
    mark = mark_of(copy.state, copy.trouble, copy.read_back)
    return Cell(mark, copy.state, short_moment(copy.read_back))


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(RESOURCES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "visible": _visible,
        "path": _path,
        "bytes": bytes_text,
        "rate": rate_text,
        "duration": duration_text,
        "moment": moment_text,
        "short": short_moment,
        "count": count_text,
        "mark": _mark,
        "clip_mark": lambda clip: mark_of(clip.state, ", ".join(clip.missing)),
    }
    return environment


def _visible(text: str) -> Markup:
    from markupsafe import Markup, escape

    if text.isprintable():
        return escape(text)
    return Markup("").join(
        _marked(c) if shown != c else escape(c)
        for c, shown in ((c, printable.visible(c)) for c in text)
    )


def _path(path: str) -> Markup:
    from markupsafe import escape

    plain = printable.visible_path(path)
    if plain is path:
        return escape(path)
    # Escapes are set apart by their look too; a private-use pair brackets them meanwhile.
    bracketed = printable.visible_path(path, lambda c: f"\ue000{printable.escape(c)}\ue001")
    return _spans(str(escape(bracketed)))


def _spans(text: str) -> Markup:
    from markupsafe import Markup

    return Markup(text.replace("\ue000", "<span class=esc>").replace("\ue001", "</span>"))


def _marked(character: str) -> Markup:
    return _spans(f"\ue000{printable.escape(character)}\ue001")


def _mark(mark: Mark) -> Markup:
    from markupsafe import Markup

    return Markup(_GLYPHS[mark])


_GLYPHS = {
    mark: f'<i class="m {mark}" aria-hidden="true">{glyph}</i>'
    for mark, glyph in (
        (Mark.DONE, "✓"),
        (Mark.ATTENTION, "!"),
        (Mark.FAILED, "✕"),
        (Mark.NONE, "–"),
    )
}
