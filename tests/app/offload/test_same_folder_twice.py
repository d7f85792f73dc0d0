"""One folder chosen twice is refused before anything is written, by whatever names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from offload_bench import House, make_card, spec_for

from app.errors import PlanRefused
from app.offload.spec import DestinationSpec


@pytest.fixture
def card(tmp_path: Path) -> Path:
    return make_card(tmp_path / "card" / "A003", {"a.mov": 70_001})


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    (tmp_path / "drive").mkdir()
    return tmp_path / "drive"


def test_one_folder_chosen_twice_is_refused(house: House, card: Path, drive: Path) -> None:
    with house.engine() as engine, pytest.raises(PlanRefused, match="chosen twice"):
        engine.run(spec_for(card, drive, drive))
    assert list(drive.iterdir()) == []


def test_one_folder_under_two_names_is_refused(
    house: House, card: Path, drive: Path, tmp_path: Path
) -> None:
    (tmp_path / "shortcut").symlink_to(drive)
    with house.engine() as engine, pytest.raises(PlanRefused, match="chosen twice"):
        engine.run(spec_for(card, drive, tmp_path / "shortcut"))


def test_a_template_that_leads_to_the_other_folder_is_refused(
    house: House, card: Path, drive: Path
) -> None:
    spec = spec_for(card, drive, template="day/A003")
    inside = DestinationSpec(path=drive / "day", template="A003")
    with house.engine() as engine, pytest.raises(PlanRefused, match="chosen twice"):
        engine.run(replace(spec, destinations=(*spec.destinations, inside)))


def test_two_folders_on_one_drive_are_copied_both(house: House, card: Path, tmp_path: Path) -> None:
    drives = [tmp_path / name for name in ("one", "two")]
    with house.engine() as engine:
        plan = engine.plan(spec_for(card, *drives))
    assert plan.refusals == ()


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "profile")
