"""The command line keeps its promises to scripts: exit codes, JSON lines, one clear sentence."""

import json
import os
import subprocess
import sys
from importlib import import_module

import click
import pytest

from app.cli import group
from app.cli.follow import follow
from app.cli.output import Output, shown
from app.cli.progress import place_text, progress_text
from app.errors import BadInput, DestinationFull, JobCancelled
from app.jobs.snapshot import JobSnapshot, JobState, PlaceSnapshot, PlaceState
from app.jobs.spec import JobId


@pytest.fixture
def trouble(monkeypatch):
    """A command that ends as it is told."""

    def put(deed):
        command = click.Command(
            "trouble", callback=deed, params=[click.Option(["--json", "as_json"], is_flag=True)]
        )
        monkeypatch.setitem(group.COMMANDS, "trouble", "Ends as it is told.")
        module = type(sys)("app.cli.trouble")
        module.trouble_command = command
        monkeypatch.setitem(sys.modules, "app.cli.trouble", module)

    return put


def raising(error: BaseException):
    def deed(as_json: bool) -> None:
        raise error

    return deed


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (BadInput("There is no card."), 2, "Not understood: There is no card.\n"),
        (DestinationFull("RAID is full.", hint="Free space."), 1, "RAID is full. Free space.\n"),
        (JobCancelled(), 130, "Cancelled.\n"),
        (KeyboardInterrupt(), 130, "Cancelled.\n"),
        (click.UsageError("No such thing."), 2, "No such thing.\n"),
    ],
)
def test_every_ending_has_its_code_and_one_sentence(reelkeep, trouble, error, code, sentence):
    trouble(raising(error))

    answer = reelkeep("trouble")

    assert answer.code == code
    assert answer.err.endswith(sentence)
    assert answer.out == ""


def test_with_json_an_error_is_the_last_line_too(reelkeep, trouble, tmp_path):
    trouble(raising(DestinationFull("RAID is full.", path=tmp_path, device="RAID")))

    answer = reelkeep("trouble", "--json")

    assert answer.result["event"] == "result"
    assert answer.result["exit_code"] == answer.code == 1
    assert answer.result["device"] == "RAID"
    assert answer.result["path"] == str(tmp_path)


def test_a_bug_of_ours_is_logged_whole_and_said_in_one_sentence(reelkeep, trouble, profile):
    trouble(raising(ZeroDivisionError("of ours")))

    answer = reelkeep("trouble")

    assert answer.code == 1
    assert answer.err == f"Internal error (ZeroDivisionError), see the log {profile / 'log'}\n"
    assert "ZeroDivisionError: of ours" in (profile / "log" / "reelkeep.log").read_text()


def test_a_bug_of_ours_is_shown_whole_where_no_log_can_be_written(reelkeep, trouble, tmp_path):
    (tmp_path / "file").write_text("")
    trouble(raising(ZeroDivisionError("of ours")))

    answer = reelkeep("trouble", "--profile", tmp_path / "file")

    assert answer.code == 1
    assert "ZeroDivisionError: of ours" in answer.err


def test_a_reader_that_has_enough_ends_the_command_quietly():
    listing = subprocess.Popen(
        [sys.executable, "-m", "app", "settings", "list", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert listing.stdout is not None
    listing.stdout.close()
    assert listing.stderr is not None
    with listing.stderr as told:
        assert told.read() == b""
    assert listing.wait(30) == 1


def test_without_a_command_the_window_opens_on_the_profile(reelkeep, profile, tmp_path):
    assert reelkeep().windows == [(profile, None, "offload")]
    assert profile.is_dir()

    picture = tmp_path / "window.png"
    answer = reelkeep("window", "--pane", "tape", "--screenshot", picture)
    assert answer.windows == [(profile, picture, "tape")]


def test_the_profile_may_stand_before_or_after_the_command(reelkeep, tmp_path):
    for arguments in (
        ("--profile", tmp_path / "a", "settings", "set", "log.keep", "7"),
        ("settings", "set", "log.keep", "7", "--profile", tmp_path / "b"),
    ):
        assert reelkeep(*arguments).code == 0

    assert "7" in (tmp_path / "a" / "settings.toml").read_text()
    assert "7" in (tmp_path / "b" / "settings.toml").read_text()


def test_json_may_stand_before_or_after_the_command(reelkeep):
    before = reelkeep("--json", "settings", "get", "log.keep")
    after = reelkeep("settings", "get", "log.keep", "--json")

    assert before.events == after.events
    assert before.result["value"] == 5
    assert reelkeep("settings", "get", "log.keep").out == "5\n"


@pytest.mark.parametrize("arguments", [("nonsense",), ("settings", "get"), ("--nonsense",)])
def test_bad_usage_is_refused_with_how_it_is_meant(reelkeep, arguments):
    answer = reelkeep(*arguments)

    assert answer.code == 2
    assert "Usage: reelkeep" in answer.err


def test_help_names_every_command_and_imports_none_of_them():
    code = (
        "import sys; from app.__main__ import main\n"
        "code = main(['--help'])\n"
        "print(code, sorted(m for m in sys.modules if m.startswith(('app.places', 'PySide6',"
        " 'rich', 'lxml', 'tomlkit', 'app.engine'))), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stderr == "0 []\n"
    assert all(f"  {name} " in done.stdout for name in group.COMMANDS)


@pytest.mark.parametrize("name", group.COMMANDS)
def test_every_command_of_the_table_is_there_and_says_what_it_does(reelkeep, name):
    command = getattr(import_module(f"app.cli.{name}"), f"{name}_command")
    assert command.name == name

    answer = reelkeep(name, "--help")

    assert answer.code == 0
    assert f"Usage: reelkeep {name}" in answer.out


def test_the_version_is_told():
    done = subprocess.run(
        [sys.executable, "-m", "app", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("reelkeep ")


def test_names_that_are_no_utf8_are_shown_and_never_crash(tmp_path):
    """In the narrowest locale there is, in a process of its own."""
    odd = tmp_path / os.fsdecode(b"caf\xe9\nroll")
    odd.mkdir()
    (odd / os.fsdecode(b"\xff.mov")).write_bytes(b"x")
    for flag, shown_as in ([], b"caf\\xe9"), (["--json"], b"caf\\udce9"):
        done = subprocess.run(
            [sys.executable, "-m", "app", *flag, "cards", odd],
            capture_output=True,
            env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
            check=True,
        )
        assert shown_as in done.stdout
        assert done.stderr == b""


def test_shown_text_is_one_printable_line():
    assert shown("a\nb\x1b[31m\udce9 é 🎬") == "a\\nb\\x1b[31m\\xe9 é 🎬"


def job(state: JobState, **facts: object) -> JobSnapshot:
    return JobSnapshot(
        id=JobId("AF1ADD"), kind="offload", title="Offload A003", state=state, **facts
    )


def test_a_job_is_followed_to_its_end_in_json_lines(capsys):
    place = PlaceSnapshot(name="RAID", path="/raid", device="disk", state=PlaceState.WRITING)
    steps = iter(
        [
            job(JobState.QUEUED),
            job(JobState.RUNNING, stage="Copying", work_total=4, work_done=1, places=(place,)),
            job(JobState.RUNNING, stage="Copying", work_total=4, work_done=2, places=(place,)),
            job(JobState.RUNNING, stage="Reading back", work_total=4, work_done=3),
            job(JobState.DONE, work_total=4, work_done=4),
        ]
    )
    waits = []

    last = follow(Output(as_json=True), lambda: next(steps), plain_seconds=3600, wait=waits.append)

    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["state"] for event in events] == ["queued", "running", "running", "done"]
    assert [event["fraction"] for event in events] == [0, 0.25, 0.75, 1]
    assert events[1]["places"][0]["state"] == "writing"
    assert last.state is JobState.DONE
    assert waits == [0.1] * 4


def test_a_job_is_followed_in_plain_lines_where_nobody_watches(capsys):
    steps = iter([job(JobState.RUNNING, stage="Copying"), job(JobState.INTERRUPTED)])

    follow(Output(), lambda: next(steps), wait=lambda _: None)

    first, second = capsys.readouterr().out.splitlines()
    assert first == "Offload A003, running, Copying, 0%"
    assert second.startswith("Offload A003, interrupted")


def test_on_a_terminal_a_bar_shows_the_job_and_its_destinations(tmp_path):
    """In a real terminal: the child's output is a pseudo-terminal of ours."""
    import pty

    code = (
        "from app.cli.follow import follow\n"
        "from app.cli.output import Output\n"
        "from app.jobs.snapshot import *\n"
        "p = PlaceSnapshot(name='RAID [b]', path='/r', device='d', state=PlaceState.WRITING,\n"
        "                  total=10, written=5)\n"
        "def job(state, done): return JobSnapshot(id='AF1ADD', kind='offload', state=state,\n"
        "    title='Offload A003', stage='Copying', work_total=10, work_done=done, places=(p,),\n"
        "    rate=2e8, left=70.0)\n"
        "steps = iter([job(JobState.RUNNING, 5), job(JobState.DONE, 10)])\n"
        "follow(Output(), lambda: next(steps), wait=lambda s: None)\n"
    )
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=theirs,
        env={**os.environ, "COLUMNS": "120", "TERM": "xterm"},
    )
    os.close(theirs)
    seen = b""
    try:
        while block := os.read(ours, 4096):
            seen += block
    except OSError:  # the terminal's other end is closed
        pass
    finally:
        os.close(ours)
    assert child.wait(30) == 0
    for words in ("Offload A003", "RAID [b]", "100 %", "50 %", "200 MB/s", "1 min 10 s left"):
        assert words in seen.decode()


def test_what_a_job_waits_for_is_part_of_its_line():
    waiting = job(JobState.RUNNING, size=10, copied=5, rate=3e6, left=61.0, wants="Connect RAID.")

    assert progress_text(waiting) == (
        "Offload A003, running, 0%, 5 B of 10 B, 3 MB/s, 1 min 01 s left, Connect RAID."
    )


def test_a_destination_is_told_in_words():
    place = PlaceSnapshot(name="RAID", path="/raid", device="d", state=PlaceState.WRITING)

    assert place_text(place) == "writing, do not unplug"


def test_all_of_the_engine_loads_without_qt():
    code = (
        "import pkgutil, sys, importlib, app\n"
        "for m in pkgutil.walk_packages(app.__path__, 'app.'):\n"
        "    if m.name != 'app.__main__': importlib.import_module(m.name)\n"
        "import app.__main__\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('PySide6', 'ui', 'qasync')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", ""),
        ("verify", ".", "--repair-from", ""),
        ("offload", "", "--to", "drive"),
        ("offload", "card", "--to", ""),
        ("offload", "card", "--to", "drive", "--report", ""),
        ("cards", ""),
        ("demo", ""),
        ("eject", ""),
        ("report", "--to", ""),
        ("window", "--screenshot", ""),
        ("--profile", "", "jobs"),
        ("jobs", "list", "--profile", ""),
    ],
)
def test_an_empty_name_never_means_the_current_folder(reelkeep, tmp_path, monkeypatch, arguments):
    (tmp_path / "card").mkdir()
    (tmp_path / "card" / "A003C001.mov").write_bytes(b"film")
    monkeypatch.chdir(tmp_path)

    answer = reelkeep(*arguments)

    assert answer.code == 2
    assert "mpty" in answer.err or "names no folder" in answer.err
    assert {path.name for path in tmp_path.iterdir()} <= {"card", "profile"}
    assert answer.windows == []


@pytest.mark.parametrize("command", ["verify", "offload", "cards", "demo"])
def test_a_name_that_no_system_takes_is_answered_in_a_sentence(reelkeep, tmp_path, command):
    more = ["--to", tmp_path / "drive"] if command == "offload" else []

    answer = reelkeep(command, tmp_path / ("W" * 300), *more)

    assert answer.code in {1, 2}
    assert "Internal error" not in answer.err
    assert "File name too long" in answer.err or "does not exist" in answer.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("report", "--day", "banana"), '"banana" is no day such as 2026-11-20.'),
        (("log", "--lines", "abc"), '"abc" is not a whole number from 1 on.'),
        (
            ("offload", "card", "--wanted-copies", "abc"),
            '"abc" is not a whole number from 1 to 99.',
        ),
    ],
)
def test_what_cannot_be_read_is_said_in_the_words_of_people(reelkeep, arguments, sentence):
    answer = reelkeep(*arguments)

    assert answer.code == 2
    assert sentence in answer.err


def test_a_picture_of_the_window_makes_no_folders_and_says_where_it_is(reelkeep, tmp_path):
    nowhere = tmp_path / "nodir" / "x"
    refused = reelkeep("window", "--screenshot", nowhere / "y.png")
    drawn = reelkeep("window", "--screenshot", tmp_path / "y.png")

    assert (refused.code, refused.windows) == (2, [])
    assert f"The folder {nowhere} is not there" in refused.err
    assert drawn.out == f"The picture is {tmp_path / 'y.png'}.\n"
