"""The line that says how the shooting day stands."""

from __future__ import annotations

from dataclasses import replace

import pytest
import stand_in as s

from app.jobs.snapshot import JobState
from app.reports.model import DayCard, DayReport
from ui.models.day import DayLine, day_text


def day_card(roll: str, job: str, *, safe: bool = False) -> DayCard:
    return DayCard(
        roll=roll,
        camera="ARRI",
        clips=5,
        files=5,
        size=s.GB,
        first_recorded=None,
        last_recorded=None,
        verdict="SAFE TO FORMAT" if safe else "KEEP, 1 of 2 copies verified",
        safe=safe,
        copies=(),
        offloaded=s.MOMENT,
        job=job,
    )


def report(*cards: DayCard, number: int | None = 12) -> DayReport:
    return DayReport(day=s.MOMENT.date(), number=number, project="", cards=cards, made=s.MOMENT)


def test_cards_are_safe_running_or_to_do():
    cards = [day_card("A001", "1", safe=True), day_card("A002", "2, 3"), day_card("A003", "4")]
    assert day_text(report(*cards), {"3"}) == "Day 12 · 3 cards, 1 safe, 1 running, 1 to do"


def test_without_a_first_day_it_is_today_and_without_cards_nothing():
    cards = [day_card("A001", "1", safe=True)]
    assert day_text(report(*cards, number=None), set()) == "Today · 1 card, 1 safe"
    assert day_text(report(), set()) == ""


@pytest.fixture
def line(bridge, engine, qtbot):
    engine.day_cards = (day_card("A001", "000001"),)
    engine.jobs = [s.running(1)]
    made = DayLine(bridge)
    yield made
    made.end()


def test_progress_asks_nothing_and_a_new_state_asks_again(line, bridge, engine, qtbot):
    line._wait.setInterval(20)
    told: list[str] = []
    line.changed.connect(told.append)
    bridge.start()
    qtbot.waitUntil(lambda: told == ["Day 12 · 1 card, 1 running"])
    engine.jobs = [replace(engine.jobs[0], copied=engine.jobs[0].copied + 1)]
    with qtbot.waitSignal(bridge.snapshots_changed):
        pass
    assert not line._wait.isActive()
    engine.jobs = [replace(engine.jobs[0], state=JobState.DONE)]
    qtbot.waitUntil(lambda: told[1:] == ["Day 12 · 1 card, 1 to do"])
