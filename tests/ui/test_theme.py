from dataclasses import fields

import pytest
from PySide6.QtGui import QColor, QFontInfo, QFontMetricsF

from resources import ROOT
from ui import icons, theme, words
from ui.theme import COLOURS, Tone


def _luminance(colour: str) -> float:
    def channel(value: float) -> float:
        return value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (channel(part) for part in QColor(colour).getRgbF()[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("tone", [tone for tone in Tone if tone is not Tone.USED])
def test_every_text_colour_can_be_read_on_every_ground(tone):
    for ground in (COLOURS.raised, COLOURS.window, COLOURS.base, COLOURS.attention_ground):
        assert _contrast(COLOURS.of(tone), ground) >= 4.5 or tone is Tone.IDLE

    assert _contrast(COLOURS.of(tone), COLOURS.raised) >= 4.4


def test_every_colour_is_a_colour():
    assert all(QColor(getattr(COLOURS, field.name)).isValid() for field in fields(COLOURS))


def test_the_style_sheet_stays_small():
    assert len((ROOT / "style.qss").read_text().splitlines()) < 60


def test_the_windows_own_font_is_used(qapp):
    assert QFontInfo(theme.font()).family() == theme.FAMILY
    assert QFontInfo(theme.bold()).weight() == 600


def test_figures_are_tabular(qapp):
    metrics = QFontMetricsF(theme.font())
    widths = {round(metrics.horizontalAdvance(digit * 10), 3) for digit in "0123456789"}

    assert len(widths) == 1


def test_every_mark_has_its_picture(qapp):
    signs = [*words.JOB_SIGNS.values(), *words.PLACE_SIGNS.values(), words.SAFE, words.KEEP]

    for sign in signs:
        image = icons.pixmap(sign.mark, COLOURS.of(sign.tone), 16).toImage()
        inked = any(
            image.pixelColor(x, y).alpha() > 128
            for x in range(image.width())
            for y in range(image.height())
        )
        assert inked, sign.mark
