import threading

import stand_in as s
from PySide6.QtCore import QObject, QThread, QTimer, Slot
from PySide6.QtWidgets import QLabel

from app.errors import BadInput
from ui.bridge import Bridge


class Watch:
    """A real stand-in for the watch on mounts: says yes once per mount."""

    def __init__(self):
        self.mounted = threading.Event()
        self.closed = threading.Event()

    def wait(self, timeout):
        seen = self.mounted.wait(min(timeout, 0.05))
        self.mounted.clear()
        return seen

    def close(self):
        self.closed.set()


class Listener(QObject):
    def __init__(self):
        super().__init__()
        self.threads = []

    @Slot(object)
    def hear(self, _):
        self.threads.append(QThread.currentThread())


def test_snapshots_are_told_only_when_they_change(bridge, engine, qtbot):
    told = []
    bridge.snapshots_changed.connect(told.append)
    bridge.start()
    qtbot.waitUntil(lambda: len(told) == 1)

    polled = threading.Event()
    real, rounds = engine.snapshots, []

    def counted():
        rounds.append(1)
        if len(rounds) >= 3:
            polled.set()
        return real()

    engine.snapshots = counted
    qtbot.waitUntil(polled.is_set)
    assert len(told) == 1

    engine.jobs = [s.running()]
    qtbot.waitUntil(lambda: len(told) == 2)
    assert told[-1] == (s.running(),)


def test_an_answer_arrives_in_the_windows_thread(bridge, qapp, qtbot):
    listener, asked_in = Listener(), []

    bridge.ask(lambda: asked_in.append(threading.current_thread()), listener.hear)

    qtbot.waitUntil(lambda: len(listener.threads) == 1)
    assert listener.threads == [qapp.thread()]
    assert asked_in[0] is not threading.main_thread()


def test_an_expected_error_reaches_its_handler_and_no_log(bridge, qtbot):
    heard = []

    def refuse():
        raise BadInput("No such preset.")

    bridge.ask(refuse, None, heard.append)

    qtbot.waitUntil(lambda: len(heard) == 1)
    assert isinstance(heard[0], BadInput)


def test_an_error_without_handler_goes_to_the_message_bar(bridge, qtbot):
    def refuse():
        raise BadInput("No such preset.")

    with qtbot.waitSignal(bridge.error_raised) as told:
        bridge.ask(refuse)

    assert str(told.args[0]) == "No such preset."


def test_our_own_mistakes_are_logged_whole(bridge, qtbot, caplog, expected_log):
    expected_log.append("A question to the engine failed")

    with qtbot.waitSignal(bridge.error_raised):
        bridge.ask(lambda: 1 / 0)

    assert "ZeroDivisionError" in caplog.text


def test_an_answer_for_a_widget_that_has_gone_is_dropped(bridge, qtbot):
    label, gate, after = QLabel(), threading.Event(), []
    bridge.ask(gate.wait, label.setNum)
    label.deleteLater()
    qtbot.waitUntil(lambda: label not in [None] and not _valid(label))

    gate.set()
    bridge.ask(lambda: None, after.append)

    qtbot.waitUntil(lambda: after == [None])


def _valid(thing):
    from shiboken6 import Shiboken

    return Shiboken.isValid(thing)


def test_a_forgotten_question_is_not_answered(bridge, qtbot):
    gate, heard, after = threading.Event(), [], []
    ticket = bridge.ask(gate.wait, heard.append)
    bridge.forget(ticket)
    gate.set()
    bridge.ask(lambda: None, after.append)

    qtbot.waitUntil(lambda: after == [None])
    assert heard == []


def test_closing_stops_the_engine_and_asks_for_no_more(bridge, engine, qtbot):
    bridge.start()
    qtbot.waitUntil(lambda: bridge.running)

    bridge.close()

    assert engine.asked == [("stop",)]
    assert not bridge.running
    bridge.close()
    assert engine.asked == [("stop",)]


def test_an_engine_that_dies_is_told_and_its_last_picture_shown(
    bridge, engine, qtbot, expected_log
):
    expected_log.append("The engine has stopped")
    told = []
    bridge.snapshots_changed.connect(told.append)
    bridge.start()
    qtbot.waitUntil(lambda: len(told) == 1)

    engine.jobs = [s.failed()]
    engine.fault = RuntimeError("bug")
    with qtbot.waitSignal(bridge.engine_failed):
        engine._ended.set()

    assert told[-1] == (s.failed(),)


def test_a_new_volume_is_told(engine, qapp, qtbot):
    watch = Watch()
    bridge = Bridge(engine, watch)
    told = []
    bridge.volumes_changed.connect(told.append)
    bridge.start()
    try:
        qtbot.waitUntil(lambda: told == [()])
        engine.mounted = (s.volume("RAID-1"),)
        watch.mounted.set()
        qtbot.waitUntil(lambda: len(told) == 2)
    finally:
        bridge.close()
        bridge.deleteLater()

    assert [volume.label for volume in told[-1]] == ["RAID-1"]
    assert watch.closed.is_set()


def test_the_window_stays_awake_while_the_engine_stops(bridge, engine, qtbot):
    bridge.start()
    qtbot.waitUntil(lambda: bridge.running)

    bridge.stop_engine()

    qtbot.waitUntil(lambda: not bridge.running)
    assert engine.asked == [("stop",)]


def test_a_slow_engine_never_holds_the_window(bridge, engine, qtbot):
    engine.jobs = [s.running(1)]
    gate, quick = threading.Event(), engine.snapshots
    engine.snapshots = lambda: gate.wait(10) and quick()
    bridge.start()
    turns = []
    QTimer.singleShot(0, lambda: turns.append("turned"))
    qtbot.waitUntil(lambda: bool(turns) and bridge._looking)
    assert bridge.snapshots == ()
    gate.set()
    qtbot.waitUntil(lambda: bridge.snapshots == (s.running(1),))
