"""The offload pane driven by clicks and keys, over invented plans and real folders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from offload_stage import (
    GB,
    RAID,
    SHUTTLE,
    TB,
    StageEngine,
    card,
    file_rows,
    offload,
    place,
    volume,
)
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QMenu
from walk import focus_chain, nameless, unreachable

from app.jobs.snapshot import JobState, PlaceState
from app.offload.plan import Remark, Weight
from app.offload.spec import DestinationSpec, OffloadSpec, VerifyMode
from app.places.cards import Card
from ui.bridge import Bridge
from ui.dialogs.evidence import EvidenceDialog
from ui.dialogs.ignore_list import IgnoreListDialog
from ui.dialogs.offload import OffloadWindows
from ui.dialogs.presets import PresetsDialog
from ui.panes.offload import OffloadPane
from ui.theme import Tone
from ui.words import EJECTED, KEEP, SAFE, SAFE_TO_EJECT, WRITING

Key = Qt.Key
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def drives(tmp_path: Path) -> tuple[Path, Path]:
    made = tmp_path / "RAID-1", tmp_path / "SHUTTLE-07"
    for path in made:
        path.mkdir()
    return made


@pytest.fixture
def engine(drives) -> StageEngine:
    """Two drives that are real folders, and one mounted card."""
    made = StageEngine()
    made.mounted = (
        replace(RAID, mount_point=drives[0]),
        replace(SHUTTLE, mount_point=drives[1]),
    )
    made.inserted = [card("A003")]
    return made


@pytest.fixture
def pane(bridge: Bridge, qtbot) -> Iterator[OffloadPane]:
    made = OffloadPane(bridge, OffloadWindows(bridge))
    made.resize(1204, 600)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    bridge.start()
    qtbot.waitUntil(lambda: settled(made))
    yield made
    made.close()


def settled(pane: OffloadPane) -> bool:
    return not pane.bridge.waiting and not pane.desk.planner.working


def add(pane: OffloadPane, qtbot, *paths: Path) -> None:
    pane.add_destinations(paths)
    qtbot.waitUntil(lambda: settled(pane))


def show(pane: OffloadPane, engine: StageEngine, qtbot, *jobs) -> None:
    engine.jobs = list(jobs)
    qtbot.waitUntil(lambda: pane.desk.jobs == tuple(jobs) and settled(pane))


def insert(pane: OffloadPane, engine: StageEngine, *cards: Card) -> None:
    """Plug cards in: their volumes are mounted."""
    engine.inserted += cards
    engine.mounted += tuple(volume(found.roll, "exfat", TB, 0) for found in cards)
    pane.bridge.look_at_volumes()


def drop(target, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier
    )
    target.dropEvent(event)


def tile(pane: OffloadPane, roll: str = "A003"):
    return next(t for t in pane.cards.tiles.values() if t.face.roll == roll)


def menu_shown() -> QMenu | None:
    shown = QApplication.activePopupWidget()
    return shown if isinstance(shown, QMenu) else None


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
    qtbot.waitUntil(lambda: pane.desk.planner._ticket is not None and not timer_waits(pane))
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
    qtbot.waitUntil(lambda: settled(pane))
    qtbot.mouseClick(pane.plan.start, LEFT)
    qtbot.waitUntil(lambda: len(engine.did("submit")) == 1)
    spec: OffloadSpec = engine.did("submit")[0]
    assert spec.wanted_copies == 1
    assert spec.verify is VerifyMode.READ_BACK
    assert [str(kind) for kind in spec.hashes] == ["xxh64", "md5"]
    assert spec.project == "Night Ferry"


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


def test_a_finished_card_shows_its_verdict_its_evidence_and_ejects(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    engine.rows = file_rows(10_000)
    places = tuple(place(str(d), PlaceState.DONE, safe_to_eject=True) for d in drives)
    running = offload("A003", JobState.RUNNING, tuple(map(str, drives)))
    show(pane, engine, qtbot, running)
    done = offload("A003", JobState.DONE, safe=True, verdict="SAFE TO FORMAT", places=places)
    show(pane, engine, qtbot, replace(done, id=running.id))
    shown = tile(pane)
    assert shown.verdict.sign is SAFE
    assert pane.destinations.tiles[str(drives[1])].state.sign is SAFE_TO_EJECT
    qtbot.mouseClick(shown.verdict, LEFT)
    qtbot.waitUntil(lambda: bool(pane.findChildren(EvidenceDialog)) and settled(pane))
    dialog = pane.findChildren(EvidenceDialog)[0]
    assert not dialog.isModal()
    assert dialog.model.rowCount() == 10_000
    assert dialog.verdict.text() == "✓ SAFE TO FORMAT"
    dialog.close()
    qtbot.mouseClick(shown.eject, LEFT)
    qtbot.waitUntil(lambda: engine.did("eject") == [Path("/media/A003")])


def test_a_failed_destination_is_retried_when_the_rest_is_done(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    places = (
        place(str(drives[0])),
        place(str(drives[1]), PlaceState.FAILED, trouble="Destination full: 1.1 GB left. Retry."),
    )
    running = offload("A003", JobState.RUNNING, places=places)
    show(pane, engine, qtbot, running)
    failed = pane.destinations.tiles[str(drives[1])]
    assert failed.trouble.full_text == "✕ Destination full: 1.1 GB left."
    qtbot.mouseClick(failed.retry, LEFT)
    assert engine.did("retry") == []
    show(pane, engine, qtbot, replace(running, state=JobState.FAILED, finished=running.created))
    qtbot.waitUntil(lambda: engine.did("retry") == [running.id])


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


def test_an_ejected_drive_is_calm_and_comes_back(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    shown = pane.destinations.tiles[str(drives[1])]
    pane.eject_destination(str(drives[1]))
    qtbot.waitUntil(lambda: engine.did("eject") == [drives[1]])
    engine.mounted = engine.mounted[:1]
    drives[1].rmdir()
    pane.bridge.look_at_volumes()
    qtbot.waitUntil(lambda: settled(pane) and shown.face.sign is EJECTED)
    assert (shown.face.trouble, shown.face.failed) == ("", False)
    assert not shown.eject.isVisible()
    assert not pane.plan.start.isEnabled()
    assert pane.plan.face.why_not.startswith("SHUTTLE-07 is ejected. Connect it again")
    assert pane.plan.face.why_tone is Tone.DIM
    drives[1].mkdir()
    engine.mounted = (*engine.mounted, replace(SHUTTLE, mount_point=drives[1]))
    pane.bridge.look_at_volumes()
    qtbot.waitUntil(lambda: settled(pane) and pane.plan.start.isEnabled())
    assert shown.face.sign is None


def test_the_name_of_a_preset_on_start_is_never_cut(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    for name in ("Main unit", "Second unit, night", "B"):
        pane.desk.set_choices(replace(pane.desk.choices, preset=name))
        qtbot.waitUntil(lambda: settled(pane))
        for button in (pane.plan.start, pane.plan.attempt):
            assert button.width() >= button.sizeHint().width()


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


def test_a_preset_is_saved_named_on_start_and_brings_its_destinations(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    pane.edit_presets()
    dialog = pane.findChildren(PresetsDialog)[0]
    qtbot.keyClicks(dialog.name, "Main unit")
    qtbot.mouseClick(dialog.save, LEFT)
    dialog.close()
    qtbot.waitUntil(lambda: settled(pane))
    assert pane.plan.start.text() == "Start · Main unit"
    for key in list(pane.destinations.tiles):
        pane.desk.remove_destination(key)
    pane.desk.use_preset("")
    assert pane.plan.start.text() == "Start"
    pane.preset.menu_now().actions()[0].trigger()
    qtbot.waitUntil(lambda: settled(pane))
    assert list(pane.destinations.tiles) == [str(d) for d in drives]
    assert pane.plan.start.text() == "Start · Main unit"
    assert engine.settings.get("offload.presets")[0]["name"] == "Main unit"


def test_the_ignore_list_is_visible_and_editable(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    assert pane.plan.ignored.full_text == "Ignored: .DS_Store, ._* · 2 files"
    qtbot.mouseClick(pane.plan.show_ignored, LEFT)
    dialog = pane.findChildren(IgnoreListDialog)[0]
    assert dialog.ignored.model().rowCount() == 2
    dialog.patterns.setPlainText(".DS_Store\n*.tmp\n\n*.tmp")
    qtbot.mouseClick(dialog.keep, LEFT)
    qtbot.waitUntil(lambda: settled(pane))
    assert pane.desk.planner.plans[0].spec.ignore == (".DS_Store", "*.tmp")
    assert engine.settings.get("offload.ignore") == [".DS_Store", "*.tmp"]


def test_the_ignore_list_can_be_reached_while_it_leaves_nothing_out(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    assert not pane.plan.ignore_list.isVisible()
    engine.ignored = ()
    pane.desk.plan_again()
    qtbot.waitUntil(lambda: settled(pane))
    assert not pane.plan.ignored.isVisible()
    qtbot.mouseClick(pane.plan.ignore_list, LEFT)
    assert pane.findChildren(IgnoreListDialog)[0].isVisible()


def test_a_destination_has_its_own_options(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    shown = pane.destinations.tiles[str(drives[1])]
    shown.setFocus()
    qtbot.keyClick(shown, Key.Key_Return)
    from ui.dialogs.destination_options import DestinationOptionsDialog

    dialog = pane.findChildren(DestinationOptionsDialog)[0]
    dialog.gets.setCurrentIndex(1)
    dialog.stage.setCurrentIndex(1)
    dialog.flush.setChecked(False)
    qtbot.mouseClick(dialog.use, LEFT)
    qtbot.waitUntil(lambda: settled(pane))
    expected = DestinationSpec(path=drives[1], flush=False, only=("sound",), stage=1)
    assert pane.desk.destinations.specs[1] == expected
    shown = pane.destinations.tiles[str(drives[1])]
    assert any("never verified" in text for _, text in shown.face.remarks)


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
