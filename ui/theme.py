"""How the window looks: colours, fonts, palette and the little style sheet.

Colours come from `resources/themes`; everything else asks here, never writes a colour itself.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from enum import StrEnum
from string import Template

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from resources import ROOT


class Tone(StrEnum):
    """What a colour means. The colour itself comes fourth, after glyph, word and shape."""

    VERIFIED = "verified"
    RUNNING = "running"
    ATTENTION = "attention"
    FAILED = "failed"
    IDLE = "idle"
    STRONG = "strong"
    TEXT = "text"
    DIM = "dim"
    USED = "used"
    """The part of a drive that was full before we came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """Every colour of the window, as `#rrggbb`."""

    window: str
    base: str
    raised: str
    line: str
    faint_line: str
    track: str
    button: str
    button_line: str
    button_hover: str
    primary: str
    primary_line: str
    primary_hover: str
    selection: str
    strong: str
    text: str
    dim: str
    verified: str
    running: str
    attention: str
    failed: str
    idle: str
    used: str
    attention_ground: str
    attention_line: str
    failed_ground: str
    failed_line: str

    def of(self, tone: Tone) -> str:
        """The colour that stands for *tone*."""
        return str(getattr(self, tone.value))


def _read(name: str) -> Colours:
    return Colours(**tomllib.loads((ROOT / "themes" / f"{name}.toml").read_text("utf-8")))


COLOURS = _read("dark")
"""The colours in use."""

FAMILY = "Inter Reelkeep"
"""Inter under a name of its own: an Inter of the system, hinted otherwise, must not step in."""
BODY = 13
SMALL = 12
"""Tables, buttons in tiles, hints."""
HEAD = 11
"""Column heads, pills, the rail."""
TITLE = 15
VERDICT = 18
"""Sizes of type in pixels (scaled with the screen)."""


def colour(tone: Tone) -> QColor:
    """The colour that stands for *tone*, for painting."""
    return QColor(COLOURS.of(tone))


def font(size: int = BODY, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The window's font with tabular figures; *size* in pixels."""
    made = QFont(FAMILY)
    made.setPixelSize(size)
    made.setWeight(weight)
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    made.setFeature(QFont.Tag("tnum"), 1)
    # Inter draws -> and <-- as arrows, and a file's name must be shown as it is.
    made.setFeature(QFont.Tag("calt"), 0)
    made.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, 0.15 if size <= SMALL else 0.0)
    return made


def bold(size: int = BODY) -> QFont:
    """The window's font, semibold; *size* in pixels."""
    return font(size, QFont.Weight.DemiBold)


def medium(size: int = BODY) -> QFont:
    """The window's font, a little stronger, for buttons; *size* in pixels."""
    return font(size, QFont.Weight.Medium)


def heavy(size: int = VERDICT) -> QFont:
    """The window's font, bold, for verdicts; *size* in pixels."""
    return font(size, QFont.Weight.Bold)


def apply(app: QApplication) -> None:
    """Dress *app*: our fonts, Fusion with our palette, and the style sheet."""
    for path in sorted((ROOT / "fonts").glob("*.ttf")):
        QFontDatabase.addApplicationFont(str(path))
    app.setStyle("Fusion")
    app.setFont(font())
    app.setPalette(_palette())
    app.setStyleSheet(_style_sheet())


def _palette() -> QPalette:
    role = QPalette.ColorRole
    shown = {
        role.Window: COLOURS.window,
        role.WindowText: COLOURS.text,
        role.Base: COLOURS.base,
        role.AlternateBase: COLOURS.raised,
        role.Text: COLOURS.text,
        role.PlaceholderText: COLOURS.dim,
        role.Button: COLOURS.button,
        role.ButtonText: COLOURS.text,
        role.BrightText: COLOURS.strong,
        role.Highlight: COLOURS.selection,
        role.HighlightedText: COLOURS.strong,
        role.ToolTipBase: COLOURS.raised,
        role.ToolTipText: COLOURS.text,
        role.Link: COLOURS.running,
        role.LinkVisited: COLOURS.running,
        role.Light: COLOURS.button_hover,
        role.Midlight: COLOURS.button,
        role.Mid: COLOURS.line,
        role.Dark: COLOURS.track,
        role.Shadow: COLOURS.track,
        role.Accent: COLOURS.running,
    }
    palette = QPalette()
    for which, value in shown.items():
        palette.setColor(which, QColor(value))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(COLOURS.idle))
    return palette


def _style_sheet() -> str:
    values = {field.name: getattr(COLOURS, field.name) for field in fields(COLOURS)}
    values["icons"] = (ROOT / "icons").as_posix()
    return Template((ROOT / "style.qss").read_text("utf-8")).substitute(values)
