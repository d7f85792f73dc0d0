"""A battery that will not last is said in the window while jobs are on their way."""

from __future__ import annotations

import pytest
import stand_in as s
from PySide6.QtCore import QCoreApplication

from app.paths import Profile
from app.settings import Settings
from ui.application import Session
from ui.models.power import PowerWatch

LOW = "The battery is at 14 %. Connect the machine to power before it ends."


@pytest.fixture
def said(bridge):
    """What the watch has told, in order; its bridge is running."""
    watch, told = PowerWatch(bridge), []
    watch.warned.connect(told.append)
    bridge.start()
    yield told
    watch.end()


def test_a_low_battery_is_told_when_a_job_begins_and_taken_back_at_its_end(
    bridge, engine, said, qtbot
):
    engine.power_warning = LOW
    qtbot.waitUntil(lambda: not bridge.waiting)
    assert said == []
    engine.jobs = [s.running()]
    qtbot.waitUntil(lambda: said == [LOW])
    engine.jobs = [s.done()]
    qtbot.waitUntil(lambda: said == [LOW, ""])


def test_a_battery_that_will_do_is_not_mentioned(bridge, engine, said, qtbot):
    engine.jobs = [s.running()]
    qtbot.waitUntil(lambda: bool(bridge.snapshots) and not bridge.waiting)
    assert said == []


def test_the_message_bar_has_the_newest_figure_until_somebody_closes_it(engine, tmp_path, qtbot):
    engine.profile = Profile.at(tmp_path)
    engine.settings = Settings.load(tmp_path / "settings.toml", site=tmp_path / "none")
    session = Session(engine, "library")
    messages = session.window.messages

    def texts() -> list[str]:
        return [line.message.text for line in messages.lines]

    session.power.warned.emit(LOW)
    session.power.warned.emit(LOW.replace("14", "13"))
    assert texts() == [LOW.replace("14", "13")]
    messages.lines[0].close_line()
    session.power.warned.emit(LOW.replace("14", "12"))
    assert texts() == []
    session.power.warned.emit("")
    session.power.warned.emit(LOW)
    assert texts() == [LOW]
    session.power.warned.emit("")
    assert texts() == []
    session.power.end()
    session.day.end()
    session.bridge.close()
    session.window.deleteLater()
    QCoreApplication.processEvents()
