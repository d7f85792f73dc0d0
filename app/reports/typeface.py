"""The fonts of a PDF report: styles, widths, line breaks, and characters the fonts lack.

The fonts lie beside the templates and are embedded, so a report looks the same in ten years.
They hold Latin, Greek and Cyrillic; any other character is written out as `\\u{…}`.
"""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.reports.visible import escape

if TYPE_CHECKING:
    from reportlab.pdfbase.ttfonts import TTFont

RESOURCES = Path(__file__).parents[2] / "resources" / "reports"
"""Templates, style sheet and fonts of the reports."""

TEXT, STRONG, MONO = "ReelkeepText", "ReelkeepStrong", "ReelkeepMono"
_FILES = {
    TEXT: "InterTabular-Regular.ttf",
    STRONG: "InterTabular-SemiBold.ttf",
    MONO: "JetBrainsMono-Regular.ttf",
}
_BREAKS = frozenset(" /_-,;")
"""A line may end after any of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a piece of text is set; sizes in points."""

    font: str = TEXT
    size: float = 8.5
    leading: float = 11.5
    colour: str = "#1b1b1b"


@functools.cache
def font(name: str) -> TTFont:
    """The font of that name, registered with the PDF library at its first use."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    loaded = TTFont(name, str(RESOURCES / "fonts" / _FILES[name]))
    pdfmetrics.registerFont(loaded)
    return loaded


@functools.cache
def _widths(name: str) -> dict[int, float]:
    face = font(name).face
    return {code: face.charWidths.get(code, face.defaultWidth) for code in face.charToGlyph}


def legible(text: str, name: str) -> str:
    """*text* with each character that the font lacks written as an escape."""
    if text.isascii():
        return text
    held = _widths(name)
    composed = unicodedata.normalize("NFC", text)
    return "".join(c if ord(c) in held else escape(c) for c in composed)


def width(text: str, style: Style) -> float:
    """The width of a legible text in points."""
    held = _widths(style.font)
    return sum(held[ord(character)] for character in text) * style.size / 1000


def wrap(text: str, style: Style, limit: float) -> list[str]:
    """Lines no wider than *limit* points; a long name breaks after a slash, or anywhere."""
    text = legible(text, style.font)
    if width(text, style) <= limit:
        return [text]
    held, scale = _widths(style.font), style.size / 1000
    lines: list[str] = []
    start = after = place = 0
    used = 0.0
    while place < len(text):
        used += held[ord(text[place])] * scale
        if used > limit and place > start and text[place] != " ":
            # A break that would leave most of the line empty is no good one.
            cut = after if (after - start) * 3 > place - start else place
            lines.append(text[start:cut].rstrip(" "))
            start, place, used = cut, cut, 0.0
            continue
        if text[place] in _BREAKS:
            after = place + 1
        place += 1
    return [*lines, text[start:].rstrip(" ")]
