"""An original with damaged frames has proxies frame for frame, and its own damage is named."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import proxy_sources as sources
import pytest
from clip_bench import H264, PICTURE, SOUND
from proxy_bench import proxies_of, shown_by_ffprobe

from app.engine import Engine
from app.jobs.snapshot import JobState
from app.media.frames.index import build_index
from app.media.frames.source import FileSource
from app.media.proxy.spec import ClipState

PRORES = ("-c:v", "prores_ks", "-profile:v", "0", "-c:a", "pcm_s16le", "-timecode", "10:20:30:00")
LONG = (*H264, "-g", "25", "-bf", "2", "-c:a", "aac", "-timecode", "10:20:30:00")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "profile") as made:
        yield made


def damaged(whole: Path, to: Path, *packets: int) -> Path:
    """A copy in which these pictures, in the order of the file, are overwritten."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_packets", "-of", "json"]
    said = subprocess.run([*command, whole], check=True, capture_output=True, timeout=60).stdout
    rows = json.loads(said)["packets"]
    data = bytearray(whole.read_bytes())
    for n in packets:
        at, size = int(rows[n]["pos"]), int(rows[n]["size"])
        data[at : at + size] = b"\xa5" * size
    path = to / f"damaged{whole.suffix}"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "options", "packets", "places", "spoilt"),
    [
        ("one.mov", PRORES, (20, 21, 22, 40), "frames 20 to 22 and 40", {20, 21, 22, 40}),
        ("last.mov", PRORES, (48, 49), "frames 48 to 49", {48, 49}),
        ("long.mp4", LONG, (26,), "frames 26 to 49", set(range(26, 50))),
    ],
)
def test_what_is_damaged_is_held_and_named(
    engine, clips, tmp_path, name, options, packets, places, spoilt
):
    whole = clips(name, *options, inputs=(*PICTURE, *SOUND), seconds="2")
    clip = damaged(whole, tmp_path, *packets)

    ended, (result,) = proxies_of(
        engine, clip, recipes=("preview", "editorial"), to=tmp_path / "out"
    )

    assert ended.state is JobState.DONE, result.trouble
    (note,) = result.notes
    assert note.startswith(f"{clip} is damaged at {places}: in their place its proxies show")
    for proxy in result.proxies:
        shown = shown_by_ffprobe(proxy.path)
        assert (shown.frames, shown.rate, shown.timecode) == (50, "25/1", "10:20:30:00")
        alike = sources.likeness(whole, proxy.path)
        sound = [like for n, like in enumerate(alike) if n not in spoilt]
        assert min(sound) > 0.9  # none has taken another's place
        assert min(alike[n] for n in spoilt) < 0.9
    _, (again,) = proxies_of(engine, clip, recipes=("preview", "editorial"), to=tmp_path / "out")
    assert (again.state, again.notes) == (ClipState.KNOWN, result.notes)


@pytest.mark.parametrize(
    ("packets", "places"), [((0,), "frame 0"), (tuple(range(10, 30)), "frames 10 to 29")]
)
def test_where_nothing_can_be_held_the_original_is_said_to_be_damaged(
    engine, clips, tmp_path, packets, places
):
    whole = clips("one.mov", *PRORES, inputs=(*PICTURE, *SOUND), seconds="2")
    clip = damaged(whole, tmp_path, *packets)
    ended, (result,) = proxies_of(engine, clip, to=tmp_path / "out")
    assert ended.state is JobState.FAILED
    assert result.trouble.startswith(f"{clip} is damaged at {places}, so that no proxy of it")
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


def test_a_clip_that_was_cut_off_is_said_to_be(engine, clips, tmp_path):
    mxf = ("-c:v", "mpeg2video", "-b:v", "4M", "-c:a", "pcm_s16le")
    whole = clips("whole.mxf", *mxf, inputs=(*PICTURE, *SOUND), seconds="2")
    clip = tmp_path / "cut.mxf"
    clip.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    ended, (result,) = proxies_of(engine, clip, to=tmp_path / "out")
    assert ended.state is JobState.FAILED
    assert result.trouble.startswith(f"{clip} is cut off: 2")
    assert result.trouble.endswith(" of 50 frames are in the file. No proxy was made of it.")


def test_frames_that_a_copied_part_lacks_are_held_and_named(engine, clips, tmp_path):
    b_frames = ("-bf", "3", "-b_strategy", "0")
    whole = clips("all.mp4", *LONG, *b_frames, inputs=(*PICTURE, *SOUND), seconds="3")
    clip = tmp_path / "part.mp4"
    line = ["ffmpeg", "-v", "error", "-ss", "0.6", "-i", str(whole), "-t", "1.64", "-c", "copy"]
    subprocess.run([*line, str(clip)], check=True, timeout=60)
    index = build_index(FileSource(clip))
    assert len(index.suspect)  # else there would be nothing to hold

    ended, (result,) = proxies_of(engine, clip, recipes=("thumbnail",), to=tmp_path / "out")

    assert ended.state is JobState.DONE, result.trouble
    (note,) = result.notes
    assert f"{clip} is damaged at frame" in note
    assert str(index.suspect[0]) in note
    shown = shown_by_ffprobe(result.proxies[0].path)
    assert (shown.frames, shown.rate) == (index.frames, "25/1")
