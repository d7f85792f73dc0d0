"""The window is closed while a card is being copied: the real window, engine and drives."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_mount import FaultMount
from mount_bench import Bench
from offload_bench import (
    MB,
    SMALL_CARD,
    House,
    accepted_by_ascmhl,
    generations,
    leftovers,
    make_card,
    spec_for,
    tree,
    wait_for,
)

from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import spec_to_json

pytestmark = pytest.mark.root
ROOT = Path(__file__).parents[2]
Faulty = Callable[[str], FaultMount]
HOLD = {"op": "read", "match": "*C002.mov", "at": 3 * MB, "do": "hold"}

WINDOW = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QPushButton
from ui import application
from ui.main_window import MainWindow

profile, wishes = Path(sys.argv[1]), Path(sys.argv[2])
app = application.make_application()
said = set()

def say(word):
    if word not in said:
        said.add(word)
        print(word, flush=True)

def press(window, words):
    for line in window.messages.lines:
        for button in line.findChildren(QPushButton):
            if button.text() == words:
                say(line.message.text)
                button.click()
                return True
    return False

def look():
    for window in [w for w in app.topLevelWidgets() if isinstance(w, MainWindow)]:
        say("shown")
        if not window.isEnabled():
            say("closing")
        elif wishes.exists():
            wish = wishes.read_text()
            if wish == "close":
                window.close()
                wishes.unlink()
            elif press(window, wish):
                wishes.unlink()

timer = QTimer()
timer.timeout.connect(look)
timer.start(20)
sys.exit(application.run(profile))
"""


class Windows:
    """A card that can be held, two drives, and windows on one profile, one after the other."""

    def __init__(self, bench: Bench, house: House, card: FaultMount) -> None:
        self.card, self.house = card, house
        make_card(card.backing, SMALL_CARD)
        self.drives = [bench.ext4(name, name, 64) for name in ("one", "two")]
        house.declare(*self.drives)
        house.profile.mkdir()
        lines = [f'"{key}" = "{name}"\n' for key, name in house.declared.items()]
        (house.profile / "settings.toml").write_text("[devices.declared]\n" + "".join(lines))
        self._wish = bench.folder / "wish"
        self._script = bench.folder / "window.py"
        self._script.write_text(WINDOW)
        self._process: subprocess.Popen[str] | None = None

    def begin_and_kill(self, spec: Path) -> None:
        """Another program begins the job and dies in the middle of the second clip."""
        program = ROOT / "tests" / "shared" / "offload_process.py"
        house = self.house
        (house.profile / "declared.json").write_text(json.dumps(house.declared))
        spec.write_text(spec_to_json(spec_for(self.card.point, *self.drives)))
        self.card.set(HOLD)
        self._start(program, house.profile, spec)
        self.card.wait_acted("hold")
        self.process.kill()
        self.card.set()
        self.process.communicate()

    def open(self) -> None:
        """A window, shown."""
        self._start(self._script, self.house.profile, self._wish)
        self.hears("shown")

    def _start(self, *arguments: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"},
        )

    @property
    def process(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process

    def hears(self, words: str) -> None:
        """The window says so next."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert words in line, line + self.process.communicate()[1]

    def wishes(self, words: str) -> None:
        """Have the window closed, or one of its buttons pressed once it is there."""
        fresh = self._wish.with_suffix(".new")
        fresh.write_text(words)
        fresh.rename(self._wish)
        wait_for(lambda: self.process.poll() is not None or not self._wish.exists(), words)

    def job(self) -> JobSnapshot:
        with self.house.engine() as engine:
            return next(engine.history())

    def ends(self) -> None:
        """The window has gone in order."""
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, out + err
        assert "Traceback" not in err

    def close(self) -> None:
        self.card.set()
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


@pytest.fixture
def windows(bench: Bench, house: House, faulty: Faulty) -> Iterator[Windows]:
    made = Windows(bench, house, faulty("A003"))
    yield made
    made.close()


@pytest.mark.parametrize("way", ["by its person", "by the system"])
def test_a_window_closed_during_a_copy_leaves_a_job_that_the_next_one_finishes(
    windows: Windows, tmp_path: Path, way: str
) -> None:
    windows.begin_and_kill(tmp_path / "spec.json")
    windows.card.set({**HOLD, "after": 0, "times": 1})
    windows.open()
    windows.wishes("Resume")
    windows.hears("1 job was interrupted")
    wait_for(lambda: len(windows.card.acted()) == 2, "the card is held again")
    if way == "by the system":
        windows.process.send_signal(signal.SIGTERM)
    else:
        windows.wishes("close")
        windows.wishes("Keep copying")
        windows.hears("still at work")
        assert windows.job().state is JobState.RUNNING
        windows.wishes("close")
        windows.wishes("Interrupt and quit")
    windows.hears("closing")
    windows.card.set()
    windows.ends()
    assert windows.job().state is JobState.INTERRUPTED
    whole = tree(windows.card.backing)
    for drive in windows.drives:
        assert not leftovers(drive)
        found = {path: facts for path, facts in tree(drive / "A003").items() if len(facts) > 1}
        assert found.items() <= whole.items()
    windows.open()
    windows.wishes("Resume")
    windows.hears("1 job was interrupted")
    wait_for(lambda: windows.job().state.ended, "the job ends")
    windows.process.send_signal(signal.SIGTERM)
    windows.hears("closing")
    windows.ends()
    done = windows.job()
    assert (done.state, done.verdict) == (JobState.DONE, "SAFE TO FORMAT")
    for drive in windows.drives:
        assert tree(drive / "A003") == whole
        assert not leftovers(drive)
        assert len(generations(drive / "A003")) == 1
        accepted_by_ascmhl(drive / "A003")
