"""Files that lie, are cut off, hostile or no clips: a sentence or sense, at a bound cost."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import wave
import zlib
from fractions import Fraction
from pathlib import Path

import psutil
import pytest
from clip_bench import H264, PICTURE, SOUND, Clips
from fault_mount import FaultMount
from mount_bench import Bench
from picture_bench import arriraw, digital_negative, r3d, row_of
from seldom import seldom

from app.errors import MediaFault, ReelkeepError
from app.media.facts.probe import probe
from app.media.facts.values import ClipFacts
from app.own_process import own_process

TELLING = ("mov", "mxf", "mkv", "wav", "braw", "crm", "r3d", "ari", "arx", "dpx", "exr", "tif",
           "dng", "png", "xyz")  # fmt: skip
NAMES = (*TELLING, *map(seldom, ("mp4", "ts", "avi", "jpg", "rmf", "nev", "webm", "txt")))
MEMORY = 1 << 30
"""Bytes that the child may hold at most over any of these small files."""
MPEG2 = ("-c:v", "mpeg2video", "-b:v", "5M", "-pix_fmt", "yuv422p")


def memory(path: Path) -> int:
    """Bytes that the child which looks at a file holds at most."""
    command, environment = own_process("app.media.facts.probe_process", path)
    child = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return int(used.ru_maxrss << 10)


def told(path: Path) -> ClipFacts | str:
    """What probe answers: facts of the file, or one sentence that names it."""
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    answer: ClipFacts | str
    try:
        answer = probe(path)
    except ReelkeepError as error:
        answer = str(error)
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before
    if isinstance(answer, str):
        assert str(path) in answer
        assert "\n" not in answer
    return answer


@pytest.mark.parametrize("ext", NAMES)
def test_whatever_its_name_what_is_no_clip_is_refused(tmp_path: Path, ext: str) -> None:
    path = tmp_path / f"a.{ext}"
    draw = random.Random(ext)
    for content in (
        b"",
        bytes(200_000),
        b"Call sheet, day 12\n" * 300,
        draw.randbytes(100_000),
        draw.randbytes(7),
    ):
        path.write_bytes(content)
        answer = told(path)
        # Of these formats no header is known, so that noise is told by its name alone.
        unread = ext in ("arx", "rmf") and len(content) > 4096 and content[:1] not in b"\0C"
        assert isinstance(answer, str) or unread, (content[:20], answer)


@pytest.mark.parametrize("ext", NAMES)
def test_a_hole_of_ten_gigabytes_costs_neither_time_nor_memory(tmp_path: Path, ext: str) -> None:
    path = tmp_path / f"hole.{ext}"
    with path.open("wb") as file:
        file.truncate(10 << 30)
    assert isinstance(told(path), str)
    if ext in ("mov", "mxf", "mkv", "png", "tif", "xyz"):
        assert memory(path) < MEMORY


def test_a_header_in_front_of_ten_gigabytes_of_nothing_is_told(
    clips: Clips, tmp_path: Path
) -> None:
    makers = {
        "mov": clips("hole.mov", *H264, "-movflags", "+faststart"),
        "mkv": clips("hole.mkv", *H264),
        "ts": clips("hole.ts", *H264),
        "r3d": r3d(tmp_path / "x.r3d"),
        "ari": arriraw(tmp_path / "x.ari"),
        "dpx": row_of(tmp_path / "d", "a.dpx", 1, "-update", "1") / "a.dpx",
    }
    for ext, whole in makers.items():
        path = tmp_path / f"grown.{ext}"
        path.write_bytes(whole.read_bytes())
        os.truncate(path, 10 << 30)
        answer = told(path)
        assert isinstance(answer, ClipFacts), answer
        assert answer.size == 10 << 30
        assert ext != "dpx" or memory(path) < MEMORY


SAMPLES = ("fast.mov", "late.mov", "fast.mp4", "a.mkv", "a.mxf", "a.ts", "a.wav", "a.avi", "a.r3d",
           "a.ari", "a.dpx", "a.exr", "a.tif", "a.png", "a.dng")  # fmt: skip
LIKE_OTHERS = {
    "late.mov",
    "fast.mp4",
    "a.wav",
    "a.mkv",
    "a.avi",
    "a.ari",
    "a.exr",
    "a.tif",
    "a.png",
    "a.dng",
}
KINDS = [seldom(name) if name in LIKE_OTHERS else name for name in SAMPLES]


def sample(clips: Clips, folder: Path, name: str) -> Path:
    """A good clip of the kind that the name says."""
    sound = ("-c:a", "pcm_s16le")
    both = (*PICTURE, *SOUND)
    options = {
        "fast.mov": (*H264, *sound, "-movflags", "+faststart"),
        "late.mov": (*H264, *sound),
        "fast.mp4": (*H264, "-c:a", "aac", "-movflags", "+faststart"),
        "a.mkv": (*H264, *sound),
        "a.mxf": (*MPEG2, "-ar", "48000", *sound),
        "a.ts": (*H264, "-c:a", "ac3"),
        "a.wav": ("-vn", *sound),
        "a.avi": ("-c:v", "mjpeg", *sound),
    }
    if name in options:
        return clips(f"cut-{name}", *options[name], inputs=both)
    ext = name.rpartition(".")[2]
    folder.mkdir(parents=True, exist_ok=True)
    made = {"r3d": r3d, "ari": arriraw, "dng": digital_negative}
    if ext in made:
        return made[ext](folder / name)  # type: ignore[operator, no-any-return]
    form = {"exr": ("-pix_fmt", "gbrpf32le")}.get(ext, ())
    return row_of(folder, name, 1, *form, "-update", "1") / name


@pytest.mark.parametrize("name", KINDS)
def test_a_clip_cut_off_at_any_tenth_is_told_or_refused(
    clips: Clips, tmp_path: Path, name: str
) -> None:
    whole = sample(clips, tmp_path / "whole", name).read_bytes()
    path = tmp_path / "cut" / name
    path.parent.mkdir()
    for tenth in range(10):
        path.write_bytes(whole[: len(whole) * tenth // 10])
        answer = told(path)
        assert isinstance(answer, str) or answer.size == len(whole) * tenth // 10
        if name == "fast.mov" and tenth > 2:
            assert isinstance(answer, ClipFacts)
            assert answer.video[0].frames == 25
            (remark,) = answer.remarks
            assert remark.startswith("fast.mov is cut off: ")
    path.write_bytes(whole)
    answer = told(path)
    assert isinstance(answer, ClipFacts)
    assert answer.remarks == ()


@pytest.mark.parametrize("name", KINDS)
def test_damage_anywhere_is_told_or_refused_at_a_bound_cost(
    clips: Clips, tmp_path: Path, name: str
) -> None:
    whole = sample(clips, tmp_path / "whole", name).read_bytes()
    path = tmp_path / "bad" / name
    path.parent.mkdir()
    draw = random.Random(name)
    for turn in range(5):
        data = bytearray(whole)
        for _ in range(30):
            at = draw.randrange(min(len(data), 4000) if draw.random() < 0.6 else len(data))
            data[at] = draw.choice((0, 0xFF, 0x7F, draw.randrange(256)))
        path.write_bytes(data)
        told(path)
        assert turn or memory(path) < 5 * MEMORY


# Headers that lie


def patched(path: Path, source: Path, kind: bytes, at: int, number: int) -> Path:
    """A QuickTime file with a four-byte *number* at a place in each atom of a *kind*."""
    data = bytearray(source.read_bytes())
    place = data.find(kind)
    assert place >= 0
    while place >= 0:
        struct.pack_into(">I", data, place + 4 + at, number)
        place = data.find(kind, place + 4)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(("kind", "at"), [(b"mvhd", 16), (b"tkhd", 20), (b"mdhd", 16)])
def test_a_header_that_lies_about_its_duration_is_not_believed(
    clips: Clips, tmp_path: Path, kind: bytes, at: int
) -> None:
    whole = clips("lies.mov", *H264, "-timecode", "01:00:00:00")
    for lie in (0, 1, 0x7FFFFFFF, 0xFFFFFFFF):
        answer = told(patched(tmp_path / "lies.mov", whole, kind, at, lie))
        assert isinstance(answer, ClipFacts)
        assert answer.video[0].frames == 25
        assert answer.video[0].rate == 25
        assert answer.video[0].duration == 1, (kind, lie)
        assert answer.duration == 1


def test_a_table_that_claims_four_thousand_million_frames_is_survived(
    clips: Clips, tmp_path: Path
) -> None:
    whole = clips("lies.mov", *H264, "-timecode", "01:00:00:00")
    for kind, at in ((b"stts", 4), (b"stts", 8), (b"stsz", 8), (b"stsc", 4), (b"stco", 4)):
        path = patched(tmp_path / f"{kind.decode()}{at}.mov", whole, kind, at, 0xFFFFFFF0)
        told(path)
        assert memory(path) < 5 * MEMORY


def test_sound_longer_or_shorter_than_its_header_says_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48000)
        file.writeframes(bytes(96000))
    whole = path.read_bytes()
    at = whole.index(b"data") + 4
    for said, seconds in ((48000, Fraction(1, 2)), (0xFFFFFFFF, 1), (500_000, 1), (0, 1)):
        path.write_bytes(whole[:at] + struct.pack("<I", said) + whole[at + 4 :])
        answer = told(path)
        assert isinstance(answer, ClipFacts)
        assert answer.duration in {seconds, Fraction(said // 2, 48000)}, said
        assert answer.audio[0].rate == 48000


def test_pictures_larger_than_any_memory_are_refused(tmp_path: Path) -> None:
    def png(width: int, height: int) -> bytes:
        def chunk(name: bytes, data: bytes) -> bytes:
            crc = zlib.crc32(name + data)
            return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc)

        head = struct.pack(">IIBBBBB", width, height, 16, 6, 0, 0, 0)
        return (
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
            + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
        )  # fmt: skip

    for width, height in ((30_000, 30_000), (0x7FFFFFFF, 0x7FFFFFFF), (0, 0)):
        path = tmp_path / "bomb.png"
        path.write_bytes(png(width, height))
        told(path)
        assert memory(path) < 5 * MEMORY
    dpx = row_of(tmp_path / "d", "a.dpx", 1, "-update", "1") / "a.dpx"
    data = bytearray(dpx.read_bytes())
    struct.pack_into(">II", data, 772, 0x7FFFFFFF, 0x7FFFFFFF)
    dpx.write_bytes(data)
    told(dpx)
    assert memory(dpx) < MEMORY


# Clips that change inside


def test_a_rate_that_changes_inside_is_not_steady(clips: Clips, tmp_path: Path) -> None:
    slow = clips("slow.mp4", *H264, rate="25", seconds="2")
    fast = clips("fast50.mp4", *H264, rate="50", seconds="2")
    (tmp_path / "list").write_text(f"file '{slow}'\nfile '{fast}'\n")
    for name in ("a.mp4", "a.mkv"):
        joined = tmp_path / name
        subprocess.run(
            ["ffmpeg", "-v", "error", "-f", "concat", "-safe", "0", "-i", tmp_path / "list",
             "-c", "copy", joined],
            check=True, timeout=60,
        )  # fmt: skip
        answer = told(joined)
        assert isinstance(answer, ClipFacts)
        assert not answer.video[0].steady, name
        assert answer.duration == pytest.approx(4, abs=0.1)


def test_a_size_that_changes_inside_is_told_as_it_begins(clips: Clips, tmp_path: Path) -> None:
    small = clips("small.ts", *H264)
    large = clips("large.ts", *H264, "-vf", "scale=640:360")
    path = tmp_path / "both.ts"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    answer = told(path)
    assert isinstance(answer, ClipFacts)
    assert (answer.video[0].width, answer.video[0].height) == (320, 180)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 5), (101, 77), (4097, 3), (2, 2161)])
def test_odd_sizes_are_told(clips: Clips, width: int, height: int) -> None:
    shape = f"format=yuv444p,scale={width}:{height}"
    clip = clips(f"odd{width}.mkv", "-vf", shape, "-c:v", "ffv1", seconds="0.2")
    picture = probe(clip).video[0]
    assert (picture.width, picture.height, picture.frames) == (width, height, 5)


def test_a_cover_picture_is_no_clip_and_sound_keeps_its_own(clips: Clips, tmp_path: Path) -> None:
    cover = row_of(tmp_path, "cover.png", 1, "-update", "1") / "cover.png"
    song = clips(
        "song.mp4", "-map", "0", "-map", "1", "-c:a", "aac", "-c:v", "png",
        "-disposition:v:0", "attached_pic", inputs=(*SOUND, "-i", str(cover)),
    )  # fmt: skip
    facts = probe(song)
    assert facts.video == ()
    assert len(facts.audio) == 1


@pytest.mark.root
def test_a_drive_that_does_not_answer_holds_nobody(clips: Clips, bench: Bench) -> None:
    drive = FaultMount(bench, "shuttle")
    (drive.backing / "a.mov").write_bytes(clips("plain.mp4", *H264).read_bytes())
    assert probe(drive.point / "a.mov").video[0].frames == 25
    drive.set({"op": "read", "do": "hold"})
    with pytest.raises(MediaFault, match=r"did not tell what it is within 2 seconds"):
        probe(drive.point / "a.mov", seconds=2)
    drive.set()
    assert probe(drive.point / "a.mov").video[0].frames == 25


def test_the_child_is_held_to_its_memory(tmp_path: Path) -> None:
    """What is said of memory above would say nothing if the limit were not set."""
    code = "from app.media.facts.probe_process import hold_back; hold_back(); bytearray(5 << 30)"
    command, environment = own_process("app.media.facts.probe_process")
    done = subprocess.run(
        [command[0], "-c", code], env=environment, capture_output=True, check=False, timeout=60
    )
    assert b"MemoryError" in done.stderr
