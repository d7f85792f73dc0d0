"""Transcodes of whole clips: what is encoded, what stays, what is kept, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from transcode_bench import (
    COMPACT,
    PRORES,
    QUICK,
    Footage,
    numbers_of,
    picture,
    streams_of,
    told,
    transcoded,
)

from app.engine import Engine
from app.jobs.snapshot import JobState
from app.media.transcode.recipe import Box, transcode_recipe
from app.media.transcode.spec import ClipState, Fate


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return Footage(tmp_path_factory.mktemp("footage"))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "profile") as made:
        yield made


@pytest.fixture
def camera(footage: Footage) -> Path:
    """As a camera writes it: pictures, two sounds, a timecode track, a reel."""
    return footage.made(
        "A003C001.mov",
        *(*PRORES, "-c:a", "pcm_s24le", "-timecode", "10:20:30:00"),
        *("-metadata:s:v:0", "reel_name=A003R1", "-metadata:s:a:0", "handler_name=Boom"),
        tones=2,
    )


def test_compact_is_what_its_name_says(engine, camera, tmp_path):
    ended, (sheet,) = transcoded(engine, camera, to=tmp_path / "out", recipe=COMPACT)

    assert (ended.state, sheet.state) == (JobState.DONE, ClipState.MADE), sheet.trouble
    made = tmp_path / "out" / "A003C001.mkv"
    assert sheet.path == made
    assert numbers_of(made) == list(range(300))
    streams = streams_of(made)
    assert [one["codec_name"] for one in streams] == ["h264", "opus", "opus"]
    assert streams[0]["pix_fmt"] == "yuv422p10le"
    assert streams[0]["r_frame_rate"] == "25/1"
    assert streams[1]["tags"]["title"] == "Boom"
    tags = told(made, "-show_format")["format"]["tags"]
    assert tags["TIMECODE"] == "10:20:30:00"
    assert streams[0]["tags"]["REEL_NAME"] == "A003R1"
    assert [one.fate for one in sheet.streams] == [*[Fate.ENCODED] * 3, Fate.TAG]
    assert sheet.streams[0].encoder == "libx264 crf 18 veryslow"
    assert sheet.streams[0].ssim > sheet.streams[0].least_ssim > 0.95
    assert sheet.streams[3].why == "timecode 10:20:30:00"
    assert sorted(path.name for path in made.parent.iterdir()) == [made.name, f"{made.name}.json"]


def test_keepsake_is_small_and_mixes_all_sound(engine, footage, tmp_path):
    clip = footage.made(
        "wide.mov",
        *(*PRORES, "-c:a", "pcm_s24le", "-timecode", "01:00:00:00"),
        *("-metadata:s:a:0", "handler_name=Lav0", "-metadata:s:a:1", "handler_name=Lav1"),
        size="1920x800",
        frames=30,
        tones=2,
    )

    ended, (sheet,) = transcoded(
        engine, clip, to=tmp_path / "out", recipe=transcode_recipe("keepsake")
    )

    assert ended.state is JobState.DONE, sheet.trouble
    made = tmp_path / "out" / "wide.mkv"
    streams = streams_of(made)
    assert [one["codec_name"] for one in streams] == ["av1", "opus"]
    assert "Lav" not in str(streams[1]["tags"])  # the mix is not the first of its tracks
    assert (streams[0]["width"], streams[0]["height"]) == (960, 400)
    assert int(streams[0]["nb_read_packets"]) == 30
    assert told(made, "-show_format")["format"]["tags"]["TIMECODE"] == "01:00:00:00"
    assert [one.fate for one in sheet.streams] == [Fate.ENCODED, Fate.MIXED, Fate.MIXED, Fate.TAG]


def test_a_finished_transcode_is_not_made_again(engine, camera, tmp_path):
    transcoded(engine, camera, to=tmp_path)
    made = tmp_path / "A003C001.mkv"
    before = made.stat()

    _, (sheet,) = transcoded(engine, camera, to=tmp_path)

    assert sheet.state is ClipState.KNOWN
    assert json.loads((tmp_path / "A003C001.mkv.json").read_bytes())["seconds"] > 0
    assert made.stat().st_mtime_ns == before.st_mtime_ns
    _, (sheet,) = transcoded(engine, camera, to=tmp_path, anew=True)
    assert sheet.state is ClipState.MADE


def test_two_originals_of_one_name_never_share_an_output(engine, footage, tmp_path):
    places = [tmp_path / place for place in ("a.mov", "sub/a.mov", "a.mkv", "other/a.mov")]
    for place, frames in zip(places, (25, 30, 35, 40), strict=True):
        clip = footage.made(f"{frames}.mov", *PRORES, frames=frames, tones=0)
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(clip.read_bytes())
    quick = replace(QUICK, measured=False)
    out = tmp_path / "out"

    for place in places[:3]:  # one after the other, in jobs of their own
        ended, (sheet,) = transcoded(engine, place, to=out, recipe=quick)
        assert ended.state is JobState.DONE, sheet.trouble
    ended, (sheet,) = transcoded(engine, places[3], to=out, recipe=quick)
    assert ended.state is JobState.FAILED
    assert f"is there already, or in the making, and not from {places[3]}" in sheet.trouble
    made = {path.name: len(numbers_of(path)) for path in out.glob("*.mkv")}
    assert made == {"a.mkv": 25, "a_mov.mkv": 30, "a_mkv.mkv": 35}

    ended, sheets = transcoded(engine, *places, to=tmp_path / "together", recipe=quick)
    assert ended.state is JobState.DONE
    assert len({sheet.path for sheet in sheets}) == 4
    assert [len(numbers_of(sheet.path)) for sheet in sheets] == [25, 30, 35, 40]


def test_an_original_is_never_replaced_by_its_own_transcode(engine, footage, tmp_path):
    clip = tmp_path / "a.mkv"
    clip.write_bytes(footage.made("25.mkv", *PRORES, frames=25, tones=0).read_bytes())
    before = clip.read_bytes()
    quick = replace(QUICK, measured=False)

    for anew in (False, True):
        ended, (sheet,) = transcoded(engine, clip, to=tmp_path, recipe=quick, anew=anew)
        assert ended.state is JobState.DONE, sheet.trouble
        assert sheet.path == tmp_path / "a_mkv.mkv"
        assert clip.read_bytes() == before


def test_a_stream_that_does_not_become_smaller_stays_raw_from_that_second_on(
    engine, footage, tmp_path
):
    small = (*("-c:v", "libx264", "-preset", "veryslow", "-crf", "40"), "-c:a", "pcm_s16le")
    clip = footage.made("small.mov", *small, frames=375)
    recipe = replace(QUICK, raw_from=90, picture=picture(quality=10, speed="ultrafast"))

    ended, (sheet,) = transcoded(engine, clip, to=tmp_path, recipe=recipe)

    assert ended.state is JobState.DONE, sheet.trouble
    video, audio = sheet.streams
    assert (video.fate, audio.fate) == (Fate.RAW, Fate.ENCODED)
    assert 10 <= video.at <= 15
    assert video.why == "not smaller than 90 % of the raw stream"
    assert sheet.notes == ()  # its bytes are the very same
    assert video.bytes == video.raw_bytes
    assert numbers_of(sheet.path) == list(range(375))


def test_the_end_decides_for_what_is_shorter_than_ten_seconds(engine, footage, tmp_path):
    small = ("-c:v", "libx264", "-preset", "veryslow", "-crf", "45")
    clip = footage.made("short.mov", *small, frames=50, tones=0)
    recipe = replace(QUICK, raw_from=90, picture=picture(quality=5))

    _, (sheet,) = transcoded(engine, clip, to=tmp_path, recipe=recipe)

    assert (sheet.streams[0].fate, sheet.streams[0].at) == (Fate.RAW, 2.0)


def test_mov_takes_the_timecode_track_and_sound_as_it_is(engine, camera, tmp_path):
    recipe = replace(QUICK, container=Box.MOV)

    ended, (sheet,) = transcoded(engine, camera, to=tmp_path, recipe=recipe)

    assert ended.state is JobState.DONE, sheet.trouble
    streams = streams_of(tmp_path / "A003C001.mov")
    assert [one.get("codec_name") for one in streams] == [*("h264", "pcm_s24le", "pcm_s24le", None)]
    assert streams[3]["tags"]["timecode"] == "10:20:30:00"
    assert sheet.streams[1].why == "MOV has no place for Opus"
