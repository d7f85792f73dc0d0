"""`pfndispatchcopy`: the options, lines and log of its namesake; nothing replaced, ever."""

import hashlib
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import xxhash
from drive import Drive
from fault_mount import FaultMount
from offload_bench import MB, noise

from app.offload.pfncopy.command import main
from app.offload.pfncopy.dispatch import Dispatch

SIZE = 9 * MB + 4097


@dataclass
class Answer:
    code: int
    out: list[str]
    err: str


@pytest.fixture
def pfncopy(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("REELKEEP_PROFILE", str(tmp_path / "profile"))

    def call(*arguments: object) -> Answer:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Answer(code, out.splitlines(), err)

    return call


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "card" / "A013C0002.MOV"
    path.parent.mkdir()
    path.write_bytes(noise(SIZE, "clip"))
    os.utime(path, ns=(10**18, 10**18 + 123_000_000))
    return path


def begun(tmp_path: Path, *arguments: Path, **pipes: int) -> subprocess.Popen[str]:
    """A copy in a process of its own."""
    code = "import sys; from app.offload.pfncopy.command import main; sys.exit(main())"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "REELKEEP_PROFILE": str(tmp_path / "profile")},
        **pipes,
    )


def everything_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_the_lines_are_those_of_the_original_in_its_order(pfncopy, clip, tmp_path):
    (tmp_path / "raid").mkdir()
    (tmp_path / "shuttle").mkdir()
    first, second = tmp_path / "raid", tmp_path / "shuttle" / "clip.mov"
    answer = pfncopy(
        "-v", "-noflush_dest", second, "-t", "xxh64be", "-k", "-f_size", SIZE, "-b", 8388608,
        clip, first, second,
    )  # fmt: skip
    lines = [line for line in answer.out if not line.startswith("DEBUG")]
    digest = xxhash.xxh64(clip.read_bytes()).hexdigest()
    copied = [line for line in lines if line.startswith("INFO: copied ")]
    done = "INFO: Copy completed successfully for destination file with file size check"

    assert answer.code == 0
    assert answer.err == ""
    assert copied[-1] == f"INFO: copied {SIZE} of {SIZE} bytes"
    assert lines[0] == f"INFO: copying {clip}..."
    assert lines[1 : 1 + len(copied)] == copied
    rest = lines[1 + len(copied) :]
    assert rest[0] == f"INFO: hash XXH64BE:{digest}"
    assert re.fullmatch(
        rf"INFO: copy speed {SIZE} bytes in [\d.e-]+ sec \(\d+\.\d MB/sec\)", rest[1]
    )
    assert rest[2:] == [
        f"{done} ({first / clip.name})",
        f"{done} ({second})",
        "INFO: moving files in place..",
        "INFO: flushing files",
        "INFO: done.",
    ]
    assert f"DEBUG: {first / clip.name}: verified" in answer.out
    assert f"DEBUG: {second}: written, not verified" in answer.out


def test_copies_are_equal_and_keep_their_time_and_the_source_stays(pfncopy, clip, tmp_path):
    answer = pfncopy(clip, tmp_path / "a.mov", tmp_path / "b.mov")

    assert answer.code == 0
    for name in ("a.mov", "b.mov"):
        assert (tmp_path / name).read_bytes() == clip.read_bytes()
        assert (tmp_path / name).stat().st_mtime_ns == clip.stat().st_mtime_ns
    assert everything_in(tmp_path / "card") == [clip.name]


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256"])
def test_other_hashes_are_written_as_the_original_does(pfncopy, clip, tmp_path, kind):
    answer = pfncopy("--hash", kind, clip, tmp_path / "a.mov")
    digest = hashlib.new(kind, clip.read_bytes()).hexdigest()

    assert f"INFO: hash {kind.upper()}:{digest}" in answer.out


def test_the_log_of_the_job_is_in_the_long_form_beside_the_reports(pfncopy, clip, tmp_path):
    answer = pfncopy(clip, tmp_path / "a.mov")
    (path,) = (tmp_path / "profile" / "reports").glob("A013C0002_pfncopy_*.log")
    job = path.stem.rpartition("_")[2]
    lines = path.read_text().splitlines()
    form = (
        rf"I \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{{3}}[+-]\d{{4}} <{job}> \[[^\]]+\]"
        rf" pfndispatchcopy \({os.getpid()}\): "
    )

    assert all(re.match(form, line) for line in lines)
    assert [re.sub(form, "", line) for line in lines] == answer.out


def test_a_source_of_another_size_is_refused_before_anything_is_written(pfncopy, clip, tmp_path):
    answer = pfncopy("--file-size", SIZE + 1, clip, tmp_path / "a.mov")

    assert answer.code == 2
    assert f"{clip} has {SIZE} bytes, not {SIZE + 1}." in answer.err
    assert not (tmp_path / "a.mov").exists()


def test_a_different_file_is_never_replaced(pfncopy, clip, tmp_path):
    (tmp_path / "short.mov").write_bytes(b"another take")
    answer = pfncopy(clip, tmp_path / "a.mov", tmp_path / "short.mov")

    assert answer.code == 2
    assert f"A different file lies at {tmp_path / 'short.mov'}; it was not touched." in answer.err
    assert not (tmp_path / "a.mov").exists()


def test_a_different_file_of_the_same_size_is_found_by_reading(pfncopy, clip, tmp_path):
    rotten = bytearray(clip.read_bytes())
    rotten[5_000_000] ^= 1
    (tmp_path / "rotten.mov").write_bytes(rotten)
    answer = pfncopy(clip, tmp_path / "rotten.mov", tmp_path / "good.mov")

    assert answer.code == 1
    assert f"ERROR: {tmp_path / 'rotten.mov'}: A different file named rotten.mov" in answer.err
    assert "INFO: done." not in answer.out
    assert (tmp_path / "rotten.mov").read_bytes() == rotten
    assert (tmp_path / "good.mov").read_bytes() == clip.read_bytes()


def test_an_equal_file_that_lies_there_counts_as_copied_once_it_was_read(pfncopy, clip, tmp_path):
    pfncopy(clip, tmp_path / "a.mov")
    before = (tmp_path / "a.mov").stat()
    answer = pfncopy("-v", clip, tmp_path / "a.mov")

    assert answer.code == 0
    assert f"DEBUG: {tmp_path / 'a.mov'}: verified, was there already" in answer.out
    assert (tmp_path / "a.mov").stat().st_ino == before.st_ino


def test_what_makes_no_sense_is_refused(pfncopy, clip, tmp_path):
    for arguments, words in (
        ((clip.parent, tmp_path / "a"), "is not a file"),
        ((tmp_path / "gone", tmp_path / "a"), "There is no file"),
        ((clip, clip), "is the source itself"),
        ((clip, clip.parent), "is the source itself"),
        ((clip, tmp_path / "a", tmp_path / "a"), "is named twice"),
        (("-noflush_dest", tmp_path / "b", clip, tmp_path / "a"), "none of the destinations"),
        ((clip, f"{tmp_path}/no folder/"), "There is no folder"),
        ((clip,), "Missing argument"),
        (("-t", "crc32", clip, tmp_path / "a"), "crc32"),
    ):
        answer = pfncopy(*arguments)
        assert (answer.code, answer.out) == (2, [])
        assert words in answer.err
    assert not (tmp_path / "a").exists()


def test_an_empty_file_and_a_name_that_is_no_text_are_copied(pfncopy, tmp_path):
    source = tmp_path / os.fsdecode(b"two\nlines \xff.mov")
    source.touch()
    (tmp_path / "raid").mkdir()
    answer = pfncopy(source, tmp_path / "raid")

    assert answer.code == 0
    assert answer.out[0].startswith("INFO: copying ")
    assert "two\\nlines \\udcff.mov..." in answer.out[0]
    assert (tmp_path / "raid" / source.name).stat().st_size == 0


@pytest.mark.parametrize("typed", ["nodir/sub/x.mov", "nodir/x.mov", "nodir/", "file/x.mov"])
def test_a_folder_that_is_not_there_is_refused_and_not_made(pfncopy, clip, tmp_path, typed):
    (tmp_path / "file").touch()
    answer = pfncopy(clip, tmp_path / "b.mov", f"{tmp_path}/{typed}")
    folder = tmp_path / typed.rpartition("/")[0]

    assert (answer.code, answer.out) == (2, [])
    assert answer.err == f"ERROR: There is no folder {folder}. Make it first.\n"
    assert not (tmp_path / "b.mov").exists()
    assert not (tmp_path / "nodir").exists()


LONG = "W" * 300


@pytest.mark.parametrize("typed", [LONG, f"{LONG}/x.mov", f"{LONG}/", "~nobody-of-this-name/x.mov"])
def test_a_name_that_no_system_can_hold_is_refused_in_one_sentence(pfncopy, clip, tmp_path, typed):
    path = typed if typed.startswith("~") else f"{tmp_path}/{typed}"
    for arguments in ((clip, path), (path, tmp_path / "a"), ("-noflush_dest", path, clip, clip)):
        answer = pfncopy(*arguments)
        assert (answer.code, answer.out) == (2, [])
        assert answer.err.count("\n") == 1
        assert answer.err.startswith("ERROR: ")
        assert "Internal error" not in answer.err
    assert not (tmp_path / "a").exists()


def test_a_source_that_is_a_link_to_itself_is_refused(pfncopy, tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    answer = pfncopy(tmp_path / "loop", tmp_path / "a")

    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert f"{tmp_path / 'loop'} cannot be looked at" in answer.err


def test_an_empty_argument_never_means_the_current_folder(pfncopy, clip, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for arguments, what in (
        ((clip, ""), "destination"),
        (("", tmp_path / "a"), "source"),
        (("-noflush_dest", "", clip, tmp_path / "a"), "path of -noflush_dest"),
    ):
        answer = pfncopy(*arguments)
        assert (answer.code, answer.out) == (2, [])
        assert answer.err == f"ERROR: The {what} is empty; a path is needed.\n"
    assert everything_in(tmp_path / "here") == []


def test_whoever_stops_reading_our_lines_gets_the_copy_and_no_traceback(clip, tmp_path):
    process = begun(tmp_path, clip, tmp_path / "a.mov", stdout=subprocess.PIPE)
    process.stdout.close()
    _, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (0, "")
    assert (tmp_path / "a.mov").read_bytes() == clip.read_bytes()


@pytest.mark.root
def test_a_full_drive_is_named_and_the_other_gets_the_file(pfncopy, clip, bench, tmp_path):
    full, good = Drive(bench, "full"), Drive(bench, "good")
    full.fill(leave=4 * MB)
    answer = pfncopy(clip, full.point, good.point)

    assert answer.code == 1
    assert "FULL is full: A013C0002.MOV needs 9.4 MB" in answer.err
    assert "1 of 2 destinations did not get the file." in answer.err
    assert everything_in(full.point) == ["filler"]
    assert (good.point / clip.name).read_bytes() == clip.read_bytes()
    assert answer.out[-2:] == ["INFO: moving files in place..", "INFO: flushing files"]


@pytest.mark.root
def test_a_drive_that_holds_other_bytes_than_were_written_is_found(pfncopy, clip, bench, tmp_path):
    bad = FaultMount(bench, "bad")
    bad.set({"op": "write", "match": "*.part", "at": 5 * MB, "do": "flip"})
    answer = pfncopy(clip, bad.point, tmp_path / "good.mov")

    assert answer.code == 1
    assert "The drive holds other bytes than were written to it" in answer.err
    assert everything_in(bad.backing) == []
    assert (tmp_path / "good.mov").exists()


@pytest.mark.root
def test_an_unreadable_source_names_file_and_range_and_leaves_nothing(
    pfncopy, clip, bench, tmp_path
):
    card = FaultMount(bench, "reader")
    (card.backing / "clip.mov").write_bytes(clip.read_bytes())
    card.set({"op": "read", "match": "*clip.mov", "at": 5 * MB, "do": "EIO"})
    (tmp_path / "raid").mkdir()
    answer = pfncopy(card.point / "clip.mov", tmp_path / "raid")

    assert answer.code == 1
    assert "clip.mov on reader cannot be read between byte 5,242,880 and" in answer.err
    assert everything_in(tmp_path / "raid") == []


@pytest.mark.root
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_and_leaves_no_partial_file(clip, bench, tmp_path, number):
    card = FaultMount(bench, "reader")
    (card.backing / "clip.mov").write_bytes(clip.read_bytes())
    card.set({"op": "read", "match": "*clip.mov", "at": 1, "do": "hold"})
    (tmp_path / "raid").mkdir()
    process = begun(tmp_path, card.point / "clip.mov", tmp_path / "raid")
    try:
        card.wait_acted("hold")
        process.send_signal(number)
        told = process.stderr.readline()  # it was heard before the card goes on
        card.set()
        _, err = process.communicate(timeout=60)
    finally:
        card.set()
        process.kill()

    assert told == "WARNING: cancelling at the next safe point\n"
    assert (process.returncode, err) == (130, "ERROR: cancelled\n")
    assert everything_in(tmp_path / "raid") == []


def test_any_buffer_size_becomes_whole_pages_within_bounds(tmp_path):
    def used(size: int) -> int:
        return Dispatch(source=tmp_path, destinations=(), buffer_size=size).block_size

    assert (used(1), used(1_000_000), used(8 << 20)) == (128 << 10, 1_003_520, 8 << 20)
    assert used(1 << 40) == 64 << 20
