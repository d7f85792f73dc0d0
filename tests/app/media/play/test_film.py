"""Clips that are more than one file, played as one."""

from __future__ import annotations

import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest
from clip_bench import H264, Clips
from numbered_clips import NumberedClips, number_in, shared_clips
from play_bench import Player, Recorder, SetTime, brightness, film_of

from app.errors import FrameFault
from app.media.frames.index import build_index
from app.media.frames.source import FileSource
from app.media.play.span_frames import SpanFrames

BLACK = ("-f", "lavfi", "-i", "color=s=320x180:r=25:d=3")


@pytest.fixture(scope="session")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> NumberedClips:
    return shared_clips(tmp_path_factory)


@pytest.fixture
def row(numbered: NumberedClips, tmp_path: Path) -> Path:
    """Pictures 1001 to 1030 of a shot."""
    folder = tmp_path / "shot"
    folder.mkdir()
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", numbered("mjpeg.mov").path, "-frames:v", "30",
         "-start_number", "1001", folder / "shot.%04d.png"], check=True,
    )  # fmt: skip
    return folder


def spans(numbered: NumberedClips, *names: str) -> SpanFrames:
    sources = [FileSource(numbered(name).path) for name in names]
    return SpanFrames([(source, build_index(source)) for source in sources])


def test_a_row_of_pictures_plays_like_a_clip(row: Path) -> None:
    player = Player(row / "shot.1001.png")
    assert player.playback.frames == 30
    assert player.playback.index.assumed  # nothing in a PNG tells a rate
    for n in (0, 29, 7, 8, 6):
        assert number_in(brightness(player.show(n))) == n
    player.show(0)
    player.playback.play()
    assert [number_in(brightness(p)) for _, p in player.run(5)] == list(range(1, 30))
    player.close()


def test_a_gap_in_a_row_is_a_frame_that_cannot_be_given(row: Path) -> None:
    (row / "shot.1011.png").unlink()
    player = Player(row / "shot.1001.png")
    assert player.playback.frames == 30
    player.playback.show(10)
    player.settle()
    assert isinstance(player.playback.fault, FrameFault)
    assert number_in(brightness(player.show(11))) == 11
    player.show(5)
    player.playback.play()
    assert [number_in(brightness(p)) for _, p in player.run(5)] == [
        6, 7, 8, 9, *range(11, 30),
    ]  # fmt: skip
    player.close()


def test_files_that_go_on_one_after_the_other_are_numbered_through(numbered) -> None:
    frames = spans(numbered, "h264.mp4", "h264.mp4", "h264.mp4")
    index = frames.index
    assert (index.frames, index.rate, index.steady) == (360, Fraction(25), True)
    assert index.seconds(240) == Fraction(48, 5)
    seen: list[int] = []
    frames.seen = lambda n, _: seen.append(n)
    for n in (0, 119, 120, 121, 300, 130, 359):
        assert number_in(frames.frame(n)) == n % 120
    assert max(seen) == 359
    assert {n for n in seen if n > 240}
    number, frame = frames.key_frame(270)
    assert (number, number_in(frame)) == (264, 24)
    assert index.key_at_or_before(270) == 264
    frames.close()


def test_files_of_different_time_are_joined_by_their_seconds(numbered) -> None:
    frames = spans(numbered, "vfr.mkv", "prores.mov")
    index = frames.index
    first = build_index(FileSource(numbered("vfr.mkv").path))
    assert index.frames == 240
    assert float(index.seconds(121) - first.duration) == pytest.approx(1001 / 24000, abs=1e-5)
    assert number_in(frames.frame(150)) == 30
    frames.close()


def test_chapters_of_a_camera_are_one_clip(numbered, tmp_path: Path) -> None:
    folder = tmp_path / "DCIM" / "100GOPRO"
    folder.mkdir(parents=True)
    for name in ("GX010042.MP4", "GX020042.MP4"):
        shutil.copy(numbered("h264.mp4").path, folder / name)
    film = film_of(folder / "GX010042.MP4")
    frames = film.open(lambda: None)
    assert frames.index.frames == 240
    assert number_in(frames.frame(125)) == 5
    frames.close()


def test_the_sound_of_chapters_goes_on_over_their_border(clips: Clips, tmp_path: Path) -> None:
    folder = tmp_path / "DCIM" / "100GOPRO"
    folder.mkdir(parents=True)
    beep = "aevalsrc='if(lt(mod(t,1),0.05),0.8*sin(2*PI*1000*t),0)':s=48000:d=3"
    made = clips(
        "chapter.mp4", *H264, "-g", "25", "-c:a", "aac", "-shortest",
        inputs=("-f", "lavfi", "-i", "color=s=160x90:r=25:d=3", "-f", "lavfi", "-i", beep),
    )  # fmt: skip
    for name in ("GX010042.MP4", "GX020042.MP4"):
        shutil.copy(made, folder / name)
    clock = SetTime()
    sink = Recorder(clock)
    player = Player(folder / "GX010042.MP4", clock, sink)
    assert player.playback.frames == 150
    player.show(25)
    player.playback.play()
    seen = player.run(10)
    assert [picture.number for _, picture in seen] == list(range(26, 150))
    assert [at for at, _ in sink.onsets()] == pytest.approx([0, 1, 2, 3, 4], abs=0.004)
    player.close()


def test_the_sound_of_p2_lies_in_files_beside_its_picture(clips: Clips, tmp_path: Path) -> None:
    """The first track beeps at each whole second, the second one half a second later."""
    card = tmp_path / "CONTENTS"
    for folder in ("VIDEO", "AUDIO", "CLIP"):
        (card / folder).mkdir(parents=True)
    picture = clips("p2v.mxf", "-c:v", "mpeg2video", "-pix_fmt", "yuv422p", inputs=BLACK)
    shutil.copy(picture, card / "VIDEO" / "0001AB.MXF")
    for number, shift in enumerate(("", "+0.5")):
        beep = f"aevalsrc='if(lt(mod(t{shift},1),0.05),0.8*sin(2*PI*1000*t),0)':s=48000:d=3"
        sound = clips(
            f"p2a{number}.mxf", "-c:a", "pcm_s16le", "-f", "mxf_opatom",
            inputs=("-f", "lavfi", "-i", beep),
        )  # fmt: skip
        shutil.copy(sound, card / "AUDIO" / f"0001AB0{number}.MXF")
    clock = SetTime()
    sink = Recorder(clock)
    player = Player(card / "VIDEO" / "0001AB.MXF", clock, sink)
    player.show(25)
    player.playback.play()
    seen = player.run(10)
    assert [picture.number for _, picture in seen] == list(range(26, 75))
    assert [at for at, _ in sink.onsets()] == pytest.approx([0, 0.5, 1, 1.5], abs=0.003)
    player.close()


def test_sound_alone_plays_for_as_long_as_it_lasts(clips: Clips) -> None:
    clock = SetTime()
    sink = Recorder(clock)
    beep = "aevalsrc='if(lt(mod(t,1),0.05),0.8*sin(2*PI*1000*t),0)':s=48000:d=3"
    sound = clips("beeps.wav", inputs=("-f", "lavfi", "-i", beep))
    player = Player(sound, clock, sink)
    assert player.playback.frames == 75
    player.show(25)
    player.playback.play()
    seen = player.run(10)
    assert [picture.number for _, picture in seen] == list(range(26, 75))
    assert [at for at, _ in sink.onsets()] == pytest.approx([0, 1], abs=0.003)
    player.close()


def test_a_sound_file_without_sound_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "odd.wav").write_bytes(b"RIFF" + bytes(3000))
    player = Player(tmp_path / "odd.wav")
    assert str(tmp_path / "odd.wav") in str(player.playback.fault)
    player.close()
