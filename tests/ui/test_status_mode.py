"""Status mode: what a crew reads across a tent, and that it is what the tiles say."""

from dataclasses import replace
from datetime import timedelta

import pytest
import stand_in as s
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.jobs.snapshot import JobState, PlaceState
from ui.dialogs.status_mode import MOST, StatusMode, drive_signs, most_urgent, speaking
from ui.job_table import Verb, since_mended, verbs_of
from ui.models.queue import QueueModel
from ui.widgets.queue import QueuePanel
from ui.words import SAFE_TO_EJECT, percent_text, stage_text


def test_status_mode_shows_first_who_needs_hands(bridge, qtbot):
    jobs = (s.done(1), s.queued(2), s.running(3), s.failed(4), s.wanting(5))

    order = [job.id for job in most_urgent(jobs)]

    assert order == [jobs[4].id, jobs[2].id, jobs[3].id, jobs[0].id, jobs[1].id]


def test_no_drive_may_be_unplugged_while_another_job_writes_to_it():
    ended, running = s.done(2), s.running(1)
    shared = replace(running, places=ended.places)
    ended = replace(ended, places=tuple(replace(p, safe_to_eject=True) for p in ended.places))

    signs = drive_signs(ended, (shared, ended))

    assert all("do not unplug" in sign.word for sign in signs)
    assert drive_signs(ended, (ended,)) == (SAFE_TO_EJECT, SAFE_TO_EJECT)


def test_status_mode_puts_a_card_that_lost_a_copy_beside_what_failed():
    lost = s.done(2)
    lost = replace(lost, places=(lost.places[0], s.place("SHUTTLE-07", PlaceState.FAILED)))

    order = [job.id for job in most_urgent((s.done(1), lost, s.failed(3)))]

    assert order == [lost.id, s.failed(3).id, s.done(1).id]


def test_a_drive_that_a_running_job_holds_is_not_called_done():
    ended, running = s.done(2), s.running(1)
    shared = replace(running, places=ended.places[:1])
    working = replace(shared, places=(replace(ended.places[0], state=PlaceState.WRITING),))

    signs = drive_signs(ended, (working, ended))

    assert [sign.word for sign in signs] == ["In use, do not unplug", "Done"]


def test_a_drive_that_another_job_waits_for_is_not_to_be_kept_plugged():
    ended, waits = s.done(2), s.wanting(1)
    waits = replace(waits, places=(ended.places[0], s.place("SHUTTLE-07", PlaceState.GONE)))

    signs = drive_signs(ended, (ended, waits))

    assert [sign.word for sign in signs] == ["In use, do not unplug", "Not connected"]
    assert drive_signs(waits, (ended, waits))[1].word == "Connect it again"


@pytest.mark.parametrize("state", [JobState.INTERRUPTED, JobState.CANCELLED, JobState.FAILED])
def test_of_a_job_that_does_not_run_no_drive_is_called_written_to(state):
    cut = replace(s.running(1), state=state)

    assert [sign.word for sign in drive_signs(cut, (cut,))] == ["Not complete"] * 3


def test_a_drive_that_another_process_writes_to_must_stay():
    foreign = replace(s.queued(1), state=JobState.RUNNING, foreign=True)

    assert [sign.word for sign in drive_signs(foreign, (foreign,))] == ["In use, do not unplug"]
    assert percent_text(foreign) == ""


def test_one_job_speaks_for_a_card_in_status_mode():
    first, cut = s.done(1), replace(s.running(2), state=JobState.INTERRUPTED)
    same = tuple(replace(job, card="/media/CARD", title="Offload A003") for job in (first, cut))
    other = replace(first, card="/media/CARD", title="Offload B001", id="00000B")

    assert speaking((other, *same)) == (other, same[1])
    begun = replace(same[1], state=JobState.RUNNING)
    assert speaking((begun, same[0])) == (begun, same[0])


def test_what_a_verify_job_found_is_done_once_repairs_have_brought_all_of_it_back(bridge, qtbot):
    later = s.MOMENT + timedelta(minutes=1)
    found = replace(
        s.job(1, "Verify RAID", JobState.FAILED, finished=s.MOMENT),
        kind="verify", checked="/mnt/RAID",
        verdict="2 files differ: A.mov is changed, B.mov is gone.",
    )  # fmt: skip
    mended = replace(
        s.job(2, "Repair A003 on RAID", JobState.DONE, started=later),
        kind="repair", checked="/mnt/RAID/A003", files_total=2,
    )  # fmt: skip
    panel = QueuePanel(QueueModel())
    qtbot.addWidget(panel)
    panel.show_jobs((found, mended))
    shown = panel.model.jobs[0]
    assert (shown.state, stage_text(shown)) == (JobState.DONE, "2 files differed, repaired since")
    assert Verb.REPAIR not in verbs_of(shown)
    for one in (
        replace(mended, files_total=1),
        replace(mended, started=s.MOMENT - timedelta(minutes=1)),
        replace(mended, checked="/mnt/SHUTTLE/A003"),
        replace(mended, state=JobState.FAILED),
    ):
        assert since_mended((found, one)) == (found, one)


def test_status_mode_can_be_read_across_a_tent(bridge, qtbot):
    mode = StatusMode(bridge)
    mode.resize(1280, 800)
    qtbot.addWidget(mode)
    with qtbot.waitExposed(mode):
        mode.show()
    mode.show_jobs((s.running(1), s.done(2)))

    visible = [board for board in mode.boards if board.isVisible()]
    assert len(visible) == 2
    assert all(board.height() > 280 for board in visible)
    assert "SAFE TO FORMAT" in visible[1].accessibleName()

    mode.show_jobs(tuple(s.running(number) for number in range(9)))
    assert len([board for board in mode.boards if board.isVisible()]) == MOST
    assert "5 more in the queue" in mode._clock.text()

    QTest.keyClick(mode, Qt.Key.Key_Escape)
    assert not mode.isVisible()


@pytest.mark.parametrize("state", list(JobState))
def test_status_mode_paints_every_state(bridge, qtbot, state):
    mode = StatusMode(bridge)
    mode.resize(900, 500)
    qtbot.addWidget(mode)
    mode.show_jobs((s.job(1, 'A\udcff\n"x" 🎬' * 20, state, work_done=1, places=(s.place("X"),)),))

    assert not mode.grab().isNull()
