import sys

import pytest
import stand_in as s

from app.settings import Settings
from ui.notifier import Notifier


@pytest.fixture
def told(bridge, engine, tmp_path):
    """The file that the configured command writes the news to."""
    out = tmp_path / "told"
    code = f"import os; open({str(out)!r}, 'w').write(os.environ['REELKEEP_EVENT'])"
    engine.settings = Settings.load(
        tmp_path / "settings.toml",
        site=tmp_path / "none",
        overrides={"notify.command": f'{sys.executable} -c "{code}"'},
    )
    return out


def test_the_end_of_the_queue_calls_people(bridge, engine, told, qtbot):
    notifier = Notifier(bridge)
    engine.jobs = [s.running(1)]
    bridge.start()
    qtbot.waitUntil(lambda: bool(bridge.snapshots))
    assert not told.exists()

    engine.jobs = [s.done(1)]

    qtbot.waitUntil(lambda: told.exists() and told.read_text() == "queue-done", timeout=10_000)
    notifier.deleteLater()


def test_a_request_calls_people(bridge, engine, told, qtbot):
    notifier = Notifier(bridge)
    engine.jobs = [s.running(6)]
    bridge.start()
    qtbot.waitUntil(lambda: bool(bridge.snapshots))

    engine.jobs = [s.wanting(6)]

    qtbot.waitUntil(lambda: told.exists() and told.read_text() == "needs-hands", timeout=10_000)
    notifier.deleteLater()
