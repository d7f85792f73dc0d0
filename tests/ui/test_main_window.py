import os
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
import stand_in as s
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from walk import focus_chain, nameless, unreachable

from ui.job_table import Verb
from ui.main_window import MainWindow, path_of


def _jobs(window, *jobs):
    window.bridge.engine.jobs = list(jobs)
    window.bridge._show(window.bridge.engine.snapshots())
    assert window.queue.model.jobs == jobs


def test_keys_bring_every_pane_to_the_front(window):
    for number, key in enumerate(("library", "timeline", "branches", "tape"), start=1):
        QTest.keyClick(window, Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.ControlModifier)
        assert window.pane.key == key
        assert window.rail.buttons[key].isChecked()


def test_a_coming_pane_says_what_it_will_hold_and_that_it_is_not_built(window):
    for key in ("timeline", "branches", "tape"):
        window.enter(key)
        texts = " ".join(label.text() for label in window.pane.findChildren(type(_label(window))))
        assert "This part is not built yet." in texts


def _label(window):
    from ui.widgets.labels import TextLabel

    return TextLabel()


@pytest.mark.parametrize("key", ["library", "timeline", "branches", "tape"])
def test_every_widget_has_a_name_and_can_be_reached(window, key):
    _jobs(window, s.wanting(6), s.running(1), s.queued(2), s.failed(3), s.done(4))
    window.messages.show_error(RuntimeError("x"))
    window.enter(key)
    window.queue.table.choose(s.running(1).id)

    chain = focus_chain(window)

    assert nameless(chain) == []
    assert unreachable(window, chain) == []


def test_every_command_of_the_menus_works_while_the_menu_bar_is_hidden(window):
    assert window.menuBar().isHidden()
    in_menus = {
        action
        for menu in window.commands._menus.values()
        for action in menu.actions()
        if not action.isSeparator() and action.menu() is None
    }

    assert in_menus
    assert in_menus <= set(window.actions())


def test_the_button_in_the_rail_shows_all_menus_again_and_again(window, qtbot):
    for _ in range(2):
        window.rail.menu.click()
        popup = QApplication.activePopupWidget()
        texts = [action.text() for action in popup.actions()]
        popup.close()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

        assert texts == ["&Reelkeep", "&Library", "&Jobs", "&View"]
        assert window.commands.menu("&Jobs").actions()


def test_no_two_commands_share_a_key(window):
    keys = [a.shortcut().toString() for a in window.actions() if not a.shortcut().isEmpty()]

    assert len(set(keys)) == len(keys)


def test_the_current_job_is_commanded_by_keys(window, engine, qtbot):
    _jobs(window, s.running(1))
    window.queue.table.choose(s.running(1).id)

    QTest.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)

    qtbot.waitUntil(lambda: ("pause", s.running(1).id) in engine.asked)
    qtbot.waitUntil(lambda: window.queue.table.buttons(0).main.text() == "Resume")


def test_a_job_moves_up_and_down_by_keys(window, engine, qtbot):
    first, second, third = s.queued(1), s.queued(2), s.queued(3)
    _jobs(window, first, second, third)
    window.queue.table.choose(first.id)

    QTest.keyClick(window, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: ("move", first.id, third.id) in engine.asked)
    qtbot.waitUntil(lambda: window.queue.model.jobs == (second, first, third))

    QTest.keyClick(window, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: ("move", first.id, second.id) in engine.asked)
    qtbot.waitUntil(lambda: window.queue.model.jobs == (first, second, third))


def test_cancelling_can_be_taken_back(window, engine, qtbot):
    _jobs(window, s.running(1))

    window.desk.do(Verb.CANCEL, s.running(1).id)
    qtbot.waitUntil(lambda: bool(window.messages.lines))
    qtbot.mouseClick(window.messages.lines[0].first_button(), Qt.MouseButton.LeftButton)

    qtbot.waitUntil(lambda: ("retry", s.running(1).id) in engine.asked)


def test_what_a_cancel_could_not_clear_stays_on_the_window(window, engine, qtbot):
    engine.left = ("SHUTTLE is not connected: what the job left half written there stays.",)
    _jobs(window, s.running(1))

    window.desk.do(Verb.CANCEL, s.running(1).id)
    qtbot.waitUntil(lambda: bool(window.messages.lines))
    message = window.messages.lines[0].message

    assert message.text.endswith(engine.left[0])
    assert message.stays


def test_what_cannot_be_done_now_is_grey(window):
    _jobs(window, s.running(1))
    window.queue.table.choose(s.running(1).id)
    by_text = {action.text(): action for action in window.actions()}

    assert by_text[Verb.PAUSE].isEnabled()
    assert not by_text[Verb.RETRY].isEnabled()


def test_an_idle_window_closes_at_once(window, qtbot):
    with qtbot.waitSignal(window.quit_asked):
        window.close()


def test_closing_during_a_job_asks_inline_and_the_safe_answer_has_the_focus(window, qtbot):
    _jobs(window, s.running(1))
    asked = []
    window.quit_asked.connect(lambda: asked.append(1))

    window.close()

    line = window.messages.lines[0]
    assert asked == []
    assert QApplication.activeModalWidget() is None
    assert line.first_button().text() == "Keep copying"
    qtbot.waitUntil(line.first_button().hasFocus)
    QTest.keyClick(line.first_button(), Qt.Key.Key_Space)
    assert window.messages.lines == []
    assert asked == []

    window.close()
    quits = window.messages.lines[0]._buttons[1]
    assert quits.text() == "Interrupt and quit"
    qtbot.mouseClick(quits, Qt.MouseButton.LeftButton)
    assert asked == [1]


def test_an_error_of_the_engine_stands_in_the_message_bar(window, engine, qtbot):
    from app.errors import NotFound

    _jobs(window, s.running(1))
    engine.fault = NotFound("There is no job 000001 any more.")
    window.desk.do(Verb.PAUSE, s.running(1).id)

    qtbot.waitUntil(lambda: bool(window.messages.lines))
    assert "no job 000001" in window.messages.lines[0].message.text
    engine.fault = None


def test_files_dropped_anywhere_reach_the_pane_byte_for_byte(window, tmp_path):
    got: list[Path] = []
    window.pane.accept_drop = lambda paths: not got.extend(paths)
    odd = os.fsdecode(bytes(tmp_path) + b"/A\xff03 %41\xc3\xa4#?.mxf")
    Path(odd).touch()
    data = QMimeData()
    data.setUrls([QUrl.fromEncoded(b"file://" + quote_from_bytes(os.fsencode(odd)).encode())])

    enter = QDragEnterEvent(
        QPoint(5, 5), Qt.DropAction.CopyAction, data,
        Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    window.dragEnterEvent(enter)
    drop = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, data,
        Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    window.dropEvent(drop)

    assert enter.isAccepted()
    assert got == [Path(odd)]
    assert got[0].exists()


def test_a_plain_path_survives_the_way_through_a_url(tmp_path):
    path = tmp_path / "Card 1 (ä) #2.mxf"

    assert path_of(QUrl.fromLocalFile(str(path))) == path


def test_a_pane_without_use_for_a_drop_says_so(window, tmp_path):
    window.enter("tape")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "x.edl"))])
    drop = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, data,
        Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    window.dropEvent(drop)

    assert "Tape has no use for x.edl" in window.messages.lines[0].message.text


def test_the_height_of_the_queue_and_what_was_seen_are_remembered(window, bridge, memory, qtbot):
    _jobs(window, s.done(1))
    window.queue.look_at(s.done(1).state)
    window.splitter.setSizes([400, 320])
    height = window.queue.height()
    window.remember()

    doors = list(window._doors.values())
    second = MainWindow(bridge, doors, memory, "Night Ferry")
    second.enter("library")
    qtbot.addWidget(second)
    with qtbot.waitExposed(second):
        second.show()

    assert abs(second.queue.height() - height) <= 2
    assert second.queue.seen == {s.done(1).id}


def test_a_panes_own_commands_stand_in_the_menu_only_while_it_is_in_front(window):
    action = QAction("Add a card…", window)
    window._panes["library"].commands = lambda: [action]
    window.enter("library")
    assert action in window.commands.menu("Pane").actions()

    window.enter("tape")
    assert action not in window.commands.menu("Pane").actions()
    assert not window.commands.menu("Pane").menuAction().isVisible()


def test_the_badge_of_a_pane_is_shown_and_spoken(window):
    window.pane.badge_changed.emit(37)

    assert window.rail.buttons["library"].badge == 37
    assert window.rail.buttons["library"].accessibleName() == "Library, 37 waiting for you"


def test_news_of_a_pane_stands_in_the_status_line_and_moves_nothing(window, qtbot):
    before = window.pane.geometry()
    window.pane.said.emit("SHUTTLE-07 can be unplugged now.")
    _jobs(window, s.running(1))

    assert window.status.day.full_text == "SHUTTLE-07 can be unplugged now."
    assert window.pane.geometry() == before

    window.status._news.setInterval(1)
    window.status.say("Again.")
    qtbot.waitUntil(lambda: window.status.day.full_text == "1 running")


def test_works_at_1280_by_800_and_smaller(window):
    assert window.minimumSizeHint().width() <= 1280
    assert window.minimumSizeHint().height() <= 720
