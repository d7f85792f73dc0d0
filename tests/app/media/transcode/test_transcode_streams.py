"""What of odd clips comes through a transcode: order, times, turns, fields, colour, all beside."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from seldom import seldom
from transcode_bench import QUICK, Footage, numbers_of, streams_of, told, transcoded

from app.engine import Engine
from app.jobs.snapshot import JobState
from app.media.facts.probe import probe
from app.media.transcode.recipe import Box, Codec, Sound
from app.media.transcode.spec import Fate, TranscodeSheet

PLAIN = replace(QUICK, measured=False)
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", "25", "-pix_fmt", "yuv420p")
FRAMES = 50
COVER = av.stream.Disposition.attached_pic


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return Footage(tmp_path_factory.mktemp("footage"))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine(tmp_path_factory.mktemp("profile")) as made:
        yield made


@pytest.fixture
def make(engine: Engine, tmp_path: Path) -> Any:
    """Transcodes one clip that has to come through."""

    def made(clip: Path, recipe: Any = PLAIN) -> TranscodeSheet:
        ended, (sheet,) = transcoded(engine, clip, to=tmp_path, recipe=recipe)
        assert ended.state is JobState.DONE, sheet.trouble
        assert sheet.path is not None
        return sheet

    return made


def ffmpeg(*words: object) -> None:
    line = ["ffmpeg", "-v", "error", "-y", *map(str, words)]
    subprocess.run(line, check=True, timeout=120)


def times_of(path: Path) -> list[float]:
    packets = told(path, "-select_streams", "v", "-show_entries", "packet=pts_time")["packets"]
    return sorted(float(packet["pts_time"]) for packet in packets)


def test_order_names_subtitles_chapters_and_attachments_stay(footage, make, tmp_path):
    (tmp_path / "notes.srt").write_text("1\n00:00:00,500 --> 00:00:01,000\nSlate\n")
    (tmp_path / "font.ttf").write_bytes(b"a font")
    (tmp_path / "chapters.txt").write_text(
        ";FFMETADATA1\ntitle=Day 1\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=2000\ntitle=Two\n"
    )
    plain = footage.made("plain.mov", *H264, "-c:a", "pcm_s16le", frames=FRAMES)
    rich = tmp_path / "rich.mkv"
    ffmpeg(
        *("-i", plain, "-i", tmp_path / "chapters.txt", "-i", tmp_path / "notes.srt"),
        *("-map", "0:a", "-map", "0:v", "-map", "2:0", "-c", "copy", "-map_metadata", "1"),
        *("-metadata:s:a:0", "title=Boom", "-metadata:s:a:0", "language=deu"),
        *("-disposition:s:0", "forced", "-attach", tmp_path / "font.ttf"),
        *("-metadata:s:t", "mimetype=font/ttf", rich),
    )
    (tmp_path / "out").mkdir()

    sheet = make(rich.rename(tmp_path / "out" / "rich.mkv"))

    streams = streams_of(sheet.path)
    assert sheet.path.name == "rich.mkv"
    assert [one["codec_type"] for one in streams] == [
        *("audio", "video", "subtitle", "attachment"),
    ]
    assert streams[0]["tags"]["title"] == "Boom"
    assert streams[0]["tags"]["language"] == "deu"
    assert streams[2]["disposition"]["forced"] == 1
    assert streams[3]["tags"]["filename"] == "font.ttf"
    whole = told(sheet.path, "-show_chapters", "-show_format")
    assert [one["tags"]["title"] for one in whole["chapters"]] == ["One", "Two"]
    assert [float(one["start_time"]) for one in whole["chapters"]] == [0, 1]
    assert whole["format"]["tags"]["title"] == "Day 1"
    assert [one.fate for one in sheet.streams] == [
        *(Fate.ENCODED, Fate.ENCODED, Fate.RAW, Fate.RAW),
    ]


def test_a_cover_stays_and_subtitles_change_their_form(footage, make, tmp_path):
    plain = footage.made("plain.mp4", *H264, "-c:a", "aac", frames=FRAMES)
    (tmp_path / "notes.srt").write_text("1\n00:00:00,500 --> 00:00:01,000\nSlate\n")
    ffmpeg("-i", plain, "-frames:v", "1", "-update", "1", tmp_path / "cover.jpg")
    clip = tmp_path / "in" / "cover.mp4"
    clip.parent.mkdir()
    ffmpeg(
        *("-i", plain, "-i", tmp_path / "notes.srt", "-i", tmp_path / "cover.jpg"),
        *("-map", "0", "-map", "1", "-map", "2", "-c", "copy", "-c:s", "mov_text"),
        *("-disposition:v:1", "attached_pic", clip),
    )

    sheet = make(clip)

    with av.open(str(sheet.path)) as made:
        kinds = [one.type for one in made.streams]
        (cover,) = [one for one in made.streams.video if one.disposition & COVER]
        assert cover.codec_context.name == "mjpeg"
    assert kinds[:3] == ["video", "audio", "subtitle"]
    assert (sheet.streams[2].fate, sheet.streams[2].encoder) == (Fate.CONVERTED, "ass")


def test_a_turned_picture_stays_turned(footage, make, tmp_path):
    plain = footage.made("plain.mov", *H264, "-c:a", "pcm_s16le", frames=FRAMES)
    turned = tmp_path / "in" / "turned.mov"
    turned.parent.mkdir()
    ffmpeg("-i", plain, "-c", "copy", "-metadata:s:v:0", "rotate=270", turned)
    before = probe(turned).picture.rotation
    assert before in {90, 270}

    sheet = make(turned)

    assert probe(sheet.path).picture.rotation == before
    (video, _) = streams_of(sheet.path)
    assert (video["width"], video["height"]) == (192, 108)
    assert numbers_of(sheet.path) == list(range(FRAMES))


def test_unsteady_pictures_are_shown_when_they_were(footage, make, tmp_path):
    clip = tmp_path / "in" / "unsteady.mp4"
    clip.parent.mkdir()
    ffmpeg(
        *("-i", footage.master(FRAMES, "192x108"), "-vf", "select='not(eq(mod(n,7),3))'"),
        *("-fps_mode", "vfr", *H264, "-video_track_timescale", "30000", clip),
    )
    sheet = make(clip)
    shown = times_of(sheet.path)
    assert shown == pytest.approx(times_of(clip), abs=0.001)
    assert numbers_of(sheet.path) == [n for n in range(FRAMES) if n % 7 != 3]


def test_woven_fields_stay_woven_and_mxf_keeps_its_timecode(footage, make, tmp_path):
    clip = tmp_path / "in" / "woven.mxf"
    clip.parent.mkdir()
    plain = footage.made("plain.mov", *H264, "-c:a", "pcm_s16le", frames=FRAMES)
    ffmpeg(
        *("-i", plain, "-c:v", "mpeg2video", "-q:v", "2", "-g", "12", "-bf", "2"),
        *("-flags", "+ildct+ilme", "-top", "1", "-c:a", "pcm_s16le"),
        *("-timecode", "01:00:00:00", clip),
    )
    sheet = make(clip)
    assert streams_of(sheet.path)[0]["field_order"] == "tt"
    assert str(probe(sheet.path).start) == "01:00:00:00"
    assert numbers_of(sheet.path) == list(range(FRAMES))


def test_sound_that_begins_later_stays_later_also_mixed(engine, footage, make, tmp_path):
    clip = tmp_path / "in" / "late.mov"
    clip.parent.mkdir()
    ffmpeg(
        *("-i", footage.master(FRAMES, "192x108")),
        *("-itsoffset", "0.5", "-f", "lavfi", "-i", "sine=r=44100:d=1"),
        *("-f", "lavfi", "-i", "aevalsrc=0.1|0.2|0.1|0.2:s=48000:d=2"),
        *("-map", "0", "-map", "1", "-map", "2", *H264, "-c:a", "pcm_s16le", clip),
    )
    sheet = make(clip)
    _, late, four = streams_of(sheet.path)
    # Opus begins 6.5 ms early, to warm its decoder up; Matroska says so and players leave it out.
    assert float(late["start_time"]) == pytest.approx(0.5, abs=0.01)
    assert four["channels"] == 4
    assert beep_at(sheet.path, 1) == pytest.approx(0.5, abs=0.005)

    mixed = replace(PLAIN, name="mixed", sound=replace(PLAIN.sound, mixed=True))
    ended, (both,) = transcoded(engine, clip, to=tmp_path / "again", recipe=mixed)
    assert ended.state is JobState.DONE, both.trouble
    _, sound = streams_of(both.path)
    assert (sound["codec_name"], sound["channels"]) == ("opus", 2)
    assert float(sound["start_time"]) == pytest.approx(0, abs=0.01)


def beep_at(path: Path, stream: int) -> float:
    """Second of the first loud sample of a sound stream, from the first picture on."""
    with av.open(str(path)) as container:
        for frame in container.decode(container.streams[stream]):
            loud = (abs(frame.to_ndarray()[0]) > 0.02).nonzero()[0]
            if len(loud):
                return float(frame.pts * frame.time_base) + int(loud[0]) / frame.sample_rate
    raise AssertionError("nothing to be heard")


def test_colour_tags_and_drop_frames_come_through(footage, make, tmp_path):
    clip = tmp_path / "in" / "hdr.mov"
    clip.parent.mkdir()
    ffmpeg(
        *("-r", "30000/1001", "-i", footage.master(FRAMES, "192x108"), *H264[:-1], "yuv420p10le"),
        *("-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"),
        *("-timecode", "00:59:58;00", clip),
    )
    sheet = make(clip)
    (video,) = streams_of(sheet.path)
    assert (video["color_primaries"], video["color_transfer"]) == ("bt2020", "smpte2084")
    assert (video["r_frame_rate"], video["pix_fmt"]) == ("30000/1001", "yuv420p10le")
    assert str(probe(sheet.path).start) == "00:59:58;00"


MASTERING = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"


@pytest.mark.parametrize(
    ("codec", "box"),
    [(Codec.H264, Box.MKV), (Codec.AV1, Box.MKV), seldom(Codec.H265, Box.MOV)],
)
def test_high_range_is_shown_as_it_was_finished(footage, make, tmp_path, codec, box):
    clip = tmp_path / "in" / "hdr.mov"
    clip.parent.mkdir()
    told_of = f"master-display={MASTERING}:max-cll=1000,400:log-level=error"
    ffmpeg(
        *("-i", footage.master(FRAMES, "192x108"), "-c:v", "libx265", "-preset", "ultrafast"),
        *("-x265-params", told_of, "-pix_fmt", "yuv420p10le", "-color_primaries", "bt2020"),
        *("-color_trc", "smpte2084", "-colorspace", "bt2020nc", clip),
    )
    speed = "10" if codec is Codec.AV1 else "ultrafast"
    picture = replace(PLAIN.picture, codec=codec, speed=speed)
    sheet = make(clip, replace(PLAIN, picture=picture, container=box))

    header = streams_of(sheet.path)[0]["side_data_list"]
    light = {key: value for one in header for key, value in one.items()}
    assert (light["max_content"], light["max_average"]) == (1000, 400)
    assert float(Fraction(light["max_luminance"])) == 1000
    assert float(Fraction(light["green_x"])) == pytest.approx(0.265, abs=0.001)
    bare = tmp_path / "bare.nut"  # the pictures themselves tell it too
    ffmpeg("-i", sheet.path, "-c", "copy", bare)
    with av.open(str(bare)) as container:
        first = next(container.decode(video=0))
        kinds = {one.type.name for one in first.side_data}
    assert {"MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"} <= kinds


def test_a_transport_stream_keeps_picture_and_sound_together(footage, make, tmp_path):
    clip = tmp_path / "in" / "live.ts"
    clip.parent.mkdir()
    plain = footage.made("plain.mp4", *H264, "-c:a", "aac", frames=FRAMES)
    ffmpeg("-i", plain, "-c", "copy", clip)
    before = {one["codec_type"]: float(one["start_time"]) for one in streams_of(clip)}
    sheet = make(clip)
    after = {one["codec_type"]: float(one["start_time"]) for one in streams_of(sheet.path)}
    gap = before["video"] - before["audio"]
    assert after["video"] - after["audio"] == pytest.approx(gap, abs=0.01)
    assert numbers_of(sheet.path) == list(range(FRAMES))


def test_raw_streams_of_another_container_are_proven_by_what_they_show(footage, make, tmp_path):
    clip = tmp_path / "in" / "raw.ts"
    clip.parent.mkdir()
    plain = footage.made("plain.mp4", *H264, "-c:a", "aac", frames=FRAMES)
    ffmpeg("-i", plain, "-c", "copy", clip)
    raw = replace(
        PLAIN,
        picture=replace(PLAIN.picture, codec=Codec.COPY),
        sound=replace(PLAIN.sound, codec=Sound.COPY),
    )
    sheet = make(clip, raw)
    assert [one.fate for one in sheet.streams] == [Fate.RAW, Fate.RAW]
    assert sheet.notes == ()
    assert numbers_of(sheet.path) == list(range(FRAMES))


def test_sound_alone_needs_no_picture(engine, make, tmp_path):
    clip = tmp_path / "in" / "12A-T001.wav"
    clip.parent.mkdir()
    ffmpeg("-f", "lavfi", "-i", "sine=r=96000:d=3", "-c:a", "pcm_s24le", clip)
    sheet = make(clip)
    (sound,) = streams_of(sheet.path)
    assert sound["codec_name"] == "opus"
    flac = replace(PLAIN, name="flac", sound=replace(PLAIN.sound, codec=Sound.FLAC))
    _, (lossless,) = transcoded(engine, clip, to=tmp_path / "again", recipe=flac)
    assert decoded(lossless.path) == decoded(clip)


def decoded(path: Path) -> str:
    line = ["ffmpeg", "-v", "error", "-i", str(path), "-c:a", "pcm_s24le", "-f", "md5", "-"]
    return subprocess.run(line, check=True, capture_output=True, text=True, timeout=60).stdout
