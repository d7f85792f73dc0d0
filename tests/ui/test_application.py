"""The assembled window in a process of its own, with a stand-in for the engine."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PREPARE = """
import sys
sys.path[:0] = [{root!r}, {here!r}]
from pathlib import Path
import stand_in as s
from ui import application
app = application.make_application()
engine = s.StandInEngine({jobs})
from app.paths import Profile
from app.settings import Settings
engine.profile = Profile(directory=Path({profile!r}))
engine.settings = Settings.load(engine.profile.settings_file, site=Path('/nonexistent'))
"""


def _start(tmp_path, rest, jobs=""):
    here = str(Path(__file__).parent)
    text = PREPARE.format(root=str(ROOT), here=here, jobs=jobs, profile=str(tmp_path))
    return subprocess.Popen(
        [sys.executable, "-c", text + rest],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _wait(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("pane", ["library", "tape"])
def test_a_picture_is_saved_without_a_display(tmp_path, pane):
    target = tmp_path / "window.png"
    code = f"sys.exit(application.run_engine(app, engine, screenshot=Path({str(target)!r}), "
    process = _start(tmp_path, code + f"size=(1280, 800), pane={pane!r}))", "s.running()")

    said, errors = process.communicate(timeout=60)

    assert process.returncode == 0, errors
    assert target.read_bytes().startswith(b"\x89PNG")
    assert str(target) in said
    assert "Traceback" not in errors


def test_a_picture_that_cannot_be_saved_is_said_and_no_folder_is_made_for_it(tmp_path):
    target = tmp_path / "nowhere" / "window.png"
    code = f"sys.exit(application.run_engine(app, engine, screenshot=Path({str(target)!r})))"
    process = _start(tmp_path, code, "s.running()")

    _, errors = process.communicate(timeout=60)

    assert process.returncode == 1
    assert f"The picture could not be saved as {target}." in errors
    assert not target.parent.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_closes_in_order_and_interrupts_the_jobs(tmp_path, number):
    ready = tmp_path / "ready"
    code = f"""
from PySide6.QtCore import QTimer
QTimer.singleShot(0, lambda: Path({str(ready)!r}).touch())
code = application.run_engine(app, engine, pane="library")
print("asked", engine.asked)
sys.exit(code)
"""
    process = _start(tmp_path, code, "s.running()")
    _wait(ready.exists)
    process.send_signal(number)

    out, errors = process.communicate(timeout=60)

    assert process.returncode == 0, errors
    assert "asked [('stop',)]" in out
    assert "Traceback" not in errors
    assert (tmp_path / "window.ini").exists()


def test_interrupted_jobs_are_offered_at_the_start(tmp_path):
    code = """
from PySide6.QtCore import QTimer
def look():
    for widget in app.topLevelWidgets():
        lines = getattr(getattr(widget, "messages", None), "lines", [])
        if lines:
            print(lines[0].message.text)
            lines[0].first_button().click()
            timer.stop()
timer = QTimer()
timer.timeout.connect(look)
timer.start(50)
def ended():
    if ("resume", "000009") in engine.asked:
        print("resumed")
        import os, signal
        os.kill(os.getpid(), signal.SIGTERM)
        second.stop()
second = QTimer()
second.timeout.connect(ended)
second.start(50)
sys.exit(application.run_engine(app, engine, pane="library"))
"""
    jobs = "s.job(9, 'Offload E001', s.JobState.INTERRUPTED, work_done=9)"
    out, errors = _start(tmp_path, code, jobs).communicate(timeout=60)

    assert "1 job was interrupted" in out, errors
    assert "resumed" in out


@pytest.mark.parametrize("name", ["settings", "log", "status", "about", "files:000001"])
def test_every_separate_window_opens_and_all_its_widgets_have_names(tmp_path, name):
    code = f"""
import asyncio
from walk import focus_chain, nameless, unreachable
from qasync import QEventLoop
async def main():
    session = application.Session(engine, "library")
    session.bridge.start()
    session.window.show()
    session.open_window({name!r})
    for _ in range(100):
        await asyncio.sleep(0.02)
        if not session.bridge.waiting:
            break
    shown = session._windows[{name!r}]
    chain = focus_chain(shown)
    print("visible", shown.isVisible(), "modal", shown.isModal())
    print("nameless", nameless(chain), "unreachable", unreachable(shown, chain))
    shown.close()
    session.close()
    await session._end()
with asyncio.Runner(loop_factory=lambda: QEventLoop(app)) as runner:
    runner.run(main())
"""
    out, errors = _start(tmp_path, code, "s.running(1)").communicate(timeout=60)

    assert "visible True modal False" in out, errors
    assert "nameless [] unreachable []" in out
    assert "Traceback" not in errors


def test_every_widget_of_all_five_panes_has_a_name_and_can_be_reached(tmp_path):
    code = """
import asyncio
from walk import focus_chain, nameless, unreachable
from qasync import QEventLoop
async def main():
    session = application.Session(engine, "offload")
    session.bridge.start()
    session.window.show()
    for key in session.window.rail.buttons:
        session.window.enter(key)
        for _ in range(100):
            await asyncio.sleep(0.02)
            if not session.bridge.waiting:
                break
        chain = focus_chain(session.window)
        print(key, len(chain) > 8, nameless(chain), unreachable(session.window, chain))
    session.close()
    await session._end()
with asyncio.Runner(loop_factory=lambda: QEventLoop(app)) as runner:
    runner.run(main())
"""
    jobs = "s.running(1), s.failed(2), s.done(3), s.wanting(4)"
    out, errors = _start(tmp_path, code, jobs).communicate(timeout=60)

    panes = ("offload", "library", "timeline", "branches", "tape")
    assert out.splitlines() == [f"{pane} True [] []" for pane in panes], errors


def test_an_engine_that_hangs_does_not_hold_the_window_open(tmp_path):
    code = """
import os, signal
import ui.bridge
from PySide6.QtCore import QTimer
ui.bridge.CLOSE_MS, application.CLOSE_SECONDS = 200, 0.2
engine.stop = lambda: None
QTimer.singleShot(300, lambda: os.kill(os.getpid(), signal.SIGTERM))
sys.exit(application.run_engine(app, engine, pane="library"))
"""
    process = _start(tmp_path, code, "s.running()")

    _, errors = process.communicate(timeout=60)

    assert process.returncode == 1, errors
    assert "The engine did not stop" in errors


def test_a_bug_of_the_window_is_logged_and_told_and_the_window_lives(tmp_path):
    code = """
import os, signal
from PySide6.QtCore import QTimer
def fall():
    raise ZeroDivisionError("a bug")
def look():
    for widget in app.topLevelWidgets():
        for line in getattr(getattr(widget, "messages", None), "lines", []):
            print(line.message.text)
            timer.stop()
            os.kill(os.getpid(), signal.SIGTERM)
QTimer.singleShot(100, fall)
timer = QTimer()
timer.timeout.connect(look)
timer.start(50)
with application.logged(engine):
    code = application.run_engine(app, engine, pane="library")
print("log", (engine.profile.log_directory / "reelkeep.log").read_text())
sys.exit(code)
"""
    process = _start(tmp_path, code)

    out, errors = process.communicate(timeout=60)

    assert process.returncode == 0, errors
    assert out.startswith("Internal error, see the log.")
    assert "ZeroDivisionError: a bug" in out
    assert "Traceback" in out


def test_the_real_engine_is_opened_drawn_and_closed(tmp_path):
    target, profile = tmp_path / "window.png", tmp_path / "profile"
    code = f"sys.exit(application.run(Path({str(profile)!r}), screenshot=Path({str(target)!r})))"
    process = _start(tmp_path, code)

    _, errors = process.communicate(timeout=60)

    assert process.returncode == 0, errors
    assert target.read_bytes().startswith(b"\x89PNG")
    assert "Traceback" not in errors


def test_a_profile_that_cannot_be_used_is_refused_in_words(tmp_path):
    (tmp_path / "file").touch()
    code = f"sys.exit(application.run(Path({str(tmp_path / 'file')!r}), screenshot=Path('x.png')))"
    process = _start(tmp_path, code)

    _, errors = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "is a file; a folder is needed" in errors
