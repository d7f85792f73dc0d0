from dataclasses import replace

import stand_in as s
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.snapshot import JobSnapshot, JobState, PlaceState
from app.jobs.spec import JobId
from app.units import FRAMES
from ui import words


@given(st.text(st.characters(codec=None), max_size=60))
def test_any_name_becomes_one_line_that_can_be_encoded(text):
    shown = words.printable(text)

    assert "\n" not in shown
    assert "\r" not in shown
    shown.encode("utf-8")


def test_bytes_that_are_no_utf8_stay_readable():
    assert words.printable("A\udcff03\n") == "A\\xff03⏎"


def test_an_emoji_family_stays_whole():
    family = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL} \N{CLAPPER BOARD}\ufe0f"

    assert words.printable(family) == family


def test_every_state_of_jobs_and_drives_has_mark_glyph_and_word():
    signs = [*words.JOB_SIGNS.values(), *words.PLACE_SIGNS.values(), words.WANTS]

    assert set(words.JOB_SIGNS) == set(JobState)
    assert set(words.PLACE_SIGNS) == set(PlaceState)
    assert all(sign.mark and sign.glyph and sign.word for sign in signs)


def test_job_states_are_told_apart_without_colour():
    marks = [sign.mark for sign in words.JOB_SIGNS.values()]

    assert len(set(marks)) == len(marks)


def test_a_running_job_tells_its_stage_and_file():
    assert words.stage_text(s.running()) == "Copying, reading back · file 31 of 58"


def test_a_job_that_wants_something_says_that_first():
    assert words.stage_text(s.wanting()) == "Connect SHUTTLE-07 again."
    assert words.job_sign(s.wanting()) is words.WANTS


def test_no_figure_is_claimed_where_a_crash_left_nobody_knowing():
    cut = s.job(1, "Offload A003", s.JobState.INTERRUPTED)
    assert words.percent_text(cut) == ""
    assert words.percent_text(s.job(1, "A", s.JobState.INTERRUPTED, work_done=500 * s.GB)) == "50 %"
    assert words.percent_text(s.done()) == "100 %"


def test_what_was_started_is_told_running_from_waiting():
    assert words.started_text([s.running()]) == "Offload A003 has started."
    waits = "Verify SHUTTLE-06 waits for SHUTTLE-07 to finish."
    assert words.started_text([s.queued()]) == waits
    several = words.started_text([s.running(), s.queued(3), s.queued(4)])
    assert several == "3 jobs were put in the queue."
    assert words.started_text([s.done()]) == "Offload A002: SAFE TO FORMAT."
    assert words.started_text([s.failed()]) == "Offload B002: Destination full."


def test_a_drive_is_safe_to_eject_only_when_the_engine_says_so():
    assert words.place_sign(s.place("A", PlaceState.DONE)) is not words.SAFE_TO_EJECT
    assert words.place_sign(s.place("A", PlaceState.DONE, safe_to_eject=True)).word == (
        "SAFE TO EJECT"
    )


def test_the_end_of_the_queue_counts_waiting_jobs_too():
    alone = words.done_at_text([s.running()], s.MOMENT)
    both = words.done_at_text([s.running(), s.queued()], s.MOMENT)

    assert alone == "All done at about 16:24"
    assert both > alone


def test_two_folders_of_one_volume_are_told_apart():
    one, two = s.place("/", path="/x/RAID-1/A003"), s.place("/", path="/x/copy/A003")

    assert words.goes_to_text(replace(s.running(), places=(one, two))) == "RAID-1, copy"
    assert words.place_name(one) == "/x/RAID-1/A003"
    assert words.place_name(s.place("SHUTTLE-07")) == "SHUTTLE-07"


def test_nobody_promises_an_end_while_a_job_waits_for_hands():
    assert words.done_at_text([s.running(), s.wanting()], s.MOMENT) == "Waits for you"


def test_nobody_promises_an_end_that_nobody_can_know():
    assert words.done_at_text([replace(s.running(), left=None)], s.MOMENT) == ""
    assert words.done_at_text([s.queued()], s.MOMENT) == ""


def test_jobs_that_count_frames_say_frames():
    job = JobSnapshot(
        id=JobId("A"), kind="proxy", title="Proxies of A003", state=JobState.RUNNING,
        unit=FRAMES, size=1204, copied=100, rate=7.25,
    )  # fmt: skip
    assert words.job_text(job) == "Proxies of A003"
    assert words.rate_cell(job) == "7.2 fps"
    assert words.rate_cell(replace(job, rate=61.4)) == "61 fps"
