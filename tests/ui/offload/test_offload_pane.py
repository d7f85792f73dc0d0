"""The offload pane driven by clicks and keys, over invented plans and real folders."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from offload_stage import (
    GB,
    TB,
    card,
    offload,
)
from pane_bench import CTRL, LEFT, SHIFT, Key, add, drop, insert, settled, show, tile
from PySide6.QtCore import QPoint
from walk import focus_chain, nameless, unreachable

from app.jobs.snapshot import JobState, PlaceState
from app.jobs.spec import JobId
from app.offload.plan import Remark, Weight
from app.offload.spec import OffloadSpec, VerifyMode
from app.units import now
from ui.panes.offload import OffloadPane
from ui.words import KEEP, SAFE, WRITING


def test_a_mounted_card_is_there_without_a_hand_and_two_drives_make_a_plan(
    pane, engine, drives, qtbot
):
    assert [t.face.roll for t in pane.cards.tiles.values()] == ["A003"]
    assert tile(pane).face.chosen
    assert pane.plan.face.why_not == "Add a destination to start."
    assert not pane.plan.start.isEnabled()
    add(pane, qtbot, *drives)
    assert pane.plan.face.title == "A003 → 2 drives"
    assert pane.plan.start.isEnabled()
    assert pane.options.preview.full_text == f"→ {drives[0] / 'A003'}"


def test_control_return_starts_one_job_per_chosen_card(pane, engine, drives, qtbot):
    insert(pane, engine, card("B002", "Sony VENICE 2", 22, 238 * GB))
    add(pane, qtbot, *drives)
    qtbot.waitUntil(lambda: len(pane.cards.tiles) == 2)
    pane.cards.focus_tile("/media/A003")
    qtbot.keyClick(tile(pane, "A003"), Key.Key_Down, SHIFT)
    qtbot.waitUntil(lambda: settled(pane) and pane.plan.face.title.startswith("A003, B002"))
    qtbot.keyClick(pane.focusWidget(), Key.Key_Return, CTRL)
    qtbot.waitUntil(lambda: len(engine.did("submit")) == 2)
    specs: list[OffloadSpec] = engine.did("submit")
    assert [spec.source.name for spec in specs] == ["A003", "B002"]
    assert [d.path for d in specs[0].destinations] == list(drives)
    last = [str(d) for d in drives]
    qtbot.waitUntil(lambda: engine.settings.get("offload.last_destinations") == last)


def test_start_cannot_be_pressed_twice(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    assert pane.deeds.start()
    assert not pane.deeds.start()
    qtbot.waitUntil(lambda: len(pane.desk.jobs) == 1 and settled(pane))
    assert not pane.deeds.start()
    assert pane.plan.face.why_not == "A003 is in the queue already."
    assert len(engine.did("submit")) == 1


def test_a_card_that_is_done_before_anybody_looked_is_not_left_waiting(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    submit = engine.submit

    def at_once(spec: OffloadSpec) -> JobId:
        job = submit(spec)
        engine.jobs = [replace(engine.jobs[-1], state=JobState.DONE, finished=now())]
        return job

    engine.submit = at_once
    engine.snapshots = lambda: tuple(job for job in engine.jobs if job.state.ended)
    assert pane.deeds.start()
    qtbot.waitUntil(lambda: len(pane.desk.jobs) == 1 and not pane.desk.starting and settled(pane))
    assert pane.plan.start.isEnabled()


def test_a_refusal_shuts_start_and_says_why(pane, engine, drives, qtbot):
    text = "The destination lies inside the card."
    engine.remark = lambda spec: (Remark(weight=Weight.REFUSAL, text=text, destination=0),)
    add(pane, qtbot, *drives)
    assert not pane.plan.start.isEnabled()
    assert pane.plan.why.full_text == "Start is not possible: 1 refusal above."
    first = pane.destinations.tiles[str(drives[0])]
    assert first.face.remarks[-1][1] == text.rstrip(".")
    qtbot.keyClick(pane, Key.Key_Return, CTRL)
    assert engine.did("submit") == []


def test_an_answer_to_an_older_question_is_dropped(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    engine.gate.clear()
    engine.asked.clear()
    pane.desk.set_choices(replace(pane.desk.choices, template="old/{roll}"))
    qtbot.waitUntil(lambda: pane.desk.planner._under_way and not timer_waits(pane))
    pane.desk.set_choices(replace(pane.desk.choices, template="new/{roll}"))
    engine.gate.set()
    qtbot.waitUntil(lambda: settled(pane))
    assert pane.options.preview.full_text.endswith("new/A003")
    assert pane.desk.planner.plans[0].spec.template == "new/{roll}"


def timer_waits(pane: OffloadPane) -> bool:
    return pane.desk.planner._wait.isActive()


def test_quick_typing_asks_for_one_plan(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    engine.asked.clear()
    qtbot.mouseClick(pane.plan.fold, LEFT)
    pane.options.template.selectAll()
    qtbot.keyClicks(pane.options.template, "{roll}/day")
    qtbot.waitUntil(lambda: settled(pane))
    assert len(engine.did("plan")) == 1
    assert engine.did("plan")[0].template == "{roll}/day"


def test_options_reach_the_spec(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    qtbot.mouseClick(pane.plan.fold, LEFT)
    assert pane.options.isVisible()
    pane.options.copies.setCurrentIndex(0)
    pane.options.mode.setCurrentIndex(1)
    pane.options.hash_menu().actions()[3].trigger()
    qtbot.keyClicks(pane.options.project, "Night Ferry")
    pane.options.check_known.setFocus()
    qtbot.keyClick(pane.options.check_known, Key.Key_Space)
    qtbot.waitUntil(lambda: settled(pane))
    qtbot.mouseClick(pane.plan.start, LEFT)
    qtbot.waitUntil(lambda: len(engine.did("submit")) == 1)
    spec: OffloadSpec = engine.did("submit")[0]
    assert spec.wanted_copies == 1
    assert spec.verify is VerifyMode.READ_BACK
    assert [str(kind) for kind in spec.hashes] == ["xxh64", "md5"]
    assert spec.project == "Night Ferry"
    assert spec.check_known


def test_open_options_fit_the_plan_of_a_small_window(pane, drives, qtbot):
    pane.window().resize(1280, 800)
    add(pane, qtbot, *drives)
    qtbot.mouseClick(pane.plan.fold, LEFT)
    pane.options.template.setText("{roll}/" + "long" * 40)
    qtbot.waitUntil(lambda: settled(pane))
    options = pane.options
    for widget in (options.tokens, options.mode, options.check_known, options.preview):
        right = widget.mapTo(pane.window(), widget.rect().topRight()).x()
        assert right <= pane.plan.mapTo(pane.window(), pane.plan.rect().topRight()).x()
        assert widget.visibleRegion().boundingRect().width() == widget.width(), widget


def test_trying_without_writing_starts_nothing(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    qtbot.mouseClick(pane.plan.attempt, LEFT)
    qtbot.waitUntil(lambda: "nothing against it" in pane.plan.tried.full_text)
    assert "58 clips, 412.6 GB to 2 drives" in pane.plan.tried.full_text
    assert engine.did("submit") == []


def test_a_running_job_moves_bars_and_tells_to_leave_the_drive(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    job = offload("A003", JobState.RUNNING, tuple(map(str, drives)))
    show(pane, engine, qtbot, job)
    assert tile(pane).verdict.sign is KEEP
    assert pane.destinations.tiles[str(drives[0])].state.sign == WRITING
    assert pane.plan.graph.isVisible()
    before = tile(pane).bar.parts
    moved = replace(job, copied=job.copied + 100 * GB)
    show(pane, engine, qtbot, moved)
    assert tile(pane).bar.parts != before
    assert pane.plan.face.why_not == "A003 is being copied."


def test_dropped_folders_go_where_they_are_dropped(pane, engine, drives, tmp_path, qtbot):
    sound = tmp_path / "sound roll"
    sound.mkdir()
    drop(pane.cards, sound)
    drop(pane.destinations, drives[0])
    qtbot.waitUntil(lambda: settled(pane))
    assert str(sound) in pane.cards.tiles
    assert list(pane.destinations.tiles) == [str(drives[0])]


def test_what_is_dropped_on_the_window_is_told_apart_by_its_structure(
    pane, engine, drives, tmp_path, qtbot
):
    reel = tmp_path / "B007"
    reel.mkdir()
    assert pane.accept_drop([reel, drives[0]])
    qtbot.waitUntil(lambda: settled(pane) and str(reel) in pane.cards.tiles)
    assert list(pane.destinations.tiles) == [str(drives[0])]


def test_a_folder_that_is_gone_says_so_on_its_tile(pane, engine, tmp_path, qtbot):
    pane.desk.add_cards([tmp_path / "missing"])
    add(pane, qtbot, tmp_path / "gone")
    assert "is not there." in tile(pane, "missing").face.trouble
    shown = pane.destinations.tiles[str(tmp_path / "gone")]
    assert shown.face.trouble.startswith("gone is not there. Connect its drive")
    pane.desk.choose("/media/A003")
    qtbot.waitUntil(lambda: settled(pane))
    assert pane.plan.face.why_not.startswith("gone is not there.")
    assert not pane.plan.start.isEnabled()
    assert pane.plan.empty.title.text() == "No plan"


def test_the_plan_and_the_room_are_taken_anew_when_a_job_ends(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    running = offload("A003", JobState.RUNNING, tuple(map(str, drives)))
    show(pane, engine, qtbot, running)
    title = pane.plan.face.title
    engine.gate.clear()
    engine.mounted = (replace(engine.mounted[0], free=5 * GB), engine.mounted[1])
    engine.jobs = [replace(running, state=JobState.DONE, finished=running.created)]
    qtbot.waitUntil(lambda: pane.desk.planner.working)
    assert pane.plan.face.title == title
    assert pane.plan.face.why_not == "Planning …"
    assert not pane.plan.start.isEnabled()
    engine.gate.set()
    shown = pane.destinations.tiles[str(drives[0])]
    qtbot.waitUntil(lambda: settled(pane) and shown.face.free.startswith("5.0 GB free"))


def test_arrows_space_and_delete_work_on_cards(pane, engine, drives, qtbot):
    insert(pane, engine, card("A004"), card("A005"))
    qtbot.waitUntil(lambda: len(pane.cards.tiles) == 3 and settled(pane))
    pane.cards.focus_tile("/media/A003")
    qtbot.keyClick(tile(pane, "A003"), Key.Key_Down)
    assert tile(pane, "A004").hasFocus()
    assert [t.face.roll for t in pane.cards.tiles.values() if t.selected] == ["A004"]
    qtbot.keyClick(tile(pane, "A004"), Key.Key_Down, CTRL)
    qtbot.keyClick(tile(pane, "A005"), Key.Key_Space, CTRL)
    assert [t.face.roll for t in pane.cards.tiles.values() if t.selected] == ["A004", "A005"]
    qtbot.keyClick(tile(pane, "A005"), Key.Key_Delete)
    assert list(pane.cards.tiles) == ["/media/A003", "/media/A004"]
    qtbot.waitUntil(lambda: settled(pane))


def test_control_click_chooses_several(pane, engine, qtbot):
    insert(pane, engine, card("A004"))
    qtbot.waitUntil(lambda: len(pane.cards.tiles) == 2 and settled(pane))
    at = QPoint(20, 12)
    qtbot.mouseClick(tile(pane, "A004"), LEFT, CTRL, at)
    assert tile(pane, "A003").selected
    assert tile(pane, "A004").selected
    qtbot.mouseClick(tile(pane, "A004"), LEFT, pos=at)
    assert not tile(pane, "A003").selected
    qtbot.waitUntil(lambda: settled(pane))


def test_everything_can_be_reached_with_tab_and_has_a_name(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    qtbot.mouseClick(pane.plan.fold, LEFT)
    pane.destinations.tiles[str(drives[0])].more.setFocus()
    chain = focus_chain(pane.window())
    assert nameless(chain) == []
    assert unreachable(pane.window(), chain) == []
    where = {name: chain.index(widget) for name, widget in {
        "card": tile(pane),
        "start": pane.plan.start,
        "drive": pane.destinations.tiles[str(drives[0])],
    }.items()}  # fmt: skip
    assert where["card"] < where["start"] < where["drive"]


def test_a_drive_that_failed_stands_first_and_one_that_is_back_elsewhere_is_found(
    pane, engine, drives, tmp_path, qtbot
):
    add(pane, qtbot, *drives)
    made = offload("A003", JobState.RUNNING, tuple(map(str, drives)))
    full = replace(made.places[1], state=PlaceState.FAILED, trouble="SHUTTLE-07 is full.")
    show(pane, engine, qtbot, replace(made, places=(made.places[0], full)))
    assert pane.destinations.keys == [str(drives[1]), str(drives[0])]

    elsewhere = tmp_path / "SHUTTLE-071"
    drives[1].rename(elsewhere)
    engine.jobs = []
    engine.mounted = (engine.mounted[0], replace(engine.mounted[1], mount_point=elsewhere))
    pane.bridge.look_at_volumes()
    qtbot.waitUntil(lambda: pane.destinations.keys == [str(drives[0]), str(elsewhere)])
    qtbot.waitUntil(lambda: settled(pane))
    assert pane.plan.start.isEnabled()


def test_a_start_beside_a_card_that_is_done_starts_the_new_one_only(
    pane, engine, drives, tmp_path, qtbot
):
    add(pane, qtbot, *drives)
    pane.start()
    qtbot.waitUntil(lambda: len(pane.desk.jobs) == 1 and settled(pane))
    done = replace(engine.jobs[0], state=JobState.DONE, safe=True, verdict="SAFE TO FORMAT")
    show(pane, engine, qtbot, replace(done, finished=now()))
    assert tile(pane).face.sign is SAFE
    new = tmp_path / "B002"
    new.mkdir()
    pane.desk.add_cards([new])
    qtbot.waitUntil(lambda: settled(pane) and pane.plan.start.isEnabled())
    pane.start()
    qtbot.waitUntil(lambda: len(pane.desk.jobs) == 2 and settled(pane))
    assert [spec.source for spec in engine.did("submit")] == [Path("/media/A003"), new]
    assert tile(pane).face.sign is SAFE


def test_no_drive_has_more_room_after_the_plan_than_it_has_now(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    shown = pane.destinations.tiles[str(drives[0])]
    row = "Room after, smallest"
    assert shown.face.free == "12.1 TB free, 11.7 TB after this plan"
    assert row in dict(pane.plan.face.rows)
    running = offload("B002", JobState.RUNNING, (str(drives[0] / "B002"),))
    show(pane, engine, qtbot, running)
    assert len(engine.did("plan")) > 1  # a job has come that will take room
    engine.mounted = (replace(engine.mounted[0], free=9 * TB), engine.mounted[1])
    pane.bridge.look_at_volumes()
    qtbot.waitUntil(lambda: shown.face.free == "9.0 TB free")
    assert row not in dict(pane.plan.face.rows)


def test_what_was_known_of_a_drive_is_not_shown_of_a_job_once_the_drive_has_gone(
    pane, engine, drives, tmp_path, qtbot
):
    add(pane, qtbot, *drives)
    pane.start()
    qtbot.waitUntil(lambda: bool(pane.desk.jobs) and settled(pane))
    assert pane.plan.face.title == "A003 → 2 drives"
    drives[1].rename(tmp_path / "pulled")
    engine.mounted = engine.mounted[:1]
    pane.bridge.look_at_volumes()
    qtbot.waitUntil(lambda: pane.plan.face.title == "Offload A003")
