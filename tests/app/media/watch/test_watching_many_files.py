"""Watch folders and clips of several files: rows of pictures, and chapters of a recording."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from picture_bench import row_of
from transcode_bench import Footage, numbers_of
from watch_bench import WatchBench, until

from app.engine import Engine
from app.media.watch.folder import WatchFolder
from app.media.watch.landed import look

QUICK = """
kind = "transcode"
[picture]
codec = "h264"
speed = "ultrafast"
[sound]
codec = "opus"
"""


@pytest.fixture
def bench(tmp_path: Path) -> WatchBench:
    made = WatchBench(tmp_path)
    (made.profile / "recipes" / "quick.toml").write_text(QUICK)
    return made


@contextmanager
def serving(engine: Engine) -> Iterator[None]:
    """The queue is served."""
    thread = threading.Thread(target=engine.serve)
    thread.start()
    try:
        yield
    finally:
        engine.stop()
        thread.join(60)


def watched_once(bench: WatchBench) -> tuple[bool, WatchFolder]:
    """Whether all went well, and the folder after all that is there was done."""
    with Engine(bench.profile) as engine, serving(engine):
        folder = engine.watch(bench.root)
        return folder.run(once=True), folder


def test_a_row_of_pictures_is_one_clip_made_once_and_again_when_it_has_grown(bench):
    bench.order(archive="quick", montage=True)
    shot = row_of(bench.raw / "day 1", "A003.%04d.dpx", 5, first=10)
    shutil.copy(shot / "A003.0010.dpx", shot / "slate.dpx")

    well, folder = watched_once(bench)

    assert (well, folder.state().failures, folder.state().left_out) == (True, (), 1)
    made = ["archive/day 1/A003.mkv", "archive/day 1/A003.mkv.json", "montage/day 1/A003.jpg"]
    assert bench.made() == made
    assert frames_of(bench.root / made[0]) == 5
    jobs = bench.jobs()
    assert sorted(jobs) == ["montage done", "transcode done"]
    before = {name: (bench.root / name).stat().st_mtime_ns for name in made}
    assert watched_once(bench)[0]
    assert bench.jobs() == jobs

    shutil.copy(shot / "A003.0010.dpx", shot / "A003.0009.dpx")  # a new first one, too
    shutil.copy(shot / "A003.0010.dpx", shot / "A003.0015.dpx")
    assert watched_once(bench)[0]

    assert bench.made() == made
    assert frames_of(bench.root / made[0]) == 7
    assert all((bench.root / name).stat().st_mtime_ns > before[name] for name in made)


def frames_of(path: Path) -> int:
    line = ["ffprobe", "-v", "error", "-count_packets", "-of", "csv=p=0", "-show_entries"]
    done = subprocess.run(
        [*line, "stream=nb_read_packets", path], capture_output=True, check=True, timeout=60
    )
    return int(done.stdout)


def chapters(footage: Footage, folder: Path) -> dict[int, Path]:
    """One recording of 75 numbered frames in three files."""
    folder.mkdir()
    whole = footage.master(75, "192x108")
    found = {}
    for n in range(3):
        found[n + 1] = folder / f"GX0{n + 1}0042.MP4"
        cut = f"trim=start_frame={25 * n}:end_frame={25 * n + 25},setpts=PTS-STARTPTS"
        line = ["ffmpeg", "-v", "error", "-i", whole, "-vf", cut, "-c:v", "libx264", "-bf", "0"]
        subprocess.run([*line, "-pix_fmt", "yuv420p", found[n + 1]], check=True, timeout=60)
    return found


def test_a_chapter_is_waited_for_and_the_recording_is_made_once(bench, tmp_path):
    bench.order(montage=True)
    files = chapters(Footage(tmp_path / "footage"), tmp_path / "card")
    for n in (1, 3):
        shutil.copy(files[n], bench.raw)
    with Engine(bench.profile) as engine, serving(engine):
        folder = engine.watch(bench.root)
        thread = threading.Thread(target=folder.run)
        thread.start()
        try:
            until(lambda: folder.state().lacks == "GX020042.MP4", "its name")
            assert folder.state().awaited == "GX010042.MP4"
            shutil.copy(files[2], bench.raw)
            until(lambda: folder.state().done, "the contact sheet")
            assert folder.state().failures == ()
        finally:
            folder.stop()
            thread.join(60)
    assert bench.made() == ["montage/GX010042.jpg"]
    assert bench.jobs() == ["montage done"]


@pytest.mark.soak
def test_a_chapter_that_never_comes_is_said_and_forgotten_once_it_does(
    bench, tmp_path, monkeypatch
):
    monkeypatch.setattr("app.media.watch.folder._FOR_PARTS", 0.1)
    bench.order(archive="quick")
    files = chapters(Footage(tmp_path / "footage"), tmp_path / "card")
    for n in (2, 3):
        shutil.copy(files[n], bench.raw)

    well, folder = watched_once(bench)

    assert not well
    (failure,) = folder.state().failures
    assert failure.words.startswith("GX020042.MP4 lacks GX010042.MP4.")
    assert failure.words in (bench.root / "log" / "reelkeep.log").read_text()
    assert numbers_of(bench.root / "archive" / "GX010042.mkv") == list(range(25, 75))
    assert bench.jobs() == ["transcode done"]

    shutil.copy(files[1], bench.raw)
    well, folder = watched_once(bench)

    assert (well, folder.state().failures) == (True, ())
    assert numbers_of(bench.root / "archive" / "GX010042.mkv") == list(range(75))
    assert [path.name for path in (bench.root / "archive").glob("*.mkv")] == ["GX010042.mkv"]


@pytest.mark.soak
def test_a_clip_that_changes_while_it_is_in_hand_is_made_again_afterwards(bench):
    bench.order(montage=True)
    shot = row_of(bench.raw, "B.%03d.png", 3)
    with Engine(bench.profile) as engine:
        folder = engine.watch(bench.root)
        thread = threading.Thread(target=folder.run)
        thread.start()
        try:
            until(lambda: folder.state().in_hand, "the job")
            changes = folder.state().changes
            shutil.copy(shot / "B.001.png", shot / "B.004.png")
            until(lambda: folder.state().changes > changes, "the look")
            assert len(engine.snapshots()) == 1
            with serving(engine):
                until(lambda: len(list(engine.history())) == 2, "the second job")
                until(lambda: not folder.state().in_hand, "its end")
        finally:
            folder.stop()
            thread.join(60)
    assert bench.jobs() == ["montage done"] * 2


def test_rows_and_single_files_are_told_apart(bench):
    row_of(bench.raw / "1", "C.%04d.tif", 4)
    (bench.raw / "1" / "C.0002.tif").unlink()
    (bench.raw / "1" / "C.0009.tif").symlink_to(bench.raw / "1" / "C.0001.tif")
    row_of(bench.raw / "DCIM" / "100MEDIA", "DJI_%04d.png", 2)
    (bench.raw / "photo.jpg").write_bytes(b"x")
    for name in ("C.wav", "notes.txt"):
        (bench.raw / "1" / name).write_bytes(b"x")
    (bench.raw / "1" / ".C.0005.tif.part").write_bytes(b"x")

    found = look(bench.raw)

    assert sorted(found.clips) == ["1/C.0001.tif", "1/C.wav"]
    row, sound = found.clips["1/C.0001.tif"], found.clips["1/C.wav"]
    assert (row.called, row.lacks, len(row.files)) == ("C", "C.0002.tif", 3)
    assert found.has_twin(row, sounds=True)
    assert not found.has_twin(row, sounds=False)
    assert found.has_twin(sound, sounds=True)
    left = {"1/C.0009.tif", "1/notes.txt", "photo.jpg"}
    assert found.left_out == left | {f"DCIM/100MEDIA/DJI_000{n}.png" for n in (1, 2)}


def test_a_row_that_comes_in_slowly_is_waited_for_longer(bench):
    row_of(bench.raw, "D.%04d.tif", 4)
    now = time.time()

    def due(*ago: float) -> float:
        for path, seconds in zip(sorted(bench.raw.iterdir()), ago, strict=True):
            os.utime(path, (now - seconds,) * 2)
        return look(bench.raw).clips["D.0001.tif"].due - now

    assert due(400, 300, 200, 100) == pytest.approx(200, abs=1)  # one in 100 seconds
    assert due(3, 2, 1, 0) == pytest.approx(3, abs=1)
    assert due(0, 0, 0, 0) == pytest.approx(0, abs=1)
    assert due(9e6, 6e6, 3e6, 0) == pytest.approx(1800, abs=1)  # and no longer
    assert due(0, 0, 0, -3600) < 0  # another clock
