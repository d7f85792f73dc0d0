"""Headers of single pictures: read whole, and never believed further than they go."""

from __future__ import annotations

import json
import random
import struct
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest
from picture_bench import (
    arriraw,
    digital_negative,
    exr_timecode,
    r3d,
    red_one,
    row_of,
    with_attributes,
    with_moving_header,
)

from app.media.facts.arri import ari_header
from app.media.facts.dpx import dpx_header
from app.media.facts.exr import exr_header
from app.media.facts.header import PictureHeader, packed_timecode, stored_rate, written_moment
from app.media.facts.red import red_header
from app.media.facts.tiff import tiff_header

NTSC = Fraction(30000, 1001)
FILM = Fraction(24000, 1001)
READERS: dict[str, Callable[[Path], PictureHeader | None]] = {
    "dpx": dpx_header, "exr": exr_header, "tif": tiff_header, "dng": tiff_header,
    "ari": ari_header, "r3d": red_header,
}  # fmt: skip


def one(folder: Path, name: str, *options: str) -> Path:
    return row_of(folder, name, 1, *options, "-update", "1") / name


def judged(path: Path) -> dict[str, str]:
    """The tags of the first picture by ffprobe."""
    asked = ["ffprobe", "-v", "error", "-show_frames", "-of", "json", path]
    said = subprocess.run(asked, capture_output=True, check=True, timeout=60).stdout
    found: dict[str, str] = json.loads(said)["frames"][0].get("tags", {})
    return found


@pytest.mark.parametrize("pixels", ["rgb24", "gbrp10be", "gbrp10le", "rgb48le"])
def test_dpx_tells_rate_and_timecode_in_both_orders_of_bytes(tmp_path: Path, pixels: str) -> None:
    path = one(tmp_path, "a.dpx", "-pix_fmt", pixels)
    with_moving_header(path, timecode="09:59:58:23", television=23.976)
    header = dpx_header(path)
    assert header is not None
    assert (header.width, header.height) == (96, 54)
    assert header.timecode == "09:59:58:23" == judged(path)["timecode"]
    assert header.rate == FILM


def test_dpx_of_film_has_its_rate_in_the_film_part_and_drop_frame_is_told(tmp_path: Path) -> None:
    film = with_moving_header(one(tmp_path, "film.dpx"), film=18.0)
    header = dpx_header(film)
    assert header is not None
    assert (header.rate, header.timecode) == (18, "")
    drop = with_moving_header(
        one(tmp_path, "drop.dpx"), timecode="00:59:58;02", television=29.97, drop=True
    )
    header = dpx_header(drop)
    assert header is not None
    assert (header.rate, header.timecode) == (NTSC, "00:59:58;02")
    assert judged(drop)["timecode"] == "00:59:58;02"


def test_dpx_without_a_film_part_is_not_read_into_its_pixels(tmp_path: Path) -> None:
    header = dpx_header(one(tmp_path, "a.dpx"))
    assert header is not None
    assert (header.rate, header.timecode) == (0, "")


def test_exr_tells_what_the_standard_names(tmp_path: Path) -> None:
    path = one(tmp_path, "a.exr", "-pix_fmt", "gbrpf32le")
    with_attributes(
        path,
        exr_timecode("23:59:59;28"),
        ("reelName", "string", b"A003R1JL"),
        ("capDate", "string", b"2026:11:20 09:10:00"),
        ("cameraModel", "string", b"ALEXA 35"),
        ("isoSpeed", "float", struct.pack("<f", 800)),
        ("preview", "preview", struct.pack("<II", 160, 90) + bytes(4 * 160 * 90)),
    )
    header = exr_header(path)
    assert header is not None
    assert (header.width, header.height, header.rate) == (96, 54, 24)
    assert (header.timecode, header.reel) == ("23:59:59;28", "A003R1JL")
    assert header.recorded == "2026-11-20 09:10:00"
    assert header.camera == {"model": "ALEXA 35", "iso": "800"}
    subprocess.run(  # the file that we made is one: it decodes
        ["ffmpeg", "-v", "error", "-xerror", "-i", path, "-f", "null", "-"],
        check=True, timeout=60,
    )  # fmt: skip


def test_cinemadng_tells_the_raw_picture_and_not_the_small_one(tmp_path: Path) -> None:
    path = digital_negative(tmp_path / "a.dng", timecode="16:31:00:05", reel="BMC01")
    header = tiff_header(path)
    assert header is not None
    assert (header.width, header.height) == (4096, 2160)
    assert (header.container, header.codec_name) == ("DNG", "CinemaDNG")
    assert (header.rate, header.timecode, header.reel) == (FILM, "16:31:00:05", "BMC01")
    assert header.camera == {"make": "Blackmagic Design", "unique_model": "Cinema Camera"}


@pytest.mark.parametrize("name", ["a.tif", "a.tiff"])
def test_tiff_tells_its_size(tmp_path: Path, name: str) -> None:
    header = tiff_header(one(tmp_path, name))
    assert header is not None
    assert (header.container, header.width, header.height) == ("TIFF", 96, 54)
    assert header.rate == 0


def test_arriraw_tells_its_size_and_model(tmp_path: Path) -> None:
    header = ari_header(arriraw(tmp_path / "a.ari", 3424, 2202, "ALEXA Mini"))
    assert header is not None
    assert (header.width, header.height) == (3424, 2202)
    assert header.camera == {"model": "ALEXA Mini"}


@pytest.mark.parametrize("records", [(1, 0, 0), (2, 1, 3)])
def test_r3d_tells_size_rate_timecode_and_reel(
    tmp_path: Path, records: tuple[int, int, int]
) -> None:
    header = red_header(r3d(tmp_path / "a.r3d", records=records))
    assert header is not None
    assert (header.width, header.height, header.rate) == (8192, 4320, FILM)
    assert (header.timecode, header.reel) == ("21:36:16:18", "A003")
    assert header.recorded == "2026-11-20 09:10:00"
    assert (header.project, header.scene, header.take) == ("Night Ferry", "12A", "3")
    assert header.camera == {
        "model": "V-RAPTOR", "iso": "800", "f_number": "2.8", "focal_length": "35 mm",
        "kelvin": "5600",
    }  # fmt: skip


def test_r3d_of_the_first_camera_is_read_too(tmp_path: Path) -> None:
    header = red_header(red_one(tmp_path / "a.r3d"))
    assert header is not None
    assert (header.width, header.height, header.rate) == (4096, 2304, 25)
    assert (header.timecode, header.reel, header.frames) == ("10:00:00:00", "A001", 0)
    whole = red_one(tmp_path / "b.r3d", frames=173)
    header = red_header(whole)
    assert header is not None
    with av.open(str(whole)) as judge:
        assert header.frames == 25 * judge.streams.video[0].duration // 90_000 == 173
    data = whole.read_bytes()
    for cut in (1, 10, 56, 60, 1000, 2100, 6000):
        whole.write_bytes(data[:-cut])
        header = red_header(whole)
        assert header is not None
        assert header.frames == 0


def samples(folder: Path) -> dict[str, Path]:
    return {
        "dpx": with_moving_header(one(folder, "a.dpx"), timecode="01:00:00:00", television=25),
        "exr": with_attributes(
            one(folder, "a.exr", "-pix_fmt", "gbrpf32le"), exr_timecode("01:00:00:00")
        ),
        "tif": one(folder, "a.tif"),
        "dng": digital_negative(folder / "a.dng", timecode="01:00:00:00", reel="A"),
        "ari": arriraw(folder / "a.ari"),
        "r3d": r3d(folder / "a.r3d"),
    }


def test_no_header_of_another_format_is_taken_for_its_own(tmp_path: Path) -> None:
    found = samples(tmp_path)
    for ext, path in found.items():
        for other, read in READERS.items():
            same = {ext, other} <= {"tif", "dng"} or ext == other
            assert (read(path) is not None) == same, (ext, other)


@pytest.mark.parametrize("ext", READERS)
def test_damage_anywhere_in_a_header_is_told_or_refused_and_never_raises(
    tmp_path: Path, ext: str
) -> None:
    whole = samples(tmp_path)[ext].read_bytes()
    path = tmp_path / f"damaged.{ext}"
    draw = random.Random(ext)
    read = READERS[ext]
    for cut in range(0, min(len(whole), 2100), 7):
        path.write_bytes(whole[:cut])
        read(path)
    for _ in range(400):
        data = bytearray(whole[:6000])
        for _ in range(draw.randrange(1, 12)):
            data[draw.randrange(min(len(data), 2500))] = draw.choice((0, 0xFF, draw.randrange(256)))
        path.write_bytes(data)
        read(path)


def test_numbers_that_are_no_timecode_and_no_rate_are_none() -> None:
    assert packed_timecode(0xFFFFFFFF) == ""
    assert packed_timecode(0x0A000000) == ""
    assert packed_timecode(0x01020304) == "01:02:03:04"
    for nonsense in (float("nan"), float("inf"), 0.0, -24.0, 1e30, 1e-30):
        assert stored_rate(nonsense) == 0
    assert stored_rate(struct.unpack("f", struct.pack("f", 59.94))[0]) == Fraction(60000, 1001)
    assert stored_rate(12.5) == Fraction(25, 2)


def test_moments_are_told_as_days_are_written() -> None:
    assert written_moment("2010:08:03:08:38:16:LTZ") == "2010-08-03 08:38:16LTZ"
    assert written_moment("2026:11:20 09:10:00") == "2026-11-20 09:10:00"
    assert written_moment("yesterday") == "yesterday"
