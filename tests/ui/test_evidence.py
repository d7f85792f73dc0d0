"""The table of a job's files: what a path, a hash and a copy show, and how much of it."""

import pytest
from offload_stage import MOMENT, file_rows, offload
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF, QGuiApplication

from app.jobs.snapshot import JobState
from app.reports.model import CopyRow
from ui import theme
from ui.dialogs.evidence import EvidenceDialog
from ui.models.evidence_files import state_text
from ui.widgets.file_table import PATH_LEAST, cut_path

NAME = "A003R2EC/A003C014_261120_R2EC.mov"
DRIVES = ("RAID-1", "SHUTTLE-07")


@pytest.fixture
def dialog(qtbot):
    """The evidence of two drives, as large as a screen of 1280 × 800 has it."""
    made = EvidenceDialog(offload("A003", JobState.DONE))
    made.resize(1160, 680)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


def fill(dialog, count=12, drives=DRIVES):
    rows = [row._replace(path=f"{n:05d}/{NAME}") for n, row in enumerate(file_rows(count))]
    running = offload("A003", JobState.RUNNING, tuple(f"/media/{name}" for name in drives))
    dialog.fill(running, None, None, rows)


def path_is_whole(dialog) -> bool:
    """Whether the widest path fits into its cell, its insets taken off."""
    wide = dialog.table.fontMetrics().horizontalAdvance(f"00000/{NAME}")
    return dialog.table.columnWidth(0) >= wide + 16


@pytest.mark.parametrize("count", [12, 10_000])
def test_a_path_gets_the_room_that_the_other_columns_leave(dialog, count):
    fill(dialog, count)
    table = dialog.table
    assert path_is_whole(dialog)
    used = sum(table.columnWidth(n) for n in range(dialog.model.columnCount()))
    assert used == table.viewport().width()


def test_a_path_gets_more_room_when_the_dialog_grows(dialog):
    fill(dialog)
    before = dialog.table.columnWidth(0)
    dialog.resize(1500, 680)
    assert dialog.table.columnWidth(0) > before


def test_the_name_of_a_file_is_cut_after_its_folders(dialog):
    metrics = dialog.table.fontMetrics()
    folder, _, name = NAME.rpartition("/")
    room = metrics.horizontalAdvance(NAME) - metrics.horizontalAdvance(folder[:4])
    shown = cut_path(NAME, metrics, room)
    assert shown.endswith(f"/{name}")
    assert "…" in shown.partition("/")[0]
    assert len(shown) < len(NAME)
    assert metrics.horizontalAdvance(shown) <= room
    tight = metrics.horizontalAdvance(name) - 20
    assert metrics.horizontalAdvance(cut_path(NAME, metrics, tight)) <= tight
    assert cut_path(NAME, metrics, 10_000) == NAME


def test_a_file_that_only_some_drives_have_says_on_how_many():
    (row,) = file_rows(1, destinations=3)
    copies = (*row.copies[:2], row.copies[2]._replace(state="not copied"))
    assert state_text(row._replace(state="not copied", copies=copies)) == "2 of 3 verified"
    assert state_text(row._replace(state="failed", copies=copies)) == "failed"
    assert state_text(row._replace(state="changed", copies=copies)) == "changed"
    assert state_text(row) == "verified"


def test_a_name_is_shown_letter_by_letter(qapp):
    plain = QFontMetricsF(theme.font()).horizontalAdvance
    assert plain("A->B") == pytest.approx(sum(map(plain, "A->B")), abs=1.0)


def test_a_path_keeps_some_room_beside_many_drives(dialog):
    fill(dialog, drives=tuple(f"SHUTTLE-{n:02d}" for n in range(9)))
    assert dialog.table.columnWidth(0) == PATH_LEAST
    assert dialog.table.horizontalScrollBar().maximum() > 0
    assert dialog.table.textElideMode() is Qt.TextElideMode.ElideMiddle


def test_the_whole_path_is_told_where_it_is_cut(dialog):
    fill(dialog)
    at = dialog.model.index(3, 0)
    assert at.data(Qt.ItemDataRole.ToolTipRole) == f"00003/{NAME}"


def test_a_cell_shows_one_whole_hash_and_a_copy_of_the_row_has_all(dialog):
    fill(dialog)
    cell = dialog.model.index(3, 3)
    assert cell.data() == f"xxh64 {3:016x}"
    wide = dialog.table.fontMetrics().horizontalAdvance(cell.data())
    assert dialog.table.columnWidth(3) >= wide
    assert "blake3" in cell.data(Qt.ItemDataRole.ToolTipRole)
    dialog.copy_chosen()
    assert f"blake3 {3 * 7919:064x}" in QGuiApplication.clipboard().text()


def test_what_is_not_verified_is_read_without_a_tooltip(dialog):
    said = "verified through the cache"
    rows = file_rows(3)
    copies = tuple(CopyRow(destination=n, path="x", state=said, read_back=MOMENT) for n in range(2))
    rows = [row._replace(path=NAME, state=said, copies=copies) for row in rows]
    dialog.fill(offload("A003", JobState.RUNNING, ("/media/RAID-1",)), None, None, rows)
    for column in (2, 4):
        text = dialog.model.index(0, column).data()
        wide = dialog.table.fontMetrics().horizontalAdvance(text)
        assert dialog.table.columnWidth(column) >= wide
