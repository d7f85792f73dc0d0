"""A machine with a running job does not sleep; what holds it ends with us.

The stand-in on the PATH does what systemd-inhibit does with its arguments: it runs the command
after its options while it holds the lock (here: while its file of process ids exists).
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from app.jobs.awake import KeepAwake, battery_sentence, battery_warning

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the stand-in is systemd-inhibit's"
)

HOLDS = """#!/bin/sh
printf '%s\\n' "$@" > "$0.arguments"
while case "$1" in --*) true ;; *) false ;; esac; do shift; done
echo $$ > "$0.pid"
"$@"
"""
REFUSES = "#!/bin/sh\necho 'Failed to inhibit: Access denied' >&2\nexit 1\n"
SILENT = "#!/bin/sh\nexec sleep 600\n"


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    def put(script: str) -> Path:
        program = tmp_path / "systemd-inhibit"
        program.write_text(script)
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        return program

    return put


def pid_of(program: Path) -> int:
    return int(program.with_name(program.name + ".pid").read_text())


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def gone(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def test_sleep_is_held_off_while_inside_and_let_go_after(stand_in):
    program = stand_in(HOLDS)

    with KeepAwake("Offload A003") as awake:
        assert awake.held
        assert awake.reason == ""
        assert psutil.pid_exists(pid_of(program))

    assert not awake.held
    assert gone(pid_of(program))
    arguments = program.with_name(program.name + ".arguments").read_text().splitlines()
    assert {"--what=sleep:idle", "--mode=block", "--why=Offload A003"} <= set(arguments)


def test_it_is_let_go_when_the_job_fails(stand_in):
    program = stand_in(HOLDS)

    with pytest.raises(ZeroDivisionError), KeepAwake():
        raise ZeroDivisionError

    assert gone(pid_of(program))


def test_what_holds_it_dies_with_us_even_when_we_are_killed(stand_in):
    program = stand_in(HOLDS)
    code = (
        "from app.jobs.awake import KeepAwake\nimport sys\n"
        "with KeepAwake() as awake: print(awake.held, flush=True); sys.stdin.read()\n"
    )
    ours = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert ours.stdout is not None
    assert ours.stdin is not None
    try:
        assert ours.stdout.readline() == "True\n"
        held_by = pid_of(program)
        assert not gone(held_by)
        ours.send_signal(signal.SIGKILL)
        ours.wait()
        wait_until(lambda: gone(held_by))
    finally:
        ours.kill()
        ours.wait()
        ours.stdout.close()
        ours.stdin.close()


def test_when_what_holds_it_is_killed_it_no_longer_says_held(stand_in):
    program = stand_in(HOLDS)

    with KeepAwake() as awake:
        os.kill(pid_of(program), signal.SIGKILL)
        wait_until(lambda: not awake.held)
        assert awake.reason == "The program that kept the machine awake has ended."


def test_a_refusal_is_told_in_its_own_words(stand_in):
    stand_in(REFUSES)

    with KeepAwake() as awake:
        assert not awake.held
        assert awake.reason.endswith("Failed to inhibit: Access denied")


def test_a_program_that_never_answers_does_not_hold_the_job_up(stand_in, monkeypatch):
    stand_in(SILENT)
    monkeypatch.setattr("app.jobs.awake.START_SECONDS", 0.2)

    with KeepAwake() as awake:
        assert not awake.held
        assert "did not answer" in awake.reason


def test_without_the_program_the_reason_names_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with KeepAwake() as awake:
        assert not awake.held
        assert "no systemd-inhibit" in awake.reason


@pytest.mark.parametrize(
    ("percent", "plugged", "warned"),
    [(19.6, False, True), (20, False, False), (3, True, False), (3, False, True)],
)
def test_a_low_battery_is_said_only_when_it_empties(percent, plugged, warned):
    assert bool(battery_sentence(percent, plugged)) is warned


def test_the_battery_can_be_asked_on_any_machine():
    assert isinstance(battery_warning(), str)
