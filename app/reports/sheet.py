"""A4 pages that fill themselves from top to bottom: headings, paragraphs, facts and tables.

Rows are drawn as they come and never kept, so a table may have any length. Page headers and
footers are drawn at the end, when the number of pages is known.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from app.reports.evidence import Mark
from app.reports.typeface import MONO, STRONG, TEXT, Style, font, legible, width, wrap

if TYPE_CHECKING:
    from reportlab.lib.colors import Color

PAGE_WIDTH, PAGE_HEIGHT = 595.28, 841.89
LEFT, RIGHT = 42.0, PAGE_WIDTH - 42.0
TOP, BOTTOM = PAGE_HEIGHT - 58.0, 54.0
_PADDING = 3.2
_GUTTER = 8.0

INK, DIM, RULE = "#1b1b1b", "#5c6066", "#d7d9dc"
COLOURS = {
    Mark.DONE: "#0b6b46",
    Mark.ATTENTION: "#8a5300",
    Mark.FAILED: "#b3261e",
    Mark.NONE: DIM,
}
TINTS = {Mark.DONE: "#e9f5ef", Mark.ATTENTION: "#fdf3df"}

BODY = Style()
SMALL = Style(size=7.5, leading=10)
QUIET = Style(size=7.5, leading=10, colour=DIM)
STRONG_BODY = Style(font=STRONG)
CODE = Style(font=MONO, size=6.1, leading=8.4, colour="#3c4043")
_HEAD = Style(font=STRONG, size=7.2, leading=10, colour=DIM)
_HEADING = Style(font=STRONG, size=12, leading=16)


@dataclass(frozen=True, slots=True)
class Piece:
    """Text in one style, with a mark in front of it where it is a state."""

    text: str
    style: Style = BODY
    mark: Mark | None = None
    indent: float = 0
    picture: bytes = b""
    """A JPEG in the place of the text, as high as the style's leading."""


@dataclass(frozen=True, slots=True)
class Column:
    """A table's column; a width of 0 takes a share of what the others leave."""

    title: str
    width: float = 0
    right: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A table's row: a few pieces per cell, and pieces below them across the whole width."""

    cells: Sequence[Sequence[Piece]]
    below: Sequence[Piece] = ()


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    style: Style
    x: float
    right: float | None = None
    """Right edge to align to."""
    mark: Mark | None = None
    picture: bytes = b""


class Sheet:
    """One PDF document that is written from top to bottom."""

    def __init__(self, stream: BinaryIO, *, title: str, subject: str, author: str) -> None:
        from reportlab.pdfgen.canvas import Canvas

        for name in (TEXT, STRONG, MONO):
            font(name)
        self.canvas = Canvas(stream, pagesize=(PAGE_WIDTH, PAGE_HEIGHT), pageCompression=1)
        self.canvas.setTitle(title)
        self.canvas.setSubject(subject)
        self.canvas.setAuthor(author)
        self.canvas.setCreator("Reelkeep")
        self.y = TOP
        self.pages = 1
        self._sections = 0

    def finish(self, *, left: str, right: Piece, footer: str) -> None:
        """Draw every page's header and footer and write the file."""
        self.canvas.doForm(f"frame{self.pages}")
        self.canvas.showPage()
        for page in range(1, self.pages + 1):
            self.canvas.beginForm(f"frame{page}", 0, 0, PAGE_WIDTH, PAGE_HEIGHT)
            self._frame(left, right, footer, f"Page {page} of {self.pages}")
            self.canvas.endForm()
        self.canvas.save()

    def _frame(self, left: str, right: Piece, footer: str, number: str) -> None:
        limit = (RIGHT - LEFT) * 0.62
        bold = Style(font=STRONG, size=7.5, colour=DIM)
        self._text(LEFT, PAGE_HEIGHT - 36, _one_line(left, bold, limit), bold)
        style = Style(font=STRONG, size=7.5, colour=COLOURS[right.mark or Mark.NONE])
        words = _one_line(right.text, style, (RIGHT - LEFT) * 0.35)
        x = RIGHT - width(words, style)
        if right.mark:
            self._mark(right.mark, x - 10, PAGE_HEIGHT - 36, style)
        self._text(x, PAGE_HEIGHT - 36, words, style)
        self._rule(PAGE_HEIGHT - 42)
        self._rule(40)
        self._text(LEFT, 29, _one_line(footer, QUIET, (RIGHT - LEFT) * 0.8), QUIET)
        self._text(RIGHT - width(number, QUIET), 29, number, QUIET)

    def need(self, height: float) -> bool:
        """Start a new page unless *height* points are left; whether it did."""
        if self.y - height >= BOTTOM:
            return False
        self.canvas.doForm(f"frame{self.pages}")
        self.canvas.showPage()
        self.pages += 1
        self.y = TOP
        return True

    def space(self, height: float) -> None:
        """Leave *height* points empty."""
        self.y -= height

    def heading(self, text: str) -> None:
        """A section's heading, never alone at the foot of a page."""
        self.space(16)
        self.need(70)
        self._sections += 1
        self.canvas.bookmarkHorizontal(f"section{self._sections}", 0, self.y + 4)
        self.canvas.addOutlineEntry(text, f"section{self._sections}")
        self.paragraph(Piece(text, _HEADING))
        self.space(3)

    def paragraph(self, piece: Piece) -> None:
        """Text across the page."""
        for line in self._lines(piece, LEFT, RIGHT):
            self.need(line.style.leading)
            self._draw(line, self.y)
            self.y -= line.style.leading

    def verdict(self, piece: Piece, below: Sequence[Piece]) -> None:
        """The sentence people act on, as the biggest thing of the report."""
        mark = piece.mark or Mark.NONE
        lines = self._lines(piece, LEFT + 16, RIGHT - 14)
        lines += [line for p in below for line in self._lines(p, LEFT + 16, RIGHT - 14)]
        # Hundreds of reasons would not fit a box: it holds what fits, the rest flows on below.
        shown = _fitting(lines, TOP - BOTTOM - 160)
        height = sum(line.style.leading for line in shown) + 18
        self.need(height)
        self.canvas.setFillColor(_colour(TINTS.get(mark, "#f3f4f5")))
        self.canvas.rect(LEFT, self.y - height, RIGHT - LEFT, height, stroke=0, fill=1)
        self.canvas.setFillColor(_colour(COLOURS[mark]))
        self.canvas.rect(LEFT, self.y - height, 4, height, stroke=0, fill=1)
        self.y -= 9
        for line in shown:
            self._draw(line, self.y)
            self.y -= line.style.leading
        self.y -= 9
        for line in lines[len(shown) :]:
            self.need(line.style.leading)
            self._draw(line, self.y)
            self.y -= line.style.leading

    def facts(self, groups: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> None:
        """Groups of label and value side by side, each under its title."""
        share = (RIGHT - LEFT + 14) / max(1, len(groups))
        laid: list[list[_Line | None]] = []
        for index, (title, pairs) in enumerate(groups):
            left = LEFT + share * index
            lines: list[_Line | None] = [_Line(legible(title, STRONG), STRONG_BODY, left), None]
            for label, value in pairs:
                for line in wrap(label, QUIET, share - 14):
                    lines.append(_Line(line, QUIET, left))
                lines += [_Line(text, BODY, left) for text in wrap(value, BODY, share - 14)]
                lines.append(None)
            laid.append(lines)
        while any(laid):
            self.need(60)
            laid = self._fill_columns(laid)

    def _fill_columns(self, laid: list[list[_Line | None]]) -> list[list[_Line | None]]:
        lowest, rest = self.y, []
        for lines in laid:
            y = self.y
            place = 0
            for line in lines:
                leading = line.style.leading if line else 3.5
                if y - leading < BOTTOM:
                    break
                if line:
                    self._draw(line, y)
                y -= leading
                place += 1
            lowest = min(lowest, y)
            rest.append(lines[place:])
        self.y = BOTTOM if any(rest) else lowest
        return rest

    def table(self, columns: Sequence[Column], rows: Iterable[Row]) -> None:
        """A table whose head stands again on every page that it reaches."""
        edges = _edges(columns)
        self._table_head(columns, edges)
        for row in rows:
            cells = [
                [line for piece in cell for line in self._lines(piece, left, right, column.right)]
                for cell, column, (left, right) in zip(row.cells, columns, edges, strict=True)
            ]
            below = [line for piece in row.below for line in self._lines(piece, LEFT + 2, RIGHT)]
            height = max(map(_height, cells), default=0) + _height(below) + 2 * _PADDING
            if self.need(min(height, (TOP - BOTTOM) / 2)):
                self._table_head(columns, edges)
            self._table_row(columns, edges, [*cells, below])

    def _table_row(
        self,
        columns: Sequence[Column],
        edges: Sequence[tuple[float, float]],
        stacks: list[list[_Line]],
    ) -> None:
        *cells, below = stacks
        self.y -= _PADDING
        while any(cells) or below:
            parts = [_fitting(cell, self.y - BOTTOM) for cell in cells]
            for part in parts:
                self._stack(part, self.y)
            self.y -= max(map(_height, parts), default=0)
            cells = [cell[len(part) :] for cell, part in zip(cells, parts, strict=True)]
            if not any(cells):
                part = _fitting(below, self.y - BOTTOM)
                self._stack(part, self.y)
                self.y -= _height(part)
                below = below[len(part) :]
            if any(cells) or below:
                self.need(TOP - BOTTOM)
                self._table_head(columns, edges)
        self.y -= _PADDING
        self._rule(self.y)

    def _table_head(self, columns: Sequence[Column], edges: Sequence[tuple[float, float]]) -> None:
        heads = [
            self._lines(Piece(column.title, _HEAD), left, right, column.right)
            for column, (left, right) in zip(columns, edges, strict=True)
        ]
        height = max(map(_height, heads), default=0)
        self.need(height + 24)
        for lines in heads:
            self._stack(lines, self.y - (height - _height(lines)))
        self.y -= height + 2
        self._rule(self.y, INK, 0.7)

    def _stack(self, lines: Sequence[_Line], y: float) -> None:
        for line in lines:
            self._draw(line, y)
            y -= line.style.leading

    def _lines(
        self, piece: Piece, left: float, right: float, align_right: bool = False
    ) -> list[_Line]:
        if piece.picture:
            return [_Line("", piece.style, left, right, picture=piece.picture)]
        indent = piece.style.size * 1.25 if piece.mark else piece.indent
        edge = right if align_right else None
        texts = wrap(piece.text, piece.style, right - left - indent)
        return [
            _Line(text, piece.style, left + indent, edge, piece.mark if number == 0 else None)
            for number, text in enumerate(texts)
        ]

    def _draw(self, line: _Line, top: float) -> None:
        style = line.style
        if line.picture:
            self._picture(line, top)
            return
        baseline = top - style.leading + (style.leading - style.size) / 2 + style.size * 0.2
        x = line.x if line.right is None else line.right - width(line.text, style)
        if line.mark:
            self._mark(line.mark, x - style.size * 1.25, baseline, style)
        self._text(x, baseline, line.text, style)

    def _picture(self, line: _Line, top: float) -> None:
        """Within the line's room, at its upper left corner."""
        from reportlab.lib.utils import ImageReader

        image = ImageReader(io.BytesIO(line.picture))
        wide, high = image.getSize()
        scale = min(((line.right or RIGHT) - line.x) / wide, line.style.leading / high)
        size = wide * scale, high * scale
        self.canvas.drawImage(image, line.x, top - size[1], *size)

    def _text(self, x: float, y: float, text: str, style: Style) -> None:
        self.canvas.setFillColor(_colour(style.colour))
        self.canvas.setFont(style.font, style.size)
        self.canvas.drawString(x, y, text)

    def _rule(self, y: float, colour: str = RULE, thickness: float = 0.5) -> None:
        self.canvas.setStrokeColor(_colour(colour))
        self.canvas.setLineWidth(thickness)
        self.canvas.line(LEFT, y, RIGHT, y)

    def _mark(self, mark: Mark, x: float, y: float, style: Style) -> None:
        size = style.size * 0.72
        self.canvas.setStrokeColor(_colour(COLOURS[mark]))
        self.canvas.setLineWidth(max(0.9, style.size * 0.13))
        self.canvas.setLineCap(1)
        for x1, y1, x2, y2 in _STROKES[mark]:
            self.canvas.line(x + x1 * size, y + y1 * size, x + x2 * size, y + y2 * size)


_STROKES = {
    Mark.DONE: ((0.05, 0.45, 0.38, 0.08), (0.38, 0.08, 1.0, 0.95)),
    Mark.ATTENTION: ((0.5, 0.42, 0.5, 1.0), (0.5, 0.06, 0.5, 0.07)),
    Mark.FAILED: ((0.1, 0.05, 0.9, 0.9), (0.1, 0.9, 0.9, 0.05)),
    Mark.NONE: ((0.15, 0.45, 0.85, 0.45),),
}


@functools.cache
def _colour(name: str) -> Color:
    from reportlab.lib.colors import HexColor

    return HexColor(name)


def _one_line(text: str, style: Style, limit: float) -> str:
    """What fits one line; a text that is cut says so."""
    lines = wrap(text, style, limit)
    if len(lines) == 1:
        return lines[0]
    return wrap(text, style, limit - width("…", style))[0] + "…"


def _edges(columns: Sequence[Column]) -> list[tuple[float, float]]:
    fixed = sum(column.width for column in columns)
    shares = sum(1 for column in columns if not column.width)
    free = RIGHT - LEFT - 4 - fixed - _GUTTER * (len(columns) - 1)
    edges, x = [], LEFT + 2
    for column in columns:
        wide = column.width or max(40.0, free / max(1, shares))
        edges.append((x, x + wide))
        x += wide + _GUTTER
    return edges


def _height(lines: Sequence[_Line]) -> float:
    return sum(line.style.leading for line in lines)


def _fitting(lines: Sequence[_Line], height: float) -> list[_Line]:
    taken: list[_Line] = []
    for line in lines:
        height -= line.style.leading
        if height < 0:
            break
        taken.append(line)
    return taken
