"""A destination that neither answers nor fails holds up nothing else in the window."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from fault_mount import FaultMount
from offload_stage import RAID, card
from pane_bench import add, settled

from ui.bridge import QUESTIONS


@pytest.mark.root
def test_a_destination_that_hangs_holds_up_no_question_and_is_there_again_by_itself(
    pane, engine, drives, bench, monkeypatch, qtbot
):
    monkeypatch.setattr("app.places.chosen.PATIENCE", 0.2)
    drive = FaultMount(bench, "NAS")
    engine.mounted = (
        *engine.mounted,
        replace(RAID, mount_point=drive.point, label="NAS", uuid="nas"),
    )
    pane.bridge.look_at_volumes()
    add(pane, qtbot, drive.point / "not asked for yet", drives[0])
    drive.hang()
    try:
        hung = lambda: pane.desk.destinations.entries[0].trouble  # noqa: E731
        pane.add_destinations([drive.point])
        for _ in range(2 * QUESTIONS):
            pane.bridge.look_at_volumes()
            pane.desk.looks.look()
            pane.bridge.volumes_changed.emit(engine.mounted)
        qtbot.waitUntil(lambda: "does not answer" in hung(), timeout=20_000)
        answers = []
        for _ in range(QUESTIONS):
            pane.bridge.ask(lambda: 1, answers.append)
        qtbot.waitUntil(lambda: len(answers) == QUESTIONS, timeout=20_000)
        assert not pane.plan.start.isEnabled()
    finally:
        drive.wake()
    qtbot.waitUntil(lambda: not hung(), timeout=20_000)


def test_deeds_are_done_while_no_question_is_answered(pane, engine, qtbot):
    gate, done = threading.Event(), []
    for _ in range(QUESTIONS):
        pane.bridge.ask(gate.wait)
    try:
        pane.bridge.act(lambda: 1, done.append)
        pane.deeds.eject("/media/A003", "A003")
        qtbot.waitUntil(lambda: done == [1] and bool(engine.did("eject")), timeout=20_000)
    finally:
        gate.set()


def test_plans_that_hang_leave_room_for_other_questions(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    gate, plan, answers = threading.Event(), engine.plan, []
    engine.plan = lambda spec: plan(spec) if gate.wait(60) else None
    for name in ("A", "B", "C", "D", "E", "F", "G", "H"):
        pane.desk.set_choices(replace(pane.desk.choices, text=name))
        pane.desk.planner._wait.timeout.emit()  # what a person waits for between two letters
    pane.bridge.ask(lambda: 1, answers.append)
    qtbot.waitUntil(lambda: answers == [1], timeout=20_000)
    gate.set()
    qtbot.waitUntil(lambda: not pane.desk.planner.working, timeout=20_000)
    assert [made.spec.text for made in pane.desk.planner.plans] == ["H"]


def test_a_card_that_hangs_leaves_room_for_other_questions(pane, engine, qtbot):
    gate, cards, answers = threading.Event(), engine.cards, []
    engine.cards = lambda: cards() if gate.wait(60) else ()
    for name in range(2 * QUESTIONS):
        engine.mounted = (*engine.mounted, replace(RAID, label=str(name), uuid=str(name)))
        pane.bridge.volumes_changed.emit(engine.mounted)
    engine.inserted.append(card("B002"))
    pane.bridge.ask(lambda: 1, answers.append)
    qtbot.waitUntil(lambda: answers == [1], timeout=20_000)
    gate.set()
    qtbot.waitUntil(lambda: len(pane.cards.tiles) == 2 and settled(pane), timeout=20_000)
