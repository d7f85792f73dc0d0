"""Every word on the tiles and in the plan, from invented facts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
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
    file_rows,
    offload,
    place,
)

from app.jobs.snapshot import JobState, PlaceState
from app.jobs.spec import JobId
from app.offload.plan import OffloadPlan, Remark, Weight
from app.offload.spec import DestinationSpec
from ui.job_table import repairable
from ui.models.cards import CardEntry
from ui.models.choices import Choices
from ui.models.destinations import DestinationEntry, DestinationShelf, PlaceInHand, look_at
from ui.models.evidence_files import EvidenceFiles
from ui.models.plan import read_plans, thinned
from ui.panes.offload_drives import destination_face
from ui.panes.offload_faces import card_face, plan_face
from ui.theme import Tone
from ui.widgets.wrapped import breakable
from ui.words import (
    COMPLETE,
    EJECTED,
    HOLDS_ALL,
    KEEP,
    SAFE,
    SAFE_TO_EJECT,
    STOPPED,
    WRITING,
    place_sign,
)

JUDGED = (JobState.DONE, JobState.FAILED)
SINCE = datetime.now(UTC) - timedelta(hours=1)


def entry(**facts) -> CardEntry:
    return CardEntry(root="/media/A003", since=SINCE, card=card("A003"), **facts)


def face(job=None, **facts):
    return card_face(entry(**facts), job, chosen=False, wanted=2, ejectable=True)


def plans(*rolls: str, to=("/media/RAID-1", "/media/SHUTTLE-07"), **given) -> list[OffloadPlan]:
    engine = StageEngine()
    engine.inserted = [card(roll) for roll in rolls]
    specs = [DestinationSpec(path=Path(path)) for path in to]
    return [engine.plan(Choices(**given).spec(Path(f"/media/{roll}"), specs)) for roll in rolls]


def test_a_card_that_was_not_started_is_to_be_kept():
    shown = face()
    assert (shown.sign, shown.detail) == (KEEP, "not started")
    assert shown.facts == "58 clips · 09:14 to 12:31 · A003C001 to A003C058"
    assert shown.size == "412.6 GB"
    assert not shown.has_evidence


def test_a_running_card_counts_copies_and_clips():
    shown = face(offload("A003", JobState.RUNNING, ("/media/RAID-1", "/media/SHUTTLE-07")))
    assert shown.sign is KEEP
    assert shown.detail == "0 of 2 copies verified, 31 of 58 clips"
    assert 0 < shown.verified < shown.copied < 1
    assert not shown.can_eject


def test_only_a_job_that_says_safe_makes_a_card_safe():
    paths = ("/media/RAID-1", "/media/SHUTTLE-07")
    done = offload("A003", JobState.DONE, paths, safe=True, verdict="SAFE TO FORMAT")
    done = replace(done, places=tuple(place(p, PlaceState.DONE) for p in paths))
    shown = face(done)
    assert shown.sign is SAFE
    assert re.search(r"verified \d\d:\d\d on RAID-1, SHUTTLE-07", shown.facts)
    assert shown.can_eject
    keep = replace(done, safe=False, verdict="KEEP, 1 of 2 copies verified")
    assert (face(keep).sign, face(keep).detail) == (KEEP, "1 of 2 copies verified")


@pytest.mark.parametrize("state", [s for s in JobState if s not in JUDGED])
def test_no_other_state_of_a_job_shows_safe(state: JobState):
    assert face(offload("A003", state, safe=True)).sign is KEEP


def test_a_card_with_copies_enough_is_safe_though_a_third_drive_failed():
    paths = ("/media/RAID-1", "/media/SHUTTLE-07", "/media/LTO stage")
    states = (PlaceState.DONE, PlaceState.DONE, PlaceState.FAILED)
    made = offload("A003", JobState.FAILED, paths, safe=True, verdict="SAFE TO FORMAT")
    places = tuple(place(p, state) for p, state in zip(paths, states, strict=True))
    shown = face(replace(made, places=places))
    assert (shown.sign, shown.detail) == (SAFE, "")
    assert shown.findings == "LTO stage failed. The other copies are enough."
    assert shown.retry == "Retry failed"


def test_copies_that_are_no_longer_there_make_a_safe_card_one_to_keep():
    root = "/media/RAID-1/A003"
    made = offload("A003", JobState.DONE, (root,), safe=True, verdict="SAFE TO FORMAT")
    made = replace(made, places=(place(root, PlaceState.DONE, verified=GB, total=GB),))
    (plan,) = plans("A003", to=("/media/RAID-1",))
    assert thinned(plan, made) == ("RAID-1",)
    shown = face(made, thinned=thinned(plan, made))
    assert (shown.sign, shown.detail) == (KEEP, "copies have gone")
    assert shown.findings == "No longer whole on RAID-1. Start copies what is missing."
    whole = replace(plan.destinations[0], already=plan.size)
    assert thinned(replace(plan, destinations=(whole,)), made) == ()


def test_a_cascade_says_when_the_card_is_free():
    facts = {"safe": True, "verdict": "SAFE TO FORMAT", "stage": "Stage 2: copying on"}
    shown = face(offload("A003", JobState.RUNNING, ("/media/RAID-1",), **facts))
    assert (shown.sign, shown.detail) == (SAFE, "card free, copying on")
    assert shown.can_eject
    facts |= {"safe": False, "verdict": "KEEP, 1 of 2 copies verified"}
    shown = face(offload("A003", JobState.RUNNING, ("/media/RAID-1",), **facts))
    assert (shown.sign, shown.detail) == (KEEP, "1 of 2 copies verified, card free, copying on")


def test_clips_are_named_without_what_all_of_them_end_in():
    named = replace(card("A003"), clips=())
    first, last = (replace(card("A003").clips[0], name=f"A003C{n:03}_261121_R2EC") for n in (1, 9))
    shown = card_face(
        CardEntry(root="/media/A003", since=SINCE, card=replace(named, clips=(first, last))),
        None,
        chosen=False,
        wanted=2,
    )
    assert shown.facts.endswith("A003C001 to A003C009")


def test_a_job_that_waits_for_a_card_asks_for_it_on_the_tile():
    shown = face(offload("A003", JobState.RUNNING, wants="Put card A003 back."))
    assert shown.findings == "Put card A003 back."
    assert shown.trouble == ""
    assert face(offload("A003", JobState.INTERRUPTED)).retry == "Resume"
    assert face(offload("A003", JobState.FAILED)).retry == "Retry failed"


def test_a_card_that_cannot_be_read_says_why():
    shown = card_face(
        CardEntry(root="/media/A003", since=SINCE, trouble="Input/output error."),
        None,
        chosen=False,
        wanted=2,
    )
    assert shown.sign is KEEP
    assert shown.trouble == "Input/output error."
    assert "Input/output error." in shown.spoken


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
    assert shown.where == "/Day12/{roll} · NVMe"
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


def test_two_cards_that_fit_alone_but_not_together_are_refused():
    reading = read_plans(plans("A003", "A004", "A005", "A006"))
    assert [r.weight for r in reading.refusals] == [Weight.REFUSAL]
    assert reading.refusals[0].text.startswith(
        "SHUTTLE-07 has 1.6 TB free, all chosen cards need 1.7 TB: 50.4 GB too few."
    )


def test_two_folders_on_one_drive_share_its_room():
    reading = read_plans(plans("A003", to=("/media/RAID-1/a", "/media/RAID-1/b")))
    assert {room.needed for room in reading.rooms} == {825_200_000_000}


def test_the_plan_reads_like_a_table():
    reading = read_plans(plans("A003", "B002"))
    assert reading.title == "A003, B002 → 2 drives"
    assert dict(reading.rows) == {
        "To copy": "116 clips, 825.2 GB",
        "Read once, written to": "2 destinations",
        "Check": "card read twice, each drive read back",
        "Hashes": "xxh64, blake3",
        "Cards free after": "about 14 min",
        "Room after, smallest": "SHUTTLE-07, 774.8 GB",
    }


def test_start_bears_the_name_of_the_preset_and_the_ignored_files_are_counted():
    choices = Choices(preset="Main unit")
    reading = read_plans(plans("A003"))
    shown = plan_face(reading, choices, why_not="", can_try=True, wrong=False, tried="")
    assert shown.start == "Start · Main unit"
    assert shown.can_start
    assert shown.ignored == "Ignored: .DS_Store, ._* · 2 files"


def test_nothing_is_said_of_the_ignore_list_where_it_leaves_nothing_out():
    reading = replace(read_plans(plans("A003")), ignored=())
    shown = plan_face(reading, Choices(), why_not="", can_try=True, wrong=False, tried="")
    assert shown.ignored == ""


def test_only_the_cards_that_are_verified_already_are_called_so():
    def said(*already: str) -> list[str]:
        made = [replace(p, already_safe=p.card.roll in already) for p in plans("A003", "B002")]
        shown = plan_face(
            read_plans(made), Choices(), why_not="", can_try=True, wrong=False, tried=""
        )
        return [text for tone, text in shown.remarks if tone is Tone.VERIFIED]

    assert said() == []
    assert said("B002") == ["Every file of B002 is verified on these destinations already."]
    whole = "Every file of every card is verified on these destinations already."
    assert said("A003", "B002") == [whole]


def test_start_is_called_resume_where_it_goes_on_with_an_interrupted_job():
    made = [replace(plan, resumes=JobId("AF1ADD")) for plan in plans("A003", "B002")]

    def start(*of: OffloadPlan) -> str:
        return plan_face(
            read_plans(of), Choices(), why_not="", can_try=True, wrong=False, tried=""
        ).start

    assert start(*made) == "Resume"
    assert start(made[0], plans("B002")[0]) == "Start"


def test_a_refusal_closes_start_and_says_where_to_look():
    reading = read_plans(plans("A003"))
    no = Remark(weight=Weight.REFUSAL, text="The destination lies inside the card.")
    reading = replace(reading, remarks=(no,))
    shown = plan_face(reading, Choices(), why_not=no.text, can_try=True, wrong=False, tried="")
    assert not shown.can_start
    assert shown.why_not == "Start is not possible: 1 refusal above."
    assert shown.remarks == ((Tone.FAILED, "The destination lies inside the card."),)


@pytest.mark.parametrize("name", ["x" * 255, "a\nb", "<b>&\"'", "\udcff\udcfe", "🎬" * 60])
def test_odd_names_break_nothing_and_show_no_raw_control(name: str):
    odd = replace(card("A003"), roll=name, camera=name, label=name)
    shown = card_face(
        CardEntry(root="/media/A003", since=SINCE, card=odd), None, chosen=True, wanted=2
    )
    assert shown.roll.isprintable()
    assert len(shown.camera) <= 20
    assert shown.roll.encode()
    assert max(map(len, breakable(shown.roll).split("\u200b"))) <= 24


def test_ten_thousand_files_are_filtered_by_name_and_by_hash():
    model = EvidenceFiles()
    model.put(file_rows(10_000), ["RAID-1", "SHUTTLE-07"])
    assert model.rowCount() == 10_000
    model.narrow("c04321", only_open=False)
    assert [row.path for row in model.rows] == ["clips/A003C04321.mxf"]
    model.narrow(f"{4321 * 7919:064x}", only_open=False)
    assert len(model.rows) == 1
    model.narrow("", only_open=True)
    assert len(model.rows) == 20
    assert all(row.state == "failed" for row in model.rows)


def test_a_card_whose_turn_is_to_come_says_so():
    shown = card_face(entry(), None, chosen=True, wanted=2, waiting=True)
    assert (shown.sign, shown.detail) == (KEEP, "waiting in the queue")


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
