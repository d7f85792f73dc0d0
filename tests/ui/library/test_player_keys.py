"""The player in the pane: real keys, real clicks, and the number that is painted."""

from __future__ import annotations

from itertools import pairwise

import pytest
from library_bench import number_seen, settled
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from ui.panes.library import LibraryPane

Key = Qt.Key
LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def press(opened: LibraryPane, qtbot):
    """Press keys in the table, one after the other, and wait until all is still."""

    def do(*keys: Key, modifier: Qt.KeyboardModifier = NONE) -> None:
        for key in keys:
            QTest.keyClick(opened.table, key, modifier)
        qtbot.waitUntil(lambda: settled(opened), timeout=30_000)

    return do


def seen(pane: LibraryPane) -> int:
    return number_seen(pane.panel.player.view)


def test_the_first_frame_of_the_first_clip_is_seen_with_its_timecode(opened):
    view = opened.panel.player.view
    assert seen(opened) == 0
    assert view.corner == "01:00:00:00"
    assert view.badge == "original"
    assert view.head == "frame 0 · 25 fps"


def test_arrow_keys_step_exactly_one_frame(opened, press):
    press(Key.Key_Right)
    assert seen(opened) == 1
    press(Key.Key_Right, Key.Key_Right, Key.Key_Left)
    assert seen(opened) == 2
    assert opened.panel.player.view.corner == "01:00:00:02"


def test_stepping_over_the_open_groups_of_long_gop_is_exact_both_ways(opened, press):
    press(Key.Key_Down)
    opened.player.show(37)
    press()
    for number in range(38, 43):
        press(Key.Key_Right)
        assert seen(opened) == number
    for number in range(41, 36, -1):
        press(Key.Key_Left)
        assert seen(opened) == number


def test_home_and_end(opened, press):
    press(Key.Key_End)
    assert seen(opened) == 119
    press(Key.Key_Right)
    assert seen(opened) == 119
    press(Key.Key_Home)
    assert seen(opened) == 0
    press(Key.Key_Left)
    assert seen(opened) == 0


def test_space_plays_and_stops_where_it_is(opened, press, qtbot):
    QTest.keyClick(opened.table, Key.Key_Space)
    qtbot.waitUntil(lambda: opened.player.number > 10, timeout=30_000)
    press(Key.Key_Space)
    assert opened.player.speed == 0
    assert seen(opened) == opened.player.number
    assert 10 < opened.player.number < 119


def test_playing_ends_at_the_last_frame(opened, press, qtbot):
    opened.player.show(110)
    press()
    press(Key.Key_L)
    assert seen(opened) == 119


def test_j_k_l_change_speed_and_direction(opened, press, qtbot):
    speeds = []
    for key in (Key.Key_L, Key.Key_L, Key.Key_L, Key.Key_L, Key.Key_L):
        QTest.keyClick(opened.table, key)
        speeds.append(opened.player.speed)
    assert speeds == [1, 2, 4, 8, 8]
    speeds = []
    opened.player.show(100)
    for key in (Key.Key_J, Key.Key_J, Key.Key_L, Key.Key_K):
        QTest.keyClick(opened.table, key)
        speeds.append(opened.player.speed)
    assert speeds == [-1, -2, 1, 0]
    press()


def test_a_key_that_is_held_down_steps_on_and_does_nothing_else_twice(opened, press):
    def hold(key: Key) -> None:
        for again in (False, True, True):
            event = QKeyEvent(QEvent.Type.KeyPress, key, NONE, "", again)
            QApplication.sendEvent(opened.table, event)

    hold(Key.Key_L)
    assert opened.player.speed == 1
    hold(Key.Key_Space)
    assert opened.player.speed == 0
    opened.player.show(10)
    hold(Key.Key_Right)
    press()
    assert seen(opened) == 13


def test_what_nobody_sees_does_not_play_on(opened, press, qtbot):
    QTest.keyClick(opened.table, Key.Key_L)
    QTest.keyClick(opened.table, Key.Key_F)
    large = opened.panel.player.large
    QTest.keyClick(large, Key.Key_Escape)
    assert opened.player.speed == 1
    opened.hide()
    assert opened.player.speed == 0
    opened.show()
    press()


def test_playing_backwards_shows_every_frame_on_the_way(opened, press, qtbot):
    press(Key.Key_Down)
    opened.player.show(60)
    press()
    numbers = []
    opened.player.picture_changed.connect(lambda: numbers.append(opened.player.number))
    press(Key.Key_J)
    assert seen(opened) == 0
    played = list(dict.fromkeys(numbers))
    assert played == sorted(played, reverse=True)
    assert len(played) > 20


def test_typing_a_timecode_goes_there(opened, press):
    player = opened.panel.player
    QTest.keyClick(opened.table, Key.Key_0)
    assert player.entry.isVisible()
    QTest.keyClicks(player.entry, "1:00:03:07")
    QTest.keyClick(player.entry, Key.Key_Return)
    press()
    assert seen(opened) == 82
    QTest.keyClick(player, Key.Key_Plus, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(player.entry, "12")
    QTest.keyClick(player.entry, Key.Key_Return)
    press()
    assert seen(opened) == 94
    assert not player.entry.isVisible()


def test_keys_are_the_players_again_after_a_timecode_in_a_window_that_is_not_the_active_one(
    opened, press, qtbot
):
    """Without a window manager, a window is not activated again when its dialog closes."""
    dialog = QWidget()
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)

    def keys(text: str, *more: Key) -> None:
        for letter in text:
            QTest.keyClicks(opened.window().focusWidget(), letter)
        for key in more:
            QTest.keyClick(opened.window().focusWidget(), key)

    opened.table.setFocus()
    keys("01000307", Key.Key_Return, Key.Key_Right, Key.Key_Right)
    press()
    assert seen(opened) == 84
    keys("+10", Key.Key_Escape, Key.Key_Left)
    press()
    assert seen(opened) == 83


def test_escape_leaves_a_timecode_that_is_being_typed(opened, press):
    player = opened.panel.player
    QTest.keyClick(player, Key.Key_0)
    QTest.keyClicks(player.entry, "1:00:03:07")
    QTest.keyClick(player.entry, Key.Key_Escape)
    press()
    assert not player.entry.isVisible()
    assert player.hasFocus()
    assert seen(opened) == 0


def test_a_timecode_that_the_clip_does_not_have_is_said_and_nothing_moves(opened, press, qtbot):
    with qtbot.waitSignal(opened.said) as news:
        QTest.keyClick(opened.table, Key.Key_0)
        QTest.keyClicks(opened.panel.player.entry, "9:00:00:00")
        QTest.keyClick(opened.panel.player.entry, Key.Key_Return)
    assert news.args == ["The clip runs from 01:00:00:00 to 01:00:04:19."]
    press()
    assert seen(opened) == 0


def test_a_click_in_the_timeline_goes_to_the_frame_under_it(opened, press):
    line = opened.panel.player.timeline
    spot = QPoint(line.width() // 2, 10)
    QTest.mouseClick(line, LEFT, NONE, spot)
    press()
    assert seen(opened) == line.frame_at(spot.x()) == opened.player.number


def test_dragging_shows_key_frames_and_the_exact_frame_at_rest(opened, press, qtbot):
    press(Key.Key_Down)
    line, player = opened.panel.player.timeline, opened.player
    pictures = []
    player.picture_changed.connect(
        lambda: pictures.append((player.playback.picture.number, player.playback.exact))
    )
    QTest.mousePress(line, LEFT, NONE, QPoint(10, 10))
    target = QPoint(round(line.x_of(75)) + 1, 10)
    QTest.mouseMove(line, target)
    player.scrub(line.frame_at(target.x()))
    qtbot.waitUntil(lambda: bool(pictures), timeout=30_000)
    qtbot.waitUntil(lambda: settled(opened), timeout=30_000)
    assert seen(opened) == 75
    QTest.mouseRelease(line, LEFT, NONE, target)
    press()
    assert seen(opened) == 75


def test_o_keeps_the_shown_frame_and_is_stored_exclusive(opened, press):
    opened.player.show(10)
    press(Key.Key_I)
    opened.player.show(49)
    press(Key.Key_O)
    assert (opened.player.marks.first, opened.player.marks.end) == (10, 50)
    assert opened.panel.player.range.full_text == "01:00:00:10 to 01:00:01:24"
    press(Key.Key_X)
    assert (opened.player.marks.first, opened.player.marks.end) == (None, None)


def test_an_out_before_the_in_begins_anew(opened, press):
    opened.player.show(60)
    press(Key.Key_I)
    opened.player.show(20)
    press(Key.Key_O)
    assert (opened.player.marks.first, opened.player.marks.end) == (None, 21)
    opened.player.show(90)
    press(Key.Key_I)
    assert (opened.player.marks.first, opened.player.marks.end) == (90, None)


def test_the_buttons_do_what_the_keys_do_and_name_them(opened, press, qtbot):
    keys = opened.panel.player.transport.keys
    assert all(not button.icon().isNull() for button in keys.values())
    assert [button.toolTip().rpartition(" (")[2] for button in keys.values()] == [
        "J)", "←)", "Space)", "→)", "L)", "I)", "O)", "R)",
    ]  # fmt: skip
    qtbot.mouseClick(keys["Right"], LEFT)
    qtbot.mouseClick(keys["Right"], LEFT)
    qtbot.mouseClick(keys["Left"], LEFT)
    press()
    assert seen(opened) == 1
    qtbot.mouseClick(keys["Space"], LEFT)
    assert opened.player.speed == 1
    assert keys["Space"].toolTip() == "Stop (Space or K)"
    qtbot.mouseClick(keys["Space"], LEFT)
    assert opened.player.speed == 0
    qtbot.mouseClick(keys["L"], LEFT)
    qtbot.mouseClick(keys["L"], LEFT)
    assert opened.player.speed == 2
    qtbot.mouseClick(keys["J"], LEFT)
    assert opened.player.speed in {-1, 0}
    press(Key.Key_K)
    qtbot.mouseClick(keys["I"], LEFT)
    qtbot.mouseClick(keys["O"], LEFT)
    marks = opened.player.marks
    assert (marks.first, marks.end) == (opened.player.number, opened.player.number + 1)
    qtbot.mouseClick(keys["R"], LEFT)
    assert opened.player.loop
    assert opened.panel.player.hasFocus()


def test_a_loop_plays_what_is_kept_again_and_again(opened, press, qtbot):
    opened.player.show(30)
    press(Key.Key_I)
    opened.player.show(37)
    press(Key.Key_O, Key.Key_R)
    numbers = []
    opened.player.picture_changed.connect(lambda: numbers.append(opened.player.number))
    QTest.keyClick(opened.table, Key.Key_L)
    qtbot.waitUntil(lambda: len(numbers) > 24, timeout=30_000)
    press(Key.Key_K)
    assert set(numbers) == set(range(30, 38))
    assert any(b < a for a, b in pairwise(numbers))


def test_full_screen_shows_the_same_frame_and_escape_comes_back(opened, press, qtbot):
    opened.player.show(44)
    press(Key.Key_F)
    large = opened.panel.player.large
    assert large is not None
    assert large.isFullScreen()
    qtbot.waitUntil(lambda: settled(opened), timeout=30_000)
    assert number_seen(large.view) == 44
    QTest.keyClick(large, Key.Key_Right)
    qtbot.waitUntil(lambda: settled(opened), timeout=30_000)
    assert number_seen(large.view) == 45
    QTest.keyClick(large, Key.Key_Escape)
    assert opened.panel.player.large is None
    qtbot.waitUntil(lambda: settled(opened), timeout=30_000)
    assert seen(opened) == 45


def test_a_player_that_fills_the_screen_goes_with_its_window(opened, press):
    press(Key.Key_F)
    large = opened.panel.player.large
    opened.bridge.close()
    assert opened.panel.player.large is None
    assert not large.isVisible()


def test_the_timeline_has_pictures(opened):
    assert opened.panel.player.timeline.pictures == 12


def test_going_down_the_table_opens_only_the_clip_one_stays_at(opened, press):
    clips = []
    opened.player.clip_changed.connect(lambda: clips.append(opened.player.clip.name))
    QTest.keyClick(opened.table, Key.Key_Down)
    QTest.keyClick(opened.table, Key.Key_Up)
    QTest.keyClick(opened.table, Key.Key_Down)
    press()
    assert clips == ["B014C002"]
