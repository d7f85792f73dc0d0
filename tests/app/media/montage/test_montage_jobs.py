"""Montage jobs: bad clips, other people's files, cancelled, killed, gone on with."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from clip_bench import SOUND
from mount_bench import Bench, need
from numbered_clips import NumberedClips, number_in, shared_clips
from PIL import Image
from sheet_bench import numbers_on, sheets_of, tiles_on

from app.engine import Engine
from app.errors import BadInput, NotFound
from app.jobs.snapshot import JobSnapshot, JobState
from app.media.montage.spec import MontageSpec, SheetForm, SheetState

CHECKOUT = Path(__file__).parents[4]
PATIENCE = 60.0


@pytest.fixture(scope="session")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> NumberedClips:
    return shared_clips(tmp_path_factory)


@pytest.fixture(scope="session")
def heavy(numbered: NumberedClips) -> Path:
    """Takes seconds: large pictures, one key frame."""
    options = "-c:v libx264 -preset ultrafast -g 400 -bf 0 -pix_fmt yuv420p"
    return numbered.once(
        "heavy.mp4", lambda path: numbered.encode(path, options, frames=400, size="1280x720")
    )


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "profile") as made:
        yield made


def copies(origin: Path, folder: Path, count: int) -> list[Path]:
    folder.mkdir()
    return [Path(shutil.copy(origin, folder / f"C{n:03}.mp4")) for n in range(count)]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    need()
    made = Bench(tmp_path / "bench")
    yield made
    made.close()


# Bad input


def test_what_is_no_clip_fails_by_name_and_stops_nobody(engine, numbered, clips, tmp_path):
    good = numbered("h264.mp4").path
    noise, empty, text = (tmp_path / name for name in ("noise.mov", "empty.mp4", "text.mov"))
    noise.write_bytes(os.urandom(100_000))
    empty.touch()
    text.write_text("no clip at all\n" * 100)
    sound = clips("sound.wav", inputs=SOUND)
    files = (noise, empty, text, sound, good)

    ended, results = sheets_of(engine, *files, to=tmp_path / "out")

    assert ended.state is JobState.FAILED
    assert ended.error.startswith("4 of 5 clips failed. ")
    assert [result.source for result in results] == list(files)
    for result in results[:4]:
        assert result.state is SheetState.FAILED
        assert str(result.source) in result.trouble
    assert "has no picture" in results[3].trouble
    assert results[4].state is SheetState.MADE
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["h264.png"]


def test_sound_in_a_folder_is_no_failure(engine, numbered, clips, tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    shutil.copy(clips("sound.wav", inputs=SOUND), folder)
    shutil.copy(numbered("h264.mp4").path, folder)
    ended, results = sheets_of(engine, folder, to=tmp_path / "out")
    assert ended.state is JobState.DONE
    assert {result.state for result in results} == {SheetState.MADE, SheetState.NO_PICTURE}


@pytest.mark.parametrize("name", ["h264.mp4", "prores.mov"])
def test_damage_in_the_middle_costs_the_tiles_that_lie_in_it(engine, numbered, tmp_path, name):
    damaged = tmp_path / name
    data = bytearray(numbered(name).path.read_bytes())
    begin, end = len(data) * 4 // 10, len(data) * 5 // 10
    data[begin:end] = bytes(end - begin)
    damaged.write_bytes(data)

    ended, (result,) = sheets_of(engine, damaged, to=tmp_path / "out", grid=6)

    assert ended.state is JobState.FAILED
    assert result.state is SheetState.GAPS
    (note,) = result.notes
    assert ended.error == note
    assert f"{damaged}: " in note
    (sheet,) = result.sheets
    due = [n * 120 // 36 for n in range(36)]
    shown = [number_on(tile) for tile in tiles_on(sheet)]
    gaps = [n for n, got in zip(due, shown, strict=True) if got is None]
    assert [got for got in shown if got is not None] == [n for n in due if n not in gaps]
    assert 1 <= len(gaps) <= 12
    assert f"{len(gaps)} of 36 frames cannot be shown" in note
    assert all(40 <= n <= 75 for n in gaps)

    again = sheets_of(engine, damaged, to=tmp_path / "out", grid=6)[1][0]
    assert again.state is SheetState.GAPS  # never taken for a whole one


def number_on(tile: Image.Image) -> int | None:
    """The number on a tile, None on one that is empty."""
    gray = np.asarray(tile.convert("L"))
    return number_in(gray) if gray.max() > 200 else None


def test_a_clip_that_was_cut_off_shows_what_is_there(engine, numbered, tmp_path):
    whole = numbered("h264_fragments.mp4").path
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    ended, (result,) = sheets_of(engine, cut, to=tmp_path / "out", grid=3)
    assert result.state is SheetState.GAPS, ended.error
    shown = numbers_on(result.sheets[0])
    assert shown == sorted(shown)
    assert shown[-1] < 70


def test_how_much_of_a_movie_is_cut_off_is_said_each_time(engine, clips, tmp_path):
    prores = ("-c:v", "prores_ks", "-profile:v", "0", "-movflags", "+faststart")
    cut = tmp_path / "cut.mov"
    cut.write_bytes(clips("fast.mov", *prores).read_bytes()[:-1])
    for _ in range(2):
        ended, (result,) = sheets_of(engine, cut, to=tmp_path / "out")
        assert (ended.state, result.state) == (JobState.FAILED, SheetState.GAPS)
        assert result.notes == (f"{cut} is cut off: 24 of 25 frames are in the file.",)
        assert len(result.sheets) == 1


@pytest.mark.parametrize("form", [SheetForm.PNG, SheetForm.JPEG])
def test_sheets_beside_their_clips_are_not_taken_for_clips(engine, numbered, tmp_path, form):
    for name in ("C1.mov", "C2.mov"):
        shutil.copy(numbered("prores.mov").path, tmp_path / name)
    for state in (SheetState.MADE, SheetState.KNOWN):
        _, results = sheets_of(engine, tmp_path, to=tmp_path, form=form)
        assert [(one.source.name, one.state) for one in results] == [
            ("C1.mov", state), ("C2.mov", state),
        ]  # fmt: skip


@pytest.mark.parametrize("spec", [{"grid": 0}, {"grid": 21}, {"width": 100}, {"width": 70_000}])
def test_what_makes_no_sense_is_refused(engine, numbered, tmp_path, spec):
    with pytest.raises(BadInput):
        sheets_of(engine, numbered("h264.mp4").path, to=tmp_path, **spec)


def test_a_clip_that_is_not_there_is_refused(engine, tmp_path):
    with pytest.raises(NotFound):
        sheets_of(engine, tmp_path / "absent.mov", to=tmp_path)


def test_whoever_asks_for_sheets_loads_no_decoders():
    loaded = "' '.join({'av', 'numpy', 'PIL'} & {*sys.modules})"
    asked = f"import sys, app.media.montage.montages; sys.exit({loaded} or 0)"
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=CHECKOUT, capture_output=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")


# Names and what is there already


def test_two_clips_of_one_name_never_share_a_sheet(engine, numbered, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        shutil.copy(numbered("h264.mp4").path, tmp_path / name / "clip.mp4")
    _, results = sheets_of(engine, tmp_path / "a", tmp_path / "b", to=tmp_path / "out")
    assert [sheet.path for result in results for sheet in result.sheets] == [
        tmp_path / "out" / "a" / "clip.png",
        tmp_path / "out" / "b" / "clip.png",
    ]


def test_a_file_of_somebody_else_is_never_replaced(engine, numbered, tmp_path):
    theirs = tmp_path / "out" / "h264.png"
    theirs.parent.mkdir()
    theirs.write_bytes(b"a picture of somebody else")
    ended, (result,) = sheets_of(engine, numbered("h264.mp4").path, to=theirs.parent)
    assert ended.state is JobState.FAILED
    assert f"{theirs} is there already" in result.trouble
    assert theirs.read_bytes() == b"a picture of somebody else"


@pytest.mark.parametrize("form", list(SheetForm))
def test_a_finished_sheet_is_not_made_again(engine, numbered, tmp_path, form):
    clip = Path(shutil.copy(numbered("h264.mp4").path, tmp_path / "clip.mp4"))

    def state(**more: object) -> SheetState:
        ended, (result,) = sheets_of(engine, clip, to=tmp_path / "out", form=form, **more)
        assert ended.state is JobState.DONE
        return result.state

    assert state() is SheetState.MADE
    made = next((tmp_path / "out").iterdir()).stat()
    assert state() is SheetState.KNOWN
    assert next((tmp_path / "out").iterdir()).stat().st_mtime_ns == made.st_mtime_ns
    if form is SheetForm.PNG:
        assert state(anew=True) is SheetState.MADE
        assert state(grid=2) is SheetState.MADE
        assert state(grid=2) is SheetState.KNOWN
        os.utime(clip)
        assert state(grid=2) is SheetState.MADE


def test_a_known_sheet_tells_what_it_is(engine, numbered, tmp_path):
    clip = numbered("h264.mp4").path
    first, again = (
        sheets_of(engine, clip, to=tmp_path / "out", grid=3)[1][0].sheets[0] for _ in range(2)
    )
    assert (first.known, again.known) == (False, True)
    assert (first.grid, first.tiles, first.width, first.height, first.bytes) == (
        again.grid, again.tiles, again.width, again.height, again.bytes,
    )  # fmt: skip


@pytest.mark.root
def test_a_full_disk_is_said_and_leaves_nothing(engine, numbered, bench, tmp_path):
    small = bench.mount("tmpfs", "small", "-t", "tmpfs", "-o", "size=64k")
    ended, (result,) = sheets_of(engine, numbered("h264.mp4").path, to=small, grid=4)
    assert ended.state is JobState.FAILED
    assert result.trouble.startswith(f"There is no room for contact sheets in {small}")
    assert list(small.iterdir()) == []


def test_a_plan_writes_nothing(engine, numbered, tmp_path):
    clip = numbered("h264.mp4").path
    plan = engine.montages.plan(MontageSpec(files=(clip,), to=tmp_path / "out"))
    (planned,) = plan.clips
    assert [(sheet.path, sheet.grid, sheet.known) for sheet in planned.sheets] == [
        (tmp_path / "out" / "h264.jpg", 1, False)
    ]
    assert not (tmp_path / "out").exists()


# Pause, cancel, kill


def test_cancelled_between_tiles_it_leaves_no_half_sheet(engine, numbered, heavy, tmp_path):
    small, large = numbered("h264.mp4").path, copies(heavy, tmp_path / "clips", 3)
    spec = MontageSpec(files=(small, *large), to=tmp_path / "out", grid=10, form=SheetForm.PNG)

    def watch(now: JobSnapshot) -> None:
        if now.current == "C000.mp4" and now.copied > 100:
            engine.cancel(now.id)

    ended = engine.run(spec, watch, every=0.02)

    assert ended.state is JobState.CANCELLED
    assert not children()
    finished = engine.montages.results(ended.id)
    assert [one.state for one in finished] == [SheetState.MADE] * len(finished)
    assert 1 <= len(finished) < 4
    sheets = {one.sheets[0].path: one.sheets[0].path.stat().st_mtime_ns for one in finished}
    assert set((tmp_path / "out").iterdir()) == set(sheets)

    assert engine.run(ended.id).state is JobState.DONE
    results = engine.montages.results(ended.id)
    assert [one.state for one in results[: len(finished)]] == [SheetState.KNOWN] * len(finished)
    assert [one.state for one in results[len(finished) :]] == [
        SheetState.MADE for _ in results[len(finished) :]
    ]
    assert {path: path.stat().st_mtime_ns for path in sheets} == sheets
    tiles = tiles_on(results[-1].sheets[0], (1280, 720))
    assert [number_on(tile) for tile in tiles] == [n * 4 for n in range(100)]


def test_held_it_does_nothing_and_then_goes_on(engine, heavy, tmp_path):
    spec = MontageSpec(files=(heavy,), to=tmp_path / "out", grid=10)
    held: list[float] = []

    def watch(now: JobSnapshot) -> None:
        if now.state is JobState.RUNNING and now.copied and not held:
            engine.pause(now.id)
            until(stopped_children)
            before = [child.cpu_times() for child in children()]
            time.sleep(0.3)
            assert [child.cpu_times() for child in children()] == before
            held.append(now.copied)
            engine.resume(now.id)

    assert engine.run(spec, watch, every=0.02).state is JobState.DONE
    assert held


def children(
    of: int | None = None, words: str = "app.media.montage.process"
) -> list[psutil.Process]:
    """Processes below ours, or below another one, that have *words* in their command."""
    found = []
    try:
        below = psutil.Process(of).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    for child in below:
        with contextlib.suppress(psutil.Error):  # it is just ending
            if words in " ".join(child.cmdline()):
                found.append(child)
    return found


def stopped_children() -> bool:
    return any(child.status() == psutil.STATUS_STOPPED for child in children())


def until(condition) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "It did not come to that."
        time.sleep(0.02)


def test_killed_it_goes_on_where_it_was(heavy, numbered, tmp_path):
    files = [*copies(numbered("h264.mp4").path, tmp_path / "clips", 2), heavy]
    out, profile = tmp_path / "out", tmp_path / "profile"
    command = [sys.executable, "-m", "app", "--profile", profile, "montage", *files, "--to", out,
               "--grid", "10", "--format", "png"]  # fmt: skip
    program = subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: (out / "C001.png").exists() and children(program.pid, str(heavy)))
        drawing = children(program.pid, str(heavy))
        program.kill()
    finally:
        program.kill()
        program.wait()
    until(lambda: not any(child.is_running() for child in drawing))

    kept = {path: path.stat().st_mtime_ns for path in out.glob("*.png")}
    assert {path.name for path in kept} == {"C000.png", "C001.png"}
    with Engine(profile) as engine:
        (job,) = engine.interrupted()
        assert engine.run(job.id).state is JobState.DONE
        results = engine.montages.results(job.id)
    assert [one.state for one in results] == [
        SheetState.KNOWN, SheetState.KNOWN, SheetState.MADE,
    ]  # fmt: skip
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert sorted(path.name for path in out.iterdir()) == ["C000.png", "C001.png", "heavy.png"]


def test_what_was_left_half_written_goes_when_the_job_is_cancelled(heavy, tmp_path):
    profile, out = tmp_path / "profile", tmp_path / "out"
    command = [sys.executable, "-m", "app", "--profile", profile, "montage", heavy, "--to", out,
               "--grid", "20"]  # fmt: skip
    program = subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: children(program.pid, str(heavy)))
        os.kill(program.pid, signal.SIGKILL)
    finally:
        program.kill()
        program.wait()
    out.mkdir(exist_ok=True)
    half = out / "heavy.jpg.part"
    half.write_bytes(b"half")
    with Engine(profile) as engine:
        (job,) = engine.interrupted()
        assert engine.cancel(job.id) == ()
    assert not half.exists()
