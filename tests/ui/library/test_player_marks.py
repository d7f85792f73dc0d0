"""Marks, comments, stills and looks: what people leave in a clip and take out of it."""

from __future__ import annotations

import numpy as np
import pytest
from library_bench import gray, names, number_seen, settled
from numbered_clips import number_in
from picture_bench import row_of
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from app.errors import BadInput
from app.media.play.log_looks import LOOKS
from app.media.play.marks import Mark
from ui.main_window import path_of
from ui.panes.library import LibraryPane

Key = Qt.Key
LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def go(opened: LibraryPane, qtbot):
    """Go to a frame and wait until it is seen."""

    def do(number: int) -> None:
        opened.player.show(number)
        qtbot.waitUntil(lambda: settled(opened), timeout=30_000)

    return do


def say(pane: LibraryPane, text: str, qtbot) -> None:
    next(a for a in pane.commands() if a.text().startswith("Comment")).trigger()
    marks = pane.panel.marks
    qtbot.waitUntil(lambda: marks.findChild(QLineEdit) is not None)
    editor = marks.findChild(QLineEdit)
    editor.clear()
    QTest.keyClicks(editor, text)
    QTest.keyClick(editor, Key.Key_Return)
    qtbot.waitUntil(lambda: marks.findChild(QLineEdit) is None)


def test_several_marks_with_comments_are_listed_and_kept(opened, bridge, shelf, go, qtbot):
    assert not opened.panel.marks.isVisible()
    go(70)
    say(opened, "Boom in shot", qtbot)
    go(20)
    QTest.keyClick(opened.table, Key.Key_M)
    go(30)
    QTest.keyClick(opened.table, Key.Key_I)
    assert opened.panel.marks.isVisible()
    assert opened.player.marks.marks == (Mark(frame=20), Mark(frame=70, text="Boom in shot"))
    assert opened.panel.marks.item(1, 0).text() == "01:00:02:20"
    go(70)
    assert opened.panel.player.view.head == "frame 70 · 25 fps · Boom in shot"
    QTest.keyClick(opened.table, Key.Key_M)  # once more takes nothing away
    assert opened.player.marks.text_at(70) == "Boom in shot"
    opened.table.choose(1)
    qtbot.waitUntil(lambda: settled(opened), timeout=30_000)
    assert opened.player.marks.empty

    second = LibraryPane(bridge)
    qtbot.addWidget(second)
    second.show()
    second.show_folder(shelf)
    qtbot.waitUntil(lambda: settled(second), timeout=30_000)
    assert second.player.marks.marks == (Mark(frame=20), Mark(frame=70, text="Boom in shot"))
    assert second.player.marks.first == 30
    second.end()


@pytest.mark.parametrize("begun", ["the clips", "the player", "the marks"])
def test_the_keys_of_the_player_work_after_a_comment(begun, opened, go, qtbot):
    go(70)
    say(opened, "Boom in shot", qtbot)
    panel = opened.panel
    place = {"the clips": opened.table, "the player": panel.player, "the marks": panel.marks}[begun]
    place.setFocus()
    go(20)
    say(opened, "Flare", qtbot)
    assert opened.window().focusWidget() is place
    QTest.keyClick(opened.window().focusWidget(), Key.Key_Right)
    QTest.keyClick(opened.window().focusWidget(), Key.Key_O)
    qtbot.waitUntil(lambda: settled(opened), timeout=30_000)
    assert (opened.player.number, opened.player.marks.end) == (21, 22)
    assert opened.player.marks.text_at(20) == "Flare"


def test_marks_made_just_before_the_window_closes_are_kept(opened, go, shelf, bridge, qtbot):
    go(12)
    QTest.keyClick(opened.table, Key.Key_M)
    opened.end()
    second = LibraryPane(bridge)
    qtbot.addWidget(second)
    second.show_folder(shelf)
    qtbot.waitUntil(lambda: settled(second), timeout=30_000)
    assert second.player.marks.marks == (Mark(frame=12),)
    second.end()


def test_marks_show_in_a_file_of_the_same_bytes_and_say_so_and_in_no_other(
    opened, shelf, go, qtbot
):
    """A damaged copy of another name, with the same reel and start, is another clip."""
    clip = shelf / "A003C001.mov"
    data = bytearray(clip.read_bytes())
    (shelf / "Z_copy.mov").write_bytes(data)
    data[len(data) // 2 : len(data) // 2 + 5000] = bytes(5000)
    (shelf / "Z_damaged.mov").write_bytes(data)
    go(12)
    QTest.keyClick(opened.table, Key.Key_I)
    QTest.keyClick(opened.table, Key.Key_M)
    assert not opened.panel.marks_from.isVisible()
    opened.show_folder(shelf)
    qtbot.waitUntil(lambda: settled(opened) and len(names(opened)) == 4, timeout=30_000)
    opened.table.choose(names(opened).index("Z_damaged"))
    qtbot.waitUntil(lambda: settled(opened) and opened.player.frames > 0, timeout=30_000)
    assert opened.player.marks.empty
    assert not opened.panel.marks_from.isVisible()
    opened.table.choose(names(opened).index("Z_copy"))
    qtbot.waitUntil(lambda: bool(opened.player.marks.marks), timeout=30_000)
    assert opened.player.marks.first == 12
    assert opened.panel.marks_from.text() == (
        "In, out and marks were made in A003C001.mov: "
        "the same size, and the same bytes wherever compared."
    )
    assert opened.panel.marks_from.isVisible()
    qtbot.waitUntil(lambda: settled(opened), timeout=30_000)
    opened.table.choose(0)
    qtbot.waitUntil(lambda: opened.player.clip.name == "A003C001", timeout=30_000)
    qtbot.waitUntil(lambda: bool(opened.player.marks.marks), timeout=30_000)
    assert not opened.panel.marks_from.isVisible()


def test_marks_made_while_a_clip_is_still_being_copied_stay_with_it(
    pane, numbered, tmp_path, qtbot
):
    data = numbered("h264_open.ts").path.read_bytes()
    clip = tmp_path / "card" / "A003C009.ts"
    clip.parent.mkdir()
    clip.write_bytes(data[: len(data) * 2 // 3])
    pane.show_folder(clip.parent)
    qtbot.waitUntil(lambda: settled(pane) and pane.player.frames > 30, timeout=30_000)
    frames = pane.player.frames
    pane.player.show(23)
    qtbot.waitUntil(lambda: settled(pane), timeout=30_000)
    for key in (Key.Key_I, Key.Key_M):
        QTest.keyClick(pane.table, key)
    clip.write_bytes(data)
    pane.look_again()  # at once: what was marked is not even kept yet
    qtbot.waitUntil(lambda: settled(pane) and pane.player.frames > frames, timeout=30_000)
    assert pane.player.marks.first == 23
    assert pane.player.marks.marks == (Mark(frame=23),)
    assert not pane.panel.marks_from.isVisible()


def test_a_click_on_a_mark_goes_there_and_delete_takes_it_away(opened, go, qtbot):
    for number in (15, 90):
        go(number)
        QTest.keyClick(opened.table, Key.Key_M)
    marks = opened.panel.marks
    spot = marks.visualItemRect(marks.item(0, 0)).center()
    QTest.mouseClick(marks.viewport(), LEFT, NONE, spot)
    qtbot.waitUntil(lambda: settled(opened), timeout=30_000)
    assert number_seen(opened.panel.player.view) == 15
    QTest.keyClick(marks, Key.Key_Delete)
    assert opened.player.marks.marks == (Mark(frame=90),)
    qtbot.waitUntil(lambda: settled(opened), timeout=30_000)


def test_the_heads_of_marks_stand_above_their_columns(opened, go):
    go(15)
    opened.player.add_mark("Comment")
    marks = opened.panel.marks
    shot = gray(marks.grab().toImage())
    head, row = shot[: marks.viewport().y() - 2], shot[marks.viewport().y() :]

    def left(picture: np.ndarray, begin: int, end: int) -> int:
        inked = np.ptp(picture[:, begin:end].astype(int), axis=0) > 40
        return int(np.flatnonzero(inked)[0])

    second = marks.columnViewportPosition(1)
    for begin, end in ((0, second), (second, marks.width())):
        assert abs(left(head, begin, end) - left(row, begin, end)) <= 1


def test_shift_and_m_goes_from_mark_to_mark(opened, go, qtbot):
    for number in (15, 90):
        go(number)
        QTest.keyClick(opened.table, Key.Key_M)
    go(0)
    QTest.keyClick(opened.table, Key.Key_M, Qt.KeyboardModifier.ShiftModifier)
    assert opened.player.number == 15
    QTest.keyClick(opened.table, Key.Key_M, Qt.KeyboardModifier.ShiftModifier)
    assert opened.player.number == 90
    qtbot.waitUntil(lambda: settled(opened), timeout=30_000)


def test_in_and_out_are_painted_on_the_timeline(opened, go):
    line = opened.panel.player.timeline
    before = gray(line.grab().toImage()).astype(int)
    go(30)
    QTest.keyClick(opened.table, Key.Key_I)
    go(89)
    QTest.keyClick(opened.table, Key.Key_O)
    go(0)
    after = gray(line.grab().toImage()).astype(int)
    outside = slice(round(line.x_of(5)), round(line.x_of(25)))
    assert (before - after)[8:, outside].mean() > 10


# Stills


def test_the_shown_frame_is_saved_with_its_timecode_in_the_name(opened, go, tmp_path, qtbot):
    go(43)
    with qtbot.waitSignal(opened.said, timeout=30_000) as news:
        opened.deeds.write_frame(tmp_path / "stills")
    (still,) = (tmp_path / "stills").iterdir()
    assert still.name == "A003C001_01-00-01-18.png"
    assert news.args == [f"Saved {still.name}."]
    with Image.open(still) as image:
        assert image.size == (320, 180)
        assert number_in(np.asarray(image.convert("L"))) == 43


def test_the_picture_is_dragged_out_as_a_file(opened, go, qtbot):
    dragged = []
    opened.deeds.drag = dragged.append
    go(81)
    view = opened.panel.player.view
    middle = view.rect().center()
    QTest.mousePress(view, LEFT, NONE, middle)
    _move(view, middle + QPoint(40, 5))
    qtbot.waitUntil(lambda: bool(dragged), timeout=30_000)
    QTest.mouseRelease(view, LEFT, NONE, middle)
    (url,) = dragged[0].urls()
    assert number_in(gray(QImage(str(path_of(url))))) == 81


def _move(view, spot: QPoint) -> None:
    from PySide6.QtCore import QEvent, QPointF
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication

    event = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(spot), QPointF(view.mapToGlobal(spot)), LEFT, LEFT, NONE
    )
    QApplication.sendEvent(view, event)


# Looks


def test_a_log_look_changes_the_picture_and_is_named(opened, go, qtbot):
    go(10)
    view = opened.panel.player.view
    before = gray(view.grab().toImage()).astype(int)
    opened.deeds.view_through(LOOKS[0])
    qtbot.waitUntil(lambda: settled(opened) and opened.player.lut is not None, timeout=30_000)
    qtbot.waitUntil(lambda: settled(opened), timeout=30_000)
    after = gray(view.grab().toImage()).astype(int)
    assert np.abs(after - before).mean() > 5
    assert view.badge == "original, ARRI LogC3"
    assert number_seen(view) == 10
    opened.deeds.view_through(None)
    qtbot.waitUntil(lambda: settled(opened), timeout=30_000)
    again = gray(view.grab().toImage()).astype(int)
    assert np.abs(again - before).mean() < 1


def test_a_file_that_is_no_lut_is_said_and_changes_nothing(opened, bridge, tmp_path, qtbot):
    odd = tmp_path / "odd.cube"
    odd.write_text("no lut")
    with qtbot.waitSignal(bridge.error_raised, timeout=30_000) as raised:
        opened.deeds.use_lut(odd)
    assert isinstance(raised.args[0], BadInput)
    assert str(odd) in str(raised.args[0])
    assert opened.player.lut is None


def test_the_menu_of_the_player_offers_all_of_it(opened):
    menu = opened.panel.player.menu()
    texts = [action.text().partition("\t")[0] for action in menu.actions() if action.text()]
    assert texts == [
        "Full screen", "Loop", "Go to timecode", "Mark this frame", "Clear in and out",
        "View through", "Save this frame…", "Save this frame as TIFF…",
    ]  # fmt: skip
    menu.deleteLater()


def test_a_rate_that_nothing_tells_is_shown_as_assumed(pane, tmp_path, qtbot):
    pane.show_folder(row_of(tmp_path / "row", "shot.%04d.png", 3))
    qtbot.waitUntil(lambda: settled(pane), timeout=30_000)
    assert pane.panel.player.view.head == "frame 0 · 24 fps assumed, no timecode"
