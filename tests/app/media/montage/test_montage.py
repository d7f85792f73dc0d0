"""Contact sheets: every tile shows exactly the frame whose timecode stands below it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest
from clip_bench import H264
from numbered_clips import NumberedClips, number_in, shared_clips
from proxy_sources import BROUGHT
from seldom import seldom
from sheet_bench import numbers_on, pairs_in_pdf, sheets_of, tiles_on

from app.engine import Engine
from app.jobs.snapshot import JobState
from app.media.facts.probe import probe
from app.media.frames.footage import sooner_decoded
from app.media.frames.index import build_index
from app.media.frames.source import FileSource
from app.media.montage.sheet import layout_of
from app.media.montage.spec import SheetForm, SheetState
from app.media.montage.tiles import clock_text, grid_for
from app.timecode import Timecode


@pytest.fixture(scope="session")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> NumberedClips:
    return shared_clips(tmp_path_factory)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "profile") as made:
        yield made


@pytest.mark.parametrize(
    ("seconds", "grid"),
    [("0", 1), ("1/25", 1), ("12.7", 1), ("12.8", 2), ("38.2", 3), ("3600", 7), ("44051", 10),
     ("9999999", 10)],
)  # fmt: skip
def test_a_longer_clip_gets_more_tiles(seconds, grid):
    assert grid_for(Fraction(seconds)) == grid


@pytest.mark.parametrize(
    ("name", "grid"),
    [("prores.mov", 3), ("h264_open_df.mov", 3), ("hevc_open.ts", 4), ("vfr.mp4", 3),
     seldom("prores.mkv", 7), ("h264.mp4", 6), ("h264_open_df.mov", 7), seldom("hevc_open.mov", 5),
     seldom("mpeg2.mov", 6), seldom("h264_open.mkv", 5), ("dnxhd.mxf", 5), ("vfr.mkv", 7),
     ("cut.mov", 4), ("head.ts", 7), ("doubled.mkv", 5)],
)  # fmt: skip
def test_every_tile_shows_the_frame_of_its_timecode(engine, numbered, tmp_path, name, grid):
    clip = numbered(name)
    ended, (result,) = sheets_of(
        engine, clip.path, to=tmp_path / "out", grid=grid, form=SheetForm.PDF
    )
    assert ended.state is JobState.DONE, result.trouble
    (sheet,) = result.sheets
    pairs = pairs_in_pdf(sheet.path)
    assert len(pairs) == sheet.tiles

    index, start = build_index(FileSource(clip.path)), probe(clip.path).start
    due = [
        (clip.shows[n], clock_text(start, index.rate, index.steady, n, index.seconds(n)))
        for n in range(index.lost_at_head, index.frames)
    ]
    assert set(pairs) <= set(due)
    assert pairs == sorted(pairs)
    assert pairs[0] == due[0]
    assert clip.lost == index.lost_at_head
    if index.steady and not clip.lost:
        steps = [floor(Fraction(n * index.frames, grid * grid)) for n in range(grid * grid)]
        assert [number for number, _ in pairs] == [clip.shows[n] for n in steps]


def test_timecodes_are_those_that_the_camera_counts(engine, numbered, tmp_path):
    clip = numbered("h264_open_df.mov").path
    _, (result,) = sheets_of(engine, clip, to=tmp_path, grid=2, form=SheetForm.PDF)
    pairs = pairs_in_pdf(result.sheets[0].path)
    assert pairs == [
        (0, "00:59:58;00"), (30, "00:59:59;00"), (60, "01:00:00;00"), (90, "01:00:01;00"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("start", "rate", "steady", "text"),
    [
        ("10:00:00:00", "25", True, "10:00:04:02"),
        (None, "25", True, "00:00:04:02"),
        (None, "25", False, "00:00:04.080"),
        ("10:00:00:00", "50", True, "10:00:02:01"),
    ],
)
def test_what_stands_below_a_tile(start, rate, steady, text):
    begins = Timecode.parse(start, Fraction(25)) if start else None
    n = 102
    assert clock_text(begins, Fraction(rate), steady, n, n / Fraction(rate)) == text


@pytest.mark.parametrize("form", [SheetForm.PNG, SheetForm.JPEG])
def test_one_tile_is_the_middle_frame(engine, numbered, tmp_path, form):
    clip = numbered("h264.mp4").path
    ended, (result,) = sheets_of(engine, clip, to=tmp_path / "out", form=form)
    assert ended.state is JobState.DONE
    (sheet,) = result.sheets
    assert sheet.path == tmp_path / "out" / f"h264{form.suffix}"
    assert (sheet.grid, sheet.tiles) == (1, 1)
    assert numbers_on(sheet) == [60]
    assert [path.name for path in (tmp_path / "out").iterdir()] == [sheet.path.name]


def test_a_picture_sheet_shows_the_same_frames(engine, numbered, tmp_path):
    clip = numbered("prores.mov").path
    _, (result,) = sheets_of(engine, clip, to=tmp_path, grid=5)
    assert numbers_on(result.sheets[0]) == [n * 120 // 25 for n in range(25)]


@pytest.fixture(scope="session")
def long_clip(numbered: NumberedClips) -> Path:
    """26 seconds with few key frames."""
    options = "-c:v libx264 -preset ultrafast -g 250 -bf 2 -pix_fmt yuv420p"
    return numbered.once("long.mp4", lambda path: numbered.encode(path, options, frames=650))


def test_the_grid_follows_the_length(engine, long_clip, tmp_path):
    _, (result,) = sheets_of(engine, long_clip, to=tmp_path)
    (sheet,) = result.sheets
    assert (sheet.grid, sheet.tiles) == (2, 4)
    assert numbers_on(sheet) == [0, 162, 325, 487]


def test_going_by_a_key_frame_or_decoding_on_is_chosen_by_what_it_costs(long_clip, numbered):
    groups = build_index(FileSource(long_clip))
    assert list(groups.key_frames) == [0, 250, 500]
    assert sooner_decoded(groups, 0, 240)  # the key frame lies behind
    assert sooner_decoded(groups, 245, 255)  # the way from the key frame is shorter, its start not
    assert not sooner_decoded(groups, 100, 260)
    assert sooner_decoded(groups, 240, 480)
    assert not sooner_decoded(groups, 100, 480)
    assert not sooner_decoded(groups, 10, 600)
    intra = build_index(FileSource(numbered("prores.mov").path))
    assert sooner_decoded(intra, 7, 8)
    assert not sooner_decoded(intra, 7, 9)


@pytest.mark.parametrize("grid", [3, 10])
def test_both_ways_lead_to_the_same_frames(engine, long_clip, tmp_path, grid):
    _, (result,) = sheets_of(engine, long_clip, to=tmp_path, grid=grid)
    tiles = grid * grid
    assert numbers_on(result.sheets[0]) == [n * 650 // tiles for n in range(tiles)]


def test_a_clip_with_one_frame_has_one_tile(engine, numbered, tmp_path):
    clip = numbered.once("one.mov", lambda path: numbered.encode(path, "-c:v mjpeg -frames:v 1"))
    alone, wide = (
        sheets_of(engine, clip, to=tmp_path / str(grid), grid=grid)[1][0] for grid in (None, 4)
    )
    for result, grid in ((alone, 1), (wide, 4)):
        (sheet,) = result.sheets
        assert (result.state, sheet.grid, sheet.tiles) == (SheetState.MADE, grid, 1)
        assert numbers_on(sheet) == [0]


def test_a_clip_with_fewer_frames_than_tiles_shows_each_once(engine, numbered, tmp_path):
    clip = numbered.once("seven.mov", lambda path: numbered.encode(path, "-c:v mjpeg -frames:v 7"))
    _, (result,) = sheets_of(engine, clip, to=tmp_path, grid=4)
    assert numbers_on(result.sheets[0]) == list(range(7))


@pytest.fixture(scope="session")
def two_tracks(numbered: NumberedClips) -> Path:
    """Two pictures in one clip; the second one begins with number 40."""
    second = "-filter:v:1 trim=start_frame=40,setpts=PTS-STARTPTS -c:v mjpeg -q:v 4"
    return numbered.once(
        "two.mov", lambda path: numbered.encode(path, f"-map 0:v -map 0:v {second}")
    )


def test_several_picture_tracks_have_a_folder_with_a_sheet_for_each(engine, two_tracks, tmp_path):
    _, (result,) = sheets_of(engine, two_tracks, to=tmp_path / "out", grid=2)
    assert [sheet.path for sheet in result.sheets] == [
        tmp_path / "out" / "two" / "two-1.png",
        tmp_path / "out" / "two" / "two-2.png",
    ]
    assert numbers_on(result.sheets[0]) == [0, 30, 60, 90]
    assert numbers_on(result.sheets[1]) == [40, 60, 80, 100]
    _, (again,) = sheets_of(engine, two_tracks, to=tmp_path / "out", grid=2)
    assert again.state is SheetState.KNOWN


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_clip_is_shown_upright(engine, numbered, tmp_path, degrees):
    origin = numbered("h264.mp4").path
    clip = numbered.once(
        f"turned{degrees}.mov",
        lambda path: subprocess.run(
            [BROUGHT, "-v", "error", "-display_rotation", str(-degrees), "-i", origin,
             "-c", "copy", path], check=True, timeout=60,
        ),
    )  # fmt: skip
    _, (result,) = sheets_of(engine, clip, to=tmp_path, grid=2)
    (sheet,) = result.sheets
    shown = (180, 320) if degrees % 180 else (320, 180)
    for tile, number in zip(tiles_on(sheet, shown), [0, 30, 60, 90], strict=True):
        assert tile.size == shown
        back = np.asarray(tile.convert("L").rotate(degrees, expand=True))
        assert number_in(back) == number


def test_pixels_that_are_not_square_are_shown_as_wide_as_they_are(engine, numbered, tmp_path):
    clip = numbered.once(
        "wide.mov",
        lambda path: numbered.encode(path, f"-vf setsar=2 {' '.join(H264)}"),
    )
    _, (result,) = sheets_of(engine, clip, to=tmp_path, grid=2)
    tiles = tiles_on(result.sheets[0], (640, 180))
    assert [tile.size for tile in tiles] == [(640, 180)] * 4
    assert [number_in(np.asarray(tile.convert("L"))) for tile in tiles] == [0, 30, 60, 90]


@pytest.mark.parametrize("picture", [(16384, 8192), (2, 16384), (16384, 2), (1080, 1920), (1, 1)])
@pytest.mark.parametrize("grid", [1, 10, 20])
@pytest.mark.parametrize("width", [480, 3840, 16384])
def test_no_sheet_is_too_large_for_a_jpeg(picture, grid, width):
    layout = layout_of(picture, grid * grid, grid, width, "A003C001" * 40, "a fact  ·  " * 60)
    assert layout.width <= width
    assert layout.height < 65_535
    assert layout.tile[0] <= max(picture[0], 2)
    assert layout.tile[1] <= max(picture[1], 2)


@pytest.mark.parametrize(
    ("name", "options", "size"),
    [
        (
            "odd.mkv",
            "-vf scale=321:181:flags=neighbor,setsar=1 -c:v ffv1 -pix_fmt yuv444p",
            (321, 181),
        ),
        ("gray.mkv", "-c:v ffv1 -pix_fmt gray", (320, 180)),
        ("gray16.mkv", "-c:v ffv1 -pix_fmt gray16le", (320, 180)),
        ("rgb.mov", "-c:v png -pix_fmt rgb24", (320, 180)),
        ("alpha.mov", "-c:v prores_ks -profile:v 4 -q:v 8 -pix_fmt yuva444p10le", (320, 180)),
        ("palette.mov", "-c:v qtrle -pix_fmt rgb24", (320, 180)),
        ("deep.mkv", "-c:v ffv1 -pix_fmt yuv420p16le", (320, 180)),
        ("tall.mkv", "-vf scale=64:720:flags=neighbor,setsar=1 -c:v ffv1", (64, 720)),
    ],
)
def test_pictures_of_every_kind_are_shown(engine, numbered, tmp_path, name, options, size):
    clip = numbered.once(
        name, lambda path: numbered.encode(path, f"{options} -frames:v 30", frames=30)
    )
    ended, (result,) = sheets_of(engine, clip, to=tmp_path, grid=2)
    assert ended.state is JobState.DONE, ended.error
    tiles = tiles_on(result.sheets[0], size)
    assert [number_in(np.asarray(tile.convert("L"))) for tile in tiles] == [0, 7, 15, 22]


def test_the_heading_says_what_the_clip_is(engine, numbered, tmp_path):
    clip = tmp_path / "A003 – 日本 \u202eC001.mov"
    shutil.copy(numbered("h264_open_df.mov").path, clip)
    _, (result,) = sheets_of(engine, clip, to=tmp_path, form=SheetForm.PDF)
    words = subprocess.run(
        ["pdftotext", "-raw", result.sheets[0].path, "-"], check=True, capture_output=True
    ).stdout.decode()
    head = " ".join(words.split("01:00:00;00")[0].split())
    for fact in (
        r"A003 – \u{65e5}\u{672c} \u{202e}C001",  # as in the reports: what the font lacks
        "TC 00:59:58;00", "4.00 s, 120 frames", "29.97 fps", "320×180", "H.264", "kB",
    ):  # fmt: skip
        assert fact in head
