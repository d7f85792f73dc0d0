"""The offload pane before anything is on it: it teaches, and offers what was used last."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from offload_stage import RAID, SHUTTLE, StageEngine
from PySide6.QtCore import Qt
from walk import focus_chain, nameless

from ui.models.choices import Choices, Preset
from ui.panes.offload import OffloadPane

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def drives(tmp_path: Path) -> tuple[Path, Path]:
    made = tmp_path / "RAID-1", tmp_path / "SHUTTLE-07"
    for path in made:
        path.mkdir()
    return made


@pytest.fixture
def engine(drives) -> StageEngine:
    made = StageEngine()
    made.mounted = (
        replace(RAID, mount_point=drives[0]),
        replace(SHUTTLE, mount_point=drives[1]),
    )
    return made


def settled(pane: OffloadPane) -> bool:
    return not pane.bridge.waiting and not pane.desk.planner.working


def test_the_last_destinations_are_offered(engine, drives, bridge, qtbot):
    engine.settings.set("offload.last_destinations", [str(d) for d in drives])
    pane = OffloadPane(bridge)
    qtbot.addWidget(pane)
    pane.show()
    bridge.start()
    qtbot.waitUntil(lambda: settled(pane) and bool(pane.desk.remembered.last))
    assert pane.suggestions.again.text() == "As last time: RAID-1, SHUTTLE-07"
    texts = [action.text() for action in pane.suggestions.menu().actions()]
    assert texts[0].startswith("As last time:")
    assert texts[-1] == "Choose a folder…"
    qtbot.mouseClick(pane.suggestions.again, LEFT)
    assert list(pane.destinations.tiles) == [str(d) for d in drives]
    qtbot.waitUntil(lambda: settled(pane))


def test_the_preset_of_the_last_start_is_in_use_again(engine, bridge, qtbot):
    night = Preset(name="Night", choices=Choices(template="{camera}/{roll}", wanted_copies=3))
    engine.settings.set("offload.presets", [night.to_data()])
    engine.settings.set("offload.last_preset", "Night")
    engine.settings.set("project.name", "Night Ferry")
    pane = OffloadPane(bridge)
    qtbot.addWidget(pane)
    pane.show()
    bridge.start()
    qtbot.waitUntil(lambda: pane.plan.start.text() == "Start · Night")
    found = pane.desk.choices
    assert (found.template, found.project) == ("{camera}/{roll}", "Night Ferry")
    qtbot.waitUntil(lambda: settled(pane))


def test_the_empty_pane_teaches(engine, bridge, qtbot):
    pane = OffloadPane(bridge)
    qtbot.addWidget(pane)
    pane.show()
    bridge.start()
    qtbot.waitUntil(lambda: settled(pane))
    assert pane.cards.empty.isVisible()
    assert pane.destinations.empty.isVisible()
    assert pane.plan.empty.isVisible()
    assert pane.plan.face.why_not == "Add a card to start."
    chain = focus_chain(pane.window())
    assert nameless(chain) == []
