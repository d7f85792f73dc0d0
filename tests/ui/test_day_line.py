"""The line that says how the shooting day stands."""

from __future__ import annotations

from dataclasses import replace

import pytest
import stand_in as s

from app.jobs.snapshot import JobState
from app.reports.model import DayCard, DayReport
from ui.models.day import CardOnDesk, DayLine, Standing, day_text


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


def on_desk(standing: Standing, *jobs: str) -> CardOnDesk:
    return CardOnDesk(standing=standing, jobs=frozenset(jobs))


def test_a_card_that_is_shown_counts_as_its_tile_says_and_others_as_the_journal_does():
    gone, merged = day_card("A001", "1", safe=True), day_card("A003", "2, 3")
    desk = [
        on_desk(Standing.SAFE, "2"),
        on_desk(Standing.SAFE, "3"),
        on_desk(Standing.RUNNING, "4"),
        on_desk(Standing.TO_DO),
    ]
    line = day_text(report(gone, merged), {"4"}, desk)
    assert line == "Day 12 · 5 cards, 3 safe, 1 running, 1 to do"


def test_the_line_follows_the_desk(bridge, engine, qtbot):
    engine.day_cards = (day_card("A001", "000001", safe=True),)
    engine.jobs = [s.done(1)]
    desk: list[CardOnDesk] = []
    made = DayLine(bridge, lambda: desk)
    told: list[str] = []
    made.changed.connect(told.append)
    made.tell_again()
    assert told == []  # before the journal has told of the day
    bridge.start()
    qtbot.waitUntil(lambda: told == ["Day 12 · 1 card, 1 safe"])
    desk += [on_desk(Standing.TO_DO, "000001"), on_desk(Standing.TO_DO)]
    made.tell_again()
    made.end()
    assert told[1:] == ["Day 12 · 2 cards, 2 to do"]


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
