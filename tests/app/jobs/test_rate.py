"""Rates of work: steady where a program tells its count in steps, and falling where it stands."""

from __future__ import annotations

import pytest

from app.jobs.rate import STILL, Rate


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_between_two_counts_the_rate_holds_and_the_time_left_runs_down(clock: Clock) -> None:
    rate, told = Rate(clock), []
    rate.update(0)
    for tenth in range(1, 41):
        clock.now = tenth / 10
        count = 10 * (tenth // 10)  # told once a second
        value = rate.update(count)
        if tenth >= 10:
            told.append(rate.left(1000 - count))
            assert value == pytest.approx(10)
    left = [seconds for seconds in told if seconds is not None]
    assert len(left) == len(told)
    assert left == sorted(left, reverse=True)
    assert left[0] == pytest.approx(99)
    assert left[-1] == pytest.approx(96)


def test_a_count_that_stands_still_brings_the_rate_down(clock: Clock) -> None:
    rate = Rate(clock)
    rate.update(0)
    clock.now = 1.0
    assert rate.update(100) == 100
    clock.now = 1.0 + STILL - 0.01
    assert rate.update(100) == 100
    for second in range(3, 30):
        clock.now = float(second)
        value = rate.update(100)
    assert value < 1


def test_what_comes_after_the_last_unit_takes_nobody_knows_how_long(clock: Clock) -> None:
    rate = Rate(clock)
    rate.update(0)
    clock.now = 1.0
    rate.update(100)
    assert rate.left(0) is None
