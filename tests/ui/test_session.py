"""What the window offers at its start, for as long as it stands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stand_in as s

from app.jobs.snapshot import JobState
from app.paths import Profile
from app.settings import Settings
from ui.application import Session


@pytest.fixture
def session(engine, tmp_path, qtbot) -> Iterator[Session]:
    engine.profile = Profile.at(tmp_path)
    engine.settings = Settings.load(tmp_path / "settings.toml", site=tmp_path / "none")
    made = Session(engine, "library")
    yield made
    made.power.end()
    made.day.end()
    made.bridge.close()
    made.window.deleteLater()


def test_the_offer_to_resume_goes_when_the_job_goes_on_by_another_way(session, engine, qtbot):
    def offers() -> list[str]:
        return [m.message.key for m in session.window.messages.lines]

    engine.jobs = [s.job(9, "Offload E001", JobState.INTERRUPTED, work_done=9)]
    session.bridge.start()
    qtbot.waitUntil(lambda: offers() == ["interrupted"])
    engine.jobs = [s.running(9)]
    qtbot.waitUntil(lambda: offers() == [])
