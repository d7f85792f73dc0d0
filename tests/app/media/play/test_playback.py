"""Playing without a window: what is seen is read out of the pictures themselves."""

from __future__ import annotations

import os
import random
from itertools import pairwise
from pathlib import Path

import pytest
from numbered_clips import NumberedClips, number_in, shared_clips
from play_bench import Player, SetTime, brightness

from app.errors import MediaFault
from app.media.frames.frame_index import FrameIndex
from app.media.frames.index import build_index
from app.media.frames.pictures import Picture, PictureCache
from app.media.frames.source import FileSource
from app.media.play.clock import PlayClock
from app.media.play.lens import Lens
from app.media.play.route import Route


@pytest.fixture(scope="session")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> NumberedClips:
    return shared_clips(tmp_path_factory)


KINDS = ["prores.mov", "h264_open_df.mov", "mpeg2.mxf", "h264_open.ts", "vfr.mkv", "cut.mov"]


def number(picture: Picture | None) -> int:
    assert picture is not None
    return number_in(brightness(picture))


@pytest.mark.parametrize("kind", KINDS)
def test_any_frame_in_any_order_is_the_one_that_is_seen(numbered, kind) -> None:
    clip = numbered(kind)
    player = Player(clip.path)
    count = player.playback.frames
    assert count == len(clip.shows)
    chance = random.Random(7)
    for wanted in [0, count - 1, *(chance.randrange(count) for _ in range(20))]:
        assert number(player.show(wanted)) == clip.shows[wanted]
        assert player.playback.exact
    for wanted in range(count // 2, count // 2 - 12, -1):
        assert number(player.show(wanted)) == clip.shows[wanted]
    player.close()


@pytest.mark.parametrize("kind", KINDS)
def test_playing_forwards_shows_every_frame_at_its_time(numbered, kind) -> None:
    clip = numbered(kind)
    player = Player(clip.path)
    player.playback.play()
    began = player.clock.now
    seen = player.run(60)
    index = player.playback.index
    assert index is not None
    assert [number(picture) for _, picture in seen] == list(clip.shows[1:])
    for when, picture in seen:
        assert when - began == pytest.approx(float(index.seconds(picture.number)), abs=0.0051)
    player.settle()
    assert number(player.playback.picture) == clip.shows[-1]
    assert not player.playback.playing
    assert player.playback.dropped == 0
    player.close()


@pytest.mark.parametrize("kind", KINDS)
def test_playing_backwards_shows_every_frame_down_to_the_first(numbered, kind) -> None:
    clip = numbered(kind)
    player = Player(clip.path)
    player.show(len(clip.shows) - 1)
    player.playback.play(-1)
    seen = [number(picture) for _, picture in player.run(60)]
    assert seen == list(reversed(clip.shows[:-1]))
    player.close()


@pytest.mark.parametrize("speed", [2, 4, 8, -2, -4, -8])
@pytest.mark.parametrize("kind", ["prores.mov", "h264_open_df.mov"])
def test_fast_playing_keeps_its_speed(numbered, kind, speed) -> None:
    clip = numbered(kind)
    player = Player(clip.path)
    player.show(0 if speed > 0 else 119)
    player.playback.play(speed)
    began = player.clock.now
    seen = player.run(60)
    took = player.clock.now - began
    assert took == pytest.approx(float(120 / player.playback.index.rate / abs(speed)), abs=0.2)
    way = 1 if speed > 0 else -1
    steps = {(b - a) * way for a, b in pairwise(number(p) for _, p in seen)}
    assert min(steps) > 0
    player.close()


def test_playing_ends_at_the_last_frame_also_where_it_came_too_late(numbered) -> None:
    player = Player(numbered("h264_open_df.mov").path)
    player.playback.play()
    player.until(lambda: player.playback.moving)
    player.clock.now += 30  # nobody looked for half a minute
    player.until(lambda: not player.playback.playing)
    player.settle()
    assert number(player.playback.picture) == 119
    assert player.playback.dropped > 20
    player.close()


def test_pictures_that_come_too_late_to_be_seen_are_counted(numbered) -> None:
    player = Player(numbered("prores.mov").path)
    player.playback.play()
    player.run(1)
    before = player.playback.number
    player.until(lambda: player.playback.reach > player.playback.elapsed + 5 / 24)
    player.clock.now += 4.5 / 23.976  # the window was busy for that long
    player.playback.tick()
    assert player.playback.number > before
    assert player.playback.dropped == player.playback.number - before - 1
    player.close()


def test_scrubbing_shows_the_key_frame_and_then_the_frame(numbered) -> None:
    clip = numbered("h264_open_df.mov")
    player = Player(clip.path)
    player.playback.show(75, exact=False)
    player.settle()
    assert number(player.playback.picture) == 60
    assert not player.playback.exact
    assert number(player.show(75)) == 75
    player.close()


def test_the_newest_wish_wins(numbered) -> None:
    player = Player(numbered("h264_open_df.mov").path)
    for wanted in range(5, 118, 3):
        player.playback.show(wanted)
    player.settle()
    assert number(player.playback.picture) == 116
    player.close()


def test_a_lens_changes_the_size_of_the_same_frame(numbered) -> None:
    player = Player(numbered("prores.mov").path)
    player.show(33)
    player.playback.look_through(Lens(box=(160, 120)))
    player.settle()
    picture = player.playback.picture
    assert picture is not None
    assert (picture.width, picture.height) == (160, 90)
    assert number(picture) == 33
    player.close()


def test_an_anamorphic_clip_is_seen_as_wide_as_it_is(numbered) -> None:
    wide = numbered.once(
        "wide.mov",
        lambda path: numbered.encode(path, "-vf setsar=2 -c:v mjpeg -q:v 4 -pix_fmt yuvj420p"),
    )
    player = Player(wide)
    picture = player.show(60)
    assert picture.width / picture.height == pytest.approx(32 / 9, abs=0.05)
    assert number(picture) == 60
    player.close()


def test_no_clip_is_a_fault_and_no_hang(tmp_path: Path) -> None:
    odd = tmp_path / "odd.mov"
    odd.write_bytes(os.urandom(4000))
    player = Player(odd)
    assert isinstance(player.playback.fault, MediaFault)
    assert str(odd) in str(player.playback.fault)
    player.playback.show(5)
    player.playback.play()
    player.settle()
    assert str(odd) in str(player.playback.fault)
    player.close()


def test_closing_while_it_plays_leaves_no_thread(numbered) -> None:
    player = Player(numbered("vfr.mkv").path)
    player.playback.show(100)
    player.playback.play(8)
    player.close()


# A route


class _Slow:
    """A machine that needs *cost* seconds for each frame, or each frame of a group."""

    def __init__(self, index: FrameIndex, cost: float) -> None:
        self.index, self.cost = index, cost

    def shown(self, speed: int, seconds: float) -> list[tuple[float, int, float]]:
        """When it is due, the frame, and when this machine has it."""
        route = Route(self.index, 0, speed, 0, self.index.frames - 1, loop=False)
        now, before, out = 0.0, -1, []
        while route.number is not None and route.at < seconds:
            steps = 1 if self.index.intra else max(1, route.number - max(before, self._key(route)))
            now = max(now, route.at - 0.3) + self.cost * steps
            out.append((route.at, route.number, now))
            before = route.number
            route.go_on(now, 1 / self.cost)
        return out

    def _key(self, route: Route) -> int:
        return self.index.key_at_or_before(route.number or 0) - 1


@pytest.mark.parametrize("kind", ["prores.mov", "h264_open_df.mov"])
@pytest.mark.parametrize("cost", [0.06, 0.15])
def test_a_slow_machine_leaves_out_pictures_and_never_time(numbered, kind, cost) -> None:
    index = build_index(FileSource(numbered(kind).path))
    shown = _Slow(index, cost).shown(1, 4)
    # Behind the last key frame there is nothing to leap to.
    late = [have - due for due, n, have in shown if n <= index.key_frames[-1]]
    assert max(late) < 2.5
    assert [n for _, n, _ in shown] == sorted({n for _, n, _ in shown})
    for due, n, _ in shown:
        assert due == pytest.approx(float(index.seconds(n)), abs=1e-6)


def test_fast_forward_over_long_groups_goes_by_key_frames_where_the_machine_is_slow(
    numbered,
) -> None:
    index = build_index(FileSource(numbered("h264_open_df.mov").path))
    shown = _Slow(index, 1 / 60).shown(8, 4)
    keys = index.key_frames.tolist()
    assert [n for _, n, _ in shown if n <= keys[-1]] == keys


# The little parts


def test_the_cache_keeps_bytes_not_pictures() -> None:
    cache = PictureCache(1000)
    for n in range(20):
        cache.put(Picture(number=n, width=10, height=10, stride=40, pixels=bytes(100)))
    assert cache.bytes == 1000
    assert cache.get(9) is None
    assert cache.get(10) is not None
    cache.put(Picture(number=20, width=10, height=10, stride=40, pixels=bytes(100)))
    assert cache.get(10) is not None
    assert cache.get(11) is None
    cache.of_kind("other")
    assert cache.bytes == 0


def test_the_clock_follows_its_device_and_never_goes_back() -> None:
    time = SetTime()
    clock = PlayClock(time)
    assert clock.elapsed() == 0
    clock.start()
    read, told = [], 0.0
    for _ in range(2000):
        time.now += 0.005
        told += 0.005 * 1.002
        clock.heard(told)
        read.append(clock.elapsed())
    assert read[-1] == pytest.approx(told, abs=0.002)
    assert read == sorted(read)
    clock.heard(told - 5)
    assert clock.elapsed() >= read[-1]
