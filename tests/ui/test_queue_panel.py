from dataclasses import replace

import pytest
import stand_in as s
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.jobs.snapshot import JobState, PlaceState
from app.units import FRAMES, MATERIAL, TILES
from ui import words
from ui.job_table import Column, Verb, verbs_of
from ui.models.queue import QueueModel
from ui.theme import Tone
from ui.widgets.bar import job_parts
from ui.widgets.queue import QueuePanel
from ui.widgets.queue_table import ROW


@pytest.fixture
def panel(qtbot):
    made = QueuePanel(QueueModel())
    made.resize(1204, 300)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


def _asked(panel):
    asked = []
    panel.verb_asked.connect(lambda verb, job: asked.append((verb, job)))
    return asked


def test_an_empty_queue_says_so(panel):
    panel.show_jobs([])

    assert panel._empty.isVisible()
    assert not panel.table.isVisible()


def test_the_head_counts_what_runs_and_waits(panel):
    panel.show_jobs([s.running(1), s.running(2), s.queued(3)])

    assert panel.head.running.text() == "2 running"
    assert panel.head.waiting.text() == "1 waiting"
    assert not panel.head.held.isVisible()


def test_finished_counts_stay_until_seen(panel, qtbot):
    panel.show_jobs([s.done(1), s.done(2), s.failed(3)])
    done = panel.head.ended[JobState.DONE]
    assert done.text() == "2 done"
    assert panel.head.ended[JobState.FAILED].text() == "1 failed"

    with qtbot.waitSignal(panel.seen_changed):
        qtbot.mouseClick(done, Qt.MouseButton.LeftButton)
    panel.show_jobs([s.done(1), s.done(2), s.failed(3)])

    assert not done.isVisible()
    assert panel.head.ended[JobState.FAILED].isVisible()
    assert panel.table.current_job.id == s.done(2).id


def test_the_button_of_a_row_asks_for_its_verb(panel, qtbot):
    asked = _asked(panel)
    panel.show_jobs([s.running(1), s.failed(2)])

    qtbot.mouseClick(panel.table.buttons(0).main, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(panel.table.buttons(1).main, Qt.MouseButton.LeftButton)

    assert asked == [(Verb.PAUSE, s.running(1).id), (Verb.RETRY, s.failed(2).id)]


def test_a_button_follows_its_job_when_rows_move(panel, qtbot):
    asked = _asked(panel)
    panel.show_jobs([s.running(1), s.failed(2)])
    panel.show_jobs([s.failed(2), s.running(1)])

    qtbot.mouseClick(panel.table.buttons(0).main, Qt.MouseButton.LeftButton)

    assert asked == [(Verb.RETRY, s.failed(2).id)]


def test_a_button_changes_with_the_state(panel):
    panel.show_jobs([s.running(1)])
    assert panel.table.buttons(0).main.text() == "Pause"

    panel.show_jobs([s.done(1)])

    assert panel.table.buttons(0).main.text() == "Report"
    assert panel.table.buttons(0).main.accessibleName() == "Report, Offload A002"


def test_keys_walk_rows_and_ask(panel, qtbot):
    asked = _asked(panel)
    panel.show_jobs([s.running(1), s.queued(2)])
    panel.table.setFocus()
    panel.table.choose(s.running(1).id)

    QTest.keyClick(panel.table, Qt.Key.Key_Space)
    QTest.keyClick(panel.table, Qt.Key.Key_Down)
    QTest.keyClick(panel.table, Qt.Key.Key_Return)

    assert asked == [(Verb.PAUSE, s.running(1).id), (Verb.FILES, s.queued(2).id)]


def test_tab_stops_only_at_the_current_rows_buttons(panel):
    panel.show_jobs([s.running(number) for number in range(1, 51)])
    panel.table.choose(s.running(7).id)

    stops = [
        row for row in range(50)
        if panel.table.buttons(row).main.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]  # fmt: skip
    assert stops == [6]


def test_a_request_is_shown_large_and_goes_when_it_is_met(panel):
    panel.show_jobs([s.wanting(6), s.running(1)])
    tile = panel.requests.tiles[0]

    assert tile.isVisible()
    assert tile.what.text() == "Connect SHUTTLE-07 again"
    assert tile.what.font().pixelSize() >= 17
    assert panel.height() >= panel.minimumHeight()

    panel.show_jobs([s.running(6), s.running(1)])

    assert panel.requests.tiles == ()
    assert not panel.requests.isVisible()


def test_widths_do_not_change_with_the_text(panel):
    table = panel.table
    panel.show_jobs([s.running(1)])
    before = [table.columnWidth(column) for column in Column]

    panel.show_jobs([s.running(1, title="A very long title " * 9), s.wanting(6)])
    QApplication.processEvents()

    assert [table.columnWidth(column) for column in Column][:-1] == before[:-1]


def test_names_that_do_not_fit_are_told_by_the_tooltip(panel):
    title = "Offload of a roll whose name never ends, " * 5
    panel.show_jobs([s.running(1, title=title)])

    tip = panel.model.index(0, Column.JOB).data(Qt.ItemDataRole.ToolTipRole)

    assert tip.startswith(title.strip()[:40])


def test_a_job_that_waits_for_a_drive_can_be_finished_without_it(panel, qtbot):
    asked = _asked(panel)
    gone = s.place("SHUTTLE-07", PlaceState.GONE)
    job = replace(s.wanting(6), places=(s.place("RAID-1"), gone))
    panel.show_jobs([job])
    (tile,) = panel.requests.tiles
    assert tile.without.text() == "Finish without SHUTTLE-07"
    qtbot.mouseClick(tile.without, Qt.MouseButton.LeftButton)
    assert asked == [(Verb.WITHOUT, job.id)]
    panel.show_jobs([replace(job, wants="Put the card back.", places=(s.place("RAID-1"),))])
    assert not tile.without.isVisible()


def test_a_verify_job_offers_what_it_found_and_the_repair():
    found = replace(s.failed(1), kind="verify", verdict="1 file differs: A is changed.")
    assert verbs_of(found)[:2] == (Verb.REPAIR, Verb.OUTCOME)
    clean = replace(s.done(2), kind="verify", safe=False, verdict="5 files verified.")
    assert verbs_of(clean) == (Verb.OUTCOME, Verb.FORGET)
    assert Verb.FILES not in verbs_of(replace(s.running(3), kind="verify"))


def in_sight(panel, job) -> bool:
    QApplication.processEvents()
    table = panel.table
    return (
        table.viewport()
        .rect()
        .contains(table.visualRect(panel.model.index(panel.model.row_of(job.id), Column.JOB)))
    )


def test_of_a_long_queue_what_runs_and_what_is_new_is_in_sight(panel):
    old = [s.done(number) for number in range(1, 41)]
    panel.show_jobs(old)
    assert in_sight(panel, old[-1])
    assert not in_sight(panel, old[0])
    busy, waiting = s.running(50), [s.queued(51), s.queued(52)]
    panel.show_jobs([*old, busy, *waiting])
    assert all(in_sight(panel, job) for job in (busy, *waiting))


def test_a_queue_that_somebody_reads_does_not_jump_back(panel):
    old = [s.done(number) for number in range(1, 41)]
    panel.show_jobs(old)
    assert in_sight(panel, old[-1])
    panel.table.choose(old[0].id)
    panel.resize(1300, 280)
    assert in_sight(panel, old[0])
    panel.show_jobs([*old, s.queued(51)])  # but what was just started is to be seen
    assert in_sight(panel, s.queued(51))


def test_a_verify_job_names_the_copy_that_it_reads(panel):
    job = replace(
        s.running(1, title="Verify A003 on SHUTTLE-06"),
        kind="verify",
        checked="/media/SHUTTLE-06/A003",
        places=(),
    )
    panel.show_jobs([job])
    told = [panel.model.index(0, column).data() for column in (Column.JOB, Column.GOES_TO)]
    assert told == ["Verify A003 · 412.0 GB", "/media/SHUTTLE-06/A003"]
    spoken = panel.model.index(0, Column.JOB).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "reads /media/SHUTTLE-06/A003" in spoken


def test_what_runs_stays_in_sight_however_much_comes_behind_it(panel, qtbot):
    busy = s.running(1)
    panel.show_jobs([busy])
    waiting = [s.queued(number) for number in range(2, 32)]
    for n in range(1, len(waiting) + 1):
        panel.show_jobs([busy, *waiting[:n]])
        qtbot.wait(1)
    assert in_sight(panel, busy)
    begun = s.running(20)
    rest = [job if job.id != begun.id else begun for job in waiting]
    panel.show_jobs([s.done(1), *rest])  # and the next one, once it runs
    qtbot.waitUntil(lambda: in_sight(panel, begun), timeout=10_000)


def test_no_row_is_cut_in_half(panel):
    panel.show_jobs([s.done(number) for number in range(1, 41)])
    table = panel.table
    for height in range(130, 300, 7):
        panel.resize(1204, height)
        QApplication.processEvents()
        assert table.viewport().height() % ROW == 0
        assert table.rowViewportPosition(table.rowAt(0)) == 0
        assert in_sight(panel, s.done(40))


def test_products_name_their_folder_and_end_in_one_colour():
    made = [
        replace(s.done(1), kind=kind, places=(), unit=unit, size=5, verified=0, goes_to="/m/sheets")
        for kind, unit in (("proxy", FRAMES), ("montage", TILES), ("transcode", MATERIAL))
    ]
    assert {job_parts(job) for job in made} == {((1.0, Tone.VERIFIED),)}
    assert {words.goes_to_text(job) for job in made} == {"/m/sheets"}
    assert all("goes to /m/sheets" in words.job_spoken(job) for job in made)


def cell(panel, row, column) -> QImage:
    """What is painted in a cell."""
    QApplication.processEvents()
    box = panel.table.visualRect(panel.model.index(row, column))
    return panel.table.viewport().grab(box).toImage()


def test_titles_that_differ_at_their_end_can_be_told_apart(panel):
    long = f"{'A003C001_230811_R1AB' * 3}.mov"
    titles = [f"Transcode of {long} ({recipe})" for recipe in ("keepsake", "compact")]
    panel.show_jobs([s.done(n, title=title) for n, title in enumerate(titles)])
    assert cell(panel, 0, Column.JOB) != cell(panel, 1, Column.JOB)


def test_why_a_job_failed_has_two_lines(panel):
    said = [
        f"8 of 12 clips failed. The proxy preview-{n} of B014C002.mov lacks {n} frames."
        for n in (360, 720)
    ]
    panel.show_jobs([replace(s.failed(n), error=why) for n, why in enumerate(said)])
    assert cell(panel, 0, Column.STAGE) != cell(panel, 1, Column.STAGE)
