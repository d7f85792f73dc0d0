"""The contact sheet itself: a heading, tiles with their timecodes, as a picture or as a PDF.

Where everything lies is worked out once, in pixels; two pens draw it.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import BinaryIO, Protocol

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from app.media.montage.spec import LEAST_WIDTH, SheetForm

Size = tuple[int, int]

_PLAIN, _BOLD = "InterTabular-Regular.ttf", "InterTabular-SemiBold.ttf"
_FONTS = Path(__file__).parents[3] / "resources" / "reports" / "fonts"
_QUALITY = 90
_FLAT = 16
"""A picture that is so many times as wide as high, or the other way round, becomes no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The colours of a sheet: dark for screens, white for paper."""

    ground: str
    text: str
    dim: str
    empty: str


SCREEN = Look(ground="#181818", text="#d6d6d6", dim="#9a9a9a", empty="#2b2b2b")
PAPER = Look(ground="#ffffff", text="#1b1b1b", dim="#5c6066", empty="#ececee")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One frame on a sheet."""

    number: int
    timecode: str
    picture: Image.Image | None
    """Of the size that the layout says; None for a frame that can't be given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where everything lies, in pixels."""

    tile: Size
    columns: int
    rows: int
    width: int
    height: int
    margin: int
    gap: int
    title_size: int
    label_size: int
    top: int
    """Where the first row of pictures begins."""
    title: str
    facts: tuple[str, ...]
    """The facts in lines that are no longer than the sheet is wide."""

    def place(self, n: int) -> Size:
        """The upper left corner of tile *n*."""
        row, column = divmod(n, self.columns)
        down = self.tile[1] + _label_height(self.label_size) + self.gap
        return self.margin + column * (self.tile[0] + self.gap), self.top + row * down


def layout_of(picture: Size, tiles: int, grid: int, width: int, title: str, facts: str) -> Layout:
    """Lays out *tiles* pictures, which are shown at most *picture* large, *grid* in a row.

    Pictures are never enlarged; they take *width* pixels at the most, and no more in height.
    """
    gap = max(width // 320, 4)
    margin = 2 * gap
    room = (width - 2 * margin - (grid - 1) * gap) // grid
    tile = _fitted(picture, (room, (width - (grid - 1) * gap) // grid))
    columns, rows = min(grid, tiles), ceil(tiles / grid)
    wide = max(columns * (tile[0] + gap) - gap + 2 * margin, min(LEAST_WIDTH, width))
    title_size = min(max(wide // 90, 18), 40)
    facts_size = _facts_size(title_size)
    lines = tuple(_lines(facts, facts_size, wide - 2 * margin))
    top = margin + round(title_size * 1.5) + len(lines) * round(facts_size * 1.5) + gap
    label = min(max(tile[0] // 24, 11), 22)
    high = top + rows * (tile[1] + _label_height(label) + gap) - gap + margin
    return Layout(
        tile=tile,
        columns=columns,
        rows=rows,
        width=wide,
        height=high,
        margin=margin,
        gap=gap,
        title_size=title_size,
        label_size=label,
        top=top,
        title=_cut(title, _BOLD, title_size, wide - 2 * margin),
        facts=lines,
    )


def _fitted(picture: Size, room: Size) -> Size:
    wide, high = max(picture[0], 1), max(picture[1], 1)
    wide, high = min(wide, high * _FLAT), min(high, wide * _FLAT)
    scale = min(Fraction(1), Fraction(room[0], wide), Fraction(room[1], high))
    return max(2, round(wide * scale)), max(2, round(high * scale))


def _facts_size(title_size: int) -> int:
    return max(round(title_size * 0.7), 11)


def _label_height(size: int) -> int:
    return round(size * 1.6)


# Text


@functools.cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_FONTS / name), size)


@functools.cache
def _held(name: str) -> frozenset[int]:
    """The characters that a font has."""
    from reportlab.pdfbase.ttfonts import TTFontFile

    return frozenset(TTFontFile(str(_FONTS / name)).charToGlyph)


def _legible(text: str, name: str) -> str:
    """*text* with every character that the font lacks written out, as in the reports."""
    if text.isprintable() and all(char < "\u0180" for char in text):
        return text  # most names; to ask the font takes a tenth of a second
    held = _held(name)
    return "".join(
        char if ord(char) in held and char.isprintable() else f"\\u{{{ord(char):x}}}"
        for char in text
    )


def _wide(text: str, name: str, size: int) -> float:
    return float(_font(name, size).getlength(text))


def _cut(text: str, name: str, size: int, room: int) -> str:
    text = _legible(text, name)
    if _wide(text, name, size) <= room:
        return text
    while text and _wide(text + "…", name, size) > room:
        text = text[:-1]
    return text + "…"


def _lines(text: str, size: int, room: int) -> list[str]:
    """Broken between the facts."""
    lines: list[str] = []
    for part in _legible(text, _PLAIN).split("  ·  "):
        longer = f"{lines[-1]}  ·  {part}" if lines else part
        if lines and _wide(longer, _PLAIN, size) <= room:
            lines[-1] = longer
        else:
            lines.append(_cut(part, _PLAIN, size, room))
    return lines


# Drawing


class Pen(Protocol):
    """Draws in pixels from the upper left corner."""

    look: Look

    def text(self, at: Size, text: str, name: str, size: int, colour: str) -> None:
        """A line of text, *at* the left end of its base line."""

    def picture(self, at: Size, picture: Image.Image) -> None:
        """A picture by its upper left corner."""

    def empty(self, at: Size, size: Size) -> None:
        """The place of a picture that is missing."""


def draw(pen: Pen, layout: Layout, tiles: Sequence[Tile]) -> None:
    """Draw the whole sheet."""
    base = layout.margin + layout.title_size
    pen.text((layout.margin, base), layout.title, _BOLD, layout.title_size, pen.look.text)
    size = _facts_size(layout.title_size)
    base += round(layout.title_size * 0.5)
    for line in layout.facts:
        base += round(size * 1.5)
        pen.text((layout.margin, base - round(size * 0.4)), line, _PLAIN, size, pen.look.dim)
    for n, tile in enumerate(tiles):
        _draw_tile(pen, layout, layout.place(n), tile)


def _draw_tile(pen: Pen, layout: Layout, at: Size, tile: Tile) -> None:
    wide, high = layout.tile
    if tile.picture is not None:
        pen.picture(at, tile.picture)
    else:
        pen.empty(at, layout.tile)
        words = _cut("cannot be shown", _PLAIN, layout.label_size, wide)
        pen.text(
            (at[0] + layout.gap, at[1] + high // 2),
            words, _PLAIN, layout.label_size, pen.look.dim,
        )  # fmt: skip
    size = layout.label_size
    while size > 6 and _wide(tile.timecode, _PLAIN, size) > wide:
        size -= 1
    base = at[1] + high + round(layout.label_size * 1.2)
    pen.text((at[0], base), tile.timecode, _PLAIN, size, pen.look.text)
    number = f"#{tile.number}"
    left = wide - _wide(number, _PLAIN, size)
    if left > _wide(tile.timecode, _PLAIN, size) + size:
        pen.text((at[0] + round(left), base), number, _PLAIN, size, pen.look.dim)


class _PicturePen:
    """Draws into a picture."""

    def __init__(self, layout: Layout) -> None:
        self.look = SCREEN
        self.image = Image.new("RGB", (layout.width, layout.height), self.look.ground)
        self._draw = ImageDraw.Draw(self.image)

    def text(self, at: Size, text: str, name: str, size: int, colour: str) -> None:
        self._draw.text(at, text, fill=colour, font=_font(name, size), anchor="ls")

    def picture(self, at: Size, picture: Image.Image) -> None:
        self.image.paste(picture, at)

    def empty(self, at: Size, size: Size) -> None:
        self._draw.rectangle((*at, at[0] + size[0] - 1, at[1] + size[1] - 1), fill=self.look.empty)


class _PdfPen:
    """Draws on one page of A4, upright or on its side as the sheet is."""

    _SHORT, _LONG, _EDGE = 595.28, 841.89, 18.0

    def __init__(self, layout: Layout, stream: BinaryIO, title: str, mark: str) -> None:
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.ttfonts import TTFont
        from reportlab.pdfgen.canvas import Canvas

        self.look = PAPER
        upright = layout.height > layout.width
        page = (self._SHORT, self._LONG) if upright else (self._LONG, self._SHORT)
        for name in (_PLAIN, _BOLD):
            pdfmetrics.registerFont(TTFont(name, str(_FONTS / name)))
        self.canvas = Canvas(stream, pagesize=page, pageCompression=1)
        self.canvas.setTitle(title)
        self.canvas.setCreator("Reelkeep")
        self.canvas.setKeywords(mark)
        room = page[0] - 2 * self._EDGE, page[1] - 2 * self._EDGE
        self._scale = min(room[0] / layout.width, room[1] / layout.height)
        self._top = page[1] - self._EDGE

    def _at(self, at: Size) -> tuple[float, float]:
        return self._EDGE + at[0] * self._scale, self._top - at[1] * self._scale

    def text(self, at: Size, text: str, name: str, size: int, colour: str) -> None:
        self.canvas.setFont(name, size * self._scale)
        self.canvas.setFillColor(colour)
        self.canvas.drawString(*self._at(at), text)

    def picture(self, at: Size, picture: Image.Image) -> None:
        from reportlab.lib.utils import ImageReader

        jpeg = io.BytesIO()
        picture.save(jpeg, "JPEG", quality=_QUALITY)
        left, top = self._at(at)
        wide, high = picture.width * self._scale, picture.height * self._scale
        self.canvas.drawImage(ImageReader(jpeg), left, top - high, wide, high)

    def empty(self, at: Size, size: Size) -> None:
        left, top = self._at(at)
        wide, high = size[0] * self._scale, size[1] * self._scale
        self.canvas.setFillColor(self.look.empty)
        self.canvas.rect(left, top - high, wide, high, stroke=0, fill=1)


def write_sheet(
    path: Path, form: SheetForm, layout: Layout, tiles: Sequence[Tile], mark: str
) -> None:
    """Draw the sheet into the file *path*; *mark* is hidden in it. Raises OSError."""
    with path.open("wb") as stream:
        if form is SheetForm.PDF:
            paper = _PdfPen(layout, stream, layout.title, mark)
            draw(paper, layout, tiles)
            paper.canvas.save()
            return
        pen = _PicturePen(layout)
        draw(pen, layout, tiles)
        if form is SheetForm.PNG:
            hidden = PngInfo()
            hidden.add_text("Software", mark)
            pen.image.save(stream, "PNG", compress_level=3, pnginfo=hidden)
        else:
            pen.image.save(stream, "JPEG", quality=_QUALITY, comment=mark.encode())
