"""Stills: exactly the frame that was asked for, as it is shown, its timecode in the name."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from threading import Barrier

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from clip_bench import H264
from numbered_clips import NumberedClips, number_in, shared_clips
from proxy_sources import BROUGHT
from sheet_bench import numbers_on, sheets_of, tiles_on

from app.engine import Engine
from app.errors import BadInput, FrameFault, MediaFault, NotFound, WriteFailed
from app.jobs.snapshot import JobState
from app.media.facts.probe import probe
from app.media.facts.whole import whole_clip
from app.media.frames.decoder import Decoder
from app.media.frames.footage import footage_of
from app.media.frames.frame_index import FrameIndex
from app.media.frames.index import build_index
from app.media.frames.opened import OpenClip
from app.media.frames.source import FileSource
from app.media.montage.spec import SheetState
from app.media.montage.stills import Still, StillForm, write_still
from app.media.montage.tiles import clock_text, heading
from app.timecode import Timecode


@pytest.fixture(scope="session")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> NumberedClips:
    return shared_clips(tmp_path_factory)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "profile") as made:
        yield made


def export_still(
    source: FileSource,
    index: FrameIndex,
    n: int,
    folder: Path,
    *,
    name: str,
    start: Timecode | None = None,
    form: StillForm = StillForm.PNG,
    track: int = 0,
) -> Still:
    """Frame *n* of a file as a still, by its index."""
    with OpenClip(source, track) as clip:
        aspect = Fraction(clip.stream.sample_aspect_ratio or 1)
    with Decoder(source, index, track=track) as decoder:
        frame = decoder.frame(n)
    timecode = clock_text(start, index.rate, index.steady, n, index.seconds(n))
    return write_still(frame, n, timecode, folder, name=name, form=form, aspect=aspect)


def pixels_of(path: Path) -> np.ndarray:
    """The picture in a file, by ffmpeg's own decoders: 16 bits where it has them."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        deep = frame.format.components[0].bits > 8
        return frame.reformat(format="rgb48le" if deep else "rgb24").to_ndarray()


def number_of(still: Still) -> int:
    return number_in(pixels_of(still.path)[..., 1])


@pytest.mark.parametrize("form", list(StillForm))
@pytest.mark.parametrize(
    ("name", "bits"),
    [("prores.mov", 16), ("h264_open_df.mov", 8), ("hevc_open.ts", 8), ("vfr.mp4", 8)],
)
def test_a_still_is_the_frame_that_was_asked_for(numbered, tmp_path, name, bits, form):
    source = FileSource(numbered(name).path)
    index = build_index(source)
    for n in (0, 19, 20, 61, 119):
        still = export_still(source, index, n, tmp_path, name="clip", form=form)
        assert (still.frame, still.bits, still.width, still.height) == (n, bits, 320, 180)
        assert number_of(still) == n
        kind = "uint16" if bits == 16 else "uint8"
        assert pixels_of(still.path).dtype.name == kind
    assert not list(tmp_path.glob("*.part"))


def test_the_timecode_is_in_the_name(numbered, tmp_path):
    clip = numbered("h264_open_df.mov").path
    source, start = FileSource(clip), probe(clip).start
    index = build_index(source)
    still = export_still(source, index, 60, tmp_path, name="A003C001", start=start)
    assert still.path == tmp_path / "A003C001_01-00-00-00.png"
    assert still.timecode == "01:00:00;00"


@pytest.mark.parametrize("links", [True, False])
def test_stills_of_one_timecode_at_once_are_all_kept(tmp_path, monkeypatch, links):
    if not links:  # as on exFAT

        def link(*_):
            raise OSError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", link)
    count = 12
    together = Barrier(count)

    def still(shade):
        frame = VideoFrame.from_ndarray(np.full((90, 160, 3), shade, np.uint8), format="rgb24")
        together.wait(30)
        return write_still(frame, shade, "01:00:00:00", tmp_path, name="A003").path

    with ThreadPoolExecutor(count) as pool:
        paths = list(pool.map(still, range(count)))
    assert [pixels_of(path).max() for path in paths] == list(range(count))
    assert sorted(paths) == sorted(tmp_path.iterdir())


def test_nothing_is_replaced(numbered, tmp_path):
    source = FileSource(numbered("h264.mp4").path)
    index = build_index(source)
    names = [export_still(source, index, 7, tmp_path, name="clip").path.name for _ in range(3)]
    assert names == [
        "clip_00-00-00-07.png", "clip_00-00-00-07-2.png", "clip_00-00-00-07-3.png",
    ]  # fmt: skip


def test_ten_bits_arrive_as_sixteen(clips, tmp_path):
    ramp = clips(
        "ramp.mkv", "-c:v", "ffv1",
        inputs=("-f", "lavfi", "-i", "color=black:s=1024x600:r=25:d=0.2,format=yuv422p10le,"
                "geq=lum='64+floor(X*876/1023)':cb=512:cr=512"),
    )  # fmt: skip
    source = FileSource(ramp)
    for form in StillForm:
        still = export_still(source, build_index(source), 2, tmp_path, name="ramp", form=form)
        line = pixels_of(still.path)[300].astype(int)
        assert len(np.unique(line[:, 0])) > 800  # with 8 bits there would be 256
        due = np.floor(np.arange(1024) * 876 / 1023) / 876 * 65535
        assert np.abs(line - due[:, None]).max() < 80


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_clip_gives_an_upright_still(engine, numbered, tmp_path, degrees):
    origin = numbered("h264.mp4").path
    clip = tmp_path / "turned.mov"
    command = [BROUGHT, "-v", "error", "-display_rotation", str(-degrees), "-i", origin]
    subprocess.run([*command, "-c", "copy", clip], check=True, timeout=60)
    still = engine.montages.still(clip, "47", tmp_path / "out", form=StillForm.TIFF)
    shown = pixels_of(still.path)[..., 1]
    assert (still.height, still.width) == shown.shape
    assert shown.shape == ((320, 180) if degrees % 180 else (180, 320))
    assert number_in(np.rot90(shown, degrees // 90)) == 47


def test_pixels_that_are_not_square_become_so(engine, numbered, tmp_path):
    clip = tmp_path / "wide.mov"
    numbered.encode(clip, f"-vf setsar=2 {' '.join(H264)}")
    still = engine.montages.still(clip, "47", tmp_path / "out")
    assert (still.width, still.height) == (640, 180)
    assert number_of(still) == 47


# By what people type


@pytest.mark.parametrize(
    ("name", "at", "frame", "timecode"),
    [
        ("h264_open_df.mov", "01:00:00;02", 62, "01:00:00;02"),
        ("h264_open_df.mov", "01:00:00:02", 62, "01:00:00;02"),
        ("h264_open_df.mov", "62", 62, "01:00:00;02"),
        ("h264_open_df.mov", "#0", 0, "00:59:58;00"),
        ("h264.mp4", "00:00:04:19", 119, "00:00:04:19"),
        ("prores.mov", "00:00:00:03", 3, "00:00:00:03"),
    ],
)
def test_a_frame_is_found_by_timecode_and_by_number(
    engine, numbered, tmp_path, name, at, frame, timecode
):
    still = engine.montages.still(numbered(name).path, at, tmp_path)
    assert (still.frame, still.timecode, number_of(still)) == (frame, timecode, frame)


def test_frames_of_unequal_length_are_found_by_the_time_on_the_sheet(engine, numbered, tmp_path):
    clip = numbered("vfr.mp4").path
    by_number = engine.montages.still(clip, "33", tmp_path)
    by_time = engine.montages.still(clip, by_number.timecode, tmp_path)
    assert (by_time.frame, number_of(by_time)) == (33, 33)


@pytest.mark.parametrize("at", ["01:00:04;00", "00:59:57;29", "120", "1200000", "01:01:00;00", "x"])
def test_a_frame_that_the_clip_does_not_have_is_refused(engine, numbered, tmp_path, at):
    with pytest.raises(BadInput):
        engine.montages.still(numbered("h264_open_df.mov").path, at, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_frame_that_is_damaged_is_an_error_and_no_neighbour(engine, numbered, tmp_path):
    damaged = tmp_path / "damaged.mov"
    data = bytearray(numbered("prores.mov").path.read_bytes())
    begin, end = len(data) * 4 // 10, len(data) * 5 // 10
    data[begin:end] = bytes(end - begin)
    damaged.write_bytes(data)
    with pytest.raises(MediaFault, match="Frame 52 of"):
        engine.montages.still(damaged, "52", tmp_path / "out")
    source = FileSource(damaged)
    with pytest.raises(FrameFault):
        export_still(source, build_index(source), 52, tmp_path / "out", name="damaged")
    assert not (tmp_path / "out").exists()
    assert number_of(engine.montages.still(damaged, "40", tmp_path / "out")) == 40


def test_what_is_no_clip_is_said(engine, tmp_path):
    noise = tmp_path / "noise.mov"
    noise.write_bytes(os.urandom(10_000))
    with pytest.raises(MediaFault, match=r"noise\.mov"):
        engine.montages.still(noise, "0", tmp_path)
    with pytest.raises(NotFound):
        engine.montages.still(tmp_path / "absent.mov", "0", tmp_path)


def test_a_folder_that_cannot_be_is_said(engine, numbered, tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(WriteFailed, match=str(blocked)):
        engine.montages.still(numbered("h264.mp4").path, "0", blocked / "out")


# Clips of many files


@pytest.fixture(scope="session")
def row(numbered: NumberedClips, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve numbered DPX files; the seventh is missing."""
    folder = tmp_path_factory.mktemp("row")
    command = ["ffmpeg", "-v", "error", "-i", numbered.master(), "-frames:v", "12",
               "-start_number", "86400", "-pix_fmt", "gbrp10le"]  # fmt: skip
    subprocess.run([*command, folder / "A001.%07d.dpx"], check=True, timeout=60)
    (folder / "A001.0086406.dpx").unlink()
    return folder


def test_a_row_of_pictures_is_one_clip(engine, row, tmp_path):
    ended, (result,) = sheets_of(engine, row, to=tmp_path / "out", grid=4)
    assert ended.state is JobState.FAILED
    assert result.state is SheetState.GAPS
    (sheet,) = result.sheets
    assert sheet.path == tmp_path / "out" / "A001.png"
    tiles = [np.asarray(tile.convert("L")) for tile in tiles_on(sheet)]
    assert tiles[6].max() < 200
    assert [number_in(tile) for n, tile in enumerate(tiles) if n != 6] == [
        n for n in range(12) if n != 6
    ]

    first = next(row.glob("*.dpx"))
    still = engine.montages.still(first, "9", tmp_path, form=StillForm.TIFF)
    assert (number_of(still), still.bits) == (9, 16)
    with pytest.raises(MediaFault, match="Frame 6"):
        engine.montages.still(first, "6", tmp_path)


def test_a_rate_that_nothing_tells_is_marked_as_assumed(row):
    facts = probe(row)
    whole = whole_clip(row)
    footage = footage_of(whole, 0, facts.video[0].rate, lambda *_: None)
    assert "24 fps assumed" in heading(facts, facts.video[0], footage, 1)


def test_a_clip_that_spans_files_is_one_clip(engine, numbered, tmp_path):
    card = tmp_path / "DCIM" / "100GOPRO"
    card.mkdir(parents=True)
    shutil.copy(numbered("h264.mp4").path, card / "GH010042.MP4")
    shutil.copy(numbered("h264_fragments.mp4").path, card / "GH020042.MP4")
    _, results = sheets_of(engine, tmp_path / "DCIM", to=tmp_path / "out", grid=4)
    (result,) = results
    (sheet,) = result.sheets
    due = [n * 240 // 16 for n in range(16)]
    assert numbers_on(sheet) == [n % 120 for n in due]
    _, named = sheets_of(
        engine, card / "GH010042.MP4", card / "GH020042.MP4", to=tmp_path / "again", grid=4
    )
    assert [one.source for one in named] == [card / "GH010042.MP4"]
    still = engine.montages.still(card / "GH010042.MP4", "130", tmp_path)
    assert number_of(still) == 10
    assert still.timecode == "00:00:05:05"
    assert Fraction(130, 25) == Fraction("5.2")
