"""The index of a clip: what it says of frames and times, what it costs, how it is kept."""

from __future__ import annotations

import os
import shutil
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numbered_clips import CLIPS, NumberedClips

from app.media.frames.frame_index import FrameIndex, Way
from app.media.frames.index import build_index
from app.media.frames.index_cache import IndexCache
from app.media.frames.source import FileRange, FileSource

NTSC = Fraction(30000, 1001)


def even(frames: int, rate: Fraction, time_base: Fraction) -> FrameIndex:
    """Frames at *rate*, their times rounded to *time_base* as containers round them."""
    times = np.array([round(n / rate / time_base) for n in range(frames)], dtype=np.int64)
    return FrameIndex(
        pts=times,
        time_base=time_base,
        rate=rate,
        steady=True,
        intra=True,
        key_frames=np.arange(frames),
        key_stamps=times,
        key_places=times,
    )


@given(
    rate=st.sampled_from([Fraction(24000, 1001), Fraction(24), Fraction(25), NTSC, Fraction(60)]),
    time_base=st.sampled_from([Fraction(1, 1000), Fraction(1, 90000), Fraction(1001, 30000)]),
    n=st.integers(0, 499),
)
def test_the_time_of_a_frame_leads_back_to_it(rate: Fraction, time_base: Fraction, n: int) -> None:
    index = even(500, rate, time_base)
    assert index.number_at(index.seconds(n)) == n
    assert index.number_at(index.seconds(n) + Fraction(1, 2) / rate) == n
    assert index.seconds(n) == n / rate


def test_times_of_uneven_frames_lead_back_to_them(numbered: NumberedClips) -> None:
    for name in ("vfr.mp4", "vfr.mkv"):
        index = build_index(FileSource(numbered(name).path))
        assert not index.steady
        assert [index.number_at(index.seconds(n)) for n in range(120)] == list(range(120))
        for n in range(119):
            between = (index.seconds(n) + index.seconds(n + 1)) / 2
            assert index.number_at(between) == n
        assert index.seconds(119) == Fraction(119 * 40 + 119**2 % 23, 1000)
        assert index.seconds(120) == index.duration > index.seconds(119)


def test_times_outside_of_the_clip_are_its_ends() -> None:
    index = even(100, NTSC, Fraction(1, 30000))
    assert (index.number_at(-5), index.number_at(1000)) == (0, 99)
    assert index.seconds(100) == index.duration == 100 / NTSC


RATES = {
    "prores.mov": Fraction(24000, 1001),
    "prores.mkv": Fraction(24000, 1001),
    "dnxhd.mxf": Fraction(25),
    "h264_open_df.mov": NTSC,
    "h264_open.mkv": NTSC,
    "mpeg2.mxf": NTSC,
    "h264_open.ts": NTSC,
    "hevc_open.ts": Fraction(25),
    "cut.mov": NTSC,
    "start.mkv": Fraction(25),
    "times.avi": Fraction(25),
}


@pytest.mark.parametrize(("name", "rate"), RATES.items())
def test_the_rate_is_exact(name: str, rate: Fraction, numbered: NumberedClips) -> None:
    index = build_index(FileSource(numbered(name).path))
    assert (index.rate, index.steady) == (rate, True)


def test_a_clip_may_begin_later_than_its_file(numbered: NumberedClips) -> None:
    index = build_index(FileSource(numbered("start.mkv").path))
    assert index.starts_at == 10
    assert index.seconds(0) == 0
    assert build_index(FileSource(numbered("start.mov").path)).starts_at == Fraction(5, 2)
    assert build_index(FileSource(numbered("cut.mov").path)).starts_at == 0


def test_the_key_frame_at_or_before(numbered: NumberedClips) -> None:
    index = build_index(FileSource(numbered("h264.mp4").path))
    assert [index.key_at_or_before(n) for n in (0, 23, 24, 25, 119)] == [0, 0, 24, 24, 96]
    # The run-up is hidden: only the frame that an edit list begins with, and real key frames.
    index = build_index(FileSource(numbered("cut_exact.mov").path))
    assert [index.key_at_or_before(n) for n in (0, 2, 3, 22, 23, 57)] == [0, 0, 3, 3, 23, 43]
    assert index.key_row(0) == 0
    assert build_index(FileSource(numbered("head.ts").path)).key_at_or_before(1) == 3


def test_the_header_of_an_intra_clip_is_enough(numbered: NumberedClips) -> None:
    """Of 120 frames a few are read: whatever the size, its index is there at once."""
    for name in ("prores.mov", "dnxhd.mxf", "mjpeg.avi", "intra.mov"):
        path = numbered(name).path
        told: list[float] = []
        index = build_index(FileSource(path), progress=told.append)
        assert index.intra
        assert index.frames == 120
        assert not told, "No pass over the packets was made."


def test_a_pass_tells_how_far_it_is_and_may_be_given_up(numbered: NumberedClips) -> None:
    source = FileSource(numbered("h264.mkv").path)
    told: list[float] = []
    build_index(source, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0

    def give_up() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_index(source, checkpoint=give_up)


def test_where_a_search_by_time_lands_anywhere_bytes_lead_to_key_frames(
    numbered: NumberedClips,
) -> None:
    ways = {name: build_index(FileSource(numbered(name).path)).way for name in CLIPS}
    assert {name for name, way in ways.items() if way is Way.BYTE} >= {"h264_open.ts", "mpeg2.ts"}
    assert ways["mpeg2.mpg"] is Way.START
    assert ways["dnxhd.mxf"] is Way.EVEN
    assert ways["h264.mp4"] is ways["h264_open.mkv"] is ways["mpeg2.mxf"] is Way.TIME


# Kept indexes


def equal(one: FrameIndex, other: FrameIndex) -> bool:
    return all(
        np.array_equal(getattr(one, field.name), getattr(other, field.name))
        for field in fields(FrameIndex)
    )


@pytest.fixture
def clip(numbered: NumberedClips, tmp_path: Path) -> FileSource:
    return FileSource(Path(shutil.copy(numbered("h264.mp4").path, tmp_path / "A003C001.mp4")))


@pytest.fixture
def cache(tmp_path: Path) -> IndexCache:
    return IndexCache(tmp_path / "profile/frames")


@pytest.mark.parametrize("name", ["prores.mov", "h264_open_df.mov", "times.avi", "head.ts"])
def test_a_kept_index_is_the_one_that_was_built(
    name: str, numbered: NumberedClips, cache: IndexCache
) -> None:
    source = FileSource(numbered(name).path)
    assert cache.kept(source) is None
    built = cache.index(source)
    kept = cache.kept(source)
    assert kept is not None
    assert equal(built, kept)
    assert cache.place(source).stat().st_size < 1000
    assert [path.suffix for path in cache.folder.iterdir()] == [".frames"]


def test_a_changed_clip_is_looked_at_again(
    clip: FileSource, cache: IndexCache, numbered: NumberedClips
) -> None:
    assert cache.index(clip).rate == 25
    before = clip.path.stat()
    os.utime(clip.path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert cache.kept(clip) is None
    shutil.copyfile(numbered("h264_open_df.mov").path, clip.path)
    assert cache.kept(clip) is None
    assert cache.index(clip).rate == NTSC
    assert len(list(cache.folder.iterdir())) == 1


def test_each_track_and_each_range_has_its_own(clip: FileSource, cache: IndexCache) -> None:
    part = FileRange(clip.path, 0, clip.size, "first member")
    assert len({cache.place(clip), cache.place(clip, 1), cache.place(part)}) == 3


@pytest.mark.parametrize("size", [0, 5, 20, 40, 100, 300])
def test_a_damaged_entry_counts_for_nothing(size: int, clip: FileSource, cache: IndexCache) -> None:
    built = cache.index(clip)
    place = cache.place(clip)
    whole = place.read_bytes()
    place.write_bytes(whole[:size])
    assert cache.kept(clip) is None
    for at in range(0, len(whole), 37):
        place.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        assert cache.kept(clip) is None
    assert equal(cache.index(clip), built)
    assert place.read_bytes() == whole


def test_a_folder_that_cannot_be_written_costs_only_time(
    clip: FileSource, cache: IndexCache
) -> None:
    cache.folder.parent.mkdir()
    cache.folder.write_text("in the way")
    assert cache.index(clip).frames == 120
    assert cache.kept(clip) is None


def test_a_clip_that_grows_while_it_is_read_is_not_kept(
    clip: FileSource, cache: IndexCache
) -> None:
    def grow() -> None:
        with clip.path.open("ab") as file:
            file.write(b"more")

    cache.index(clip, checkpoint=grow)
    assert not cache.folder.exists()
