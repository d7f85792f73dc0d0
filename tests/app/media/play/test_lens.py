"""Colours, sizes and LUTs of what is seen."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from clip_bench import H264, Clips

from app.errors import BadInput
from app.media.frames.pictures import Picture, fitted
from app.media.play.lens import Glass, Lens
from app.media.play.log_looks import LOOKS, look_file, shown_as

GREY = {
    "logc3": 0.391, "logc4": 0.278, "slog3": (420 - 64) / 876, "vlog": (433 - 64) / 876,
    "log3g10": 0.333, "clog3": 0.343, "bmdfilm5": 0.384, "applelog": 0.488, "hlg": 0.38,
}  # fmt: skip
"""Where the makers say that a grey card of 18 % lies in the signal."""


def frame_of(path: Path) -> av.VideoFrame:
    with av.open(str(path)) as container:
        return next(container.decode(video=0))


def pixel(picture: Picture, x: int, y: int) -> tuple[int, ...]:
    at = y * picture.stride + 4 * x
    blue, green, red = picture.pixels[at : at + 3]
    return red, green, blue


def plain(clips: Clips, name: str, colour: str, size: str, *options: str) -> Path:
    inputs = ("-f", "lavfi", "-i", f"color={colour}:s={size}:r=25:d=0.2")
    return clips(name, *options, inputs=inputs)


@pytest.mark.parametrize("tagged", [True, False])
@pytest.mark.parametrize(("size", "matrix"), [("1280x720", "bt709"), ("720x576", "bt601")])
@pytest.mark.parametrize("span", ["tv", "pc"])
def test_red_is_red_whatever_the_matrix_and_range(clips, size, matrix, span, tagged) -> None:
    tags = ()
    if tagged:
        space = "bt709" if matrix == "bt709" else "smpte170m"
        tags = ("-colorspace", space)
    made = plain(
        clips, f"red{size}{span}{tagged}.mkv", "0xD02010", size,
        "-vf", f"scale=out_color_matrix={matrix}:out_range={span},format=yuv422p10le",
        "-color_range", span, *tags, "-c:v", "ffv1",
    )  # fmt: skip
    picture = Glass(Lens(box=(320, 240))).picture(frame_of(made), 0, fine=True)
    assert pixel(picture, 50, 50) == pytest.approx((0xD0, 0x20, 0x10), abs=3)


@pytest.mark.parametrize(
    ("stored", "aspect", "turned", "box", "fits"),
    [
        ((3840, 2160), 1, 0, (340, 191), (340, 190)),
        ((1920, 1080), 1, 90, (340, 191), (190, 106)),
        ((2880, 2160), 2, 0, (400, 400), (400, 150)),
        ((720, 576), Fraction(64, 45), 0, (1024, 900), (1024, 576)),
        ((64, 4096), 1, 0, (300, 100), (2, 100)),
    ],
)
def test_a_picture_fills_its_box_and_no_more(stored, aspect, turned, box, fits) -> None:
    assert fitted(*stored, box, aspect=Fraction(aspect), turned=turned) == fits


def test_a_portrait_clip_is_seen_upright(clips: Clips) -> None:
    base = clips("plain.mp4", *H264)
    turned = clips(
        "turned90.mp4", "-c", "copy", "-metadata:s:v:0", "rotate=90", inputs=("-i", str(base))
    )
    picture = Glass(Lens(box=(300, 300))).picture(frame_of(turned), 0, fine=True)
    assert picture.turned == 270
    shown = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", turned, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt",
         "rgb24", "-"], capture_output=True, check=True,
    ).stdout  # fmt: skip
    upright = np.frombuffer(shown, np.uint8).reshape(320, 180, 3)
    rows = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.stride)
    ours = rows[:, : picture.width * 4].reshape(picture.height, picture.width, 4)[:, :, 2::-1]
    ours = np.rot90(ours, k=(360 - picture.turned) // 90)
    high, wide = ours.shape[:2]
    judge = upright[np.arange(high) * 320 // high][:, np.arange(wide) * 180 // wide]

    def apart(one: np.ndarray) -> float:
        return float(np.abs(one.astype(int) - judge).mean())

    assert high > wide
    assert apart(ours) < 20
    assert apart(np.rot90(ours, 2)) > 50


def test_a_lut_changes_what_is_seen(clips: Clips, tmp_path: Path) -> None:
    lut = tmp_path / "turn 'it' [round], 100%.cube"
    corners = [(r, g, b) for b in (0, 1) for g in (0, 1) for r in (0, 1)]
    rows = "\n".join(f"{1 - r} {1 - g} {1 - b}" for r, g, b in corners)
    lut.write_text(f"LUT_3D_SIZE 2\n{rows}\n")
    red = plain(clips, "red.mkv", "0xD02010", "1280x720", "-c:v", "ffv1", "-pix_fmt", "gbrp")
    picture = Glass(Lens(box=(320, 240), lut=lut)).picture(frame_of(red), 0, fine=True)
    assert pixel(picture, 50, 50) == pytest.approx((0x2F, 0xDF, 0xEF), abs=3)


@pytest.mark.parametrize("text", ["", "LUT_3D_SIZE 2\n0 0 0\n", "no lut at all"])
def test_what_is_no_lut_is_refused_by_name(clips: Clips, tmp_path: Path, text: str) -> None:
    lut = tmp_path / "odd.cube"
    lut.write_text(text)
    red = plain(clips, "red.mkv", "0xD02010", "1280x720", "-c:v", "ffv1", "-pix_fmt", "gbrp")
    with pytest.raises(BadInput, match=r"odd\.cube is no LUT"):
        Glass(Lens(box=(320, 240), lut=lut)).picture(frame_of(red), 0, fine=True)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.key)
def test_a_grey_card_is_grey_and_black_is_black(look) -> None:
    signal = np.linspace(0, 1, 200)
    shown = shown_as(look, np.stack([signal] * 3, axis=-1))
    assert np.ptp(shown, axis=1).max() < 0.005
    assert (np.diff(shown[:, 0]) >= -1e-9).all()
    grey = shown_as(look, np.full((1, 3), GREY[look.key]))
    assert grey[0, 0] == pytest.approx(0.409, abs=0.012)
    assert shown[0, 0] == 0
    assert shown[-1, 0] > 0.9


def test_the_table_of_a_look_does_what_its_formula_says(clips: Clips, tmp_path: Path) -> None:
    look = LOOKS[0]
    file = look_file(look, tmp_path)
    assert look_file(look, tmp_path) == file
    grey = plain(clips, "grey.mkv", "0x646464", "320x180", "-c:v", "ffv1", "-pix_fmt", "gbrp")
    picture = Glass(Lens(box=(320, 180), lut=file)).picture(frame_of(grey), 0, fine=True)
    expected = 255 * shown_as(look, np.full((1, 3), 100 / 255))[0]
    assert pixel(picture, 5, 5) == pytest.approx(tuple(expected), abs=2)
