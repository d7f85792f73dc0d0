"""Sizes of proxies: even, never larger than the clip, in its own shape."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import MediaFault
from app.media.facts.values import VideoTrack
from app.media.proxy.recipes import recipe_named
from app.media.proxy.rungs import rungs_of

HD = VideoTrack(index=0, codec="prores", width=1920, height=1080)
PREVIEW, EDITORIAL = recipe_named("preview"), recipe_named("editorial")


def sizes(track: VideoTrack, *names: str, heights: tuple[int, ...] = ()) -> dict[str, str]:
    recipes = [recipe_named(name) for name in names]
    return {r.name: "{}×{}".format(*r.stored) for r in rungs_of(track, recipes, heights)}


def test_the_ladder_ends_at_the_clip():
    assert sizes(HD, "preview") == {"preview-720": "1280×720", "preview-360": "640×360"}
    assert list(sizes(HD, "preview", heights=(360, 1080, 2160))) == ["preview-1080", "preview-360"]
    small = replace(HD, width=320, height=240)
    assert sizes(small, "preview") == {"preview-240": "320×240"}


@pytest.mark.parametrize("turned", [0, 90])
def test_the_number_is_the_shorter_side_also_of_a_clip_that_stands_upright(turned):
    size = {"width": 1080, "height": 1920} if not turned else {"width": 1920, "height": 1080}
    upright = replace(HD, rotation=turned, **size)
    assert sizes(upright, "preview", "thumbnail") == {
        "preview-720": "720×1280", "preview-360": "360×640", "thumbnail": "60×108",
    }  # fmt: skip
    small = replace(HD, width=640, height=900)
    assert sizes(small, "preview", heights=(720, 1080)) == {"preview-640": "640×900"}


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(3840, 2160, "1920×1080"), (4096, 2160, "2048×1080"), (1920, 1080, "1920×1080"),
     (8192, 4320, "2048×1080"), (6144, 3240, "1536×810"), (2880, 1620, "2880×1620")],
)  # fmt: skip
def test_an_editorial_proxy_is_halved_as_often_as_needed(width, height, expected):
    assert sizes(replace(HD, width=width, height=height), "editorial") == {"editorial": expected}


def test_all_sizes_are_told_largest_first():
    uhd = replace(HD, width=3840, height=2160)
    names = list(sizes(uhd, "thumbnail", "editorial", "preview"))
    assert names == ["editorial", "preview-720", "preview-360", "thumbnail"]


def test_a_picture_that_is_too_small_for_its_codec_is_refused():
    with pytest.raises(MediaFault, match="too small a picture for the recipe dnxhr"):
        sizes(replace(HD, width=200, height=100), "dnxhr")


TRACKS = st.builds(
    VideoTrack,
    index=st.just(0),
    codec=st.just("prores"),
    width=st.integers(128, 8192),
    height=st.integers(128, 4320),
    pixel_aspect=st.sampled_from([Fraction(1), Fraction(2), Fraction(16, 11), Fraction(1, 2)]),
    rotation=st.sampled_from([0, 90, 180, 270, 45]),
)


@given(TRACKS, st.lists(st.integers(16, 4320), max_size=4).map(tuple))
def test_sizes_are_even_and_of_the_clips_shape(track, heights):
    for rung in rungs_of(track, (PREVIEW, EDITORIAL), heights):
        assert rung.width % 2 == rung.height % 2 == 0
        assert min(rung.width, rung.height) >= 2
        shape = Fraction(track.width, track.height)
        if not rung.whole:
            shape *= track.pixel_aspect
        if min(rung.width, rung.height) >= 100:  # where an even pixel more does not weigh
            assert abs(Fraction(rung.width, rung.height) / shape - 1) < Fraction(1, 20)
        if rung.whole:
            assert (rung.width, rung.height) <= (track.width, track.height)


@given(TRACKS)
def test_no_two_proxies_of_a_clip_share_a_name(track):
    rungs = rungs_of(track, (PREVIEW, PREVIEW, EDITORIAL, recipe_named("thumbnail")))
    assert len({rung.name for rung in rungs}) == len(rungs)
