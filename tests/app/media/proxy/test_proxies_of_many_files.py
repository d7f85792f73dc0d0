"""A clip of several files has one proxy, like any other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import proxy_sources as sources
import pytest
from clip_bench import H264
from picture_bench import row_of
from proxy_bench import proxies_of, shown_by_ffprobe

from app.engine import Engine
from app.jobs.snapshot import JobState
from app.media.facts.folder import clips_below
from app.media.proxy.recipes import recipe_named
from app.media.proxy.spec import ClipState, ProxySpec


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "profile") as made:
        yield made


@pytest.mark.parametrize(
    ("named", "program"),
    [("its folder", ""), ("its first file", ""), ("both files", sources.BROUGHT)],
)
def test_a_spanned_clip_goes_on_in_its_next_file(engine, clips, tmp_path, named, program):
    engine.settings.set("media.ffmpeg", program)
    first = sources.spanned(tmp_path / "the card's folder", clips)
    files = {
        "its folder": [tmp_path / "the card's folder"],
        "its first file": [first],
        "both files": sorted(first.parent.iterdir()),
    }[named]
    ended, results = proxies_of(
        engine, *files, recipes=("preview", "editorial"), to=tmp_path / "out"
    )
    assert ended.state is JobState.DONE, ended.error
    (result,) = results
    for proxy in result.proxies:
        shown = shown_by_ffprobe(proxy.path)
        assert (shown.frames, shown.rate) == (60, "25/1")
        assert shown.times == tuple(f"{n / 25:.6f}" for n in range(60))
        assert len(shown.sound) == 1
    (before,) = clips_below(first.parent).clips
    first.parent.rename(tmp_path / "away")
    (record,) = engine.proxies.offline(first.parent)
    assert (record.files, record.whole.text) == (before.parts, before.stamp)


def test_a_row_of_pictures_is_one_clip(engine, tmp_path):
    first = sources.row(tmp_path / "100 % A001")
    ended, results = proxies_of(
        engine, *first.parent.iterdir(), recipes=("preview", "editorial"), to=tmp_path / "out"
    )
    assert ended.state is JobState.DONE, ended.error
    (result,) = results
    names = {proxy.path.name for proxy in result.proxies}
    assert names == {"A001.mp4", "A001.mov"}
    for proxy in result.proxies:
        assert shown_by_ffprobe(proxy.path).frames == 30
    more = first.with_name("A001.0086430.dpx")
    more.write_bytes(first.read_bytes())
    _, (result,) = proxies_of(engine, first, to=tmp_path / "out")
    assert (result.state, shown_by_ffprobe(result.proxies[0].path).frames) == (ClipState.MADE, 31)


def test_what_a_film_scan_or_a_render_says_of_its_light_stops_no_proxy(engine, tmp_path):
    row_of(tmp_path / "render", "R.%04d.exr", 3, "-pix_fmt", "gbrpf32le")
    for path in row_of(tmp_path / "scan", "S.%04d.dpx", 3).iterdir():
        data = bytearray(path.read_bytes())
        data[801] = 1  # printing density
        path.write_bytes(data)
    folders = (tmp_path / "render", tmp_path / "scan")
    ended, results = proxies_of(engine, *folders, recipes=("thumbnail",), to=tmp_path / "out")
    assert ended.state is JobState.DONE, ended.error
    transfers = [shown_by_ffprobe(one.proxies[0].path).colour[1] for one in results]
    assert transfers == ["linear", "smpte170m"]


def test_in_place_of_a_rows_missing_pictures_the_one_before_is_shown(engine, tmp_path):
    first = sources.row(tmp_path / "100 % A001")
    _, (result,) = proxies_of(engine, first, to=tmp_path / "whole")
    whole = result.proxies[0].path
    for number in (10, 11, 20):
        (first.parent / f"A001.00864{number}.dpx").unlink()
    spec = ProxySpec(files=(first,), recipes=(recipe_named("preview"),), to=tmp_path / "out")

    (planned,) = engine.proxies.plan(spec).clips
    ended, (result,) = proxies_of(engine, first, to=tmp_path / "out")

    assert (ended.state, result.state) == (JobState.DONE, ClipState.MADE), result.trouble
    lacks = "lacks A001.0086410.dpx to A001.0086411.dpx, A001.0086420.dpx:"
    assert planned.notes == result.notes
    assert lacks in result.notes[0]
    assert (planned.frames, result.frames) == (30, 30)
    alike = sources.likeness(whole, result.proxies[0].path)
    assert [n for n, like in enumerate(alike) if like < 0.98] == [10, 11, 20]


def test_a_picture_that_is_not_there_is_not_said_to_be_damaged_too(engine, tmp_path):
    first = sources.row(tmp_path / "A001")
    (first.parent / "A001.0086410.dpx").unlink()
    cut = first.parent / "A001.0086420.dpx"
    cut.write_bytes(cut.read_bytes()[:5000])
    ended, (result,) = proxies_of(engine, first, recipes=("thumbnail",), to=tmp_path / "out")
    assert ended.state is JobState.DONE, result.trouble
    lacks, damaged = result.notes
    assert "lacks A001.0086410.dpx:" in lacks
    assert "is damaged at frame 20:" in damaged


def test_a_raw_clip_that_nobody_can_decode_is_named(engine, clips, tmp_path):
    clip = tmp_path / "A001_C001.braw"
    data = clips("one.mov", *H264).read_bytes()
    clip.write_bytes(data.replace(b"avc1", b"brhq"))
    ended, (result,) = proxies_of(engine, clip, to=tmp_path / "out")
    assert ended.state is JobState.FAILED
    assert result.trouble == f"{clip} is Blackmagic RAW that cannot be decoded here."
