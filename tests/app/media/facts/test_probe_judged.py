"""What probe tells, held against ffprobe where that is right."""

from __future__ import annotations

import json
import subprocess
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from clip_bench import H264, PICTURE, SOUND, Clips

from app.media.facts import h273
from app.media.facts import probe as probing
from app.media.facts.values import KeyFrames
from app.timecode import Timecode, frame_rate

TAGS = "setparams=range={}:color_primaries={}:color_trc={}:colorspace={}"
SRGB = TAGS.format("pc", "bt709", "iec61966-2-1", "bt709")
HLG = TAGS.format("tv", "bt2020", "arib-std-b67", "bt2020nc")
DNXHR = ("-c:v", "dnxhd", "-pix_fmt", "yuv422p", "-profile:v")
PRORES = ("-c:v", "prores_ks", "-q:v", "11", "-vendor", "apl0")
PCM = ("-c:a", "pcm_s24le")
CASES: dict[str, tuple[str, tuple[str, ...], str]] = {
    "h264.mov": ("30000/1001", (*H264, *PCM, "-g", "12", "-timecode", "00:59:58;00"), "h264"),
    "h264b.mp4": ("25", ("-c:v", "libx264", "-g", "24", "-bf", "2", "-c:a", "aac"), "h264"),
    "open.mp4": (
        "24000/1001",
        ("-c:v", "libx264", "-x264-params", "open-gop=1:keyint=20:min-keyint=20", "-an"),
        "h264",
    ),
    "h10.mkv": ("50", ("-c:v", "libx264", "-pix_fmt", "yuv422p10le", "-c:a", "flac"), "h264"),
    "hq.mov": ("24", (*PRORES, "-profile:v", "3", *PCM, "-timecode", "10:00:00:00"), "prores"),
    "p4444.mov": ("25", (*PRORES, "-profile:v", "4", "-pix_fmt", "yuva444p10le", "-an"), "prores"),
    "dnxhr.mov": ("25", (*DNXHR, "dnxhr_hq"), "dnxhd"),
    "dnxhr.mxf": (
        "30000/1001",
        (*DNXHR, "dnxhr_sq", "-c:a", "pcm_s16le", "-ar", "48000", "-timecode", "01:00:00;00"),
        "dnxhd",
    ),
    "mpeg2.mxf": ("25", ("-c:v", "mpeg2video", "-g", "15", "-bf", "2", "-an"), "mpeg2video"),
    "hevc.mov": ("60000/1001", ("-c:v", "libx265", "-x265-params", "log-level=none", "-pix_fmt",
                 "yuv420p10le", "-tag:v", "hvc1", *PCM), "hevc"),
    "ts.ts": ("25", (*H264, "-g", "10", "-c:a", "ac3"), "h264"),
    "mjpeg.avi": ("25", ("-c:v", "mjpeg", "-pix_fmt", "yuvj422p", "-c:a", "pcm_s16le"), "mjpeg"),
    "vp9.webm": ("30", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-c:a", "libopus"), "vp9"),
    "ffv1.mkv": ("25", ("-c:v", "ffv1", "-pix_fmt", "gbrp10le", "-an"), "ffv1"),
    "full.mp4": ("25", (*H264, "-vf", SRGB, "-an"), "h264"),
    "hlg.mov": (
        "50",
        (*PRORES, "-profile:v", "2", "-vf", HLG, "-an"),
        "prores",
    ),
}  # fmt: skip


probe = cache(probing.probe)  # several tests look at one clip


@cache
def judged(path: Path) -> dict[str, Any]:
    asked = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-count_packets",
             "-of", "json", path]  # fmt: skip
    found: dict[str, Any] = json.loads(
        subprocess.run(asked, capture_output=True, check=True, timeout=120).stdout
    )
    return found


def made(clips: Clips, name: str) -> Path:
    rate, options, _ = CASES[name]
    return clips(
        f"judged-{name}", "-map", "0:v", "-map", "1:a", "-shortest", *options,
        inputs=(*PICTURE, *SOUND), rate=rate, seconds="2",
    )  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_picture_and_sound_are_told_as_ffprobe_tells_them(clips: Clips, name: str) -> None:
    clip = made(clips, name)
    facts, judge = probe(clip), judged(clip)
    theirs = next(s for s in judge["streams"] if s["codec_type"] == "video")
    picture = facts.video[0]
    assert picture.codec == CASES[name][2] == theirs["codec_name"]
    assert (picture.width, picture.height) == (theirs["width"], theirs["height"])
    assert picture.pixel_format == theirs["pix_fmt"]
    assert picture.rate == frame_rate(CASES[name][0])
    assert picture.rate == frame_rate(theirs["r_frame_rate"])
    assert picture.frames == int(theirs["nb_read_packets"])
    if theirs.get("profile", "unknown") != "unknown":
        assert picture.profile == theirs["profile"]
    assert picture.colour.range == {"tv": "limited", "pc": "full"}.get(
        theirs.get("color_range", ""), ""
    )
    heard = [s for s in judge["streams"] if s["codec_type"] == "audio"]
    assert len(facts.audio) == len(heard)
    for own, their in zip(facts.audio, heard, strict=True):
        assert own.codec == their["codec_name"]
        assert (own.channels, own.rate) == (their["channels"], int(their["sample_rate"]))
        assert own.layout == their.get("channel_layout", "mono")
        bits = their.get("bits_per_raw_sample") or their["bits_per_sample"]
        assert own.bits == int(bits) or own.codec == "ac3"
    assert facts.size == int(judge["format"]["size"])
    assert float(facts.duration) == pytest.approx(float(judge["format"]["duration"]), abs=0.05)


@pytest.mark.parametrize("name", CASES)
def test_colour_is_told_as_ffprobe_tells_it(clips: Clips, name: str) -> None:
    clip = made(clips, name)
    colour = probe(clip).video[0].colour
    theirs = next(s for s in judged(clip)["streams"] if s["codec_type"] == "video")
    words = {
        "bt709": "BT.709", "bt2020": "BT.2020", "bt2020nc": "BT.2020", "gbr": "RGB",
        "arib-std-b67": "HLG", "iec61966-2-1": "sRGB", "smpte170m": "BT.601 NTSC",
        "bt470bg": "BT.601 PAL",
    }  # fmt: skip
    for own, key in (
        (colour.primaries, "color_primaries"),
        (colour.transfer, "color_transfer"),
        (colour.matrix, "color_space"),
    ):
        their = theirs.get(key, "unknown")
        assert own == words.get(their, ""), key
    known = {*h273.PRIMARIES.values(), *h273.TRANSFERS.values(), *h273.MATRICES.values(), ""}
    assert {colour.primaries, colour.transfer, colour.matrix} <= known


@pytest.mark.parametrize("name", CASES)
def test_key_frames_are_told_as_the_packets_are(clips: Clips, name: str) -> None:
    clip = made(clips, name)
    asked = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=flags",
             "-of", "csv=p=0", clip]  # fmt: skip
    said = subprocess.run(asked, capture_output=True, check=True, timeout=120, text=True).stdout
    flags = [line.startswith("K") for line in said.split()]
    keys = [n for n, key in enumerate(flags) if key]
    longest = max(b - a for a, b in zip(keys, [*keys[1:], len(flags)], strict=True))
    picture = probe(clip).video[0]
    assert picture.key_distance == longest
    assert picture.key_frames is (KeyFrames.EVERY if all(flags) else KeyFrames.SOME)


@pytest.mark.parametrize("name", ["h264.mov", "hq.mov", "dnxhr.mxf"])
def test_timecode_is_told_as_ffprobe_tells_it(clips: Clips, name: str) -> None:
    clip = made(clips, name)
    judge = judged(clip)
    tags = [s.get("tags", {}) for s in judge["streams"]] + [judge["format"].get("tags", {})]
    their = next(t["timecode"] for t in tags if "timecode" in t)
    assert str(probe(clip).start) == their


def test_sound_alone_and_many_layouts_are_told(clips: Clips) -> None:
    for layout, channels in (("stereo", 2), ("5.1", 6), ("7.1", 8)):
        clip = clips(f"{layout}.wav", "-ac", str(channels), "-c:a", "pcm_s24le", inputs=SOUND)
        (track,) = probe(clip).audio
        their = judged(clip)["streams"][0]
        assert (track.layout, track.channels) == (their["channel_layout"], channels)
        assert (track.bits, track.rate) == (24, 48000)


def test_the_mxf_reel_is_that_of_its_source_package(clips: Clips) -> None:
    clip = clips(
        "packages.mxf", "-c:v", "mpeg2video", "-timecode", "10:20:30;12",
        "-metadata", "reel_name=A003R1", "-metadata", "material_package_name=A003C001_261120",
        "-metadata", "company_name=ARRI", "-metadata", "product_name=ALEXA Mini",
        rate="30000/1001",
    )  # fmt: skip
    facts = probe(clip)
    assert (facts.reel, facts.reel_from) == ("A003R1", "MXF")
    assert facts.name == "A003C001_261120"
    assert facts.start == Timecode.parse("10:20:30;12", Fraction(30000, 1001))
    assert facts.camera["product_name"] == "ALEXA Mini"
    assert facts.video[0].counted
