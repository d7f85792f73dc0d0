from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from app.errors import BadInput, DestinationFull
from ui.bridge import INTERNAL
from ui.messages import MOST, Message, MessageBar, message_of
from ui.theme import Tone


@pytest.fixture
def bar(qtbot):
    made = MessageBar()
    made.resize(900, 200)
    qtbot.addWidget(made)
    return made


FULL = DestinationFull("A003.mxf needs 7.2 GB, 1.1 GB left.", path=Path("/mnt/LTO"), device="LTO")


def test_an_error_tells_what_where_and_the_way_out():
    message = message_of(FULL)

    assert message.text.startswith("A003.mxf needs 7.2 GB, 1.1 GB left. Free space")
    assert message.tone is Tone.FAILED
    assert "Device: LTO" in message.details
    assert "/mnt/LTO" in message.details


def test_a_refusal_is_no_failure():
    assert message_of(BadInput("No such preset.")).tone is Tone.ATTENTION


def test_our_own_mistake_is_named_as_such_with_its_trace():
    try:
        raise KeyError("x")
    except KeyError as error:
        message = message_of(error)

    assert message.text == INTERNAL
    assert "Traceback" in message.details


def test_details_are_folded_and_can_be_copied(bar):
    bar.show_error(FULL)
    line = bar.lines[0]
    assert line.details.isHidden()

    line.fold.click()
    line.copy_details()

    assert not line.details.isHidden()
    assert "Device: LTO" in QGuiApplication.clipboard().text()


def test_what_repeats_itself_is_told_once(bar):
    bar.show_error(FULL)
    bar.show_error(FULL)

    assert len(bar.lines) == 1


def test_at_most_three_messages_stand_there(bar):
    for number in range(6):
        bar.show_message(Message(text=f"Message {number}"))

    assert [line.message.text for line in bar.lines] == ["Message 5", "Message 4", "Message 3"]
    assert len(bar.lines) == MOST


def test_a_message_with_a_key_replaces_the_older_one(bar):
    bar.show_message(Message(text="One job runs", key="closing"))
    bar.show_message(Message(text="Two jobs run", key="closing"))
    assert [line.message.text for line in bar.lines] == ["Two jobs run"]

    bar.withdraw("closing")
    assert bar.lines == []
    assert bar.isHidden()


def test_taking_an_action_closes_the_message(bar, qtbot):
    taken = []
    bar.show_message(Message(text="Interrupted", actions=(("Resume", lambda: taken.append(1)),)))

    qtbot.mouseClick(bar.lines[0].first_button(), Qt.MouseButton.LeftButton)

    assert taken == [1]
    assert bar.lines == []


def test_names_of_any_bytes_are_shown(bar):
    bar.show_error(BadInput('No "A\udcff\n".', path=Path("/x/\udcff")))

    assert "\\xff" in bar.lines[0].accessibleName()


def test_news_goes_by_itself(bar, qtbot, monkeypatch):
    monkeypatch.setattr("ui.messages.NOTE_MS", 1)
    bar.say("SHUTTLE-07 can be unplugged now.")

    qtbot.waitUntil(lambda: bar.lines == [])
