"""What people type to go to a frame."""

from __future__ import annotations

from fractions import Fraction

import pytest

from app.errors import BadInput
from app.timecode import Timecode
from ui.models.places_typed import typed_frame

START = Timecode.parse("10:09:44:00", Fraction(25))


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ("10:09:52:17", 217), ("10095217", 217), ("9:52:17", 217), ("52:17", 217), ("5217", 217),
        ("24", 24), ("+12", 112), ("-48", 52), ("+ 1", 101),
        ("#305", 305), ("# 0", 0), ("10:10:00:00", 400), ("10.09.52.17", 217),
    ],
)  # fmt: skip
def test_places_as_people_type_them(text: str, frame: int) -> None:
    at = 100 if text[0] in "+-" else 0
    assert typed_frame(text, START, at) == frame


def test_drop_frame_clips_are_typed_with_or_without_the_semicolon() -> None:
    start = Timecode.parse("00:59:58;00", Fraction(30000, 1001))
    assert typed_frame("01:00:00;00", start, 0) == 60
    assert typed_frame("01:00:00:00", start, 0) == 60


def test_a_place_past_midnight_is_behind_the_start() -> None:
    start = Timecode.parse("23:59:59:00", Fraction(25))
    assert typed_frame("00:00:01:00", start, 0) == 50


@pytest.mark.parametrize("text", ["", "x", "10:09:52:25", "1:2:3:4:5", "10:61:00:00", "--4"])
def test_nonsense_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadInput):
        typed_frame(text, START, 0)
