"""Cards and destinations on the shelf: what comes, goes, is chosen, and which job speaks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from offload_stage import GB, OLD, RAID, SHUTTLE, card, offload, place, volume

from app.jobs.snapshot import JobState, PlaceState
from app.offload.spec import DestinationSpec
from ui.models.cards import CardShelf, job_for
from ui.models.choices import Choices, Preset, presets_from, with_preset
from ui.models.destinations import (
    DestinationEntry,
    DestinationShelf,
    bus_text,
    is_slow_usb,
    look_at,
    place_for,
    place_name,
    volume_of,
)
from ui.models.rates import SPAN, RateHistory, slowest


def names(shelf: CardShelf) -> list[str]:
    return [entry.name for entry in shelf.entries]


def test_a_mounted_card_comes_by_itself_and_the_first_is_chosen():
    shelf = CardShelf()
    assert shelf.see([card("A003"), card("B002")])
    assert names(shelf) == ["A003", "B002"]
    assert [entry.name for entry in shelf.chosen] == ["A003"]
    assert not shelf.see([card("A003"), card("B002")])


def test_a_card_goes_with_its_volume_but_not_while_a_job_waits_for_it():
    shelf = CardShelf()
    shelf.see([card("A003"), card("B002")])
    shelf.see([], busy=["/media/A003"])
    assert names(shelf) == ["A003"]


def test_a_removed_card_stays_away_until_it_is_plugged_in_again():
    shelf = CardShelf()
    shelf.see([card("A003")])
    shelf.remove("/media/A003")
    shelf.see([card("A003")])
    assert names(shelf) == []
    shelf.see([])
    shelf.see([card("A003")])
    assert names(shelf) == ["A003"]


def test_a_dropped_folder_is_added_to_the_choice():
    shelf = CardShelf()
    shelf.see([card("A003")])
    assert shelf.add("/somewhere/sound")
    assert not shelf.add("/somewhere/sound")
    shelf.add("/somewhere/more")
    assert [entry.name for entry in shelf.chosen] == ["sound", "more"]


def test_shift_chooses_a_row_and_control_takes_one_out():
    shelf = CardShelf()
    shelf.see([card(roll) for roll in ("A001", "A002", "A003", "A004")])
    shelf.choose("/media/A002")
    shelf.choose_up_to("/media/A004")
    shelf.choose("/media/A003", also=True)
    assert [entry.name for entry in shelf.chosen] == ["A002", "A004"]


def test_another_card_in_the_same_reader_does_not_inherit_the_verdict():
    shelf = CardShelf()
    shelf.see([card("A003")])
    root = "/media/A003"
    job = offload("A003", JobState.DONE, safe=True)
    assert job_for(shelf.get(root), [job]) is job
    shelf.note_jobs([])
    shelf.note_jobs([job])
    assert job_for(shelf.get(root), [job]) is job
    shelf.see([replace(card("A003"), files=7)])
    assert job_for(shelf.get(root), [job]) is None


def test_new_files_on_a_card_take_its_verdict_away():
    shelf = CardShelf()
    shelf.note_jobs([])
    shelf.add("/media/A003")
    shelf.recognised("/media/A003", card("A003"))
    job = offload("A003", JobState.DONE, safe=True)
    shelf.note_jobs([job])
    assert job_for(shelf.get("/media/A003"), [job]) is job
    shelf.recognised("/media/A003", replace(card("A003"), size=9 * GB))
    assert job_for(shelf.get("/media/A003"), [job]) is None


@pytest.mark.parametrize("hours", [-30, 0, 30])
def test_whatever_the_clock_says_an_old_job_does_not_speak_and_a_new_one_does(hours):
    shelf = CardShelf()
    moment = datetime.now(UTC) + timedelta(hours=hours)  # the clock was set after it ended
    old = offload("A003", JobState.DONE, safe=True, finished=moment)
    shelf.note_jobs([old])
    shelf.see([card("A003")])
    assert job_for(shelf.get("/media/A003"), [old]) is None
    again = replace(old, finished=moment - timedelta(days=1))  # retried, by a clock set back
    shelf.note_jobs([again])
    assert job_for(shelf.get("/media/A003"), [again]) is again


def test_cards_seen_before_the_queue_is_known_inherit_nothing():
    shelf = CardShelf()
    shelf.see([card("A003")])
    job = offload("A003", JobState.DONE, safe=True)
    shelf.note_jobs([job])
    assert job_for(shelf.get("/media/A003"), [job]) is None


def test_a_job_of_yesterday_speaks_only_once_a_plan_has_confirmed_it():
    shelf = CardShelf()
    job = offload("A003", JobState.DONE, safe=True)
    shelf.note_jobs([job])
    shelf.see([card("A003")])
    assert job_for(shelf.get("/media/A003"), [job]) is None
    shelf.confirm("/media/A003", True)
    assert job_for(shelf.get("/media/A003"), [job]) is job


def test_an_earlier_job_is_told_until_the_card_holds_something_else():
    shelf = CardShelf()
    shelf.see([card("A003")])
    job = offload("A003", JobState.DONE, safe=True)
    assert shelf.look_back("/media/A003", card("A003"), job)
    assert not shelf.look_back("/media/A003", card("A003"), job)
    assert shelf.get("/media/A003").earlier is job
    other = replace(card("A003"), files=7)
    shelf.see([other])
    assert shelf.get("/media/A003").earlier is None
    assert not shelf.look_back("/media/A003", card("A003"), job)  # an answer that came late


def test_the_newest_job_of_a_card_speaks():
    shelf = CardShelf()
    shelf.see([card("A003")])
    first = offload("A003", JobState.FAILED)
    second = offload("A003", JobState.RUNNING)
    assert job_for(shelf.get("/media/A003"), [first, second]) is second


def test_a_folder_lies_on_the_volume_with_the_longest_mount_point():
    root = replace(RAID, mount_point=Path("/"), label="system")
    assert volume_of(Path("/media/RAID-1/Day12"), (root, RAID)) is RAID
    assert volume_of(Path("/media/RAID-10/Day12"), (root, RAID)) is root


def test_a_destination_that_is_not_connected_says_so(tmp_path: Path):
    found, trouble = look_at(tmp_path / "SHUTTLE-07", ())
    assert found is None
    assert trouble == "SHUTTLE-07 is not there. Connect its drive, or choose another folder."


def test_a_folder_is_a_destination_only_once():
    shelf = DestinationShelf()
    assert shelf.add(DestinationSpec(path=Path("/media/RAID-1")))
    assert not shelf.add(DestinationSpec(path=Path("/media/RAID-1")))
    shelf.exchange("/media/RAID-1", DestinationSpec(path=Path("/media/OLD-USB"), stage=1))
    assert [entry.key for entry in shelf.entries] == ["/media/OLD-USB"]


def test_a_live_job_is_shown_before_a_newer_one_that_waits():
    entry = DestinationEntry(spec=DestinationSpec(path=Path("/media/RAID-1")))
    live = offload("A003", JobState.RUNNING, ("/media/RAID-1/A003",))
    waiting = offload("B002", JobState.QUEUED, ("/media/RAID-1/B002",))
    assert place_for(entry, [live, waiting]).job is live
    elsewhere = offload("B002", JobState.RUNNING, ("/media/RAID-10/B002",))
    assert place_for(entry, [elsewhere]) is None


def test_usb_2_is_told_from_usb_3():
    assert is_slow_usb(OLD)
    assert bus_text(OLD) == "USB 2"
    assert not is_slow_usb(SHUTTLE)
    assert bus_text(SHUTTLE) == "USB 3, 10 Gbit/s"
    assert bus_text(volume("X", "ext4", 1, 1, bus="")) == ""


def test_a_folder_on_the_systems_disk_goes_by_its_own_name():
    system = replace(RAID, mount_point=Path("/"), label="/")
    assert place_name(Path("/srv/Day12"), system) == "Day12"
    assert place_name(RAID.mount_point / "Day12", RAID) == "RAID-1"


def test_rates_older_than_five_minutes_are_forgotten():
    clock = [0.0]
    history = RateHistory(lambda: clock[0])
    job = offload("A003", JobState.RUNNING)
    for second in range(400):
        clock[0] = float(second)
        history.take([job])
    samples = history.samples(str(job.id))
    assert samples[0][0] <= SPAN
    assert samples[-1][0] == 0.0
    assert len(samples) == 301


def test_the_slowest_destination_is_named_only_among_those_that_write():
    paths = ("/media/RAID-1", "/media/SHUTTLE-07", "/media/LTO stage")
    job = offload("A003", JobState.RUNNING, paths)
    job = replace(
        job,
        places=(
            place(paths[0], rate=9e8),
            place(paths[1], rate=4e8),
            place(paths[2], PlaceState.FAILED, rate=1.0),
        ),
    )
    assert slowest(job) == "SHUTTLE-07"
    assert slowest(replace(job, places=job.places[:1])) == ""


def test_a_preset_survives_the_settings_and_a_broken_one_stays_alone():
    preset = Preset(
        name="Main unit",
        choices=Choices(template="{date}/{roll}", wanted_copies=3),
        destinations=(DestinationSpec(path=Path("/media/RAID-1"), only=("sound",), stage=1),),
    )
    read = presets_from([{"choices": 7}, preset.to_data()])
    assert [p.name for p in read] == ["Main unit"]
    assert read[0].destinations == preset.destinations
    assert read[0].choices.template == "{date}/{roll}"
    assert read[0].choices.preset == "Main unit"


def test_a_preset_of_the_same_name_is_replaced_in_its_row():
    first, second = Preset(name="A"), Preset(name="B")
    changed = Preset(name="A", choices=Choices(wanted_copies=1))
    assert with_preset((first, second), changed) == (changed, second)


def test_what_was_started_leaves_the_choice_when_another_card_joins_it():
    shelf = CardShelf()
    shelf.see([card(roll) for roll in ("A001", "A002", "A003")])
    shelf.choose("/media/A002", also=True)
    shelf.started(["/media/A001", "/media/A002"])
    assert [entry.name for entry in shelf.chosen] == ["A001", "A002"]  # their plan is still shown
    shelf.choose("/media/A003", also=True)
    assert [entry.name for entry in shelf.chosen] == ["A003"]
    shelf.started(["/media/A003"])
    shelf.add("/somewhere/sound")
    shelf.add("/somewhere/more")
    assert [entry.name for entry in shelf.chosen] == ["sound", "more"]
    shelf.choose("/media/A001")
    shelf.choose("/media/A003", also=True)  # chosen anew by hand, it may be started anew
    assert [entry.name for entry in shelf.chosen] == ["A001", "A003"]
