"""Proxies are frame for frame what their clips are; ffprobe judges."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import proxy_sources as sources
import pytest
from clip_bench import H264, PICTURE, SOUND
from proxy_bench import Shown, proxies_of, shown_by_ffprobe

from app.engine import Engine
from app.jobs.snapshot import JobState
from app.media.proxy.recipes import BurnIn, recipe_named
from app.media.proxy.spec import ClipState, ProxySpec, with_looks

ALL = ("thumbnail", "preview", "editorial", "dnxhr")


@pytest.fixture(params=["", sources.BROUGHT], ids=["ffmpeg of the system", "ffmpeg brought along"])
def engine(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    with Engine(tmp_path / "profile") as made:
        if request.param:
            made.settings.set("media.ffmpeg", request.param)
        yield made


def made(engine: Engine, clip: Path, to: Path, *recipes: str) -> dict[str, Shown]:
    """What ffprobe says of each proxy of a clip."""
    ended, (result,) = proxies_of(engine, clip, recipes=recipes, to=to)
    assert ended.state is JobState.DONE, result.trouble
    assert not list(to.rglob("*.part"))
    return {proxy.name: shown_by_ffprobe(proxy.path) for proxy in result.proxies}


def test_all_sizes_are_the_clip_and_can_be_entered_at_the_same_frames(
    engine, camera_clip, tmp_path
):
    clip = shown_by_ffprobe(camera_clip)
    shown = made(engine, camera_clip, tmp_path / "out", "thumbnail", "preview", "editorial")

    assert list(shown) == ["preview-180", "editorial", "thumbnail"]
    for proxy in shown.values():
        assert (proxy.frames, proxy.rate, proxy.timecode) == (60, "30000/1001", "00:59:58;00")
        assert proxy.times == clip.times
    assert (shown["editorial"].codec, shown["editorial"].reel) == ("prores", "A003R1")
    assert shown["editorial"].sound == (("pcm_s24le", "Boom"), ("pcm_s24le", "Lav"))
    assert shown["preview-180"].sound == (("aac", "Boom"), ("aac", "Lav"))
    assert shown["thumbnail"].sound == ()
    assert (shown["thumbnail"].width, shown["thumbnail"].height) == (192, 108)
    assert shown["thumbnail"].keys == shown["preview-180"].keys == (0, 12, 24, 36, 48)


def test_pictures_have_the_numbers_of_the_clip(engine, clips, tmp_path):
    clip = sources.open_groups(clips)
    ended, (result,) = proxies_of(engine, clip, recipes=ALL, to=tmp_path / "out")
    assert ended.state is JobState.DONE
    for proxy in result.proxies:
        alike = sources.likeness(clip, proxy.path)
        assert len(alike) == 120
        assert min(alike) > (0.6 if proxy.name == "thumbnail" else 0.9), proxy.name
    beside = sources.likeness(clip, sources.turned(clips, 180))
    assert min(beside) < 0.6  # the judge knows another picture when it sees one


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_clip_is_shown_upright_by_all(engine, clips, tmp_path, degrees):
    clip = sources.turned(clips, degrees)
    assert shown_by_ffprobe(clip).rotation == degrees
    shown = made(engine, clip, tmp_path / "out", "preview", "editorial")
    upright = (180, 320) if degrees % 180 == 0 else (320, 180)
    preview = next(proxy for name, proxy in shown.items() if name.startswith("preview"))
    assert preview.rotation == 0
    assert (preview.height, preview.width) == upright
    assert shown["editorial"].rotation == degrees
    assert (shown["editorial"].width, shown["editorial"].height) == (320, 180)
    path = next((tmp_path / "out").rglob("*.mp4"))
    assert min(sources.likeness(clip, path, f"{preview.width}:{preview.height}")) > 0.9


@pytest.mark.parametrize(("source", "frames"), [(sources.unsteady, 17), (sources.phone, 66)])
def test_frames_of_an_unsteady_clip_keep_their_times(engine, clips, tmp_path, source, frames):
    clip = source(clips)
    before = shown_by_ffprobe(clip)
    assert before.frames == frames
    for proxy in made(engine, clip, tmp_path / "out", "preview", "editorial").values():
        assert proxy.frames == frames
        assert proxy.times == before.times


def test_colour_tags_are_carried_through(engine, clips, tmp_path):
    for proxy in made(engine, sources.high_range(clips), tmp_path / "out", *ALL[:3]).values():
        assert proxy.colour == ("bt2020", "smpte2084", "bt2020nc", "tv")


def test_a_clip_without_tags_gets_those_of_its_size(alone, clips, tmp_path):
    large = clips("large.mov", *H264, inputs=("-f", "lavfi", "-i", "testsrc2=s=1280x720:d=0.2"))
    for proxy in made(alone, large, tmp_path / "out", "preview", "editorial").values():
        assert proxy.colour == ("bt709", "bt709", "bt709", "tv")


def test_full_range_becomes_limited_and_says_so(alone, clips, tmp_path):
    clip = clips("full.mp4", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuvj420p")
    (proxy,) = made(alone, clip, tmp_path / "out", "preview").values()
    assert proxy.colour[3] == "tv"
    path = tmp_path / "out" / "preview-180" / "full.mp4"
    assert min(sources.likeness(clip, path)) > 0.95


def test_large_pictures_are_halved_for_editing(alone, clips, tmp_path):
    clip = clips("wide.mov", *H264, inputs=("-f", "lavfi", "-i", "testsrc2=s=3840x256:d=0.2"))
    shown = made(alone, clip, tmp_path / "out", "editorial", "dnxhr")
    assert {(proxy.width, proxy.height) for proxy in shown.values()} == {(1920, 128)}


ODD = {
    "odd.mp4": (("-pix_fmt", "yuv444p"), "testsrc2=s=321x179:d=0.4", (320, 178)),
    "tiny.mov": (("-pix_fmt", "yuv420p"), "testsrc2=s=64x36:d=0.4", (64, 36)),
    "wide pixels.mov": (("-vf", "setsar=2"), "testsrc2=s=320x180:d=0.4", (640, 180)),
    "rgb.mov": (("-c:v", "png"), "testsrc2=s=320x180:d=0.4", (320, 180)),
    "fast.mov": (
        (*H264, "-timecode", "01:00:00:100"), "testsrc2=s=320x180:r=120:d=0.4", (320, 180)
    ),
    "one frame.mov": ((*H264, "-frames:v", "1"), "testsrc2=s=320x180:d=0.4", (320, 180)),
    "nearly 60.mkv": (H264, "testsrc2=s=320x180:r=60000/1001:d=0.4", (320, 180)),
}  # fmt: skip
"""Name → options, what it shows, and the size of its preview."""


def test_odd_clips_have_previews_too(alone, clips, tmp_path):
    files = [
        clips(name, *options, inputs=("-f", "lavfi", "-i", source))
        for name, (options, source, _) in ODD.items()
    ]
    ended, results = proxies_of(alone, *files, to=tmp_path / "out")
    assert ended.state is JobState.DONE, ended.error
    for file, result in zip(files, results, strict=True):
        before, after = shown_by_ffprobe(file), shown_by_ffprobe(result.proxies[0].path)
        assert (after.width, after.height) == ODD[file.name][2]
        # FFmpeg rounds what Matroska tells in nanoseconds to 19001/317.
        rate = "60000/1001" if file.suffix == ".mkv" else before.rate
        assert (after.frames, after.rate) == (before.frames, rate), file.name
        assert after.timecode == before.timecode


def test_woven_pictures_are_woven_for_editing_and_not_in_previews(engine, clips, tmp_path):
    clip = sources.woven(clips)
    before = shown_by_ffprobe(clip)
    shown = made(engine, clip, tmp_path / "out", "preview", "editorial")
    assert {proxy.frames for proxy in shown.values()} == {before.frames}
    assert {proxy.timecode for proxy in shown.values()} == {before.timecode}


def test_every_one_of_32_tracks_is_kept(alone, clips, tmp_path):
    every = [word for _ in range(32) for word in ("-map", "1")]
    clip = clips(
        "tracks.mov", "-map", "0", *every, *H264, "-c:a", "pcm_s16le", inputs=(*PICTURE, *SOUND)
    )
    shown = made(alone, clip, tmp_path / "out", "preview", "editorial")
    assert {len(proxy.sound) for proxy in shown.values()} == {32}


# Once is enough for what does not depend on the program


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "profile") as made:
        yield made


def test_what_is_no_clip_is_a_sentence_that_names_it(alone, clips, tmp_path):
    (tmp_path / "empty.mov").touch()
    (tmp_path / "noise.mov").write_bytes(os.urandom(100_000))
    (tmp_path / "text.mov").write_text("Scene 12, take 3\n" * 100)
    sound = clips("sound.wav", inputs=SOUND)
    files = [tmp_path / "empty.mov", tmp_path / "noise.mov", tmp_path / "text.mov", sound]
    ended, results = proxies_of(alone, *files, to=tmp_path / "out")
    assert ended.state is JobState.FAILED
    assert ended.error.startswith("4 of 4 clips failed. ")
    for file, result in zip(files, results, strict=True):
        assert result.state is ClipState.FAILED
        assert str(file) in result.trouble
    assert not list((tmp_path / "out").rglob("*.*"))


def test_a_clip_that_was_cut_off_has_no_proxy(alone, clips, tmp_path):
    whole = clips("whole.mp4", *H264, "-movflags", "+faststart", seconds="2").read_bytes()
    cut = []
    for tenths in range(1, 10):
        cut.append(tmp_path / f"cut at {tenths}.mp4")
        cut[-1].write_bytes(whole[: len(whole) * tenths // 10])
    ended, results = proxies_of(alone, *cut, to=tmp_path / "out")
    assert ended.state is JobState.FAILED
    for clip, result in zip(cut, results, strict=True):
        assert result.state is ClipState.FAILED
        assert str(clip) in result.trouble
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


def test_two_clips_of_one_name_do_not_share_a_proxy(alone, clips, tmp_path):
    one = clips("one.mov", *H264)
    other = clips("other.mov", *H264, seconds="2")
    for folder, clip in (("A001", one), ("A002", other)):
        (tmp_path / folder).mkdir()
        shutil.copy(clip, tmp_path / folder / "C001.mov")
    shutil.copy(one, tmp_path / "A001" / "C001.mp4")
    files = [*sorted((tmp_path / "A001").iterdir()), tmp_path / "A002" / "C001.mov"]
    ended, results = proxies_of(alone, *files, to=tmp_path / "out")
    assert ended.state is JobState.DONE
    paths = [result.proxies[0].path for result in results]
    assert len(set(paths)) == 3
    assert [shown_by_ffprobe(path).frames for path in paths] == [25, 25, 50]


def test_a_file_of_somebody_else_is_not_written_over(alone, camera_clip, tmp_path):
    there = tmp_path / "out" / "editorial" / "A003C001.mov"
    there.parent.mkdir(parents=True)
    there.write_text("somebody's cut")
    ended, (result,) = proxies_of(alone, camera_clip, recipes=("editorial",), to=tmp_path / "out")
    assert ended.state is JobState.FAILED
    assert result.trouble.startswith(f"{there} is there already")
    assert there.read_text() == "somebody's cut"


def test_another_recipe_or_another_clip_makes_it_again(alone, clips, tmp_path):
    clip = tmp_path / "clip.mov"
    shutil.copy(clips("one.mov", *H264), clip)
    states = []
    for heights in ((), (), (90,)):
        _, (result,) = proxies_of(alone, clip, heights=heights)
        states.append((result.state, result.made))
    shutil.copy(clips("other.mov", *H264, seconds="2"), clip)
    _, (result,) = proxies_of(alone, clip)
    assert states == [
        (ClipState.MADE, ("preview-180",)),
        (ClipState.KNOWN, ()),
        (ClipState.MADE, ("preview-90",)),
    ]
    assert (result.state, result.frames) == (ClipState.MADE, 50)
    assert [proxy.name for proxy in alone.proxies.versions(clip)] == ["preview-180"]


def test_a_removed_proxy_is_made_again(alone, camera_clip):
    _, (result,) = proxies_of(alone, camera_clip)
    result.proxies[0].path.unlink()
    assert not alone.proxies.versions(camera_clip)
    _, (result,) = proxies_of(alone, camera_clip)
    assert result.state is ClipState.MADE
    assert alone.proxies.versions(camera_clip) == result.proxies


def test_what_is_burnt_in_is_in_the_picture_and_nowhere_else(alone, camera_clip, tmp_path):
    plain = recipe_named("preview")
    _, (before,) = proxies_of(alone, camera_clip, to=tmp_path / "plain")
    drawn = BurnIn(timecode=True, clip=True, text="it's [50 %], \\ a:b; %{n}")
    recipes = with_looks((plain, recipe_named("thumbnail")), drawn)
    assert recipes[1] == recipe_named("thumbnail")
    ended = alone.run(ProxySpec(files=(camera_clip,), recipes=recipes, to=tmp_path / "drawn"))
    (after,) = alone.proxies.results(ended.id)
    assert ended.state is JobState.DONE, after.trouble
    whole = sources.likeness(before.proxies[0].path, after.proxies[0].path)
    assert max(whole) < 0.99


def test_a_lut_changes_what_is_shown(alone, clips, tmp_path):
    lut = tmp_path / "invert, it's [1].cube"
    lines = ["LUT_3D_SIZE 2"]
    lines += [f"{1 - r} {1 - g} {1 - b}" for b in (0, 1) for g in (0, 1) for r in (0, 1)]
    lut.write_text("\n".join(lines) + "\n")
    white = clips("white.mov", *H264, inputs=("-f", "lavfi", "-i", "color=white:s=320x180:d=0.4"))
    black = clips("black.mov", *H264, inputs=("-f", "lavfi", "-i", "color=black:s=320x180:d=0.4"))
    recipe = replace(recipe_named("preview"), lut=lut)
    ended = alone.run(ProxySpec(files=(white,), recipes=(recipe,), to=tmp_path / "out"))
    (result,) = alone.proxies.results(ended.id)
    assert ended.state is JobState.DONE, result.trouble
    assert min(sources.likeness(black, result.proxies[0].path)) > 0.95
    assert shown_by_ffprobe(result.proxies[0].path).colour == ("bt709", "bt709", "bt709", "tv")
