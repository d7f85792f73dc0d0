"""`pfndispatchcopy` looks at its drives before it reads, and cleans up after dead runs only."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from drive import Drive
from fault_mount import FaultMount
from mount_bench import Bench, run
from offload_bench import MB, noise, wait_for

from app.offload.pfncopy.command import main

pytestmark = pytest.mark.root
SIZE = 9 * MB + 4097


@pytest.fixture
def card(bench: Bench) -> FaultMount:
    made = FaultMount(bench, "reader")
    (made.backing / "clip.mov").write_bytes(noise(SIZE, "clip"))
    return made


@pytest.fixture
def pfncopy(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("REELKEEP_PROFILE", str(tmp_path / "profile"))

    def call(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return call


@contextmanager
def held(card: FaultMount, tmp_path: Path, *arguments: Path) -> Iterator[subprocess.Popen[str]]:
    """A copy in a process of its own, held by its source in the middle of the file."""
    card.set({"op": "read", "match": "*clip.mov", "at": 5 * MB, "do": "hold"})
    code = "import sys; from app.offload.pfncopy.command import main; sys.exit(main())"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "-b", str(MB), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "REELKEEP_PROFILE": str(tmp_path / "profile")},
    )
    try:
        card.wait_acted("hold")
        folders = [place if place.is_dir() else place.parent for place in arguments[1:]]
        wait_for(lambda: any(map(partials_in, folders)), "a partial file on a drive")
        yield process
    finally:
        card.set()
        process.kill()
        process.communicate()


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def partials_in(folder: Path) -> list[str]:
    return [name for name in names_in(folder) if name.endswith(".part")]


def test_room_is_looked_at_before_the_first_byte_is_read(pfncopy, card, bench):
    tiny = Drive(bench, "tiny")
    tiny.fill(leave=4 * MB)
    card.set({"op": "read", "match": "*clip.mov", "at": 1, "do": "EIO"})
    code, out, err = pfncopy(card.point / "clip.mov", tiny.point)
    first, last = err.splitlines()

    assert (code, out) == (2, "")
    assert first.startswith(
        f"ERROR: {tiny.point / 'clip.mov'}: TINY is full: clip.mov needs 9.4 MB"
    )
    assert first.endswith("missing. Free space or choose another drive.")
    assert last == "ERROR: The destination did not get the file."
    assert names_in(tiny.point) == ["filler"]


def test_two_copies_on_one_drive_need_room_for_both(pfncopy, card, bench):
    tiny = Drive(bench, "tiny")
    tiny.fill(leave=14 * MB)
    code, _, err = pfncopy(card.point / "clip.mov", tiny.point / "a.mov", tiny.point / "b.mov")

    assert code == 1
    assert f"{tiny.point / 'b.mov'}: TINY is full: b.mov needs 9.4 MB" in err
    assert names_in(tiny.point) == ["a.mov", "filler"]


def test_write_protection_is_named_first_and_the_other_drive_gets_the_file(pfncopy, card, bench):
    locked, good = Drive(bench, "locked"), Drive(bench, "good")
    run("mount", "-o", "remount,ro", locked.point)
    code, out, err = pfncopy(card.point / "clip.mov", locked.point, good.point)

    assert code == 1
    assert err.splitlines() == [
        f"ERROR: {locked.point / 'clip.mov'}: LOCKED cannot be written to at {locked.point}."
        " Release its write protection or choose another drive.",
        "ERROR: 1 of 2 destinations did not get the file.",
    ]
    assert out.splitlines()[0].startswith("INFO: copying ")
    assert (good.point / "clip.mov").read_bytes() == noise(SIZE, "clip")


def test_a_file_that_lies_there_already_needs_no_room(pfncopy, card, bench):
    tiny = Drive(bench, "tiny", size=32)
    assert pfncopy(card.point / "clip.mov", tiny.point)[0] == 0
    tiny.fill(leave=MB)

    assert pfncopy(card.point / "clip.mov", tiny.point)[0] == 0


def test_a_dead_drive_does_not_stop_the_others(pfncopy, card, bench, tmp_path):
    dead = Drive(bench, "dead")
    dead.die()
    code, _, err = pfncopy(card.point / "clip.mov", dead.point / "new.mov", tmp_path / "b.mov")

    assert code == 1
    assert err.splitlines()[0].startswith(f"ERROR: {dead.point / 'new.mov'}: ")
    assert "1 of 2 destinations did not get the file." in err
    assert (tmp_path / "b.mov").read_bytes() == noise(SIZE, "clip")


def test_a_source_that_changes_is_told_without_a_card_or_a_retry(card, tmp_path):
    (tmp_path / "raid").mkdir()
    with held(card, tmp_path, card.point / "clip.mov", tmp_path / "raid") as process:
        os.utime(card.backing / "clip.mov", (1, 1))
        card.set()
        _, err = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "clip.mov on reader changed while it was being copied" in err
    assert err.endswith("Make sure that no program writes to it, then copy it again.\n")
    assert names_in(tmp_path / "raid") == []


def test_what_a_killed_run_has_left_goes_with_the_next_call(pfncopy, card, tmp_path):
    (tmp_path / "raid").mkdir()
    with held(card, tmp_path, card.point / "clip.mov", tmp_path / "raid") as process:
        process.send_signal(signal.SIGKILL)
        card.set()  # the kernel ends nobody who waits for a drive
        process.communicate(timeout=60)  # until everyone at work has ended
    (left,) = partials_in(tmp_path / "raid")
    code, _, err = pfncopy(card.point / "clip.mov", tmp_path / "raid")

    assert code == 0
    assert err == (
        f"WARNING: {tmp_path / 'raid' / left} was removed: a run that was cut off had left it half"
        " written.\n"
    )
    assert names_in(tmp_path / "raid") == ["clip.mov"]
    assert names_in(tmp_path / "profile" / "copies") == []


def locks_in(profile: Path) -> list[str]:
    return names_in(profile / "copies")


def test_the_lock_of_a_killed_run_stays_until_somebody_looks_where_it_wrote(
    pfncopy, card, tmp_path
):
    for name in ("raid", "other"):
        (tmp_path / name).mkdir()
    with held(card, tmp_path, card.point / "clip.mov", tmp_path / "raid") as process:
        (running,) = locks_in(tmp_path / "profile")
        (tmp_path / "wav").write_bytes(b"sound")
        assert pfncopy(tmp_path / "wav", tmp_path / "raid")[0] == 0
        assert locks_in(tmp_path / "profile") == [running], "it is under way"
        process.send_signal(signal.SIGKILL)
        card.set()
        process.communicate(timeout=60)
    (left,) = partials_in(tmp_path / "raid")
    (tmp_path / "raid" / left).unlink()  # by hand
    assert pfncopy(tmp_path / "wav", tmp_path / "other")[0] == 0
    assert locks_in(tmp_path / "profile") == [running], "it wrote to another folder"
    assert pfncopy(tmp_path / "wav", tmp_path / "raid" / "again.wav")[0] == 0
    assert locks_in(tmp_path / "profile") == []


def test_what_a_running_copy_writes_is_never_removed(pfncopy, card, tmp_path):
    (tmp_path / "raid").mkdir()
    (tmp_path / "other.mov").write_bytes(b"another take")
    with held(card, tmp_path, card.point / "clip.mov", tmp_path / "raid") as process:
        (before,) = partials_in(tmp_path / "raid")
        answer = pfncopy(tmp_path / "other.mov", tmp_path / "raid")
        after = partials_in(tmp_path / "raid")
        card.set()
        out, _ = process.communicate(timeout=60)

    assert (answer[0], answer[2], after) == (0, "", [before])
    assert (process.returncode, out.splitlines()[-1]) == (0, "INFO: done.")
    assert names_in(tmp_path / "raid") == ["clip.mov", "other.mov"]


def test_a_full_drive_names_partial_files_of_runs_that_nobody_knows(pfncopy, card, bench):
    tiny = Drive(bench, "tiny")
    unknown = [".reelkeep-ABCDEF-0-01234567-89ab-0.part", ".reelkeep-AF1ADD-89ab-7.part"]
    for name in unknown:
        (tiny.point / name).write_bytes(bytes(3 * MB))
    tiny.fill(leave=4 * MB)
    code, _, err = pfncopy(card.point / "clip.mov", tiny.point)

    assert code == 2
    assert all(f"{name} (3.1 MB)" in err for name in unknown)
    assert names_in(tiny.point) == sorted([*unknown, "filler"])


def impatient(tmp_path: Path, *arguments: object) -> subprocess.Popen[str]:
    """The program in a process of its own, with two seconds of patience."""
    code = (
        "import sys; from app.offload.pfncopy import command; from app.places import silence;"
        "silence.watcher().patience = silence.Patience("
        "answer=2, sync=2, slowest=1 << 40, cancelled=1, mention=1);"
        "sys.exit(command.main())"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "REELKEEP_PROFILE": str(tmp_path / "profile")},
    )


@pytest.mark.parametrize(
    "rule",
    [
        {"op": "create", "match": "*.part", "do": "hold"},
        {"op": "write", "match": "*.part", "do": "hold"},
        {"op": "fsync", "match": "*.part", "do": "hold"},
    ],
    ids=lambda rule: rule["op"],
)
def test_a_drive_that_hangs_is_named_and_the_program_ends(bench, tmp_path, rule):
    source, hung = tmp_path / "clip.mov", FaultMount(bench, "kingston")
    source.write_bytes(noise(SIZE, "clip"))
    (tmp_path / "raid").mkdir()
    hung.set(rule)
    process = impatient(tmp_path, source, hung.point, tmp_path / "raid")
    try:
        out, err = process.communicate(timeout=90)  # the drive hangs on
    finally:
        hung.set()
        process.kill()

    assert process.returncode == 1
    assert "kingston has not answered for" in err
    assert "Traceback" not in err
    assert (tmp_path / "raid" / "clip.mov").read_bytes() == source.read_bytes()
    assert f"file size check ({tmp_path / 'raid' / 'clip.mov'})" in out


@pytest.mark.parametrize(
    ("rule", "cancelled"),
    [
        ({"op": "getattr", "match": "*clip.mov"}, False),
        ({"op": "open", "match": "*clip.mov"}, False),
        ({"op": "read", "match": "*clip.mov", "at": 5 * MB}, False),
        ({"op": "read", "match": "*clip.mov", "at": 5 * MB}, True),
    ],
    ids=["look", "open", "read", "cancelled"],
)
def test_a_source_that_hangs_is_named_and_the_program_ends(card, tmp_path, rule, cancelled):
    (tmp_path / "raid").mkdir()
    card.set({**rule, "do": "hold"})
    process = impatient(tmp_path, card.point / "clip.mov", tmp_path / "raid")
    try:
        if cancelled:
            card.wait_acted("hold")
            process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=90)  # the source hangs on
    finally:
        card.set()
        process.kill()

    assert process.returncode == (130 if cancelled else 1)
    if cancelled:
        assert err.splitlines()[-1] == "ERROR: cancelled"
    else:
        (told,) = err.splitlines()
        assert "has not answered for" in told
        assert "clip.mov" in told
        assert told.endswith(" again.")
    assert names_in(tmp_path / "raid") == [], "what was half written is gone"


def test_a_source_that_is_pulled_is_named_and_the_program_ends(card, tmp_path):
    (tmp_path / "raid").mkdir()
    with held(card, tmp_path, card.point / "clip.mov", tmp_path / "raid") as process:
        card.die()
        _, err = process.communicate(timeout=90)

    assert process.returncode == 1
    assert err == "ERROR: reader was removed. Connect its drive again, then copy it again.\n"
    assert names_in(tmp_path / "raid") == []
