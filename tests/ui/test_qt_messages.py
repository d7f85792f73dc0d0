import logging

from PySide6.QtCore import qInfo, qWarning

from ui.qt_messages import HARMLESS, qt_messages_logged


def test_what_qt_says_is_logged_but_not_what_the_platform_says_of_itself(
    caplog, capfd, expected_log
):
    expected_log.append("a widget is unhappy")
    caplog.set_level(logging.INFO)

    with qt_messages_logged():
        qWarning("a widget is unhappy, and named Ä")
        qInfo("for your information")
        qWarning(HARMLESS)

    said = [(r.name, r.levelname, r.getMessage()) for r in caplog.records]
    assert said == [
        ("qt", "WARNING", "a widget is unhappy, and named Ä"),
        ("qt", "INFO", "for your information"),
    ]
    assert capfd.readouterr() == ("", "")


def test_whoever_heard_qt_before_hears_it_again_after(qtlog, caplog, expected_log):
    with qt_messages_logged():
        pass

    qWarning("This plugin does not support anything")

    assert [r.message for r in qtlog.records] == ["This plugin does not support anything"]
    assert not caplog.records
