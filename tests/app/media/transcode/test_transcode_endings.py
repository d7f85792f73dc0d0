"""How transcodes end that do not simply end: paused, cancelled, resumed, without room."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import imageio_ffmpeg
import psutil
import pytest
from mount_bench import Bench
from transcode_bench import PRORES, QUICK, Footage, numbers_of, picture, transcoded

from app.engine import Engine
from app.errors import NotFound
from app.jobs.snapshot import JobState
from app.media.transcode.recipe import transcode_recipe
from app.media.transcode.spec import ClipState, Fate, TranscodeSpec
from app.settings import Settings

SLOW = replace(QUICK, name="slow", measured=False, picture=picture(speed="veryslow"))


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return Footage(tmp_path_factory.mktemp("footage"))


@pytest.fixture
def clip(footage: Footage) -> Path:
    return footage.made("long.mov", *PRORES, "-c:a", "pcm_s24le", frames=120)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "profile") as made:
        yield made


class Worked:
    """A queue that is worked off beside the test."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._thread = threading.Thread(target=engine.serve)

    def __enter__(self) -> Worked:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.stop()
        self._thread.join()


def until(true: Callable[[], object], what: str) -> None:
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.01)


def runs(out: Path) -> list[Path]:
    return list(out.glob(".*.work/stream-0/run-*"))


def begun(out: Path) -> bool:
    return any(path.stat().st_size > 22_000 for path in runs(out))


def encoders(out: Path) -> list[psutil.Process]:
    """The programs that write below *out*; other tests may have some of their own."""
    found = []
    for one in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "ffmpeg" in one.name() and any(str(out) in word for word in one.cmdline()):
                found.append(one)
    return found


def test_it_is_paused_cancelled_and_taken_up_again(engine, clip, tmp_path):
    out = tmp_path / "out"
    with Worked(engine):
        job = engine.submit(TranscodeSpec(files=(clip,), recipe=SLOW, to=out))
        until(lambda: begun(out), "some pictures")
        engine.pause(job)
        until(lambda: {one.status() for one in encoders(out)} == {"stopped"}, "the pause")
        sizes = [path.stat().st_size for path in runs(out)]
        time.sleep(0.5)
        assert [path.stat().st_size for path in runs(out)] == sizes
        engine.cancel(job)
        until(lambda: engine.snapshot(job).state is JobState.CANCELLED, "the end")
        assert encoders(out) == []
        assert [path.name for path in out.iterdir()] == [".long.mkv.work"]
        assert engine.transcodes.in_the_making(job) == (out / ".long.mkv.work",)

        engine.resume(job)
        until(lambda: engine.snapshot(job).state is JobState.DONE, "the end after all")

    (sheet,) = engine.transcodes.sheets(job)
    assert sheet.streams[0].runs == 2
    assert numbers_of(out / "long.mkv") == list(range(120))
    assert sorted(path.name for path in out.iterdir()) == ["long.mkv", "long.mkv.json"]


def test_what_an_interrupted_job_has_half_done_goes_when_it_is_cancelled(clip, tmp_path):
    out, profile = tmp_path / "out", tmp_path / "profile"
    with Engine(profile) as engine, Worked(engine):
        job = engine.submit(TranscodeSpec(files=(clip,), recipe=SLOW, to=out))
        until(lambda: begun(out), "some pictures")
    with Engine(profile) as engine:
        assert engine.snapshot(job).state is JobState.INTERRUPTED
        assert engine.cancel(job) == ()
    assert list(out.iterdir()) == []


def test_another_job_goes_on_with_what_one_has_left(clip, tmp_path):
    out = tmp_path / "out"
    spec = TranscodeSpec(files=(clip,), recipe=SLOW, to=out)
    with Engine(tmp_path / "one") as engine, Worked(engine):
        engine.submit(spec)
        until(lambda: begun(out), "some pictures")
    with Engine(tmp_path / "another") as engine:
        assert engine.transcodes.plan(spec).clips[0].begun
        _, (sheet,) = transcoded(engine, clip, to=out, recipe=SLOW)
    assert (sheet.state, sheet.streams[0].runs) == (ClipState.MADE, 2)


def test_what_is_begun_with_another_recipe_is_begun_anew(clip, tmp_path):
    out = tmp_path / "out"
    with Engine(tmp_path / "profile") as engine, Worked(engine):
        engine.submit(TranscodeSpec(files=(clip,), recipe=SLOW, to=out))
        until(lambda: begun(out), "some pictures")
    with Engine(tmp_path / "profile") as engine:
        fast = replace(QUICK, measured=False)
        _, (sheet,) = transcoded(engine, clip, to=out, recipe=fast)
    assert sheet.streams[0].runs == 1
    assert numbers_of(out / "long.mkv") == list(range(120))


def test_an_original_that_changes_meanwhile_gives_no_transcode(engine, clip, tmp_path):
    mine = tmp_path / "mine.mov"
    shutil.copy(clip, mine)
    out = tmp_path / "out"
    with Worked(engine):
        job = engine.submit(TranscodeSpec(files=(mine,), recipe=SLOW, to=out))
        until(lambda: begun(out), "some pictures")
        os.utime(mine, ns=(1, 1))
        until(lambda: engine.snapshot(job).state.ended, "the end")
    (sheet,) = engine.transcodes.sheets(job)
    assert "changed while it was being transcoded" in sheet.trouble
    assert list(out.iterdir()) == []


def test_an_encoder_that_is_killed_makes_nothing_raw(engine, clip, tmp_path):
    out = tmp_path / "out"
    compact = replace(SLOW, raw_from=90)
    with Worked(engine):
        job = engine.submit(TranscodeSpec(files=(clip,), recipe=compact, to=out))
        until(lambda: begun(out), "some pictures")
        for one in encoders(out):
            one.kill()
        until(lambda: engine.snapshot(job).state is JobState.FAILED, "the end")
        assert "ffmpeg was ended while it encoded stream" in engine.snapshot(job).error

        engine.retry(job)
        until(lambda: engine.snapshot(job).state is JobState.DONE, "the end after all")
    (sheet,) = engine.transcodes.sheets(job)
    assert (sheet.streams[0].fate, sheet.streams[0].runs) == (Fate.ENCODED, 2)


@pytest.mark.root
def test_a_full_disk_is_named_and_leaves_no_partial_file(engine, clip, bench: Bench):
    small = bench.mount("tmpfs", "small", "-t", "tmpfs", "-o", "size=100k")

    ended, (sheet,) = transcoded(engine, clip, to=small, recipe=SLOW)

    assert ended.state is JobState.FAILED
    assert "no room" in sheet.trouble
    assert str(small) in sheet.trouble
    assert not [path for path in small.iterdir() if not path.name.startswith(".")]
    bench.taken_down(small)


def test_one_bad_clip_does_not_stop_the_others(engine, clip, footage, tmp_path):
    bad = tmp_path / "bad.mov"
    bad.write_bytes(clip.read_bytes()[:200_000])
    short = footage.made("short.mov", *PRORES, frames=25, tones=0)
    fast = replace(QUICK, measured=False)

    ended, sheets = transcoded(engine, bad, short, to=tmp_path / "out", recipe=fast)

    assert ended.state is JobState.FAILED
    assert [one.state for one in sheets] == [ClipState.FAILED, ClipState.MADE]
    assert str(bad) in sheets[0].trouble


def test_of_a_clip_that_was_cut_off_nothing_is_made(engine, footage, tmp_path):
    whole = footage.made("fast.mov", *PRORES, "-movflags", "+faststart", frames=25, tones=0)
    cut = tmp_path / "cut.mov"
    cut.write_bytes(whole.read_bytes()[:-1])
    ended, (sheet,) = transcoded(engine, cut, to=tmp_path / "out")
    assert ended.state is JobState.FAILED
    assert sheet.trouble == (
        f"{cut} is cut off: 24 of 25 frames are in the file. No transcode was made of it."
    )


# Programs


def lacking(folder: Path, program: str, word: str) -> Path:
    """An ffmpeg that does not list what has *word* in it."""
    folder.mkdir(exist_ok=True)
    path = folder / f"without-{word}"
    path.write_text(
        f'#!/bin/sh\ncase "$*" in *-encoders*) "{program}" "$@" | grep -v {word};;'
        f' *) exec "{program}" "$@";; esac\n'
    )
    path.chmod(0o755)
    return path


def engine_with(tmp_path: Path, program: Path) -> Engine:
    settings = Settings.load(tmp_path / "settings.toml", overrides={"media.ffmpeg": str(program)})
    return Engine(tmp_path / "profile", settings)


def test_the_other_program_is_taken_where_one_lacks_an_encoder(footage, tmp_path):
    system = lacking(tmp_path / "bin", "/usr/bin/ffmpeg", "libsvtav1")
    clip = footage.made("short.mov", *PRORES, frames=25, tones=0)
    with engine_with(tmp_path, system) as engine:
        keepsake = transcode_recipe("keepsake")
        _, (sheet,) = transcoded(engine, clip, to=tmp_path / "out", recipe=keepsake)
        assert sheet.state is ClipState.MADE, sheet.trouble
        assert sheet.program.startswith("ffmpeg version n9")


def test_where_no_program_has_an_encoder_the_plan_says_so(footage, tmp_path, monkeypatch):
    brought = lacking(tmp_path / "bin", imageio_ffmpeg.get_ffmpeg_exe(), "libopus")
    system = lacking(tmp_path / "sys", "/usr/bin/ffmpeg", "libopus")
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(brought))
    clip = footage.made("short.mov", *PRORES, frames=25, tones=0)
    with engine_with(tmp_path, system) as engine:
        spec = TranscodeSpec(files=(clip,), recipe=QUICK, to=tmp_path / "out")
        for ask in (engine.transcodes.plan, engine.submit):
            with pytest.raises(NotFound) as error:
                ask(spec)
            assert f"{system} lacks libopus; {brought} lacks libopus" in error.value.message
        assert engine.snapshots() == ()
    assert not (tmp_path / "out").exists()
