"""Every word on the tiles and in the plan, from invented facts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from offload_stage import (
    GB,
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
from ui.models.cards import CardEntry, CardShelf, told_apart
from ui.models.choices import Choices
from ui.models.evidence_files import EvidenceFiles
from ui.models.plan import read_plans, thinned
from ui.panes.offload_faces import card_face, plan_face
from ui.theme import Tone
from ui.widgets.wrapped import breakable
from ui.words import (
    KEEP,
    SAFE,
    earlier_text,
)

JUDGED = (JobState.DONE, JobState.FAILED)


def entry(**facts) -> CardEntry:
    return CardEntry(root="/media/A003", card=card("A003"), **facts)


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
        CardEntry(root="/media/A003", card=replace(named, clips=(first, last))),
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
        CardEntry(root="/media/A003", trouble="Input/output error."),
        None,
        chosen=False,
        wanted=2,
    )
    assert shown.sign is KEEP
    assert shown.trouble == "Input/output error."
    assert "Input/output error." in shown.spoken


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


def test_cards_of_one_name_are_counted_in_the_plans_title():
    assert read_plans(plans("A003", "A003", "A003")).title == "A003 (3 cards) → 2 drives"
    mixed = read_plans(plans("A003", "B002", "A003", to=("/media/RAID-1",)))
    assert mixed.title == "A003 (2 cards), B002 → 1 drive"


def test_start_bears_the_name_of_the_preset_and_the_ignored_files_are_counted():
    choices = Choices(preset="Main unit")
    reading = read_plans(plans("A003"))
    shown = plan_face(reading, choices, why_not="", can_try=True, wrong=False, tried="")
    assert shown.start == "Start · Main unit"
    assert shown.can_start
    assert shown.ignored == "Ignored: .DS_Store, ._* · 2 entries"


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
    shown = card_face(CardEntry(root="/media/A003", card=odd), None, chosen=True, wanted=2)
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


@pytest.mark.parametrize(
    ("state", "facts", "said"),
    [
        (JobState.DONE, {"safe": True, "verdict": "SAFE TO FORMAT"}, "safe {}, not checked now"),
        (
            JobState.DONE,
            {"verdict": "KEEP, 1 of 2 copies verified"},
            "1 of 2 copies verified {}",
        ),
        (JobState.FAILED, {}, "failed {}"),
        (JobState.CANCELLED, {}, "cancelled {}"),
    ],
)
def test_a_card_of_an_earlier_job_says_what_became_of_it_and_stays_one_to_keep(state, facts, said):
    moment = datetime(2026, 11, 19, 14, 2).astimezone()
    earlier = offload("A003", state, finished=moment, **facts)
    shown = card_face(entry(earlier=earlier), None, chosen=False, wanted=2)
    assert shown.sign is KEEP
    assert shown.detail == said.format("on 19 Nov")
    assert earlier_text(earlier, moment + timedelta(hours=1)) == said.format("at 14:02")


def test_cards_of_one_name_are_told_apart_by_their_path():
    shelf = CardShelf()
    for root in ("/media/one/A003", "/media/two/A003", "/media/B002"):
        shelf.add(root)
    where = told_apart(shelf.entries)
    assert where == {"/media/one/A003": "one/A003", "/media/two/A003": "two/A003"}
    shown = card_face(entry(), None, chosen=False, wanted=2, where="one/A003")
    assert shown.facts.startswith("one/A003 · 58 clips")
