"""How the templates write names, sentences and states; imported with the first page only."""

from __future__ import annotations

import base64
import functools
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from app.reports import visible as printable
from app.reports.evidence import Mark
from app.reports.facts import short_moment
from app.reports.lines import Cell, Line
from app.reports.typeface import RESOURCES
from app.units import bytes_text, count_text, duration_text, moment_text, rate_text

if TYPE_CHECKING:
    from collections.abc import Callable

_OPEN, _CLOSE = "\ue000", "\ue001"
"""Private-use characters around an escape until the text is safe for HTML; a name cannot bring
its own, they would have been escaped."""

_GLYPHS = {
    mark: Markup(f'<i class="m {mark}" aria-hidden="true">{glyph}</i>')
    for mark, glyph in (
        (Mark.DONE, "✓"),
        (Mark.ATTENTION, "!"),
        (Mark.FAILED, "✕"),
        (Mark.NONE, "–"),
    )
}


def visible(text: str) -> Markup:
    """A sentence or label, its escapes set apart by their look."""
    return escape(text) if text.isprintable() else _spans(text, printable.visible)


def path(name: str) -> Markup:
    """A path or file name, its escapes set apart by their look."""
    plain = printable.visible_path(name)
    return escape(name) if plain is name else _spans(name, printable.visible_path)


def poster(jpeg: bytes) -> Markup:
    """A picture within the page itself."""
    if not jpeg:
        return Markup("")
    data = base64.b64encode(jpeg).decode("ascii")
    return Markup(f'<img class="poster" alt="" src="data:image/jpeg;base64,{data}">')


def mark(kind: Mark) -> Markup:
    """The glyph of a state; the word must stand beside it."""
    return _GLYPHS[kind]


@functools.lru_cache(maxsize=1024)
def state(kind: Mark, words: str) -> Markup:
    """A state's glyph and words; few different ones stand in very many rows."""
    return _GLYPHS[kind] + visible(words)


def file_row(row: Line) -> Markup:
    """A file's row of the table. (Not in the template: a large card has 100,000, and there they
    take four times as long.)"""
    told = f'<tr><td title="{_title(row.state)}">{mark(row.mark)}'
    told += f'<span class="path">{path(row.path)}</span>'
    if row.mark is not Mark.DONE:
        told += f'<div class="sub">State: {visible(row.state)}</div>'
    digests = "".join(f"<div><b>{escape(k)}</b> {escape(digest)}</div>" for k, digest in row.hashes)
    if digests:
        told += f'<div class="h mono">{digests}</div>'
    for words, where in row.remarks:
        also = f' <span class="path">{path(where)}</span>' if where else ""
        told += f'<div class="{"sub" if where else "trouble"}">{visible(words)}{also}</div>'
    told += f'</td><td class="n">{row.size}<div class="sub">{row.modified}</div></td>'
    return Markup(told + "".join(map(_cell, row.cells)) + "</tr>")


@functools.lru_cache(maxsize=1024)
def _title(words: str) -> Markup:
    return escape(visible(words).striptags())


@functools.lru_cache(maxsize=1024)
def _cell(cell: Cell) -> str:
    below = f'<div class="sub">{cell.moment}</div>' if cell.moment else ""
    return f"<td>{state(cell.mark, cell.words)}{below}</td>"


def _spans(text: str, show: Callable[[str, Callable[[str], str]], str]) -> Markup:
    bracketed = show(text, lambda character: f"{_OPEN}{printable.escape(character)}{_CLOSE}")
    safe = str(escape(bracketed))
    return Markup(safe.replace(_OPEN, '<span class="esc">').replace(_CLOSE, "</span>"))


@functools.cache
def environment() -> Environment:
    """The templates and their filters: everything is escaped, a name that is missing is a bug."""
    templates = Environment(
        loader=FileSystemLoader(RESOURCES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "visible": visible,
        "path": path,
        "file_row": file_row,
        "mark": mark,
        "poster": poster,
        "bytes": bytes_text,
        "rate": rate_text,
        "duration": duration_text,
        "moment": moment_text,
        "short": short_moment,
        "count": count_text,
    }
    templates.globals["state"] = state
    return templates
