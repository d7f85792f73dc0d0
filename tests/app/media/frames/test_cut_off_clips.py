"""Clips that end too early and files that are none: what is there, or a sentence with the name."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest
from clip_bench import SOUND, Clips
from late_track import late_track
from numbered_clips import NumberedClips, number_in

from app.errors import BadInput, FrameFault, MediaFault, NotFound
from app.media.frames.decoder import Decoder
from app.media.frames.index import build_index
from app.media.frames.source import FileSource
from app.media.play.film import first_picture

UNSURE = {"mpeg4.avi": 3, "mpeg2.mxf": 3, "times.h264": 3, "h264_open.mkv": 3, "h264_open.ts": 3}
"""Where half of a picture is left, threads make of it what they will; and without a table, what
lies at the very end can't be told apart from its neighbours."""
KINDS = ["prores.mkv", "dnxhd.mxf", "mpeg2.mpg", "mjpeg.avi"]


def at_front(clip: Path, to: Path) -> Path:
    command = ["ffmpeg", "-v", "error", "-y", "-i", clip, "-c", "copy", "-movflags", "faststart"]
    subprocess.run([*command, to], check=True, timeout=60)
    return to


def check(path: Path, unsure: int = 0) -> int:
    """Every frame that there is is itself, or missing; how many there are, with those cut off."""
    source = FileSource(path)
    index = build_index(source)
    said: list[int | None] = []
    with Decoder(source, index) as decoder:
        for n in range(index.frames):
            try:
                said.append(number_in(decoder.frame(n)))
            except FrameFault:
                said.append(None)
            except AssertionError:
                said.append(-1)
        if index.missing_at_end:
            with pytest.raises(FrameFault, match="cut off before it"):
                decoder.frame(index.frames)
    surely = said[: len(said) - unsure]
    assert all(is_ in {n, None} for n, is_ in enumerate(surely))
    assert sum(is_ is None for is_ in said) <= 8
    return index.frames + index.missing_at_end


@pytest.mark.parametrize("name", [*KINDS, *UNSURE])
def test_a_clip_cut_off_at_any_tenth_gives_what_is_left(
    name: str, numbered: NumberedClips, tmp_path: Path
) -> None:
    data = numbered(name).path.read_bytes()
    for tenth in range(1, 10):
        path = tmp_path / f"{tenth}-{name}"
        path.write_bytes(data[: len(data) * tenth // 10])
        frames = check(path, UNSURE.get(name, 0))
        assert frames > tenth * 8


@pytest.mark.parametrize("name", ["prores.mov", "h264.mp4", "hevc_open.mov"])
def test_a_movie_cut_off_behind_its_table_says_what_is_missing(
    name: str, numbered: NumberedClips, tmp_path: Path
) -> None:
    whole = at_front(numbered(name).path, tmp_path / name)
    data = whole.read_bytes()
    for tenth in range(1, 10):
        path = tmp_path / f"{tenth}-{name}"
        path.write_bytes(data[: len(data) * tenth // 10])
        assert check(path, 0 if name == "prores.mov" else 3) in range(118, 126)


def test_a_movie_without_its_table_is_named(numbered: NumberedClips, tmp_path: Path) -> None:
    path = tmp_path / "A003C001.mov"
    data = numbered("prores.mov").path.read_bytes()
    for tenth in range(1, 10):
        path.write_bytes(data[: len(data) * tenth // 10])
        with pytest.raises(MediaFault, match=str(path)):
            build_index(FileSource(path))


def test_what_is_no_clip_is_named(tmp_path: Path, clips: Clips) -> None:
    path = tmp_path / "A003C002.mov"
    made = [b"", b"\0", random.Random(3).randbytes(200_000), b"Dear diary.\n" * 5000, bytes(70_000)]
    for data in made:
        path.write_bytes(data)
        with pytest.raises(MediaFault, match=str(path)):
            build_index(FileSource(path))
        with pytest.raises(MediaFault, match=str(path)):
            first_picture(FileSource(path))
    sound = clips("only_sound.mov", "-c:a", "pcm_s16le", inputs=SOUND)
    with pytest.raises(MediaFault, match="holds no picture"):
        build_index(FileSource(sound))


def test_a_huge_file_of_holes_is_no_clip_and_hangs_nobody(tmp_path: Path) -> None:
    path = tmp_path / "A003C003.mov"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 10 * 1024**3)
    with pytest.raises(MediaFault, match=str(path)):
        build_index(FileSource(path))


def test_a_playlist_reaches_no_other_file(numbered: NumberedClips, tmp_path: Path) -> None:
    clip = numbered("h264_open.ts").path
    path = tmp_path / "A003C004.mov"
    for text in (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:4,\n{clip}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile {clip}\n",
    ):
        path.write_text(text)
        with pytest.raises(MediaFault):
            build_index(FileSource(path))


def test_a_track_that_is_not_there_is_refused(numbered: NumberedClips) -> None:
    source = FileSource(numbered("h264.mp4").path)
    with pytest.raises(BadInput, match="no picture track 2"):
        build_index(source, track=1)


def test_a_file_that_is_gone_is_not_found(tmp_path: Path) -> None:
    source = FileSource(tmp_path / "gone.mov")
    with pytest.raises(NotFound, match=r"no file .*gone\.mov"):
        build_index(source)


def test_a_clip_that_is_cut_off_meanwhile_says_so(numbered: NumberedClips, tmp_path: Path) -> None:
    path = tmp_path / "A003C005.mov"
    at_front(numbered("prores.mov").path, path)
    source = FileSource(path)
    index = build_index(source)
    with Decoder(source, index) as decoder:
        assert number_in(decoder.frame(3)) == 3
        os.truncate(path, path.stat().st_size // 2)
        with pytest.raises(FrameFault, match="Frame 110 of"):
            decoder.frame(110)
        assert number_in(decoder.frame(30)) == 30


def test_odd_sizes_and_many_tracks_of_sound(numbered: NumberedClips, tmp_path: Path) -> None:
    path = tmp_path / "odd.mkv"
    numbered.encode(path, "-vf crop=317:175:0:0 -c:v libx264 -pix_fmt yuv444p", frames=30)
    check(path)
    many = tmp_path / "many.mov"
    inputs = [word for _ in range(32) for word in ("-f", "lavfi", "-i", "sine=r=48000:d=1")]
    maps = [word for n in range(33) for word in ("-map", str(n))]
    command = ["ffmpeg", "-v", "error", "-y", "-i", numbered("h264.mp4").path, *inputs, *maps]
    subprocess.run([*command, "-c:v", "copy", "-c:a", "pcm_s16le", many], check=True, timeout=60)
    assert check(many) == 120


def test_a_size_that_changes_inside_of_a_clip(numbered: NumberedClips, tmp_path: Path) -> None:
    small, large, path = (tmp_path / name for name in ("small.ts", "large.ts", "both.ts"))
    numbered.encode(small, "-c:v libx264 -bf 0 -g 12", frames=30)
    numbered.encode(
        large, "-c:v libx264 -bf 0 -g 12 -output_ts_offset 1.2", frames=30, size="640x360"
    )
    path.write_bytes(small.read_bytes() + large.read_bytes())
    source = FileSource(path)
    index = build_index(source)
    assert index.frames == 60
    with Decoder(source, index) as decoder:
        for n in (0, 20, 30, 59, 31, 2):  # what a decoder held back, a new size may cost
            frame = decoder.frame(n)
            assert (number_in(frame), frame.width) == (n % 30, 320 if n < 30 else 640)


def test_a_track_of_sound_that_begins_later_ends_no_picture(
    numbered: NumberedClips, tmp_path: Path
) -> None:
    """Neither at the head nor at the tail of a long recording anything tells of it."""
    source = FileSource(late_track(numbered, tmp_path))
    index = build_index(source)
    assert index.frames == 90
    with Decoder(source, index) as decoder:
        for n in (0, 20, 30, 50, 61, 89):
            assert number_in(decoder.frame(n)) == n % 30
