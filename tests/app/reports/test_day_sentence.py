from datetime import UTC, datetime

import pytest
from invented_reports import MOMENT, day_card, day_report

from app.reports.day import camera_totals, day_sentence, device_totals
from app.reports.facts import day_facts

SAFE = [day_card(f"A{number:03d}") for number in range(1, 15)]


@pytest.mark.parametrize(
    ("cards", "sentence"),
    [
        (SAFE, "day 12: 14 cards, 2 copies each, all safe"),
        (SAFE[:1], "day 12: 1 card, 2 copies, safe"),
        ([], "day 12: no cards"),
        (
            [*SAFE[:2], day_card("B001", safe=False, open=("Copy it again.",))],
            "day 12: 3 cards, 1 to 2 copies, 2 safe, keep B001, 1 point open",
        ),
        (
            [day_card("B001", safe=False, copies=())],
            "day 12: 1 card, no verified copies, not safe yet",
        ),
        (
            [SAFE[0], *(day_card(roll, safe=False) for roll in ("B1", "B2"))],
            "day 12: 3 cards, 1 to 2 copies, 1 safe, keep B1 and B2",
        ),
        (
            [SAFE[0], *(day_card("A003", safe=False) for _ in range(2))],
            "day 12: 3 cards, 1 to 2 copies, 1 safe, keep A003 (2 cards)",
        ),
        (
            [day_card(f"B{number}", safe=False) for number in range(4)],
            "day 12: 4 cards, 1 copy each, none safe, keep 4 cards",
        ),
        (
            [day_card("A001", copies=("One", "One", "Two")), SAFE[1]],
            "day 12: 2 cards, 2 copies each, all safe",
        ),
        (
            [day_card("", safe=False, copies=()), SAFE[0]],
            "day 12: 2 cards, 0 to 2 copies, 1 safe, keep a card without a name",
        ),
    ],
)
def test_the_day_in_one_sentence(cards, sentence):
    assert day_sentence(day_report(*cards)) == sentence


def test_a_day_without_a_number_goes_by_its_date():
    report = day_report(*SAFE, number=None)
    assert day_sentence(report) == "2026-11-20: 14 cards, 2 copies each, all safe"


def test_totals_are_told_by_camera_and_by_device():
    cards = [SAFE[0], day_card("B001", camera="Sony VENICE 2", safe=False)]
    report = day_report(*cards)
    assert [(row.name, row.cards, row.clips) for row in camera_totals(report)] == [
        ("ARRI ALEXA 35", 1, 58),
        ("Sony VENICE 2", 1, 58),
    ]
    assert [(row.name, row.cards) for row in device_totals(report)] == [
        ("Areca 1", 2),
        ("Samsung T7", 1),
    ]


def test_cameras_that_disagree_on_having_a_zone_do_not_stop_the_report():
    naive = datetime(2026, 11, 20, 9, 0)
    report = day_report(day_card("A1", first_recorded=naive), day_card("A2"))
    totals = dict(dict(day_facts(report))["Totals"])
    assert totals["Clips"] == "116"
    assert "Recorded" not in totals
    assert MOMENT.tzinfo is UTC
