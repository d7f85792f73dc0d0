"""What clips tell of themselves, and what becomes of files that are none."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from fractions import Fraction
from pathlib import Path

import psutil
import pytest
from clip_bench import H264, PICTURE, SOUND, Clips

from app.errors import BadInput, MediaFault, NotFound
from app.media.facts.probe import probe
from app.media.facts.values import Colour, KeyFrames
from app.media.frames.index import build_index
from app.media.frames.source import FileSource
from app.timecode import Timecode

NTSC = Fraction(30000, 1001)


def test_a_camera_clip_tells_everything(camera_clip: Path) -> None:
    facts = probe(camera_clip)
    assert facts.container == "QuickTime"
    assert facts.size == camera_clip.stat().st_size
    assert facts.start == Timecode.parse("00:59:58;00", NTSC)
    assert facts.start_from == "tmcd track"
    assert facts.reel == "A003R1"
    assert facts.duration == Fraction(2002, 1000)
    (picture,) = facts.video
    assert (picture.codec, picture.width, picture.height) == ("h264", 320, 180)
    assert (picture.pixel_format, picture.bits) == ("yuv420p", 8)
    assert (picture.rate, picture.steady) == (NTSC, True)
    assert (picture.frames, picture.counted) == (60, True)
    assert (picture.key_frames, picture.key_distance) == (KeyFrames.SOME, 12)
    assert [track.name for track in facts.audio] == ["Boom", "Lav"]
    assert {(t.codec, t.rate, t.bits, t.layout) for t in facts.audio} == {
        ("pcm_s24le", 48000, 24, "mono")
    }
    assert facts.other == ("data tmcd",)


def test_colour_is_told_by_name_and_every_prores_frame_is_a_key_frame(clips: Clips) -> None:
    tags = "setparams=range=tv:color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"
    clip = clips(
        "hdr.mov", *("-vf", tags, "-c:v", "prores_ks", "-profile:v", "3", "-q:v", "11"),
        rate="24000/1001",
    )  # fmt: skip
    (picture,) = probe(clip).video
    assert picture.codec_name == "Apple ProRes 422 HQ"
    assert picture.colour == Colour(
        primaries="BT.2020", transfer="PQ", matrix="BT.2020", range="limited"
    )
    assert picture.bits == 10
    assert picture.rate == Fraction(24000, 1001)
    assert (picture.key_frames, picture.key_distance) == (KeyFrames.EVERY, 1)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_rotation_is_told_as_a_player_turns_it(clips: Clips, turn: int) -> None:
    plain = clips("plain.mp4", *H264)
    turned = clips(
        f"turned{turn}.mp4", "-c", "copy", "-metadata:s:v:0", f"rotate={turn}",
        inputs=("-i", str(plain)),
    )  # fmt: skip
    (picture,) = probe(turned).video
    # ffmpeg writes this as a matrix that turns the picture anticlockwise, as its own output shows.
    assert picture.rotation == -turn % 360
    assert (picture.width, picture.height) == (320, 180)
    assert probe(plain).video[0].rotation == 0


@pytest.mark.parametrize(
    ("name", "options", "container", "start_from"),
    [
        ("a.mxf", ("-c:v", "mpeg2video", "-b:v", "5M", "-pix_fmt", "yuv422p"), "MXF", "MXF"),
        ("a.mkv", H264, "Matroska", "tag"),
        ("a.mp4", H264, "MP4", "tmcd track"),
    ],
)
def test_every_container_tells_its_timecode(
    clips: Clips, name: str, options: tuple[str, ...], container: str, start_from: str
) -> None:
    facts = probe(clips(name, *options, "-timecode", "10:00:00:00"))
    assert facts.container == container
    assert str(facts.start) == "10:00:00:00"
    assert facts.start_from == start_from
    assert facts.video[0].rate == 25
    assert facts.video[0].frames == 25


def test_reel_and_slate_are_read_by_the_names_that_makers_give_them(clips: Clips) -> None:
    assert probe(clips("r.mkv", *H264, "-metadata:s:v:0", "reel_name=A003R1")).reel == "A003R1"
    tags = {
        "com.apple.proapps.clipID": "A003C001",
        "com.apple.proapps.scene": "12A",
        "com.apple.proapps.shot": "3",
        "com.arri.camera.ReelName": "A003R2EC",
        "com.blackmagic-design.camera.lensType": "24mm",
    }
    written = [word for name, text in tags.items() for word in ("-metadata", f"{name}={text}")]
    facts = probe(clips("slate.mov", *H264, "-movflags", "use_metadata_tags", *written))
    assert (facts.name, facts.reel, facts.scene, facts.take) == ("A003C001", "A003R2EC", "12A", "3")
    assert facts.camera == {"com.blackmagic-design.camera.lensType": "24mm"}


def test_a_transport_stream_is_told_without_an_index(clips: Clips) -> None:
    facts = probe(clips("a.ts", *H264, "-g", "10", "-bf", "0", seconds="2"))
    (picture,) = facts.video
    assert facts.container == "MPEG-TS"
    assert (picture.key_frames, picture.key_distance) == (KeyFrames.SOME, 10)
    assert not picture.counted
    assert abs(picture.frames - 50) <= 1


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.264", (*H264, "-f", "h264")),
        ("a.m2v", ("-c:v", "mpeg2video", "-f", "mpeg2video")),
        ("a.dv", ("-vf", "scale=720:480,setdar=4/3", "-pix_fmt", "yuv411p", "-c:v", "dvvideo")),
    ],
)
def test_a_stream_without_a_container_has_the_rate_of_its_pictures(
    clips: Clips, name: str, options: tuple[str, ...]
) -> None:
    path = clips(name, *options, rate="30000/1001")
    (picture,) = probe(path).video
    assert (picture.rate, picture.steady) == (NTSC, True)
    index = build_index(FileSource(path))
    assert (index.rate, index.frames) == (NTSC, 30)


def test_frames_of_unequal_length_are_said(clips: Clips) -> None:
    clip = clips(
        "vfr.mp4", *H264, "-vf", "select='not(eq(mod(n,5),3))'", "-fps_mode", "vfr", seconds="2"
    )
    assert not probe(clip).video[0].steady


def test_odd_shapes_are_clips(clips: Clips) -> None:
    odd = clips("odd.mov", "-vf", "format=yuv444p,crop=101:77", "-c:v", "ffv1", "-f", "mov")
    assert (probe(odd).video[0].width, probe(odd).video[0].height) == (101, 77)
    silent = probe(clips("plain.mp4", *H264))
    assert silent.audio == ()
    sound = probe(clips("sound.mov", "-c:a", "pcm_s16le", inputs=SOUND))
    assert sound.video == ()
    assert sound.picture is None
    assert sound.duration == 1
    tracks = [word for n in range(32) for word in ("-map", "1")]
    many = clips("many.mov", "-map", "0", *tracks, *H264, inputs=(*PICTURE, *SOUND))
    assert len(probe(many).audio) == 32


# Files that are no clips


def refused(path: Path) -> str:
    with pytest.raises(MediaFault) as caught:
        probe(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_files_that_are_no_clips_are_refused_by_name(tmp_path: Path) -> None:
    for name, content in {
        "empty.mov": b"",
        "text.txt": b"Call sheet, day 12\n" * 50,
        "text.mov": b"Call sheet, day 12\n" * 50,
        "noise.mov": random.Random(1).randbytes(100_000),
        "noise.mxf": random.Random(2).randbytes(100_000),
        "zeros.mov": bytes(100_000),
    }.items():
        (tmp_path / name).write_bytes(content)
        assert "\n" not in refused(tmp_path / name)
    with pytest.raises(NotFound, match="There is no file"):
        probe(tmp_path / "nothing.mov")
    with pytest.raises(BadInput, match="is no file"):
        probe(tmp_path)


def test_a_huge_hole_is_no_clip_and_costs_no_time(tmp_path: Path) -> None:
    hole = tmp_path / "hole.mov"
    with hole.open("wb") as file:
        file.truncate(10 << 30)
    begin = time.monotonic()
    refused(hole)
    assert time.monotonic() - begin < 30


def test_a_clip_cut_off_anywhere_is_told_or_refused_and_never_hangs(
    camera_clip: Path, tmp_path: Path
) -> None:
    whole = camera_clip.read_bytes()
    faststart = tmp_path / "fast.mov"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", camera_clip, "-map", "0:v", "-map", "0:a", "-c", "copy",
         "-movflags", "+faststart", faststart],
        check=True, timeout=60,
    )  # fmt: skip
    for tenth in range(1, 10):
        cut = tmp_path / f"cut{tenth}.mov"
        cut.write_bytes(whole[: len(whole) * tenth // 10])
        assert "is cut off: its index (moov)" in refused(cut)
        cut.write_bytes(faststart.read_bytes()[: len(whole) * tenth // 10])
        facts = probe(cut)  # its index came first
        assert facts.video[0].frames == 60


@pytest.mark.parametrize("place", [0.01, 0.3, 0.6, 0.9, 0.99])
def test_flipped_bytes_are_told_or_refused(camera_clip: Path, tmp_path: Path, place: float) -> None:
    damaged = tmp_path / "damaged.mov"
    data = bytearray(camera_clip.read_bytes())
    draw = random.Random(place)
    for _ in range(200):
        at = min(len(data) - 1, int(len(data) * place) + draw.randrange(2000))
        data[at] ^= 1 << draw.randrange(8)
    damaged.write_bytes(data)
    told = ""
    try:
        size = probe(damaged).size
    except MediaFault as fault:
        size, told = len(data), str(fault)
    assert size == len(data)
    assert not told or str(damaged) in told


def test_a_file_that_never_answers_is_given_up(tmp_path: Path) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    pipe = tmp_path / "pipe.mov"
    os.mkfifo(pipe)
    with pytest.raises(BadInput, match="is no file"):
        probe(pipe)
    slow = tmp_path / "slow.mov"
    slow.write_bytes(b"\0" * 100)
    with pytest.raises(MediaFault, match="within 0 seconds"):
        probe(slow, seconds=0.001)
    after = {child.pid for child in psutil.Process().children(recursive=True)}
    assert after <= before, "a child was left behind"


def test_names_of_any_bytes_are_clips(camera_clip: Path, tmp_path: Path) -> None:
    for name in (b"\xff\xfe.mov", b"a\nb.mov", "é;'\".mov".encode(), b"-v.mov"):
        path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
        shutil.copy(camera_clip, path)
        assert probe(path).reel == "A003R1"


def test_what_nobody_here_can_decode_is_told_as_far_as_its_container_goes(
    clips: Clips, tmp_path: Path
) -> None:
    prores = clips("hq.mov", "-c:v", "prores_ks", "-profile:v", "3", "-q:v", "11",
                   "-timecode", "01:00:00:00", rate="24")  # fmt: skip
    raw = tmp_path / "A003_11200900_C001.braw"
    raw.write_bytes(prores.read_bytes().replace(b"apch", b"brhq"))
    facts = probe(raw)
    (picture,) = facts.video
    assert not picture.decodable
    assert (picture.codec, picture.codec_name) == ("brhq", "Blackmagic RAW")
    assert (picture.width, picture.height, picture.rate, picture.frames) == (320, 180, 24, 24)
    assert str(facts.start) == "01:00:00:00"
    raw.write_bytes(prores.read_bytes().replace(b"apch", b"what"))
    assert probe(raw).video[0].codec_name == "unknown (what)"
