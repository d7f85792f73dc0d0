"""One vigil for all jobs: the first keeps the machine awake, the last lets it go."""

import os
import sys
from pathlib import Path

import psutil
import pytest

from app.jobs.vigil import Vigil

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the stand-in is systemd-inhibit's"
)
HOLDS = """#!/bin/sh
echo begun >> "$0.begun"
while case "$1" in --*) true ;; *) false ;; esac; do shift; done
echo $$ > "$0.pid"
"$@"
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "systemd-inhibit"
    made.write_text(HOLDS)
    made.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return made


def begun(program: Path) -> int:
    told = program.with_name("systemd-inhibit.begun")
    return len(told.read_text().splitlines()) if told.exists() else 0


def test_two_jobs_share_one_vigil_that_ends_with_the_last(program):
    vigil = Vigil()
    with vigil.while_running():
        with vigil.while_running():
            assert vigil.held
        assert vigil.held
        pid = int(program.with_name("systemd-inhibit.pid").read_text())

    assert not vigil.held
    assert not psutil.pid_exists(pid)
    assert begun(program) == 1


def test_the_next_job_begins_a_vigil_of_its_own(program):
    vigil = Vigil()
    for _ in range(2):
        with vigil.while_running():
            assert vigil.held

    assert begun(program) == 2


def test_who_does_not_want_it_is_not_kept_awake(program):
    vigil = Vigil(lambda: False)
    with vigil.while_running():
        assert not vigil.held

    assert begun(program) == 0


def test_a_machine_that_cannot_be_kept_awake_works_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    vigil = Vigil()
    with vigil.while_running():
        assert not vigil.held
