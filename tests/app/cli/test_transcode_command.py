"""`reelkeep transcode`, as scripts and people see it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from clip_bench import H264, PICTURE, SOUND, Clips

QUICK = """
kind = "transcode"
measured = true
[picture]
codec = "h264"
speed = "ultrafast"
[sound]
codec = "opus"
"""


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    """Makes clips."""
    return Clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def clip(clips: Clips) -> Path:
    return clips(
        "A003C001.mov",
        *(*H264, "-c:a", "pcm_s24le", "-timecode", "10:20:30:00"),
        inputs=(*PICTURE, *SOUND),
    )


@pytest.fixture
def quick(profile) -> str:
    (profile / "recipes").mkdir(parents=True)
    (profile / "recipes" / "quick.toml").write_text(QUICK)
    return "quick"


def test_what_became_of_each_stream_is_told(reelkeep, clip, quick, tmp_path):
    out = tmp_path / "out"
    answer = reelkeep("transcode", clip, "--recipe", quick, "--to", out)
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    steps = [line for line in lines if line.startswith("Transcode of A003C001.mov (quick)")]
    assert steps[-1] == "Transcode of A003C001.mov (quick), done"
    assert not any("%" in line for line in steps)  # nobody watches: no arithmetic
    assert f"  {out / 'A003C001.mkv'}" in lines
    video, audio, timecode = lines[-3:]
    assert video.startswith("   0 video h264  encoded by libx264 crf 18 ultrafast")
    assert "SSIM 0.9" in video
    assert audio.startswith("   1 audio pcm_s24le  encoded by libopus 128 kb/s")
    assert timecode == "   2 data  tag: timecode 10:20:30:00"
    again = reelkeep("transcode", clip, "--recipe", quick, "--to", out)
    assert f"{clip}: there already, {out / 'A003C001.mkv'}" in again.out.splitlines()


def test_scripts_get_the_sheet_as_json(reelkeep, clip, quick, tmp_path):
    answer = reelkeep("transcode", clip, "--recipe", quick, "--to", tmp_path / "out", "--json")
    assert answer.code == 0
    (sheet,) = [event for event in answer.events if event["event"] == "clip"]
    assert [one["fate"] for one in sheet["streams"]] == ["encoded", "encoded", "tag"]
    assert sheet["frames"] == 25
    assert answer.result["state"] == "done"
    progress = [event for event in answer.events if event["event"] == "progress"]
    assert progress[-1]["unit"] == "material"
    assert progress[-1]["size"] == 1000  # milliseconds


@pytest.mark.parametrize(
    ("name", "encoder"),
    [
        ("compact", "libx264 crf 18 veryslow"),
        ("archive", "libx264 crf 18 veryslow"),
        ("keepsake", "libsvtav1 crf 63 preset 8"),
        ("preview", "libsvtav1 crf 63 preset 8"),
    ],
)
def test_recipes_have_older_names_and_a_dry_run_writes_nothing(
    reelkeep, clip, tmp_path, name, encoder
):
    out = tmp_path / "out"
    answer = reelkeep("transcode", clip, "--recipe", name, "--to", out, "--dry-run")
    assert (answer.code, answer.err) == (0, "")
    assert f"  {out / 'A003C001.mkv'}" in answer.out.splitlines()
    assert f"   0 video h264  encoded by {encoder}  320×180" in answer.out.splitlines()
    assert re.fullmatch(r"It would be made by ffmpeg version \S+\.", answer.out.splitlines()[-1])
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--recipe", "none"], 'There is no recipe "none". There are: compact, keepsake.'),
        (["--recipe", "editorial"], 'There is no recipe "editorial".'),
        (["--recipe", "keepsake", "--container", "mov"], 'MOV cannot hold picture.codec = "av1"'),
        (["--container", "avi"], '"avi" is no container. There are: mkv, mov.'),
        (["--to", ""], "'--to': It is empty."),
    ],
)
def test_what_makes_no_sense_is_refused(reelkeep, clip, tmp_path, arguments, words):
    answer = reelkeep("transcode", clip, "--to", tmp_path / "out", *arguments)
    assert answer.code == 2
    assert words in answer.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[picture]\ncodec = "h264"\n', 'lacks the line kind = "transcode".'),
        ('kind = "transcode"\n[picture]\ncodec = "vp9"\n', "picture.codec = 'vp9' makes no sense"),
        ('kind = "transcode"\n[picture]\ncodec = "h264"\n', '"sound" is missing.'),
        (QUICK.replace("ultrafast", "8"), "picture.speed of h264 is one of: ultrafast"),
        (QUICK + "bitrate = 1\n", "sound.bitrate is from 6000 to 512000."),
        (QUICK.replace("measured", "raw_from = 90\nmeasured") + "mixed = true\n", "raw_from needs"),
    ],
)
def test_a_recipe_that_makes_no_sense_names_file_and_key(
    reelkeep, clip, profile, tmp_path, text, words
):
    path = profile / "recipes" / "mine.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    answer = reelkeep("transcode", clip, "--to", tmp_path / "out", "--recipe", "mine")
    assert answer.code == 2
    assert f"The recipe {path}" in answer.err
    assert words in answer.err


def test_on_a_terminal_there_is_one_live_line(clip, quick, profile, tmp_path):
    command = [sys.executable, "-m", "app", "--profile", profile, "transcode", clip]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*map(str, command), "--recipe", quick, "--to", str(tmp_path / "out")],
        stdout=theirs,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "120", "TERM": "xterm"},
    ) as process:
        os.close(theirs)
        said = everything(ours)
        assert process.wait(60) == 0
    live = [line for line in said.split("\r\x1b[2K") if "spent" in line]
    assert any("Encoding  " in line and " of 1 s, " in line for line in live)
    assert not any("\n" in line for line in live)
    assert said.split("\r\x1b[2K")[-1].startswith(f"{clip}: 25 frames, ")


def everything(terminal: int) -> str:
    said = b""
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            more = b""
        if not more:
            os.close(terminal)
            return said.decode()
        said += more
