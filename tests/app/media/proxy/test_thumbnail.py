"""Poster and strip come from the thumbnail movie, and show the frames that they say."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pytest
from clip_bench import Clips
from PIL import Image
from proxy_bench import proxies_of

from app.engine import Engine
from app.errors import MediaFault, NotFound
from app.media.proxy.thumbnail import poster, strip

FRAMES = 40


@pytest.fixture(scope="session")
def thumbnail(clips: Clips) -> Path:
    """Frame n is grey of 6 × n."""
    path = clips("thumbnail.mp4", inputs=("-f", "lavfi", "-i", "color=black:s=192x108:d=0.1"))
    grey = path.with_name("grey.mp4")
    raw = b"".join(bytes([6 * n]) * (192 * 108) for n in range(FRAMES))
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "gray", "-r", "25"]
    command += ["-s", "192x108", "-i", "-", "-vf", "scale=in_range=pc:out_range=tv"]
    command += ["-c:v", "libx264", "-qp", "1", "-pix_fmt", "yuv420p", "-g", "12", "-bf", "0", grey]
    subprocess.run(command, input=raw, check=True, timeout=60)
    return grey


def greys(jpeg: bytes, tiles: int) -> list[int]:
    """Which frame each tile shows."""
    picture = Image.open(io.BytesIO(jpeg)).convert("L")
    assert picture.size == (192 * tiles, 108)
    return [round(picture.getpixel((192 * n + 96, 54)) / 6) for n in range(tiles)]


def test_the_poster_is_the_middle_frame_or_the_one_that_is_asked_for(thumbnail):
    assert greys(poster(thumbnail), 1) == [20]
    assert greys(poster(thumbnail, 0), 1) == [0]
    assert greys(poster(thumbnail, FRAMES - 1), 1) == [FRAMES - 1]


def test_a_strip_shows_frames_in_equal_steps(thumbnail):
    assert greys(strip(thumbnail), 10) == list(range(0, 40, 4))
    assert greys(strip(thumbnail, 3), 3) == [0, 13, 26]


def test_a_short_clip_has_as_many_tiles_as_frames(clips):
    options = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "0", "-frames:v", "3")
    clip = clips("three.mp4", *options, inputs=("-f", "lavfi", "-i", "testsrc2=s=192x108"))
    assert Image.open(io.BytesIO(strip(clip))).size == (3 * 192, 108)


def test_they_are_had_by_the_clips_name_also_while_it_is_offline(camera_clip, tmp_path):
    clip = tmp_path / "A003C001.mov"
    clip.write_bytes(camera_clip.read_bytes())
    with Engine(tmp_path / "profile") as engine:
        with pytest.raises(NotFound, match="has no thumbnail yet"):
            engine.proxies.poster(clip)
        proxies_of(engine, clip, recipes=("thumbnail",))
        clip.unlink()
        assert Image.open(io.BytesIO(engine.proxies.poster(clip))).size == (192, 108)
        assert Image.open(io.BytesIO(engine.proxies.strip(clip, 5))).size == (960, 108)


def test_a_frame_or_file_that_is_not_there_is_named(thumbnail, tmp_path):
    with pytest.raises(MediaFault, match="has no frame 40"):
        poster(thumbnail, 40)
    with pytest.raises(MediaFault, match=r"absent\.mp4 cannot be read"):
        strip(tmp_path / "absent.mp4")
