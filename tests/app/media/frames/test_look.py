"""Clips at a glance: facts and small pictures, by a child that may die."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from clip_bench import H264, SOUND, Clips
from fault_mount import FaultMount
from mount_bench import Bench
from PIL import Image

from app.media.facts.folder import clips_below
from app.media.facts.probe import probe
from app.media.frames.look import Looker
from app.media.play.trial import Trial
from app.media.proxy.thumbnail import poster, strip


@pytest.fixture
def looker(tmp_path: Path) -> Iterator[Looker]:
    made = Looker(tmp_path / "looks")
    yield made
    made.close()
    assert not any("look_process" in " ".join(c.cmdline()) for c in _children())


def _children() -> list[psutil.Process]:
    return psutil.Process().children()


def _size(jpeg: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(jpeg)).size


def test_a_look_tells_what_probe_tells_and_shows_a_picture(clips: Clips, looker: Looker) -> None:
    clip = clips("seen.mov", *H264)
    seen = looker.look(clip, "1")
    assert seen.facts is not None
    assert seen.facts.video == probe(clip).video
    assert _size(seen.poster) == (160, 90)
    assert seen.fault == ""


@pytest.mark.parametrize("name", ["long_gop.mp4", "short_picture.ts"])
def test_key_frames_that_are_far_apart_are_seen(clips: Clips, looker: Looker, name: str) -> None:
    far = ("-c:v", "libx264", "-g", "120", "-bf", "3", "-pix_fmt", "yuv420p")
    picture = ("-f", "lavfi", "-i", "testsrc2=s=128x72:d=15:r=25")
    sound = ("-f", "lavfi", "-i", "sine=d=60") if name.endswith(".ts") else ()
    clip = clips(name, *far, inputs=(*picture, *sound))
    assert looker.look(clip, "1").poster
    assert len(looker.strip([clip], "1", 3)) == 3


def test_sound_has_facts_and_no_picture(clips: Clips, looker: Looker) -> None:
    seen = looker.look(clips("heard.wav", inputs=SOUND), "1")
    assert seen.facts is not None
    assert seen.poster == b""
    assert looker.strip([clips("heard.wav", inputs=SOUND)], "1", 4) == ()


def test_a_portrait_clip_is_shown_upright(clips: Clips, looker: Looker) -> None:
    plain = clips("plain.mp4", *H264)
    turned = clips(
        "turned90.mp4", "-c", "copy", "-metadata:s:v:0", "rotate=90", inputs=("-i", str(plain))
    )
    assert _size(looker.look(turned, "1").poster) == (50, 90)


def test_a_strip_shows_the_clip_from_beginning_to_end(clips: Clips, looker: Looker) -> None:
    fade = ("-f", "lavfi", "-i", "color=c=white:s=320x180:r=25:d=4,fade=in:0:100")
    clip = clips("fade.mov", *H264, "-g", "5", inputs=fade)
    strip = looker.strip([clip], "1", 8)
    light = [sum(Image.open(io.BytesIO(one)).convert("L").tobytes()) for one in strip]
    assert len(light) == 8
    assert light == sorted(light)
    assert light[-1] > 3 * light[0]


def test_the_strip_of_a_row_of_pictures_goes_through_its_files(
    looker: Looker, tmp_path: Path
) -> None:
    files = [tmp_path / f"shot.{n:04}.png" for n in range(100)]
    for n, file in enumerate(files):
        Image.new("RGB", (64, 36), (2 * n, 2 * n, 2 * n)).save(file)
    strip = looker.strip(files, "1", 5)
    light = [Image.open(io.BytesIO(one)).convert("L").getpixel((9, 9)) for one in strip]
    assert light == pytest.approx([20, 60, 100, 140, 180], abs=3)
    poster = looker.look(files[0], "1", files[50]).poster
    assert Image.open(io.BytesIO(poster)).convert("L").getpixel((9, 9)) == pytest.approx(100, abs=3)


def test_what_is_no_clip_is_named_and_the_next_one_is_seen(
    clips: Clips, looker: Looker, tmp_path: Path
) -> None:
    odd = tmp_path / "notes.mov"
    odd.write_bytes(os.urandom(5000))
    assert str(odd) in looker.look(odd, "1").fault
    assert looker.look(clips("seen.mov", *H264), "1").fault == ""


def test_what_was_seen_is_remembered_until_the_file_is_another_one(
    clips: Clips, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mov"
    clip.write_bytes(clips("seen.mov", *H264).read_bytes())
    first = Looker(tmp_path / "looks")
    seen = first.look(clip, "1")
    first.close()
    clip.unlink()
    second = Looker(tmp_path / "looks")
    assert second.look(clip, "1") == seen
    assert _children() == []
    assert str(clip) in second.look(clip, "2").fault
    second.close()


@pytest.mark.root
@pytest.mark.parametrize("rule", [{"op": "open"}, {"op": "read"}, {"op": "read", "after": 8}])
def test_what_a_failing_drive_lets_see_is_not_remembered(
    clips: Clips, tmp_path: Path, bench: Bench, rule: dict[str, object]
) -> None:
    drive = FaultMount(bench, "shuttle")
    clip = drive.point / "clip.mov"
    (drive.backing / "clip.mov").write_bytes(clips("seen.mov", *H264).read_bytes())
    drive.set({**rule, "do": "EIO"})
    looker = Looker(tmp_path / "looks")
    trial = Trial(kept=tmp_path / "trials")
    ill = looker.look(clip, "1")
    assert ill.poster == b""
    assert looker.strip([clip], "1", 3) == ()
    trial.of(clip)
    drive.set()
    well = looker.look(clip, "1")
    assert (well.fault, _size(well.poster)) == ("", (160, 90))
    assert len(looker.strip([clip], "1", 3)) == 3
    assert trial.of(clip).shown
    looker.close()
    trial.close()


def test_tags_in_another_character_set_cost_no_picture(
    clips: Clips, looker: Looker, tmp_path: Path
) -> None:
    clip = tmp_path / "old.mp4"
    tagged = clips("tagged.mp4", *H264, "-bf", "0", "-metadata", "title=Cafe QQQQQ")
    clip.write_bytes(tagged.read_bytes().replace(b"Cafe QQQQQ", b"Caf\xe9 QQ\xffQQ"))
    assert clip.read_bytes() != tagged.read_bytes()
    assert _size(looker.look(clip, "1").poster) == (160, 90)
    assert len(looker.strip([clip], "1", 3)) == 3
    assert _size(poster(clip))
    assert _size(strip(clip, 3))


def test_a_child_that_dies_costs_one_clip_its_picture(
    clips: Clips, looker: Looker, tmp_path: Path
) -> None:
    clip = clips("seen.mov", *H264)
    looker.look(clip, "1")
    pipe = tmp_path / "pipe.mov"
    os.mkfifo(pipe)  # opening it waits for ever
    killer = threading.Timer(0.5, lambda: os.kill(_children()[0].pid, signal.SIGSEGV))
    killer.start()
    assert "broke down" in looker.look(pipe, "1").fault
    killer.join()
    assert looker.look(clip, "2").facts is not None


def test_a_child_that_hangs_is_ended(tmp_path: Path) -> None:
    looker = Looker(None, seconds=0.5)
    pipe = tmp_path / "pipe.mov"
    os.mkfifo(pipe)
    assert "within" in looker.look(pipe, "1").fault
    looker.close()
    assert _children() == []


def test_closing_ends_a_look_under_way_and_nothing_of_it_is_remembered(tmp_path: Path) -> None:
    looker = Looker(tmp_path / "looks")
    pipe = tmp_path / "pipe.mov"
    os.mkfifo(pipe)
    thread = threading.Thread(target=looker.look, args=(pipe, "1"))
    thread.start()
    end = time.monotonic() + 30
    while not _children() and time.monotonic() < end:
        time.sleep(0.01)
    looker.close()
    thread.join(30)
    assert not thread.is_alive()
    assert not list((tmp_path / "looks").glob("*"))


def test_the_clips_of_a_folder_are_told_card_by_card(tmp_path: Path) -> None:
    reel = tmp_path / "A003" / "A003R1AB"
    reel.mkdir(parents=True)
    for number in (1, 2):
        (reel / f"A003C00{number}_261120_R1AB.mxf").write_bytes(bytes(100))
    (tmp_path / "loose.mov").write_bytes(bytes(70))
    (tmp_path / "loose.xml").write_bytes(bytes(7))
    for number in range(4):
        (tmp_path / f"shot.{number:04}.dpx").write_bytes(bytes(10))
    found = clips_below(tmp_path)
    assert [(clip.name, clip.group != "", len(clip.parts), clip.size) for clip in found.clips] == [
        ("A003C001_261120_R1AB", True, 1, 100),
        ("A003C002_261120_R1AB", True, 1, 100),
        ("shot", False, 4, 40),
        ("loose", False, 1, 77),
    ]
    assert "A003" in found.clips[0].group
    assert clips_below(tmp_path / "loose.mov").clips[0].beside == (tmp_path / "loose.xml",)


def test_a_whole_raid_is_listed_only_so_far_and_that_is_told(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("app.media.facts.folder.MOST", 20)
    for number in range(30):
        (tmp_path / f"clip{number:02}.mov").touch()
    found = clips_below(tmp_path)
    assert (len(found.clips), found.cut_short) == (20, True)
    monkeypatch.setattr("app.media.facts.folder.MOST", 30)
    assert not clips_below(tmp_path).cut_short


def test_another_picture_is_another_stamp(tmp_path: Path) -> None:
    clip = tmp_path / "a.mov"
    clip.write_bytes(b"1")
    (before,) = clips_below(tmp_path).clips
    clip.write_bytes(b"22")
    (after,) = clips_below(tmp_path).clips
    assert before.stamp != after.stamp
