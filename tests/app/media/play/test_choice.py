"""The right version of a clip, for whatever display and bandwidth."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.media.play.choice import HEADROOM, Version, choose

VERSIONS = st.lists(
    st.builds(
        Version,
        name=st.text("abcdef", min_size=1, max_size=4),
        height=st.integers(2, 4320),
        peak=st.integers(0, 200_000_000),
    ),
    min_size=1,
    max_size=8,
)
HEIGHTS = st.integers(1, 4320)
RATIOS = st.sampled_from([1.0, 1.25, 1.5, 2.0, 3.0])
THROUGHPUTS = st.none() | st.integers(1, 300_000_000)

LADDER = (
    Version(name="preview-360", height=360, peak=1_000_000),
    Version(name="preview-720", height=720, peak=4_000_000),
    Version(name="preview-1080", height=1080, peak=9_000_000),
    Version(name="original", height=2160, peak=700_000_000),
)


def chosen(*given: object, **more: object) -> str:
    found = choose(LADDER, *given, **more)  # type: ignore[arg-type]
    assert found is not None
    return found.name


def test_the_ladder_is_climbed_as_far_as_the_display_can_show():
    assert chosen(300) == "preview-360"
    assert chosen(360) == "preview-360"
    assert chosen(361) == "preview-720"
    assert chosen(360, ratio=2) == "preview-720"
    assert chosen(2000) == "original"
    assert chosen(4000) == "original"


def test_and_as_far_as_the_line_bears():
    assert chosen(1080, throughput=9_000_000 / HEADROOM) == "preview-1080"
    assert chosen(1080, throughput=9_000_000) == "preview-720"
    assert chosen(1080, throughput=1_000_000) == "preview-360"
    assert choose((), 360) is None


def test_a_version_of_unknown_rate_is_for_disks():
    unknown = Version(name="original", height=1080)
    assert choose([unknown, LADDER[0]], 1080) == unknown
    assert choose([unknown, LADDER[0]], 1080, throughput=1e12) == LADDER[0]


def flows(version: Version, throughput: float | None) -> bool:
    return throughput is None or 0 < version.peak <= HEADROOM * throughput


@given(VERSIONS, HEIGHTS, RATIOS, THROUGHPUTS)
def test_nothing_smaller_would_have_filled_the_display_as_well(versions, height, ratio, throughput):
    found = choose(versions, height, ratio=ratio, throughput=throughput)
    assert found in versions
    fitting = [one for one in versions if flows(one, throughput) and one.height >= height * ratio]
    if fitting:
        assert found.height == min(one.height for one in fitting)
        assert found in fitting


@given(VERSIONS, HEIGHTS, RATIOS, THROUGHPUTS)
def test_what_does_not_fill_it_is_the_largest_that_comes_through(
    versions, height, ratio, throughput
):
    found = choose(versions, height, ratio=ratio, throughput=throughput)
    flowing = [one for one in versions if flows(one, throughput)]
    if not flowing:
        assert found.needs == min(one.needs for one in versions)
    elif found.height < height * ratio:
        assert found.height == max(one.height for one in flowing)


@given(VERSIONS, HEIGHTS, RATIOS, THROUGHPUTS, st.randoms())
def test_the_order_in_which_they_are_told_does_not_matter(
    versions, height, ratio, throughput, random
):
    first = choose(versions, height, ratio=ratio, throughput=throughput)
    random.shuffle(versions)
    assert choose(versions, height, ratio=ratio, throughput=throughput) == first


@given(VERSIONS, HEIGHTS, st.integers(1, 300_000_000), st.integers(1, 300_000_000))
def test_a_better_line_never_gives_a_worse_picture(versions, height, one, other):
    slow = choose(versions, height, throughput=min(one, other))
    fast = choose(versions, height, throughput=max(one, other))
    if any(flows(version, min(one, other)) for version in versions):
        assert min(fast.height, height) >= min(slow.height, height)
