"""Presets, ignore list, options, evidence, retry and eject, opened and used from the pane."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from offload_stage import (
    SHUTTLE,
    file_rows,
    offload,
    place,
)
from pane_bench import CTRL, LEFT, SHIFT, Key, add, settled, show, tile

from app.jobs.snapshot import JobState, PlaceState
from app.offload.spec import DestinationSpec
from ui.dialogs.destination_options import DestinationOptionsDialog
from ui.dialogs.evidence import EvidenceDialog
from ui.dialogs.ignore_list import IgnoreListDialog
from ui.dialogs.presets import PresetsDialog
from ui.theme import Tone
from ui.widgets.opening import NotOpened
from ui.words import EJECTED, SAFE, SAFE_TO_EJECT


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


def test_a_card_that_is_being_copied_is_no_trouble_though_a_drive_is_out(
    pane, engine, drives, qtbot
):
    add(pane, qtbot, *drives)
    show(pane, engine, qtbot, offload("A003", JobState.RUNNING, tuple(map(str, drives))))
    engine.mounted = engine.mounted[:1]
    drives[1].rmdir()
    pane.bridge.look_at_volumes()
    shown = pane.destinations.tiles[str(drives[1])]
    qtbot.waitUntil(lambda: settled(pane) and shown.face.pill == "")
    assert pane.plan.face.why_not == "A003 is being copied."
    assert pane.plan.face.why_tone is Tone.DIM


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


def test_a_preset_is_saved_named_on_start_and_brings_its_destinations(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    pane.edit_presets()
    dialog = pane.findChildren(PresetsDialog)[0]
    assert dialog.none.isVisible()
    qtbot.keyClicks(dialog.focusWidget(), "Main unit")
    qtbot.mouseClick(dialog.save, LEFT)
    assert dialog.list.isVisible()
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
    pane.start()
    qtbot.waitUntil(lambda: engine.settings.get("offload.last_preset") == "Main unit")
    qtbot.waitUntil(lambda: settled(pane))


def test_proxies_are_chosen_for_all_and_for_a_drive_and_a_preset_remembers_them(
    pane, engine, drives, qtbot
):
    add(pane, qtbot, *drives)
    offered = pane.options.proxies.menu_now().actions()
    assert [one.text() for one in offered] == ["thumbnail", "preview", "editorial"]
    offered[1].trigger()
    pane.edit_options(str(drives[1]))
    dialog = pane.findChildren(DestinationOptionsDialog)[0]
    dialog.proxies.menu_now().actions()[2].trigger()
    qtbot.mouseClick(dialog.use, LEFT)
    qtbot.waitUntil(lambda: settled(pane))
    assert ("Proxies after", "preview into the cache; editorial on SHUTTLE-07") in (
        pane.plan.face.rows
    )
    (spec,) = pane.desk.specs()
    assert (spec.proxies, [d.proxies for d in spec.destinations]) == (
        ("preview",),
        [(), ("editorial",)],
    )

    pane.edit_presets()
    presets = pane.findChildren(PresetsDialog)[0]
    qtbot.keyClicks(presets.name, "Main unit")
    qtbot.mouseClick(presets.save, LEFT)
    pane.options.proxies.menu_now().actions()[1].trigger()  # off again
    assert pane.desk.choices.proxies == ()
    pane.desk.use_preset("Main unit")
    assert pane.desk.specs() == (replace(spec, preset="Main unit"),)
    assert pane.options.proxies.text() == "preview ▾"
    saved = engine.settings.get("offload.presets")[0]
    assert saved["choices"]["proxies"] == ["preview"]


def test_the_ignore_list_is_visible_and_editable(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    assert pane.plan.ignored.full_text == "Ignored: .DS_Store, ._* · 2 entries"
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


def test_a_report_says_where_it_lies_when_no_program_opens_it(
    pane, engine, drives, tmp_path, qtbot
):
    report = tmp_path / "A003.html"
    report.touch()
    running = offload("A003", JobState.RUNNING, tuple(map(str, drives)))
    show(pane, engine, qtbot, running)
    done = replace(running, state=JobState.DONE, finished=running.created, report=str(report))
    show(pane, engine, qtbot, done)
    qtbot.keyClick(pane, Key.Key_R, CTRL | SHIFT)
    (said,) = pane.findChildren(NotOpened)
    assert said.place.text() == str(report)
    assert said.focusWidget() is said.copy


def test_news_of_a_start_do_not_outlive_the_job(pane, engine, drives, qtbot):
    add(pane, qtbot, *drives)
    said = []
    pane.said.connect(said.append)
    pane.start()
    qtbot.waitUntil(lambda: bool(pane.desk.jobs) and settled(pane))
    running = replace(engine.jobs[0], state=JobState.RUNNING)
    show(pane, engine, qtbot, running)
    qtbot.waitUntil(lambda: "Offload A003 has started." in said)
    show(pane, engine, qtbot, replace(running, state=JobState.DONE, verdict="SAFE TO FORMAT"))
    assert said[-1] == "Offload A003: SAFE TO FORMAT."
