"""Timecode against the clock, itself, and two other programs where they are right."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio.opentime as otio
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from seldom import seldom
from timecode import Timecode as Theirs

from app.errors import BadInput
from app.timecode import Timecode, counts_drop_frames, frame_rate, rate_text

NTSC = Fraction(1000, 1001)
RATES = [
    (24 * NTSC, False), (Fraction(24), False), (Fraction(25), False), (30 * NTSC, True),
    (30 * NTSC, False), (Fraction(30), False), (Fraction(48), False), (Fraction(50), False),
    (60 * NTSC, True), (60 * NTSC, False), (Fraction(60), False), (120 * NTSC, True),
    (Fraction(120), False),
]  # fmt: skip
IDS = [rate_text(rate) + (" drop" if drop else "") for rate, drop in RATES]
each_rate = pytest.mark.parametrize(("rate", "drop"), RATES, ids=IDS)
counted = st.sampled_from(RATES)


@pytest.mark.parametrize("step", [89, seldom(7)])  # no part of a minute or an hour
@each_rate
def test_seconds_all_over_a_day_and_the_frames_around_them_come_back(
    rate: Fraction, drop: bool, step: int
) -> None:
    day = Timecode(0, rate, drop).frames_a_day
    for second in range(0, 86_400, step):
        for around in (-1, 0, 1):
            frame = (int(second * rate) + around) % day
            made = Timecode(frame, rate, drop)
            assert Timecode.parse(str(made), rate) == made


@each_rate
def test_numbers_follow_one_another_without_a_gap_or_a_double(rate: Fraction, drop: bool) -> None:
    """Counted by hand over eleven minutes, the way a counter would."""
    nominal = Timecode(0, rate, drop).nominal
    left_out = nominal // 15 if drop else 0
    hours = minutes = seconds = frames = 0
    for frame in range(11 * 60 * nominal):
        made = Timecode(frame, rate, drop)
        assert made.parts == (hours, minutes, seconds, frames), frame
        frames += 1
        if frames == nominal:
            frames, seconds = 0, seconds + 1
        if seconds == 60:
            seconds, minutes = 0, minutes + 1
            frames = left_out if minutes % 10 else 0


@given(counted, st.integers(-10_000_000, 30_000_000))
@settings(max_examples=400)
def test_text_frames_and_seconds_are_exact(count: tuple[Fraction, bool], frame: int) -> None:
    made = Timecode(frame, *count)
    assert Timecode.at(made.seconds, *count) == made
    assert Timecode.at(made.seconds + Fraction(1, 10**9), *count) == made
    assert Timecode.at(made.seconds - Fraction(1, 10**9), *count) == made - 1
    again = Timecode.parse(str(made), count[0], count[1])
    assert again.frame == frame % made.frames_a_day
    assert str(made + made.frames_a_day) == str(made)


@given(counted, st.integers(0, 10**7), st.integers(0, 10**7), st.integers(-(10**7), 10**7))
def test_what_is_added_is_there_and_keeps_the_order(
    count: tuple[Fraction, bool], a: int, b: int, more: int
) -> None:
    first, second = Timecode(a, *count), Timecode(b, *count)
    assert (first + more).frames_since(first) == more
    assert (first + more) - more == first
    assert (first < second) == (a < b)
    assert (first + more < second + more) == (a < b)
    assert max(first, second).frame == max(a, b)


@given(counted, st.integers(0, 2_000_000), st.integers(0, 1_000_000))
def test_a_clip_that_passes_midnight_has_its_length(
    count: tuple[Fraction, bool], before: int, length: int
) -> None:
    start = Timecode(0, *count) - (before % 1_000_000)
    start = Timecode.parse(str(start), *count)
    end = Timecode.parse(str(start + length), *count)
    assert end.after(start).frames_since(start) == length


def test_an_hour_of_drop_frame_is_an_hour_of_the_clock() -> None:
    for rate in (30 * NTSC, 60 * NTSC, 120 * NTSC):
        hour = Timecode.parse("01:00:00;00", rate)
        assert abs(hour.seconds - 3600) < Fraction(37, 10_000)
        assert Timecode.parse("01:00:00:00", rate).seconds == Fraction(3600 * 1001, 1000)


@given(st.sampled_from([r for r in RATES if r[0] < 100]), st.integers(0, 5_000_000))
@example((30 * NTSC, True), 17_982)
@settings(max_examples=400)
def test_python_timecode_agrees(count: tuple[Fraction, bool], frame: int) -> None:
    rate, drop = count
    made = Timecode(frame, rate, drop)
    theirs = Theirs(rate_text(rate), frames=frame % made.frames_a_day + 1)  # it counts from 1
    theirs.drop_frame = drop
    assert theirs.frame_number == frame % made.frames_a_day
    assert str(made) == theirs.tc_to_string(*theirs.frames_to_tc(theirs.frames))


@given(st.sampled_from([r for r in RATES if r[0] < 61]), st.integers(0, 5_000_000))
@settings(max_examples=400)
def test_opentime_agrees(count: tuple[Fraction, bool], frame: int) -> None:
    rate, drop = count
    made = Timecode(frame, rate, drop)
    frame %= made.frames_a_day
    theirs = otio.RationalTime(frame, float(rate))
    said = otio.to_timecode(theirs, float(rate), drop_frame=drop)
    assert said == str(made)
    assert otio.from_timecode(said, float(rate)).value == frame


@pytest.mark.parametrize(
    ("text", "rate", "said"),
    [
        ("01:01:00;00", 30 * NTSC, "01:01:00;00 does not exist"),
        ("01:01:00;01", 30 * NTSC, "01:01:00;01 does not exist"),
        ("01:01:00;03", 60 * NTSC, "01:01:00;03 does not exist"),
        ("01:00:00:25", Fraction(25), "the last one is 24"),
        ("01:00:00:24", 24 * NTSC, "the last one is 23"),
        ("24:00:00:00", Fraction(25), "no time of a day"),
        ("00:60:00:00", Fraction(25), "no time of a day"),
        ("00:00:60:00", Fraction(25), "no time of a day"),
        ("01:00:00;00", Fraction(25), "no drop-frame timecode at 25"),
        ("01:00:00;00", 24 * NTSC, "no drop-frame timecode at 23.976"),
        ("1:00:00:00", Fraction(25), '"1:00:00:00" is no timecode'),
        ("01:00:00", Fraction(25), '"01:00:00" is no timecode'),
        ("", Fraction(25), '"" is no timecode'),
        ("०१:00:00:00", Fraction(25), "is no timecode"),
    ],
)
def test_what_does_not_exist_is_refused_by_name(text: str, rate: Fraction, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        Timecode.parse(text, rate)
    assert said in str(refused.value)


def test_the_tenth_minute_leaves_nothing_out() -> None:
    assert Timecode.parse("01:10:00;00", 30 * NTSC).frame == 125_874
    assert str(Timecode(1799, 30 * NTSC, drop=True) + 1) == "00:01:00;02"


def test_a_cut_list_may_say_drop_frame_and_write_colons() -> None:
    assert str(Timecode.parse("01:00:00:02", 30 * NTSC, drop=True)) == "01:00:00;02"
    with pytest.raises(BadInput, match="written as drop-frame"):
        Timecode.parse("01:00:00;02", 30 * NTSC, drop=False)


def test_timecodes_that_are_counted_differently_have_no_order() -> None:
    a, b = Timecode(5, Fraction(25)), Timecode(5, Fraction(24))
    assert a != b
    with pytest.raises(BadInput, match="counted differently"):
        sorted([a, b])
    with pytest.raises(BadInput, match=r"29\.97 drop-frame"):
        Timecode(5, 30 * NTSC, drop=True).frames_since(Timecode(5, 30 * NTSC))


def test_the_same_moment_is_found_at_another_rate() -> None:
    hour = Timecode.parse("01:00:00:00", Fraction(24))
    assert str(hour.at_rate(Fraction(25))) == "01:00:00:00"
    assert str(hour.at_rate(30 * NTSC, drop=True)) == "01:00:00;00"
    assert str(hour.at_rate(30 * NTSC)) == "00:59:56:12"


@pytest.mark.parametrize(
    ("said", "rate"),
    [
        ("23.976", 24 * NTSC), ("23.98", 24 * NTSC), (23.976, 24 * NTSC), ("24", Fraction(24)),
        ("24000/1001", 24 * NTSC), (29.97, 30 * NTSC), ("59.94", 60 * NTSC),
        ("119.88", 120 * NTSC), ("47.952", 48 * NTSC), ("25", Fraction(25)), (25.0, Fraction(25)),
        ("12.5", Fraction(25, 2)), (Fraction(50), Fraction(50)),
    ],
)  # fmt: skip
def test_rates_are_exact_however_they_are_written(
    said: str | float | Fraction, rate: Fraction
) -> None:
    assert frame_rate(said) == rate


@pytest.mark.parametrize("said", ["", "fast", "0", "-25", "25/0", float("nan"), float("inf")])
def test_what_is_no_rate_is_refused(said: str | float) -> None:
    with pytest.raises(BadInput, match="no frame rate"):
        frame_rate(said)


def test_drop_frame_is_known_where_it_exists() -> None:
    assert [rate_text(r) for r in dict.fromkeys(r for r, _ in RATES) if counts_drop_frames(r)] == [
        "29.97", "59.94", "119.88",
    ]  # fmt: skip
