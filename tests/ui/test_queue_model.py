from dataclasses import replace

import pytest
import stand_in as s
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester

from app.jobs.snapshot import JobState
from ui.job_table import JOB_ROLE, Column, Verb, verbs_of
from ui.models.queue import QueueModel

Role = Qt.ItemDataRole


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def model(qapp, clock):
    made = QueueModel(clock=clock)
    tester = QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Warning)
    yield made
    tester.deleteLater()
    made.deleteLater()


def _ids(model):
    return [job.id for job in model.jobs]


def _text(model, row, column):
    return model.index(row, column).data()


def test_progress_changes_rows_and_never_resets(model, qtbot):
    resets, inserts, changed = [], [], []
    model.modelReset.connect(lambda: resets.append(1))
    model.rowsInserted.connect(lambda *_: inserts.append(1))
    model.dataChanged.connect(lambda first, last: changed.append((first.row(), last.column())))
    model.show([s.running(1), s.running(2)])

    model.show([s.running(1), s.running(2, share=0.6)])

    assert (resets, len(inserts)) == ([], 2)
    assert changed == [(1, Column.PROGRESS)]
    assert model.index(1, 0).data(JOB_ROLE).fraction == pytest.approx(0.6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.permutations(range(6)).flatmap(
    lambda order: st.integers(0, 6).map(lambda n: order[:n])), max_size=6))  # fmt: skip
def test_any_sequence_of_queues_is_followed_row_by_row(model, orders):
    for order in orders:
        jobs = [s.running(number, share=number / 10) for number in order]
        model.show(jobs)
        assert list(model.jobs) == jobs


def test_text_changes_at_most_twice_a_second(model, clock):
    model.show([s.running(1, share=0.5)])
    clock.now = 0.2
    model.show([replace(s.running(1, share=0.6), rate=2e9)])
    assert _text(model, 0, Column.RATE) == "1.14 GB/s"

    clock.now = 0.6
    model.show([replace(s.running(1, share=0.7), rate=2e9)])
    assert _text(model, 0, Column.RATE) == "2.00 GB/s"


def test_text_that_was_held_back_is_not_lost(model, qtbot):
    model.show([s.running(1)])
    model.show([replace(s.running(1), rate=2e9)])

    qtbot.waitUntil(lambda: _text(model, 0, Column.RATE) == "2.00 GB/s", timeout=20_000)


def test_a_new_state_is_told_at_once(model):
    model.show([s.running(5)])
    model.show([s.done(5)])

    assert _text(model, 0, Column.STAGE) == "SAFE TO FORMAT"


def test_every_cell_has_words_for_screen_readers(model):
    model.show([s.running(1), s.queued(2), s.failed(3), s.done(4), s.wanting(6)])

    for row in range(model.rowCount()):
        for column in Column:
            assert model.index(row, column).data(Role.AccessibleTextRole), (row, column)
    for column in Column:
        assert model.headerData(column, Qt.Orientation.Horizontal, Role.AccessibleTextRole)


def test_numbers_are_right_aligned(model):
    model.show([s.running(1)])

    for column in (Column.RATE, Column.LEFT):
        assert model.index(0, column).data(Role.TextAlignmentRole) & Qt.AlignmentFlag.AlignRight


@pytest.mark.parametrize("state", list(JobState))
def test_every_state_offers_something_to_do(state):
    job = replace(s.done(), state=state)

    assert verbs_of(job)


def test_a_job_of_another_window_can_only_be_looked_at():
    assert verbs_of(replace(s.running(), foreign=True)) == (Verb.FILES,)


def test_names_of_any_bytes_are_shown(model):
    odd = replace(s.running(1), title='A\udcff\n"x" 🎬', current="\udc80")
    model.show([odd])

    assert _text(model, 0, Column.JOB).startswith('A\\xff⏎"x" 🎬')
