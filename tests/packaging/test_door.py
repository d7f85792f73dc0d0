"""The door of a checkout: what it sets up, when it need not, and how it counts tests."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent.parent


@pytest.fixture
def checkout(tmp_path):
    """A copy of what the set-up needs, with no environment yet."""
    for name in ("packaging", "run", "pyproject.toml"):
        source = CHECKOUT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    return tmp_path


@pytest.fixture
def set_up(checkout):
    spec = importlib.util.spec_from_file_location("set_up", checkout / "packaging" / "set_up.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stamp(set_up, *purposes: str) -> None:
    """Say that everything is set up, with this interpreter."""
    set_up.PYTHON.parent.mkdir(parents=True)
    set_up.PYTHON.symlink_to(sys.executable)
    for purpose in purposes:
        state = set_up.fingerprint(set_up.PURPOSES[purpose][1])
        set_up.stamp(purpose).write_text(state)


def run(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {"PATH": "/usr/bin:/bin", "HOME": str(checkout)}
    return subprocess.run(
        [checkout / "run", *arguments],
        capture_output=True,
        text=True,
        env=plain | environment,
        check=False,
        cwd="/",
        timeout=60,
    )


def test_without_a_display_it_says_so_and_what_works_instead(checkout, set_up):
    stamp(set_up, "run")

    done = run(checkout)

    assert done.returncode == 2
    assert done.stderr.startswith("There is no display here")
    assert "./run --help" in done.stderr


def test_once_set_up_any_command_is_handed_on_as_it_is(checkout, set_up):
    stamp(set_up, "run")
    program = set_up.PYTHON.with_name("reelkeep")
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$PWD" "$@"\nexit 7\n')
    program.chmod(0o755)

    done = run(checkout, "offload", "a card", "--to", "it's\n")

    assert (done.stdout, done.stderr) == ("/\noffload\na card\n--to\nit's\n\n", "")
    assert done.returncode == 7


def test_a_changed_pin_or_place_asks_for_a_new_set_up(checkout, set_up, monkeypatch):
    stamp(set_up, "run", "check")
    assert set_up.is_done("run")

    pins = checkout / "packaging" / "requirements.txt"
    pins.write_text(pins.read_text() + "extra==1\n")
    assert not set_up.is_done("run")
    assert set_up.is_done("check")

    monkeypatch.setattr(set_up, "CHECKOUT", Path(shutil.copytree(checkout, checkout / "moved")))
    assert not set_up.is_done("check")


def test_a_package_is_missing_when_its_library_or_program_is(set_up):
    wanted = {"libc6": "libc.so.6", "coreutils": "ls", "a": "libnone.so.9", "b": "no-such-program"}

    assert set_up.still_missing(wanted) == ["a", "b"]


def test_without_root_and_sudo_the_packages_are_named(set_up, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "apt-get").symlink_to("/bin/false")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    assert set_up.provide_system_packages({"b": "no-such-program"}) is False

    assert "apt-get install b" in capsys.readouterr().err


def test_an_unknown_purpose_is_refused(set_up, capsys):
    assert set_up.main(["fun"]) == 1
    assert "none of: run, check, test, lock" in capsys.readouterr().err


def test_every_pin_is_exact_and_names_no_place():
    for name in ("requirements.txt", "requirements-check.txt"):
        for line in (CHECKOUT / "packaging" / name).read_text().splitlines():
            assert "==" in line
            assert "://" not in line
            assert not line.startswith("-")


@pytest.fixture
def junit(tmp_path):
    path = tmp_path / "junit.xml"
    path.write_text(
        "<testsuites><testsuite>"
        '<testcase classname="tests.a" name="test_one"/>'
        '<testcase classname="tests.a" name="test_two"><failure message="no"/></testcase>'
        '<testcase classname="tests.a" name="test_tape[x]">'
        '<skipped type="pytest.skip" message="needs a drive"/></testcase>'
        '<testcase classname="tests.a" name="test_later">'
        '<skipped type="pytest.xfail" message=""/></testcase>'
        "</testsuite></testsuites>"
    )
    return path


def summary(*arguments: object) -> subprocess.CompletedProcess[str]:
    script = CHECKOUT / "packaging" / "test_summary.py"
    command = [sys.executable, script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_last_line_counts_and_each_skip_is_named(junit):
    done = summary(junit)

    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "skipped: tests.a::test_tape[x]: needs a drive",
        "2 passed, 1 failed, 1 skipped",
    ]


def test_only_a_skip_that_nobody_expects_fails(junit, tmp_path):
    expected = tmp_path / "expected.txt"
    expected.write_text("# none yet\n")
    assert summary("--expected-skips", expected, junit).returncode == 1

    expected.write_text("tests.a::test_tape*  # no drive there\n")
    assert summary("--expected-skips", expected, junit).returncode == 0


def test_a_run_that_did_not_come_to_its_end_fails(tmp_path):
    done = summary(tmp_path / "absent.xml")

    assert done.returncode == 1
    assert done.stdout.endswith("0 passed, 1 failed, 0 skipped\n")
