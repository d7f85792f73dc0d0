"""Opening folders, finding clips, and what the table says of them."""

from __future__ import annotations

import os
import shutil
import threading

import psutil
import pytest
import stand_in as s
from library_bench import names, settled
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from walk import focus_chain, nameless, unreachable

from ui import theme
from ui.main_window import path_of
from ui.models.clips import ClipRow, Column
from ui.panes.library import LibraryPane
from ui.widgets.row_table import INNER

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier
LEFT = Qt.MouseButton.LeftButton
SPOKEN = Qt.ItemDataRole.AccessibleTextRole


def cell(pane: LibraryPane, row: int, column: Column) -> str:
    return str(pane.table.model().index(row, column).data())


def place(pane: LibraryPane, name: str):
    return next(p for p in pane.places.places if p.name == name)


def click_place(pane: LibraryPane, name: str) -> None:
    row = next(n for n, p in enumerate(pane.places.places) if p.name == name)
    spot = pane.places.visualRect(pane.places.model().index(row, 0)).center()
    QTest.mouseClick(pane.places.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, spot)


def test_an_empty_library_says_what_to_do(pane):
    assert pane.pages.empty.isVisible()
    assert "Open a folder" in pane.pages.empty.sentence.text()
    assert not pane.panel.isVisible()


def test_the_button_of_the_empty_library_opens_a_folder(pane, shelf, qtbot):
    qtbot.mouseClick(pane.pages.empty.button, LEFT)
    dialog = pane.findChild(QFileDialog)
    assert dialog is not None
    dialog.fileSelected.emit(str(shelf))
    dialog.close()
    qtbot.waitUntil(lambda: names(pane) == ["A003C001", "B014C002"], timeout=30_000)
    qtbot.waitUntil(lambda: settled(pane), timeout=30_000)


def test_the_table_tells_timecode_length_rate_codec_and_size(opened):
    assert [cell(opened, 0, column) for column in Column][1:-1] == [
        "A003C001", "01:00:00:00", "0:05", "25", "ProRes 422 HQ",
    ]  # fmt: skip
    assert [cell(opened, 1, column) for column in Column][1:-1] == [
        "B014C002", "00:59:58;00", "0:04", "29.97", "H.264",
    ]  # fmt: skip
    assert cell(opened, 0, Column.SIZE).endswith("MB")
    assert all(opened.clips.model.picture(row) is not None for row in opened.clips.model.rows)
    assert opened.count.text() == "2 clips"


def test_a_folder_dropped_on_the_window_is_opened(window, shelf, qtbot):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(shelf))])
    window.dropEvent(
        QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, LEFT,
                   Qt.KeyboardModifier.NoModifier)
    )  # fmt: skip
    qtbot.waitUntil(lambda: settled(window.pane), timeout=30_000)
    assert names(window.pane) == ["A003C001", "B014C002"]


def test_a_clip_dropped_on_the_window_is_shown_alone(pane, shelf, qtbot):
    assert pane.accept_drop([shelf / "B014C002.mov"])
    qtbot.waitUntil(lambda: names(pane) == ["B014C002"], timeout=30_000)
    qtbot.waitUntil(lambda: settled(pane), timeout=30_000)


def test_ctrl_o_and_ctrl_f_are_the_panes_keys(window, shelf, qtbot):
    pane = window.pane
    window.activateWindow()
    QTest.keyClick(window, Key.Key_O, CTRL)
    qtbot.waitUntil(lambda: pane.findChild(QFileDialog) is not None)
    dialog = pane.findChild(QFileDialog)
    dialog.fileSelected.emit(str(shelf))
    dialog.close()
    qtbot.waitUntil(lambda: settled(pane) and pane.table.isVisible(), timeout=30_000)
    qtbot.waitUntil(lambda: pane.findChild(QFileDialog) is None)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(window, Key.Key_F, CTRL)
    qtbot.waitUntil(pane.search.hasFocus)


def test_typing_filters_by_name_codec_and_timecode(opened, qtbot):
    QTest.keyClicks(opened.search, "h.264")
    assert names(opened) == ["B014C002"]
    assert opened.count.text() == "1 of 2 clips"
    opened.search.setText("c00 01:00")
    assert names(opened) == ["A003C001"]
    opened.search.setText("nothing like it")
    assert opened.pages.unfit.isVisible()
    QTest.keyClick(opened.search, Key.Key_Escape)
    assert len(names(opened)) == 2
    assert opened.table.hasFocus()
    qtbot.waitUntil(lambda: settled(opened), timeout=30_000)


def test_a_click_on_a_head_sorts_and_another_one_turns_the_order(opened):
    header = opened.table.horizontalHeader()

    def click(column: Column) -> None:
        x = header.sectionViewportPosition(column) + 20
        QTest.mouseClick(header.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, _point(x))

    click(Column.LENGTH)
    assert names(opened) == ["B014C002", "A003C001"]
    click(Column.LENGTH)
    assert names(opened) == ["A003C001", "B014C002"]
    opened.table.sort_by(Column.START)
    assert names(opened) == ["B014C002", "A003C001"]


def _point(x: int):
    from PySide6.QtCore import QPoint

    return QPoint(x, 10)


def test_clips_are_told_card_by_card(pane, numbered, tmp_path, qtbot):
    for roll, clip in (("A003", 1), ("B014", 7)):
        reel = tmp_path / "day" / roll / f"{roll}R1AB"
        reel.mkdir(parents=True)
        name = f"{roll}C{clip:03}_261120_R1AB.mov"
        shutil.copy(numbered("mjpeg.mov").path, reel / name)
    shutil.copy(numbered("mjpeg.mov").path, tmp_path / "day" / "loose.mov")
    pane.show_folder(tmp_path / "day")
    qtbot.waitUntil(lambda: len(names(pane)) == 3 and settled(pane), timeout=30_000)
    cards = [p.name for p in pane.places.places if p.key.startswith("group:")]
    assert cards[0] == "All clips"
    assert any("A003" in name for name in cards)
    assert cards[-1] == "On no card"
    click_place(pane, "On no card")
    assert names(pane) == ["loose"]
    click_place(pane, "All clips")
    assert len(names(pane)) == 3
    qtbot.waitUntil(lambda: settled(pane), timeout=30_000)


def test_copies_of_a_clip_say_in_which_folder_they_lie(pane, numbered, tmp_path, qtbot):
    for place in ("card/A003", "RAID/A003", "loose"):
        (tmp_path / place).mkdir(parents=True)
        name = "alone.mov" if place == "loose" else "A003C001.mov"
        shutil.copy(numbered("mjpeg.mov").path, tmp_path / place / name)
    pane.show_folder(tmp_path)
    qtbot.waitUntil(lambda: len(names(pane)) == 3 and settled(pane), timeout=30_000)
    assert {row.name: row.where for row in pane.clips.model.rows if not row.where} == {"alone": ""}
    said = [str(pane.table.model().index(n, 0).data(SPOKEN)) for n in range(3)]
    assert sum("A003C001, in RAID/A003, starts" in one for one in said) == 1


def test_folders_that_were_opened_are_offered_again_also_after_a_new_start(
    opened, bridge, shelf, qtbot
):
    second = LibraryPane(bridge)
    qtbot.addWidget(second)
    qtbot.waitUntil(lambda: bool(second.recent.folders), timeout=30_000)
    second.show()
    click_place(second, shelf.name)
    qtbot.waitUntil(lambda: len(names(second)) == 2 and settled(second), timeout=30_000)
    second.end()


def test_a_folder_that_is_gone_is_said(pane, tmp_path, qtbot):
    with qtbot.waitSignal(pane.said) as news:
        pane.show_folder(tmp_path / "gone")
    assert news.args == [f"There is no folder {tmp_path / 'gone'}."]
    assert pane.pages.empty.isVisible()


def test_a_folder_without_clips_says_so(pane, tmp_path, qtbot):
    (tmp_path / "bare").mkdir()
    pane.show_folder(tmp_path / "bare")
    qtbot.waitUntil(lambda: settled(pane) and pane.pages.nothing.isVisible(), timeout=30_000)
    assert str(tmp_path / "bare") in pane.pages.nothing.sentence.text()
    assert not pane.panel.isVisible()  # there is nothing to play
    qtbot.mouseClick(pane.pages.nothing.button, LEFT)
    qtbot.waitUntil(lambda: settled(pane) and pane.pages.nothing.isVisible(), timeout=30_000)


def test_what_cannot_be_read_is_a_row_with_a_sentence(pane, tmp_path, shelf, qtbot):
    (shelf / "C001.mov").write_bytes(os.urandom(9000))
    pane.show_folder(shelf)
    qtbot.waitUntil(lambda: len(names(pane)) == 3 and settled(pane), timeout=30_000)
    assert cell(pane, 2, Column.CODEC) == "not readable"
    pane.table.choose(2)
    qtbot.waitUntil(lambda: settled(pane) and pane.player.fault is not None, timeout=30_000)
    assert str(shelf / "C001.mov") in pane.panel.player.view.message
    assert pane.panel.headline.text() == "9.0 kB"  # once is enough


def test_clips_are_dragged_out_as_files(opened):
    opened.table.selectAll()
    assert opened.count.text() == "2 of 2 clips chosen"
    indexes = opened.table.selectedIndexes()
    data = opened.table.model().mimeData(indexes)
    assert [path_of(url).name for url in data.urls()] == ["A003C001.mov", "B014C002.mov"]
    assert opened.table.dragEnabled()


def test_the_shown_frame_is_saved_as_png_or_tiff(opened, tmp_path, qtbot):
    for text in ("Save this frame…", "Save this frame as TIFF…"):
        next(a for a in opened.commands() if a.text() == text).trigger()
        dialog = opened.findChild(QFileDialog)
        with qtbot.waitSignal(opened.said, timeout=30_000):
            dialog.fileSelected.emit(str(tmp_path))
        dialog.close()
        qtbot.waitUntil(lambda: opened.findChild(QFileDialog) is None)
    saved = {path.name for path in tmp_path.glob("A003C001_*")}
    assert saved == {"A003C001_01-00-00-00.png", "A003C001_01-00-00-00.tif"}


def test_names_of_odd_bytes_are_dragged_byte_for_byte(pane, numbered, tmp_path, qtbot):
    odd = tmp_path / os.fsdecode(b"day")
    odd.mkdir()
    path = odd / os.fsdecode(b"A\xff 1%41#\xc3\xa4.mov")
    shutil.copy(numbered("mjpeg.mov").path, path)
    pane.show_folder(odd)
    qtbot.waitUntil(lambda: len(names(pane)) == 1 and settled(pane), timeout=30_000)
    data = pane.table.model().mimeData([pane.table.model().index(0, 1)])
    assert [path_of(url) for url in data.urls()] == [path]


def test_opening_another_folder_forgets_the_one_under_way(pane, shelf, tmp_path, qtbot):
    (tmp_path / "bare").mkdir()
    pane.show_folder(tmp_path / "bare")
    pane.show_folder(shelf)
    qtbot.waitUntil(lambda: settled(pane) and pane.table.isVisible(), timeout=30_000)
    assert pane.clips.root == shelf


@pytest.mark.parametrize("size", [(924, 420), (1204, 600), (1800, 900)])
def test_every_column_has_room(opened, size):
    opened.resize(*size)
    table = opened.table
    shown = [column for column in Column if not table.isColumnHidden(column)]
    widths = [table.columnWidth(column) for column in shown]
    assert sum(widths) <= table.viewport().width()
    assert min(widths) >= 50
    assert len(shown) == len(Column) or size[0] < 1000


def test_everything_in_the_filled_library_has_a_name_and_can_be_reached(window, shelf, qtbot):
    pane = window.pane
    pane.show_folder(shelf)
    qtbot.waitUntil(lambda: settled(pane) and pane.table.isVisible(), timeout=30_000)
    pane.player.add_mark("Boom in shot")
    chain = focus_chain(window)
    for widget in (pane.places, pane.search, pane.table, pane.panel.player, pane.panel.marks):
        assert widget in chain
    assert nameless(chain) == []
    assert unreachable(window, chain) == []


def test_while_a_job_runs_only_clips_in_sight_are_looked_at(
    pane, engine, numbered, tmp_path, qtbot
):
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(40):
        os.link(numbered("mjpeg.mov").path, folder / f"clip{n:02}.mov")
    engine.jobs = [s.running()]
    qtbot.waitUntil(lambda: bool(pane.bridge.snapshots))
    pane.show_folder(folder)
    model = pane.clips.model
    qtbot.waitUntil(lambda: len(model.rows) == 40 and pane.table.isVisible(), timeout=30_000)
    seen = set(pane.table.in_sight())
    assert 5 < len(seen) < 30
    qtbot.waitUntil(lambda: all(model.row(key).looked for key in seen), timeout=30_000)
    qtbot.waitUntil(lambda: not pane.bridge.waiting, timeout=30_000)
    assert not model.rows[-1].looked
    pane.table.scrollToBottom()
    qtbot.waitUntil(lambda: model.rows[-1].looked, timeout=30_000)
    engine.jobs = []
    qtbot.waitUntil(lambda: settled(pane), timeout=60_000)
    assert all(row.looked for row in model.rows)


def test_five_thousand_clips_are_listed_filtered_and_sorted_at_once(pane, tmp_path, qtbot):
    rows = [
        ClipRow(key=str(n), name=f"A{n // 100:03}C{n % 100:03}", files=(tmp_path / f"{n}.mov",))
        for n in range(5000)
    ]
    pane.clips.model.show_rows(rows)
    pane.clips.root = tmp_path
    pane.refresh()
    pane.search.setText("a017 c042")
    assert names(pane) == ["A017C042"]
    pane.search.setText("")
    pane.table.sort_by(Column.CLIP)
    pane.table.sort_by(Column.CLIP)
    assert names(pane)[0] == "A049C099"
    pane.table.choose(4999)
    assert len(pane.table.in_sight()) < 40


def test_closing_the_window_while_clips_are_looked_at_leaves_nothing(pane, numbered, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(30):
        shutil.copy(numbered("h264.mp4").path, folder / f"clip{n:02}.mp4")
    pane.show_folder(folder)
    pane.bridge.close()
    assert not [t for t in threading.enumerate() if t.name in {"projector", "sound"}]
    assert not psutil.Process().children()


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (Column.SIZE, "888.8 MB"),
        (Column.SIZE, "888.8 GB"),
        (Column.CODEC, "ProRes 422 HQ"),
        (Column.CLIP, "A003C012_261120_R1AB"),
        (Column.START, "10:09:44:00"),
        (Column.RATE, "23.976"),
    ],
)
def test_what_a_cell_tells_has_room_beside_a_scroll_bar_in_a_small_window(opened, column, text):
    table = opened.table
    table.resize(634, 400)
    room = table.columnWidth(column) - 2 * INNER
    assert QFontMetrics(theme.font(theme.SMALL)).horizontalAdvance(text) <= room


def test_what_is_not_readable_stays_told_while_it_is_looked_at_again(pane, tmp_path, qtbot):
    (tmp_path / "card").mkdir()
    (tmp_path / "card" / "broken.mov").write_bytes(b"no clip")
    pane.show_folder(tmp_path / "card")
    qtbot.waitUntil(lambda: settled(pane) and pane.player.fault is not None, timeout=30_000)
    model, told = pane.clips.model, []
    model.dataChanged.connect(lambda: told.append(model.index(0, Column.CODEC).data()))
    pane.clips.list_again()
    qtbot.waitUntil(lambda: settled(pane) and bool(told), timeout=30_000)
    assert set(told) == {"not readable"}


def test_every_head_has_room_for_its_word(opened):
    header = opened.table.horizontalHeader()
    header.setSortIndicatorShown(False)  # the arrow stands above the words, not beside them
    for column in Column:
        needed = header.sectionSizeFromContents(column).width()
        assert header.isSectionHidden(column) or header.sectionSize(column) >= needed, column
