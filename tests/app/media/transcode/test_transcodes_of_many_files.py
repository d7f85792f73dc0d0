"""Clips of several files are one clip: one transcode, with all frames in their order."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from picture_bench import arriraw
from seldom import seldom
from transcode_bench import QUICK, SOUND, Footage, numbers_of, streams_of, told, transcoded

from app.engine import Engine
from app.jobs.snapshot import JobState
from app.media.transcode.recipe import Box
from app.media.transcode.spec import ClipState, Fate, TranscodeSpec

PLAIN = replace(QUICK, measured=False)
INTRA = ("-c:v", "mpeg2video", "-g", "1", "-q:v", "1", "-qmin", "1", "-pix_fmt", "yuv422p")
CUTS = (0, 48, 84, 120)
"""Frames at which the files of a spanned clip begin and end."""


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return Footage(tmp_path_factory.mktemp("footage"))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "profile") as made:
        yield made


@pytest.fixture(scope="module")
def card(footage: Footage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One recording in three files, as an action camera leaves it."""
    root = tmp_path_factory.mktemp("the card's")
    folder = root / "DCIM" / "100GOPRO"
    folder.mkdir(parents=True)
    for n, (first, end) in enumerate(pairwise(CUTS), 1):
        seconds = f"{first / 25}:{end / 25},asetpts=PTS-STARTPTS[a]"
        graph = f"[0:v]trim=start_frame={first}:end_frame={end},setpts=PTS-STARTPTS[v];"
        ffmpeg(
            *("-i", footage.master(120, "192x108"), "-f", "lavfi", "-i", SOUND.format(seconds=5)),
            *("-filter_complex", f"{graph}[1:a]atrim={seconds}", "-map", "[v]", "-map", "[a]"),
            *("-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "12", "-c:a", "aac"),
            *("-pix_fmt", "yuv420p", "-timecode", f"10:00:{first // 25:02}:{first % 25:02}"),
            folder / f"GX0{n}0042.MP4",
        )
    return root


def ffmpeg(*words: object) -> None:
    line = ["ffmpeg", "-v", "error", "-y", *map(str, words)]
    subprocess.run(line, check=True, timeout=120)


@pytest.mark.parametrize(
    ("named", "box"), [(".", Box.MKV), ("DCIM/100GOPRO/GX020042.MP4", Box.MOV)]
)
def test_a_spanned_clip_becomes_one(engine, card, tmp_path, named, box):
    spec = TranscodeSpec(files=(card / named,), recipe=PLAIN, to=tmp_path / "out")
    (planned,) = engine.transcodes.plan(spec).clips
    assert planned.frames == 120

    recipe = replace(QUICK, container=box)
    ended, (sheet,) = transcoded(engine, card / named, to=tmp_path / "out", recipe=recipe)

    assert ended.state is JobState.DONE, sheet.trouble
    made = tmp_path / "out" / f"GX010042.{box}"
    assert (sheet.path, sheet.frames) == (made, 120)
    files = list((card / "DCIM" / "100GOPRO").iterdir())
    assert sheet.source_bytes == sum(path.stat().st_size for path in files)
    assert numbers_of(made) == list(range(120))
    packets = told(made, "-select_streams", "v", "-show_entries", "packet=pts_time")["packets"]
    shown = sorted(float(packet["pts_time"]) for packet in packets)
    assert [time - shown[0] for time in shown] == pytest.approx(
        [n / 25 for n in range(120)], abs=0.001
    )
    assert sheet.streams[0].least_ssim > 0.95  # frame N was held against frame N of the whole
    assert sheet.streams[2].fate is Fate.TAG
    sound = streams_of(made)[1]
    ends = told(made, "-select_streams", "a", "-show_entries", "packet=pts_time")["packets"][-1]
    assert float(ends["pts_time"]) == pytest.approx(4.8, abs=0.1)
    assert sound["codec_name"] == ("opus" if box is Box.MKV else "aac")


def test_a_spanned_clip_that_has_grown_is_made_again(engine, card, tmp_path):
    clip = tmp_path / "card"
    (clip / "DCIM" / "100GOPRO").mkdir(parents=True)
    for path in (card / "DCIM" / "100GOPRO").iterdir():
        (clip / "DCIM" / "100GOPRO" / path.name).write_bytes(path.read_bytes())
    last = clip / "DCIM" / "100GOPRO" / "GX030042.MP4"
    late = last.rename(tmp_path / "late.mp4")
    _, (sheet,) = transcoded(engine, clip, to=tmp_path / "out", recipe=PLAIN)
    assert sheet.frames == 84

    second = clip / "DCIM" / "100GOPRO" / "GX020042.MP4"
    away = second.rename(tmp_path / "second.mp4")
    late.rename(last)
    _, (sheet,) = transcoded(engine, clip, to=tmp_path / "lacking", recipe=PLAIN)
    assert "GX020042.MP4 is missing: the clip goes on without it." in sheet.notes
    away.rename(second)
    _, (sheet,) = transcoded(engine, clip, to=tmp_path / "out", recipe=PLAIN)

    assert sheet.state is ClipState.MADE, sheet.trouble
    assert numbers_of(sheet.path) == list(range(120))
    first = clip / "DCIM" / "100GOPRO" / "GX010042.MP4"
    first.touch()
    _, (sheet,) = transcoded(engine, clip, to=tmp_path / "out", recipe=PLAIN)
    assert "was made from another state of" in sheet.trouble


def test_a_file_that_has_only_grown_is_made_again(engine, footage, tmp_path):
    """As a recording does whose form has no end that could be missing."""
    whole = footage.made("whole.ts", *INTRA, frames=200, tones=0).read_bytes()
    clip = tmp_path / "a.ts"
    clip.write_bytes(whole[: len(whole) * 3 // 4 // 188 * 188])  # its copy was held up
    _, (sheet,) = transcoded(engine, clip, to=tmp_path / "out", recipe=PLAIN)
    assert 100 < sheet.frames < 200, sheet.trouble

    clip.write_bytes(whole)
    _, (sheet,) = transcoded(engine, clip, to=tmp_path / "out", recipe=PLAIN)

    assert (sheet.state, sheet.frames) == (ClipState.MADE, 200)
    clip.write_bytes(whole[:1000] + b"-" + whole[1001:] + whole)  # another recording
    _, (sheet,) = transcoded(engine, clip, to=tmp_path / "out", recipe=PLAIN)
    assert "was made from another state of" in sheet.trouble


@pytest.mark.parametrize(("suffix", "pixels"), [("dpx", "gbrp10le"), seldom("tif", "rgb48le")])
def test_a_row_of_pictures_becomes_a_film(engine, footage, tmp_path, suffix, pixels):
    folder = tmp_path / "100 % A001"
    folder.mkdir()
    pattern = f"{tmp_path}/100 %% A001/A001.%07d.{suffix}"
    row = ("-frames:v", "30", "-pix_fmt", pixels, "-start_number", "86400")
    ffmpeg("-i", footage.master(120, "192x108"), *row, pattern)

    ended, (sheet,) = transcoded(engine, folder, to=tmp_path / "out")

    assert ended.state is JobState.DONE, sheet.trouble
    assert (sheet.path, sheet.frames) == (tmp_path / "out" / "A001.mkv", 30)
    assert numbers_of(sheet.path) == list(range(30))
    (video,) = streams_of(sheet.path)
    assert (video["pix_fmt"], video["color_space"]) == ("yuv444p10le", "bt709")
    assert sheet.streams[0].least_ssim > 0.95

    (folder / f"A001.0086410.{suffix}").unlink()
    ended, (sheet,) = transcoded(engine, folder, to=tmp_path / "gap")
    assert f"lacks A001.0086410.{suffix}. Copy what is missing there" in sheet.trouble
    spec = TranscodeSpec(files=(folder,), recipe=PLAIN, to=tmp_path / "gap")
    assert [one.trouble for one in engine.transcodes.plan(spec).clips] == [sheet.trouble]


def test_a_row_that_counts_past_midnight_becomes_a_film(engine, footage, tmp_path):
    folder = tmp_path / "A002"
    folder.mkdir()
    row = ("-frames:v", "8", "-start_number", "86395", folder / "A002.%07d.dpx")
    ffmpeg("-i", footage.master(120, "192x108"), *row)
    for n in range(3):
        (folder / f"A002.{86400 + n:07d}.dpx").rename(folder / f"A002.{n:07d}.dpx")

    _, (sheet,) = transcoded(engine, folder, to=tmp_path / "out", recipe=PLAIN)

    assert numbers_of(sheet.path) == list(range(8)), sheet.trouble
    assert [path.name for path in (tmp_path / "out").iterdir() if path.is_dir()] == []


def test_a_row_that_nobody_here_decodes_is_refused_in_plain_words(engine, tmp_path):
    for n in range(2):
        arriraw(tmp_path / "A004" / f"A004.{n + 1:07d}.ari")
    _, (sheet,) = transcoded(
        engine,
        tmp_path / "A004" / "A004.0000001.ari",
        to=tmp_path / "out",
        recipe=replace(PLAIN, raw_from=90),
    )
    assert (
        "is arriraw: it cannot be decoded here, and MKV cannot hold it as it is." in sheet.trouble
    )
