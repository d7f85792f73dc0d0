"""However the making of a proxy ends, nothing half made has its final name, and no child stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import proxy_sources as sources
import psutil
import pytest
from clip_bench import H264
from mount_bench import Bench
from offload_bench import wait_for
from proxy_bench import proxies_of, shown_by_ffprobe

from app.engine import Engine
from app.jobs.control import JobControl
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId
from app.media.ffmpeg.process import run_ffmpeg, run_reporting
from app.media.proxy.recipes import recipe_named
from app.media.proxy.spec import ClipState, ProxySpec

PREVIEW = recipe_named("preview")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "profile") as made:
        yield made


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], str]:
    """An ffmpeg with a will of its own."""

    def put(script: str) -> str:
        path = tmp_path / "bin" / "ffmpeg"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return put


def unleashed(number: int = 0) -> list[psutil.Process]:
    """Children of a process that are ffmpeg."""
    children = psutil.Process(number or os.getpid()).children(recursive=True)
    return [child for child in children if "ffmpeg" in child.name()]


def control() -> JobControl:
    idle = JobSnapshot(id=JobId("A"), kind="proxy", title="", state=JobState.RUNNING)
    return JobControl(idle)


def finals(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def _grows(folder: Path) -> bool:
    return any(path.stat().st_size for path in folder.rglob("*.part"))


class AtWork(AbstractContextManager["AtWork"]):
    """A proxy job that runs in a thread."""

    def __init__(self, engine: Engine, clip: Path, to: Path) -> None:
        self.engine = engine
        self.job = engine.submit(ProxySpec(files=(clip,), recipes=(PREVIEW,), to=to))
        self._thread = threading.Thread(target=engine.serve)
        self._thread.start()

    @property
    def now(self) -> JobSnapshot:
        return self.engine.snapshot(self.job)

    def __exit__(self, *_: object) -> None:
        self.engine.stop()
        self._thread.join()

    def wait_for_frames(self, frames: int) -> None:
        wait_for(lambda: self.now.work_done >= frames or self.now.state.ended, "frames")
        assert not self.now.state.ended, self.now.error

    def end(self) -> JobSnapshot:
        wait_for(lambda: self.now.state.ended, "an end", 120)
        return self.now


def test_a_cancelled_job_leaves_nothing_and_can_be_taken_up_again(engine, clips, tmp_path):
    clip = sources.long_clip(clips)
    with AtWork(engine, clip, tmp_path / "out") as work:
        work.wait_for_frames(20)
        engine.cancel(work.job)
        assert work.end().state is JobState.CANCELLED
        assert finals(tmp_path / "out") == []
        assert not unleashed()
        assert not engine.proxies.versions(clip)


def test_a_paused_job_makes_no_frames_and_goes_on(engine, clips, tmp_path):
    with AtWork(engine, sources.long_clip(clips, 20), tmp_path / "out") as work:
        work.wait_for_frames(20)
        engine.pause(work.job)
        wait_for(lambda: [p.status() for p in unleashed()] == [psutil.STATUS_STOPPED], "a hold")
        (held,) = unleashed()
        before, spent = work.now.work_done, sum(held.cpu_times()[:2])
        time.sleep(1)
        assert work.now.work_done <= before + 60  # what it had reported already
        assert sum(held.cpu_times()[:2]) == spent
        assert work.now.state is JobState.PAUSED
        engine.resume(work.job)
        assert work.end().state is JobState.DONE
        (path,) = (tmp_path / "out").rglob("preview-360/*.mp4")
        assert shown_by_ffprobe(path).frames == 500


def test_a_paused_job_can_be_cancelled(engine, clips, tmp_path):
    with AtWork(engine, sources.long_clip(clips), tmp_path / "out") as work:
        work.wait_for_frames(20)
        engine.pause(work.job)
        wait_for(lambda: [p.status() for p in unleashed()] == [psutil.STATUS_STOPPED], "a hold")
        engine.cancel(work.job)
        assert work.end().state is JobState.CANCELLED
        assert not unleashed()


def test_a_killed_process_takes_ffmpeg_with_it_and_the_job_is_done_later(engine, clips, tmp_path):
    clip, out = sources.long_clip(clips, 20), tmp_path / "out"
    killed = tmp_path / "killed"
    command = [sys.executable, "-m", "app", "--profile", killed, "proxy", clip, "--to", out]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    wait_for(lambda: unleashed(child.pid) and _grows(out), "a partial file")
    (program,) = unleashed(child.pid)
    child.kill()
    child.wait()
    wait_for(lambda: not psutil.pid_exists(program.pid), "the program's end")
    assert [name for name in finals(out) if not name.endswith(".part")] == []
    with Engine(killed) as again:
        (interrupted,) = again.interrupted()
        assert again.run(interrupted.id).state is JobState.DONE
        assert again.proxies.results(interrupted.id)[0].state is ClipState.MADE
    assert finals(out) == [f"{clip.stem}.mp4"] * 2
    for path in out.rglob("*.mp4"):
        assert shown_by_ffprobe(path).frames == 500


def test_what_a_killed_job_left_goes_when_it_is_cancelled(engine, clips, tmp_path):
    clip, out, killed = sources.long_clip(clips), tmp_path / "out", tmp_path / "killed"
    command = [sys.executable, "-m", "app", "--profile", killed, "proxy", clip, "--to", out]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    wait_for(lambda: _grows(out), "a partial file")
    child.kill()
    child.wait()
    with Engine(killed) as again:
        (interrupted,) = again.interrupted()
        assert again.cancel(interrupted.id) == ()
    assert finals(out) == []


def test_an_interrupted_command_can_be_resumed(clips, tmp_path):
    clip, out, profile = sources.long_clip(clips, 20), tmp_path / "out", tmp_path / "profile"
    begin = [sys.executable, "-m", "app", "--profile", profile]
    child = subprocess.Popen(
        [*begin, "proxy", clip, "--to", out], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    wait_for(lambda: _grows(out), "a partial file")
    child.send_signal(signal.SIGTERM)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert b"goes on with it" in said
    assert finals(out) == []
    done = subprocess.run([*begin, "jobs", "resume"], capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert len(finals(out)) == 2


def test_an_ffmpeg_that_ends_well_with_too_few_frames_makes_no_proxy(
    engine, program, camera_clip, tmp_path
):
    short = program('args=(); for a; do [ "$a" = -i ] && args+=(-t 0.4); args+=("$a"); done\n'
                    'exec ffmpeg "${args[@]}"')  # fmt: skip
    engine.settings.set("media.ffmpeg", short)
    ended, (result,) = proxies_of(engine, camera_clip, to=tmp_path / "out")
    assert ended.state is JobState.FAILED
    assert "it has 12 frames, the clip has 60" in result.trouble
    assert finals(tmp_path / "out") == []


def test_an_ffmpeg_that_fails_is_heard(engine, program, camera_clip, tmp_path):
    fails = program('[ "$2" = -version ] && exec ffmpeg -version\n'
                    'echo "[h264 @ 0x55d1] The moon is full" >&2; exit 7')  # fmt: skip
    engine.settings.set("media.ffmpeg", fails)
    ended, (result,) = proxies_of(engine, camera_clip, to=tmp_path / "out")
    assert ended.state is JobState.FAILED
    assert result.trouble == (
        f"Proxies of {camera_clip} could not be made: ffmpeg says: The moon is full."
    )


def test_one_that_makes_no_progress_is_ended_with_all_it_has_started(program, tmp_path):
    stuck = program(f"sleep 600 & echo $! > '{tmp_path}/started'; sleep 600")
    ended = run_ffmpeg(stuck, [], control(), patience=2)
    assert (ended.silent, ended.whole) == (True, False)
    assert ended.trouble == "ffmpeg made no progress any more and was ended."
    started = int((tmp_path / "started").read_text())
    wait_for(lambda: not psutil.pid_exists(started), "the end of what it has started")


def test_endless_complaints_are_not_kept(program):
    loud = program("yes 'this frame is damaged in every way' | head -c 50000000 >&2\n"
                   "for n in $(seq 30); do echo complaint $n >&2; done; exit 1")  # fmt: skip
    ended = run_ffmpeg(loud, [], control())
    assert len(ended.words) <= 24
    assert ended.words[-1] == "complaint 30"


def test_a_program_that_ends_without_saying_so_did_not_come_to_its_end(program):
    ended = run_reporting([program("echo frame=10; echo progress=continue")], control())
    assert (ended.code, ended.whole, ended.progress.frames) == (0, False, 10)


@pytest.mark.root
def test_a_full_disk_is_named_and_nothing_stays(engine, clips, tmp_path, bench: Bench):
    clip = clips("noise.mov", *H264, "-vf", "noise=alls=80:allf=t", seconds="4")
    full = bench.mount("none", "full", "-t", "tmpfs", "-o", "size=1m")
    ended, (result,) = proxies_of(engine, clip, recipes=("editorial",), to=full)
    assert ended.state is JobState.FAILED
    assert f"There is no room for proxies in {full / 'editorial'}" in result.trouble
    assert finals(full) == []


def test_a_clip_that_changes_meanwhile_has_no_proxy(engine, clips, tmp_path):
    clip = tmp_path / "growing.mov"
    clip.write_bytes(sources.long_clip(clips, 20).read_bytes())
    with AtWork(engine, clip, tmp_path / "out") as work:
        work.wait_for_frames(20)
        with clip.open("ab") as file:
            file.write(b"more")
        assert work.end().state is JobState.FAILED
        assert "changed while its proxies were being made" in work.now.error
        assert finals(tmp_path / "out") == []


def test_of_a_clip_that_went_offline_meanwhile_is_said_what_is_not_proven(
    engine, program, camera_clip, tmp_path
):
    clip, away = tmp_path / "A003C001.mov", tmp_path / "away.mov"
    clip.write_bytes(camera_clip.read_bytes())
    pulls = program('ffmpeg "$@"; code=$?\n'
                    f'[ "$2" = -version ] || mv "{clip}" "{away}"; exit $code')  # fmt: skip
    engine.settings.set("media.ffmpeg", pulls)
    ended, (result,) = proxies_of(engine, clip)
    assert ended.state is JobState.DONE, result.trouble
    assert result.notes == (
        f"{clip} went offline before its proxies were finished: whether it changed meanwhile shows"
        " once it is back.",
    )
    assert len(engine.proxies.versions(clip)) == 1
    clip.write_bytes(away.read_bytes() + b"more")
    assert engine.proxies.versions(clip) == ()


def test_jobs_take_turns_for_the_processors(engine, clips, tmp_path):
    clip = sources.long_clip(clips, 20)
    with AtWork(engine, clip, tmp_path / "one") as first:
        second = engine.submit(ProxySpec(files=(clip,), recipes=(PREVIEW,), to=tmp_path / "two"))
        first.wait_for_frames(20)
        assert engine.snapshot(second).state is JobState.QUEUED
        engine.cancel(second)
        engine.cancel(first.job)
        first.end()
