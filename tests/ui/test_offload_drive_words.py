"""Every word on the tiles of the destinations, from invented facts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from offload_stage import (
    GB,
    OLD,
    RAID,
    SHUTTLE,
    STAGE,
    StageEngine,
    card,
    offload,
    place,
)

from app.jobs.snapshot import JobState, PlaceState
from app.offload.plan import OffloadPlan, Remark, Weight
from app.offload.spec import DestinationSpec
from ui.job_table import repairable
from ui.models.choices import Choices
from ui.models.destinations import (
    DestinationEntry,
    DestinationShelf,
    PlaceInHand,
    holder_of,
    look_at,
)
from ui.models.plan import read_plans, settled
from ui.panes.offload_drives import destination_face
from ui.theme import Tone
from ui.words import (
    COMPLETE,
    EJECTED,
    HOLDS_ALL,
    SAFE_TO_EJECT,
    STOPPED,
    WRITING,
    place_sign,
)

JUDGED = (JobState.DONE, JobState.FAILED)


def plans(*rolls: str, to=("/media/RAID-1", "/media/SHUTTLE-07"), **given) -> list[OffloadPlan]:
    engine = StageEngine()
    engine.inserted = [card(roll) for roll in rolls]
    specs = [DestinationSpec(path=Path(path)) for path in to]
    return [engine.plan(Choices(**given).spec(Path(f"/media/{roll}"), specs)) for roll in rolls]


def destination(volume=RAID, job=None, state=PlaceState.WRITING, reading=None, **facts):
    where = DestinationEntry(
        spec=DestinationSpec(path=volume.mount_point / "Day12"), volume=volume, looked=True
    )
    hand = None
    if job:
        hand = PlaceInHand(job=job, place=place(where.key, state, **facts))
    room = reading.room(where.key) if reading else None
    said = reading.remarks if reading else ()
    return destination_face(where, hand, room, said, "{roll}")


def test_a_drive_says_what_is_free_now_and_after():
    reading = read_plans(plans("A003", to=("/media/RAID-1/Day12",)))
    shown = destination(reading=reading)
    assert shown.pill == "XFS · 32 TB"
    assert shown.where == "/media/RAID-1/Day12/A003 · NVMe"
    assert shown.free == "12.1 TB free, 11.7 TB after this plan"
    assert shown.sign is None


def test_a_drive_that_is_written_to_must_stay():
    running = offload("A003", JobState.RUNNING)
    shown = destination(job=running)
    assert shown.sign == WRITING
    assert shown.rate == "1.14 GB/s"
    assert not shown.can_eject
    assert not shown.can_remove


def test_a_drive_is_safe_to_eject_only_when_the_job_says_so():
    done = offload("A003", JobState.DONE)
    assert destination(job=done, state=PlaceState.DONE).sign is None
    assert destination(job=done, state=PlaceState.DONE, safe_to_eject=True).sign is SAFE_TO_EJECT


def test_a_drive_that_is_safe_to_eject_can_be_ejected_and_the_systems_disk_is_never_called_so():
    done = offload("A003", JobState.DONE)
    fixed = destination(replace(RAID, removable=False), done, PlaceState.DONE, safe_to_eject=True)
    assert (fixed.sign, fixed.can_eject) == (SAFE_TO_EJECT, True)
    system = replace(RAID, mount_point=Path("/"), removable=False)
    facts = {"safe_to_eject": True, "total": GB, "verified": GB}
    shown = destination(system, done, PlaceState.DONE, **facts)
    assert (shown.sign, shown.can_eject) == (COMPLETE, False)


def test_an_ejected_drive_still_says_what_failed_on_it():
    where = DestinationEntry(
        spec=DestinationSpec(path=Path("/media/RAID-1")), home=RAID, looked=True, ejected=True
    )
    damaged = place("/media/RAID-1", PlaceState.FAILED, trouble="A003C003.mxf is damaged.")
    hand = PlaceInHand(job=offload("A003", JobState.DONE), place=damaged)
    shown = destination_face(where, hand, None, (), "{roll}")
    assert (shown.sign, shown.trouble) == (EJECTED, "A003C003.mxf is damaged.")
    assert not shown.failed


def test_a_drive_that_holds_all_stays_until_its_job_has_ended():
    running = offload("A003", JobState.RUNNING)
    shown = destination(RAID, running, PlaceState.DONE, total=GB, verified=GB)
    assert shown.sign is HOLDS_ALL
    assert not shown.can_eject
    assert place_sign(place("/media/RAID-1", PlaceState.DONE, total=GB, verified=GB),
                      running=True) is HOLDS_ALL  # fmt: skip


def test_a_folder_that_is_to_be_made_needs_a_mounted_drive(tmp_path):
    system = replace(RAID, mount_point=Path("/"), label="system", removable=False)
    drive = replace(RAID, mount_point=tmp_path)
    new = tmp_path / "Day12" / "A-cam"
    assert look_at(new, (system, drive)) == (drive, "")
    found, trouble = look_at(new, (system,))
    assert found is None
    assert trouble == "A-cam is not there. Connect its drive, or choose another folder."
    new.parent.write_text("a file")
    assert look_at(new.parent, (system, drive)) == (None, "Day12 is a file. Choose a folder.")


def test_the_bare_mount_point_of_a_drive_is_no_destination(tmp_path, monkeypatch):
    monkeypatch.setattr("app.places.chosen.DRIVES", (f"{tmp_path}/",))
    system = replace(RAID, mount_point=Path("/"), label="system", removable=False)
    bare = tmp_path / "RAID-1"
    bare.mkdir()
    found, trouble = look_at(bare, (system,))
    assert found is None
    assert trouble.startswith("RAID-1 is not connected.")
    assert look_at(bare, (system, replace(RAID, mount_point=bare)))[1] == ""
    (bare / "somebody's film.mov").touch()
    assert look_at(bare, (system,)) == (system, "")


def test_a_copy_that_a_later_look_found_damaged_is_not_called_safe():
    damaged = place("/media/RAID-1", PlaceState.FAILED, safe_to_eject=True)
    assert place_sign(damaged) is STOPPED
    shown = destination(RAID, offload("A003", JobState.DONE), PlaceState.FAILED, safe_to_eject=True)
    assert shown.sign is None
    assert "SAFE" not in shown.spoken


def test_a_full_drive_says_what_failed_and_the_way_out():
    running = offload("A003", JobState.RUNNING, ("/media/RAID-1", "/media/LTO stage"))
    trouble = "Destination full: A003C029.mxf needs 7.2 GB, 1.1 GB left. Free space, then Retry."
    shown = destination(STAGE, running, PlaceState.FAILED, trouble=trouble)
    assert shown.failed
    assert shown.rate == "stopped"
    assert shown.trouble == "Destination full: A003C029.mxf needs 7.2 GB, 1.1 GB left."
    assert shown.hint == "The others go on. Free space, then Retry."


def test_a_drive_that_does_not_answer_at_this_moment_says_so_while_it_is_waited_for():
    running = offload("A003", JobState.RUNNING)
    shown = destination(job=running, trouble="RAID-1 has not answered for 12 seconds.")
    assert shown.trouble == "RAID-1 has not answered for 12 seconds."
    assert shown.sign == WRITING
    assert not shown.failed
    assert destination(job=running).trouble == ""


def test_too_little_room_is_said_on_the_tile_with_the_number():
    reading = read_plans(plans("A003", to=("/media/LTO stage/Day12",)))
    shown = destination(STAGE, reading=reading)
    assert shown.free == "1.1 GB free"
    assert shown.remarks == ((Tone.FAILED, "Has 1.1 GB free, A003 needs 412.6 GB"),)
    assert not shown.fits
    assert not shown.fits
    assert shown.remarks[0][0] is Tone.FAILED


def test_usb_2_is_said_on_the_tile_before_anything_starts():
    assert any("USB 2" in text for tone, text in destination(OLD).remarks)
    assert not destination(SHUTTLE).remarks


def test_a_pulled_drive_offers_to_finish_without_it_and_no_retry():
    made = offload("A003", JobState.RUNNING, ("/media/RAID-1", "/media/SHUTTLE-07"))
    gone = place("/media/SHUTTLE-07", PlaceState.GONE, trouble="SHUTTLE-07 was removed.")
    made = replace(made, places=(made.places[0], gone), wants="Connect SHUTTLE-07 again.")
    where = DestinationEntry(spec=DestinationSpec(path=Path("/media/SHUTTLE-07")), home=SHUTTLE)
    shown = destination_face(where, PlaceInHand(job=made, place=gone), None, (), "{roll}")
    assert shown.can_leave_out
    assert not shown.can_retry
    assert (shown.name, shown.pill) == ("SHUTTLE-07", "")


def test_a_damaged_copy_is_repaired_and_an_unfinished_one_retried():
    whole = place("/media/RAID-1", PlaceState.DONE, total=GB, written=GB, verified=GB)
    damaged = place("/media/SHUTTLE-07", PlaceState.FAILED, total=GB, written=GB, verified=GB)
    done = replace(offload("A003", JobState.DONE), places=(whole, damaged))
    assert repairable(done) == (1,)
    full = replace(damaged, written=GB // 2)
    assert repairable(replace(done, places=(whole, full))) == ()
    assert repairable(replace(done, places=(damaged, damaged))) == ()


def test_the_empty_folder_of_a_pulled_drive_is_no_destination():
    shelf = DestinationShelf()
    shelf.add(DestinationSpec(path=Path("/media/SHUTTLE-07")))
    shelf.looked_at("/media/SHUTTLE-07", SHUTTLE)
    system = replace(RAID, mount_point=Path("/"), label="system", uuid="system")
    shelf.looked_at("/media/SHUTTLE-07", system)
    (left,) = shelf.entries
    assert left.gone
    assert "SHUTTLE-07 is not connected" in left.trouble
    shelf.looked_at("/media/SHUTTLE-07", SHUTTLE)
    assert not shelf.entries[0].gone
    assert shelf.entries[0].trouble == ""


@pytest.mark.parametrize(
    ("kind", "state", "said"),
    [
        ("verify", JobState.RUNNING, "Being verified, do not unplug"),
        ("repair", JobState.PAUSED, "Being repaired, do not unplug"),
        ("offload", JobState.RUNNING, "In use, do not unplug"),
        ("verify", JobState.QUEUED, "Waiting"),
    ],
)
def test_a_drive_that_another_job_reads_says_so_and_is_not_ejected(kind, state, said):
    there = DestinationEntry(spec=DestinationSpec(path=RAID.mount_point), volume=RAID)
    other = replace(offload("B001", state, lanes=frozenset({RAID.device.id})), kind=kind)
    assert holder_of(there, [other]) is other
    shown = destination_face(there, None, None, (), "{roll}", holder=other)
    assert shown.sign
    assert shown.sign.word == said
    assert shown.detail == "Offload B001"
    assert not (shown.can_eject)
    assert not (shown.can_verify)
    free = destination_face(there, None, None, (), "{roll}", holder=holder_of(there, []))
    assert free.can_eject


def test_a_drive_is_held_only_by_jobs_on_their_way_on_that_device():
    there = DestinationEntry(spec=DestinationSpec(path=RAID.mount_point), volume=RAID)
    mine, other = frozenset({RAID.device.id}), frozenset({SHUTTLE.device.id})
    for state in (JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.INTERRUPTED):
        assert holder_of(there, [offload("A003", state, lanes=mine)]) is None
    assert holder_of(there, [offload("A003", JobState.RUNNING, lanes=other)]) is None
    stuck = offload("A003", JobState.QUEUED, lanes=mine, wants="Waits for job AF1ADD")
    assert holder_of(there, [stuck]) is None


def test_a_drive_that_another_process_writes_to_is_in_use_and_an_image_beside_it_is_not():
    foreign = offload("B001", JobState.RUNNING, ("/media/RAID-1",), foreign=True)
    waiting = replace(foreign.places[0], state=PlaceState.WAITING)
    foreign = replace(foreign, places=(waiting,), lanes=frozenset({RAID.device.id}))
    there = DestinationEntry(spec=DestinationSpec(path=RAID.mount_point), volume=RAID)
    hand = PlaceInHand(job=foreign, place=waiting)
    shown = destination_face(there, hand, None, (), "{roll}", holder=holder_of(there, [foreign]))
    assert (shown.sign.word, shown.detail) == ("In use, do not unplug", "Offload B001")
    beside = replace(RAID, mount_point=Path("/media/RAID-2"), source="/dev/sdb2")
    other = replace(there, spec=DestinationSpec(path=beside.mount_point), volume=beside)
    assert holder_of(other, [foreign]) is foreign  # the same drive
    image = replace(beside, source="/dev/loop3")
    assert holder_of(replace(other, volume=image), [foreign]) is None
    itself = replace(RAID, source="/dev/loop2")
    assert holder_of(replace(there, volume=itself), [foreign]) is foreign


def test_a_job_that_was_cut_off_has_no_rate_on_its_drives():
    there = destination(job=offload("A003", JobState.INTERRUPTED))
    assert (there.rate, there.sign) == ("", None)
    assert destination(job=offload("A003", JobState.RUNNING)).rate == "1.14 GB/s"


def test_while_a_job_writes_its_folder_is_named_and_not_that_of_the_plan():
    reading = read_plans(plans("A003", to=("/media/RAID-1/Day12",)))
    running = offload("B001", JobState.RUNNING)
    note = Remark(weight=Weight.NOTE, text="RAID-1: 6 files known from job AF1ADD.", destination=0)
    there = DestinationEntry(spec=DestinationSpec(path=RAID.mount_point), volume=RAID)
    hand = PlaceInHand(job=running, place=place("/media/RAID-1/B001"))
    shown = destination_face(there, hand, reading.rooms[0], (note,), "{roll}")
    assert shown.where == "/media/RAID-1/B001 · NVMe"
    assert shown.remarks == ()


def promised(plan: OffloadPlan, count: int) -> OffloadPlan:
    """*plan* on drives of which other jobs will still take *count* bytes."""
    taken = tuple(
        replace(one, promised=count, free_after=one.free_after - count) for one in plan.destinations
    )
    return replace(plan, destinations=taken)


def test_what_is_promised_to_other_jobs_is_counted_once_however_many_cards_are_planned():
    one, two = plans("A003", "B002", to=("/media/SHUTTLE-07/Day12",))
    reading = read_plans([promised(one, 700 * GB), promised(two, 700 * GB)])
    assert destination(SHUTTLE, reading=reading).free == "1.6 TB free, 74.8 GB after this plan"
    assert not reading.refusals
    (refusal,) = read_plans([promised(one, 800 * GB), promised(two, 800 * GB)]).refusals
    assert refusal.text.startswith(
        "SHUTTLE-07 has 1.6 TB free, 800.0 GB of it promised to other jobs, all chosen cards need"
        " 825.2 GB: 25.2 GB too few."
    )
    note = Remark(weight=Weight.NOTE, text="RAID-1: 6 files known from job AF1ADD.", destination=0)
    begun = settled(replace(reading, remarks=(note, replace(note, destination=None), refusal)))
    assert begun.remarks == (replace(note, destination=None),)


def test_known_files_of_many_cards_take_one_line():
    there = DestinationEntry(spec=DestinationSpec(path=RAID.mount_point), volume=RAID)
    known = [
        Remark(weight=Weight.NOTE, text=f"RAID-1: {what}, by history. They are not read again.")
        for what in (
            "6 files known from job AF1ADD (read on 2026-11-20 17:04)",
            "10,000 files known from job 1BDEEA, 1 file known from job AF1ADD",
        )
    ]
    shown = destination_face(there, None, None, tuple(known), "{roll}", cards=2)
    assert shown.remarks == ((Tone.IDLE, "10,007 files known from 2 jobs"),)
    one = destination_face(there, None, None, tuple(known[:1]), "{roll}")
    assert one.remarks == ((Tone.IDLE, "6 files known from job AF1ADD"),)


def test_a_drive_that_is_back_elsewhere_takes_its_folders_along_and_its_twin_does_not():
    shelf = DestinationShelf()
    shelf.add(DestinationSpec(path=Path("/media/SHUTTLE-07/Day12"), template="{camera}"))
    key = "/media/SHUTTLE-07/Day12"
    shelf.looked_at(key, SHUTTLE)
    moved = replace(SHUTTLE, mount_point=Path("/media/SHUTTLE-071"))
    assert not shelf.follow((moved,))  # it has not gone
    shelf.looked_at(key, None, "SHUTTLE-07 is not there.")
    twin = replace(moved, device=replace(RAID.device, id="disk:another"))
    assert not shelf.follow((RAID, twin))
    assert not shelf.follow((moved, replace(moved, mount_point=Path("/media/second"))))
    assert shelf.follow((RAID, moved))
    (entry,) = shelf.specs
    assert entry == DestinationSpec(path=Path("/media/SHUTTLE-071/Day12"), template="{camera}")
