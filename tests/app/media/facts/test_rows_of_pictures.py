"""Numbered pictures are one clip: whichever of them is asked for."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import pytest
from picture_bench import (
    arriraw,
    digital_negative,
    exr_timecode,
    row_of,
    with_attributes,
    with_moving_header,
)

from app.errors import BadInput, MediaFault
from app.media.facts.probe import probe
from app.media.facts.row import pictures_in, pictures_with
from app.media.facts.values import KeyFrames
from app.timecode import Timecode

ALE = """Heading
FIELD_DELIM\tTABS
VIDEO_FORMAT\t1080
FPS\t24

Column
Name\tStart\tEnd\tDuration\tTape\tCamera_model\tScene\tTake

Data
A003C001_261120_R1JL\t10:00:00:00\t10:00:00:06\t00:00:00:06\tA003R1JL\tALEXA Mini\t12A\t3
"""


def bare(folder: Path, *names: str) -> Path:
    """Files that only their names are looked at of; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x" * 10)
    return folder


def row(path: Path) -> tuple[str, int, int, int, tuple[tuple[int, int], ...]]:
    found = pictures_with(path).row
    return found.pattern, found.first, found.last, found.present, found.missing


@pytest.mark.parametrize(
    ("ext", "options", "container", "codec"),
    [
        ("dpx", ("-pix_fmt", "gbrp10be"), "DPX", "dpx"),
        ("exr", ("-pix_fmt", "gbrpf32le"), "EXR", "exr"),
        ("tif", (), "TIFF", "tiff"),
        ("png", (), "PNG", "png"),
        ("jpg", ("-pix_fmt", "yuvj420p"), "JPG", "mjpeg"),
    ],
)
def test_any_picture_and_their_folder_stand_for_the_clip(
    tmp_path: Path, ext: str, options: tuple[str, ...], container: str, codec: str
) -> None:
    folder = row_of(tmp_path / "shot", f"fg_v002.%04d.{ext}", 12, *options, first=1001)
    told = [probe(folder / f"fg_v002.{n}.{ext}") for n in (1001, 1007, 1012)] + [probe(folder)]
    facts = told[0]
    assert all(other == facts for other in told)
    assert (facts.container, facts.name) == (container, "fg_v002")
    assert facts.row is not None
    assert facts.row.pattern == f"fg_v002.%04d.{ext}"
    assert (facts.row.first, facts.row.last, facts.row.present) == (1001, 1012, 12)
    assert facts.size == sum(one.stat().st_size for one in folder.iterdir())
    (picture,) = facts.video
    assert (picture.codec, picture.width, picture.height) == (codec, 96, 54)
    assert (picture.frames, picture.counted, picture.key_frames) == (12, True, KeyFrames.EVERY)
    assert picture.decodable
    assert facts.remarks == ()
    if ext != "exr":  # ffmpeg writes the rate into EXR alone, and none is invented
        assert (picture.rate, facts.duration) == (0, 0)
    else:
        assert (picture.rate, facts.duration) == (24, Fraction(1, 2))


def test_rate_and_timecode_come_from_the_first_header(tmp_path: Path) -> None:
    folder = row_of(tmp_path / "scan", "a_%06d.dpx", 5, first=86400)
    for n in range(5):
        with_moving_header(
            folder / f"a_{86400 + n:06}.dpx", timecode=f"01:00:00:{n:02}", television=23.976
        )
    facts = probe(folder / "a_086403.dpx")
    assert facts.start == Timecode.parse("01:00:00:00", Fraction(24000, 1001))
    assert facts.start_from == "DPX header"
    assert facts.duration == Fraction(5 * 1001, 24000)
    assert facts.remarks == ()


def test_a_row_that_does_not_go_on_as_it_begins_is_remarked(tmp_path: Path) -> None:
    folder = row_of(tmp_path / "r", "a.%04d.exr", 4, "-pix_fmt", "gbrpf32le")
    for n, timecode in enumerate(("01:00:00:00", "01:00:00:01", "01:00:00:02", "02:00:00:00"), 1):
        with_attributes(folder / f"a.{n:04}.exr", exr_timecode(timecode))
    assert probe(folder).remarks == (
        "Its last frame says 02:00:00:00; counted from the first one it is 01:00:00:03.",
    )


def test_a_timecode_without_a_rate_is_told_as_text(tmp_path: Path) -> None:
    folder = row_of(tmp_path / "r", "a.%04d.dpx", 2)
    with_moving_header(folder / "a.0001.dpx", timecode="01:00:00:00")
    facts = probe(folder)
    assert facts.start is None
    assert facts.remarks == ("It begins at 01:00:00:00, without a frame rate.",)


def test_missing_frames_are_named_and_counted(tmp_path: Path) -> None:
    folder = row_of(tmp_path / "r", "a.%04d.png", 12)
    for number in (3, 4, 5, 9):
        (folder / f"a.{number:04}.png").unlink()
    facts = probe(folder / "a.0012.png")
    assert facts.row is not None
    assert facts.row.missing == ((3, 5), (9, 9))
    assert (facts.row.present, facts.video[0].frames) == (8, 12)
    assert facts.remarks == ("Frames 3 to 5 are missing.", "Frame 9 is missing.")


def test_numbers_are_read_as_they_are_written(tmp_path: Path) -> None:
    unfilled = bare(tmp_path / "a", *(f"img{n}.png" for n in range(1, 13)))
    assert row(unfilled / "img10.png") == ("img%d.png", 1, 12, 12, ())
    over = bare(tmp_path / "b", "x9998.dpx", "x9999.dpx", "x10000.dpx", "x0001.dpx")
    assert row(over / "x10000.dpx") == ("x%04d.dpx", 1, 10000, 4, ((2, 9997),))
    mixed = bare(tmp_path / "c", "x01.dpx", "x02.dpx", "x0001.dpx", "x0002.dpx", "x0003.dpx")
    assert row(mixed / "x01.dpx") == ("x%02d.dpx", 1, 2, 2, ())
    assert row(mixed / "x0003.dpx") == ("x%04d.dpx", 1, 3, 3, ())
    bareword = bare(tmp_path / "d", "0001.dpx", "0002.dpx", "readme.txt")
    assert row(bareword / "0001.dpx") == ("%04d.dpx", 1, 2, 2, ())


def test_other_takes_and_formats_in_the_folder_are_other_clips(tmp_path: Path) -> None:
    folder = bare(
        tmp_path, "a_v1.0001.dpx", "a_v1.0002.dpx", "a_v2.0001.dpx", "a_v2.0002.dpx",
        "a_v1.0001.exr", "a_v1.0003.EXR", "alone_0007.dpx", "unnumbered.dpx",
    )  # fmt: skip
    assert row(folder / "a_v1.0001.dpx")[3] == 2
    assert row(folder / "a_v1.0003.EXR") == ("a_v1.%04d.EXR", 1, 3, 2, ((2, 2),))
    assert row(folder / "alone_0007.dpx") == ("alone_0007.dpx", 0, 0, 1, ())
    assert row(folder / "unnumbered.dpx")[3] == 1
    assert len(pictures_in(folder)) == 3
    with pytest.raises(BadInput, match="holds 3 rows of pictures, and not one clip"):
        probe(folder)


def test_a_percent_sign_in_a_name_is_only_a_sign(tmp_path: Path) -> None:
    folder = row_of(tmp_path / "r", "plain.%04d.png", 2)
    for n in (1, 2):
        (folder / f"plain.{n:04}.png").rename(folder / f"100%d_%04d.{n:04}.png")
    facts = probe(folder)
    assert facts.row is not None
    assert facts.row.pattern % 2 == "100%d_%04d.0002.png"
    assert facts.video[0].width == 96


def test_frame_numbers_that_pass_midnight_go_on(tmp_path: Path) -> None:
    numbers = (2073597, 2073598, 2073599, 0, 1)  # 24 hours at 24 frames a second
    folder = bare(tmp_path / "m", *(f"A003C001.{n:07}.ari" for n in numbers))
    found = pictures_with(folder / "A003C001.0000001.ari")
    assert (found.row.first, found.row.last, found.row.missing) == (2073597, 1, ())
    assert (found.first.name, found.frames) == ("A003C001.2073597.ari", 5)


def test_arriraw_is_told_by_its_header_and_the_log_of_its_camera(tmp_path: Path) -> None:
    reel = tmp_path / "A003R1JL"
    clip = reel / "A003C001_261120_R1JL"
    for n in range(6):
        arriraw(clip / f"A003C001_261120_R1JL.{864000 + n:07}.ari", model="ALEXA Mini")
    (reel / "A003R1JL_AVID.ale").write_text(ALE)
    facts = probe(clip)
    assert (facts.container, facts.name) == ("ARRIRAW", "A003C001_261120_R1JL")
    assert (facts.reel, facts.reel_from) == ("A003R1JL", "ALE")
    assert facts.start == Timecode.parse("10:00:00:00", Fraction(24))
    assert facts.start_from == "ALE"
    assert (facts.scene, facts.take) == ("12A", "3")
    (picture,) = facts.video
    assert not picture.decodable
    assert (picture.codec_name, picture.width, picture.height) == ("ARRIRAW", 2880, 1620)
    assert (picture.rate, picture.frames, facts.duration) == (24, 6, Fraction(1, 4))
    assert facts.sidecars == ("A003R1JL_AVID.ale",)


def test_arriraw_without_a_log_has_the_reel_of_its_name(tmp_path: Path) -> None:
    frame = arriraw(tmp_path / "A003C012_201020_R1AB.0000001.ari")
    facts = probe(frame)
    assert (facts.reel, facts.reel_from, facts.start) == ("A003", "name", None)
    assert facts.row is None
    assert facts.video[0].frames == 1


def test_cinemadng_tells_rate_reel_and_timecode(tmp_path: Path) -> None:
    for n in range(3):
        digital_negative(tmp_path / f"c_{n:06}.dng", timecode=f"16:31:00:{n:02}", reel="BMC01")
    facts = probe(tmp_path)
    assert str(facts.start) == "16:31:00:00"
    assert (facts.reel, facts.reel_from) == ("BMC01", "DNG header")
    (picture,) = facts.video
    assert (picture.codec_name, picture.width, picture.height) == ("CinemaDNG", 4096, 2160)
    assert picture.rate == Fraction(24000, 1001)


def test_photos_of_a_camera_are_photos_and_its_bursts_are_clips(tmp_path: Path) -> None:
    shots = row_of(tmp_path / "DCIM" / "100CANON", "IMG_%04d.JPG", 4)
    assert probe(shots / "IMG_0002.JPG").video[0].frames == 1
    gopro = row_of(tmp_path / "gopro" / "DCIM" / "100GOPRO", "G001%04d.JPG", 4)
    shutil.copy(gopro / "G0010001.JPG", gopro / "G0020001.JPG")
    facts = probe(gopro / "G0010003.JPG")
    assert facts.row is not None
    assert (facts.row.present, facts.name) == (4, "G001")


def test_files_that_only_bear_a_frames_name_are_refused(tmp_path: Path) -> None:
    for ext in ("dpx", "exr", "tif", "dng", "ari", "png", "jpg", "arx", "cin"):
        path = tmp_path / f"a.{ext}"
        path.write_bytes(b"Call sheet, day 12\n" * 300)
        with pytest.raises(MediaFault) as caught:
            probe(path)
        assert str(path) in str(caught.value)
        path.write_bytes(b"")
        with pytest.raises(MediaFault, match="is empty"):
            probe(path)


def test_a_damaged_first_picture_is_said_and_the_clip_is_told(tmp_path: Path) -> None:
    folder = row_of(tmp_path / "r", "a.%04d.dpx", 3)
    first = folder / "a.0001.dpx"
    first.write_bytes(first.read_bytes()[:3000])
    facts = probe(folder)
    assert (facts.video[0].frames, facts.video[0].width) == (3, 96)
    assert facts.remarks == ("a.0001.dpx is damaged, or of a kind that is not known here.",)


def test_a_long_row_is_told_without_reading_it(tmp_path: Path) -> None:
    folder = row_of(tmp_path / "r", "a.%07d.png", 1)
    first = folder / "a.0000001.png"
    for n in range(2, 20_001):
        (folder / f"a.{n:07}.png").hardlink_to(first)
    facts = probe(first)
    assert facts.video[0].frames == 20_000
    assert facts.size == 20_000 * first.stat().st_size
