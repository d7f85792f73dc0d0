"""A transcode that is killed goes on: all full groups of pictures and all packets of sound stay."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
import pytest
from seldom import seldom
from transcode_bench import PRORES, Footage, numbers_of, told

from app.engine import Engine
from app.media.transcode.spec import ClipState

SLOW = """
kind = "transcode"
[picture]
codec = "h264"
quality = 18
speed = "veryslow"
key_distance = 12
[sound]
codec = "SOUND"
"""
KILLS = 5


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return Footage(tmp_path_factory.mktemp("footage"))


class Bed:
    """A profile with a recipe of its own, and a command line that is killed again and again."""

    def __init__(self, folder: Path, sound: str = "opus") -> None:
        self.profile, self.out = folder / "profile", folder / "out"
        self.said = folder / "said.txt"
        (self.profile / "recipes").mkdir(parents=True)
        (self.profile / "recipes" / "slow.toml").write_text(SLOW.replace("SOUND", sound))

    def begin(self, clip: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "app", "--profile", self.profile, "transcode", clip]
        return subprocess.Popen(
            [*map(str, command), "--recipe", "slow", "--to", str(self.out)],
            stdout=self.said.open("wb"),
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def kill_at(self, clip: Path, stream: int, size: int) -> None:
        """Begin (or go on), and kill -9 once the run at hand has *size* bytes."""
        folder = self.out / f".{clip.stem}.mkv.work" / f"stream-{stream}"
        before = {path.name for path in folder.glob("run-*")}
        process = self.begin(clip)
        until = time.monotonic() + 120
        new: list[Path] = []
        while time.monotonic() < until and process.poll() is None:
            new = [path for path in folder.glob("run-*") if path.name not in before]
            if new and new[0].stat().st_size > size:
                break
            time.sleep(0.002)
        children = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
        assert process.stderr is not None
        process.stderr.close()
        assert psutil.wait_procs(children, timeout=30)[1] == [], "a child has outlived us"
        assert new, "it ended before it was killed"

    def runs(self, clip: Path) -> list[dict[str, Any]]:
        """What counts of each run so far."""
        state = self.out / f".{clip.stem}.mkv.work" / "stream-0" / "state.json"
        return list(json.loads(state.read_text())["runs"])

    def finish(self, clip: Path) -> Any:
        process = self.begin(clip)
        _, words = process.communicate(timeout=240)
        assert process.returncode == 0, words.decode()
        with Engine(self.profile) as engine:
            (sheet,) = engine.transcodes.sheets(list(engine.history())[-1].id)
        assert sheet.state is ClipState.MADE
        return sheet


def shown_at(path: Path) -> list[str]:
    packets = told(path, "-select_streams", "v", "-show_entries", "packet=pts_time")["packets"]
    return sorted((packet["pts_time"] for packet in packets), key=float)


@pytest.mark.first
def test_five_kills_cost_no_frame_and_no_second_encoding(footage, tmp_path):
    clip = footage.made("killed.mov", *PRORES, "-c:a", "pcm_s24le", frames=375)
    bed = Bed(tmp_path)
    sizes = [22_000, 24_000, 30_000, 22_000, 26_000]

    for size in sizes:
        bed.kill_at(clip, 0, size)
    assert not list(bed.out.glob("*.mkv"))  # nothing has a final name yet
    kept = [run["packets"] for run in bed.runs(clip)[:-1]]
    assert len(kept) == KILLS - 1
    assert all(count >= 12 for count in kept), kept  # each went on behind the one before
    sheet = bed.finish(clip)

    assert sheet.streams[0].runs == KILLS + 1
    with Engine(bed.profile) as engine:
        (job,) = engine.history()  # no row for each kill
    said = bed.said.read_text()
    assert f"This goes on with job {job.id}, which was interrupted." in said
    went_on = re.search(r"Encoding, on from frame (\d+)\n", said)
    assert went_on is not None
    assert sum(kept) < int(went_on[1]) < 375
    made = bed.out / "killed.mkv"
    whole = Bed(tmp_path / "whole")
    whole.finish(clip)
    uncut = whole.out / "killed.mkv"
    assert numbers_of(made) == numbers_of(uncut) == list(range(375))
    assert shown_at(made) == shown_at(uncut)
    alike = pictures_alike(made, uncut)
    assert set(alike[: kept[0]]) == {SAME}  # what was kept is the very same
    assert min(alike) > 38  # the rest as good: rate control looked at it anew
    assert sorted(path.name for path in bed.out.iterdir()) == ["killed.mkv", "killed.mkv.json"]


SAME = 99.0


def pictures_alike(one: Path, other: Path) -> list[float]:
    """PSNR of each frame, in dB."""
    found = []
    with av.open(str(one)) as a, av.open(str(other)) as b:
        for x, y in zip(a.decode(video=0), b.decode(video=0), strict=True):
            gray = [frame.to_ndarray(format="gray").astype(float) for frame in (x, y)]
            error = float(((gray[0] - gray[1]) ** 2).mean())
            found.append(10 * float(np.log10(255**2 / error)) if error else SAME)
    return found


@pytest.mark.soak
@pytest.mark.parametrize("sound", ["opus", "aac", "flac"])
def test_kills_cost_no_packet_of_sound(footage, tmp_path, sound):
    clip = footage.once("long.wav", long_tone)
    bed = Bed(tmp_path, sound)
    for _ in range(KILLS):
        bed.kill_at(clip, 0, 60_000 if sound == "aac" else 150_000)
    kept = [run["packets"] for run in bed.runs(clip)[:-1]]
    assert len(kept) == KILLS - 1
    assert all(count > 20 for count in kept), kept

    sheet = bed.finish(clip)

    assert sheet.streams[0].runs == KILLS + 1
    made = heard(bed.out / "long.mkv")
    if sound == "flac":
        assert (made == heard(clip)).all()
        return
    whole = Bed(tmp_path / "whole", sound)
    whole.finish(clip)
    uncut = heard(whole.out / "long.mkv")
    assert len(made) == len(uncut)
    # Encoders that begin again decide differently here and there, but nothing is moved.
    for n in range(0, len(made) - 4800, 4800):
        a, b = made[n : n + 4800], uncut[n : n + 4800]
        assert np.corrcoef(a, b)[0, 1] > 0.99, f"at sample {n}"


def long_tone(path: Path) -> None:
    tone = "aevalsrc=0.4*sin(2*PI*(300*t+20*t*mod(t\\,7))):s=48000:d=120"
    line = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", tone, "-c:a", "pcm_s16le", path]
    subprocess.run(line, check=True, timeout=120)


def heard(path: Path) -> Any:
    strict = ["-xerror", "-err_detect", "explode+crccheck"]
    line = ["ffmpeg", "-v", "error", *strict, "-i", str(path), "-f", "s16le", "-ac", "1", "-"]
    done = subprocess.run(line, check=True, capture_output=True, timeout=120)
    return np.frombuffer(done.stdout, np.int16).astype(float)


LONG = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "12", "-bf", "3")
KINDS = {
    "open groups": ("open.mp4", (*LONG, "-x264-params", "open-gop=1:keyint=12:min-keyint=12")),
    "no table": ("live.ts", LONG),
    "unsteady": ("unsteady.mp4", (*LONG, "-vf", "select='not(eq(mod(n,7),3))'", "-fps_mode",
                                  "vfr", "-video_track_timescale", "30000")),
    "cut by an edit list": ("cut.mp4", LONG),
}  # fmt: skip


@pytest.mark.parametrize(
    "kind", ["open groups", "cut by an edit list", seldom("no table"), seldom("unsteady")]
)
def test_whatever_kind_of_clip_it_goes_on_at_the_right_frame(footage, tmp_path, kind):
    name, options = KINDS[kind]
    clip = footage.made(name, *options, frames=375, tones=0)
    if kind.startswith("cut"):
        whole, clip = clip, tmp_path / "in" / name
        clip.parent.mkdir()
        line = ["ffmpeg", "-v", "error", "-ss", "0.92", "-i", whole, "-c", "copy", clip]
        subprocess.run(line, check=True, timeout=60)
    shown, times = numbers_of(clip), shown_at(clip)
    bed = Bed(tmp_path)
    bed.kill_at(clip, 0, 110_000)

    sheet = bed.finish(clip)

    assert sheet.streams[0].runs == 2
    made = bed.out / f"{clip.stem}.mkv"
    assert numbers_of(made) == shown
    logged = "".join(path.read_text() for path in (bed.profile / "log").iterdir())
    assert " -ss " in logged  # it did not decode from the beginning
    begins = float(times[0])
    before = [float(time) - begins for time in times if kind != "cut by an edit list"]
    after = [float(time) for time in shown_at(made)]
    assert after == pytest.approx(before or after, abs=0.002)


@pytest.mark.soak
def test_what_was_kept_and_is_damaged_since_is_found(footage, tmp_path):
    clip = footage.made("killed.mov", *PRORES, "-c:a", "pcm_s24le", frames=375)
    bed = Bed(tmp_path)
    bed.kill_at(clip, 0, 60_000)
    (run,) = (bed.out / ".killed.mkv.work" / "stream-0").glob("run-*")
    with run.open("r+b") as file:  # as a power cut may leave it
        file.seek(20_000)
        file.write(bytes(4096))

    process = bed.begin(clip)
    _, words = process.communicate(timeout=240)

    if process.returncode == 0:  # it counted only up to the damage, and went on there
        assert numbers_of(bed.out / "killed.mkv") == list(range(375))
        return
    assert b"not what it has to be and was not kept" in words
    assert not list(bed.out.glob("*"))
    bed.finish(clip)  # the next try begins anew
    assert numbers_of(bed.out / "killed.mkv") == list(range(375))
