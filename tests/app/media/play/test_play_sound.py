"""Sound and picture together: a flash and a beep every second, seen and heard within 20 ms."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from clip_bench import Clips
from play_bench import Player, Recorder, SetTime, brightness

from app.media.frames.source import FileSource
from app.media.play.sound_sink import RATE
from app.media.play.sound_source import Passage, SoundPart, SoundSource

CLOSE = 0.020
FLASH = "drawbox=c=white:t=fill:enable='eq(mod(n,25),0)'"
SECONDS = 65
KINDS = {
    "flash.mov": ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "pcm_s24le"),
    "flash.mp4": ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "50", "-c:a", "aac"),
    "flash.mkv": ("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "libopus"),
}


@pytest.fixture(params=KINDS)
def flashes(request, clips: Clips) -> Path:
    """A flash and a beep at the beginning of each second."""
    beep = "aevalsrc='if(lt(mod(t,1),0.05),0.8*sin(2*PI*1000*t),0)':s=48000"
    return clips(
        request.param, "-pix_fmt", "yuv420p", *KINDS[request.param], "-shortest",
        inputs=("-f", "lavfi", "-i", f"color=black:s=160x90:r=25:d={SECONDS},{FLASH}",
                "-f", "lavfi", "-i", f"{beep}:d={SECONDS}"),
    )  # fmt: skip


@pytest.fixture
def clock() -> SetTime:
    return SetTime()


def flash_times(seen) -> list[float]:
    return [when for when, picture in seen if brightness(picture).mean() > 128]


def apart(seen, sink: Recorder) -> list[float]:
    """Seconds between each flash and the beep that belongs to it."""
    beeps = [when for _, when in sink.onsets()]
    flashes = [when for when in flash_times(seen) if when < max(beeps) + 0.5]
    return [min((flash - beep for beep in beeps), key=abs) for flash in flashes]


DEVICES = {"flash.mov": (1.001, 0.06), "flash.mp4": (0.998, 0.02), "flash.mkv": (1.0, 0.0)}
"""How much faster than the machine's clock each device runs, and how late it begins."""


def test_after_a_minute_sound_and_picture_are_still_together(flashes: Path, clock: SetTime) -> None:
    drift, late = DEVICES[flashes.name]
    sink = Recorder(clock, drift=drift, late=late)
    player = Player(flashes, clock, sink)
    player.playback.play()
    seen = player.run(61)
    player.close()
    gaps = apart(seen[50:], sink)
    assert len(gaps) >= 55
    assert max(map(abs, gaps)) < CLOSE, gaps


def test_the_very_first_sample_is_heard(flashes: Path, clock: SetTime) -> None:
    sink = Recorder(clock)
    player = Player(flashes, clock, sink)
    player.playback.play()
    player.run(0.5)
    player.close()
    assert sink.onsets()[0][0] < 0.001


@pytest.mark.parametrize("flashes", ["flash.mov"], indirect=True)
def test_without_the_devices_clock_they_would_not_be(flashes: Path, clock: SetTime) -> None:
    """The test above can fail: a device that runs 0.1 % fast is 60 ms ahead after a minute."""
    sink = Recorder(clock, drift=1.001)
    player = Player(flashes, clock, sink)
    player.playback._clock.heard = lambda seconds: None  # type: ignore[method-assign]
    player.playback.play()
    seen = player.run(61)
    player.close()
    assert abs(apart(seen, sink)[-1]) > CLOSE


def test_after_twenty_seeks_they_are_together(flashes: Path, clock: SetTime) -> None:
    sink = Recorder(clock, late=0.04)
    player = Player(flashes, clock, sink)
    chance = random.Random(4)
    for _ in range(20):
        number = chance.randrange(0, (SECONDS - 3) * 25)
        player.show(number)
        player.playback.play()
        gaps = apart(player.run(2.2)[10:], sink)
        player.playback.pause()
        player.settle()
        assert gaps
        assert max(map(abs, gaps)) < CLOSE, (number, gaps)
    player.close()


def test_a_device_that_is_lost_leaves_pictures_running_by_the_machines_clock(
    flashes: Path, clock: SetTime
) -> None:
    sink = Recorder(clock)
    player = Player(flashes, clock, sink)
    player.playback.play()
    player.run(3)
    sink.lost = True
    seen = player.run(10)
    player.close()
    assert not sink.plays
    flashes_seen = flash_times(seen)
    assert len(flashes_seen) == 10
    steps = np.diff(flashes_seen)
    assert steps == pytest.approx(np.ones(9), abs=0.011)


@pytest.mark.parametrize("flashes", ["flash.mov"], indirect=True)
def test_a_device_that_stands_still_and_says_nothing_is_counted_as_lost(
    flashes: Path, clock: SetTime
) -> None:
    sink = Recorder(clock)
    player = Player(flashes, clock, sink)
    player.playback.play()
    player.run(3)
    sink.stuck = True
    seen = player.run(10)
    player.close()
    assert not sink.plays
    steps = np.diff(flash_times(seen))[2:]
    assert len(steps) >= 4
    assert steps == pytest.approx(np.ones(len(steps)), abs=0.011)


def test_sound_is_heard_at_normal_speed_forwards_only(flashes: Path, clock: SetTime) -> None:
    sink = Recorder(clock)
    player = Player(flashes, clock, sink)
    player.show(500)
    for speed, heard in ((2, False), (-1, False), (1, True)):
        sink.plays = False
        player.playback.play(speed)
        player.run(0.2)
        assert sink.plays is heard
    player.playback.pause()
    player.settle()
    assert not sink.plays
    player.close()


def test_a_loop_sounds_without_a_gap_and_stays_together(flashes: Path, clock: SetTime) -> None:
    sink = Recorder(clock, drift=1.0005)
    player = Player(flashes, clock, sink)
    player.playback.set_range(40, 85)  # 1.8 seconds: flashes at frames 50 and 75
    player.playback.loop = True
    player.show(40)
    player.playback.play()
    seen = player.run(18)
    player.close()
    gaps = apart(seen, sink)
    assert len(gaps) >= 18
    assert max(map(abs, gaps)) < CLOSE, gaps
    places = [at for at, _ in sink.onsets()]
    assert np.diff(places)[::2] == pytest.approx(np.ones(len(np.diff(places)[::2])), abs=0.003)


# The sound itself


@pytest.fixture
def heard(clips: Clips) -> Iterator[SoundSource]:
    """Four mono tracks; the sample value of each is its time, so that a shift is seen."""
    ramp = "aevalsrc=t/8:s=48000:d=4"
    source = FileSource(
        clips(
            "ramp.mov", "-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264",
            "-preset", "ultrafast", "-c:a", "pcm_s24le",
            inputs=("-f", "lavfi", "-i", "color=s=64x64:r=25:d=4",
                    *("-f", "lavfi", "-i", ramp) * 2),
        )
    )  # fmt: skip
    made = SoundSource(lambda: [SoundPart(source=source, ends=Fraction(4))])
    yield made
    assert made.close()


def all_of(source: SoundSource, passage: Passage) -> np.ndarray:
    import time

    source.play(passage)
    parts, end = [], time.monotonic() + 60
    while not (source._ended and not source._waiting):
        parts.append(source.read(RATE))
        assert time.monotonic() < end
    return np.frombuffer(b"".join(parts), np.float32).reshape(-1, 2)


def test_a_passage_has_exactly_its_samples(heard: SoundSource) -> None:
    passage = Passage(start=Fraction(1), end=Fraction(5, 2))
    samples = all_of(heard, passage)
    assert len(samples) == RATE * 3 // 2
    expected = (1 + np.arange(len(samples)) / RATE) / 8
    assert samples[:, 0] == pytest.approx(expected, abs=1e-5)
    assert (samples[:, 0] == samples[:, 1]).all()


def test_what_lies_behind_the_end_of_the_sound_is_silence(heard: SoundSource) -> None:
    samples = all_of(heard, Passage(start=Fraction(7, 2), end=Fraction(6)))
    assert len(samples) == RATE * 5 // 2
    assert not samples[RATE // 2 + 10 :].any()
    assert samples[: RATE // 2 - 10].all()


def test_a_clip_without_sound_is_silent(clips: Clips) -> None:
    mute = clips("mute.mov", "-c:v", "libx264", "-preset", "ultrafast")
    player = Player(mute)
    player.playback.play()
    player.run(0.3)
    assert player.playback.number > 3
    player.close()
