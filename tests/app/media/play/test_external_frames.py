"""Clips that another maker's program shows: real scripts, and frames that carry their numbers."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import psutil
import pytest
from numbered_clips import NumberedClips, number_in, shared_clips
from picture_bench import arriraw, r3d
from play_bench import Player, brightness, film_of

from app.errors import FrameFault, MediaFault
from app.media.play.trial import Trial


@pytest.fixture(scope="session")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> NumberedClips:
    return shared_clips(tmp_path_factory)


@pytest.fixture
def trial() -> Iterator[Trial]:
    made = Trial()
    yield made
    made.close()
    assert psutil.Process().children(recursive=True) == []


@pytest.fixture
def shows(numbered: NumberedClips, tmp_path: Path):
    """A command line of a program that shows the numbered frames, and writes its calls down."""

    def command(places: str = "{first} {frames}", broken_at: int = 10_000) -> str:
        script, said = tmp_path / "showraw", tmp_path / "said"
        clip = shlex.quote(str(numbered("mjpeg.mov").path))
        script.write_text(
            f'#!/bin/sh\necho "$@" >>{said}\n'
            f"test $(( ${{2:-0}} + ${{3:-1}} )) -gt {broken_at} && echo no licence >&2 && exit 3\n"
            f"exec ffmpeg -nostdin -v error -i {clip} -vf \"select='gte(n,${{2:-0}})'\" "
            "-frames:v ${3:-999} -fps_mode passthrough -f yuv4mpegpipe -\n"
        )
        script.chmod(0o755)
        return f"{shlex.quote(str(script))} {{file}} {places}"

    return command


def calls(tmp_path: Path) -> list[str]:
    return (tmp_path / "said").read_text().splitlines()


def number(picture) -> int:
    return number_in(brightness(picture))


@pytest.mark.parametrize("places", ["{first} {frames}", ""])
def test_a_clip_is_stepped_sought_and_played_by_its_makers_program(
    tmp_path, trial, shows, places
) -> None:
    """Its header tells neither the number of its frames nor where it ends: that is found out."""
    clip = r3d(tmp_path / "A003_C014_1120AB_001.R3D")
    player = Player(film_of(clip, trial, {"r3d": shows(places)}))
    index = player.playback.index
    assert (index.frames, index.rate) == (120, Fraction(24000, 1001))
    for n in (0, 1, 57, 58, 57, 56, 119):
        assert number(player.show(n)) == n
    player.show(100)
    player.playback.play()
    assert [number(p) for _, p in player.run(5)] == list(range(101, 120))
    player.show(30)
    player.playback.play(-1)
    assert [number(p) for _, p in player.run(5)] == list(range(29, -1, -1))
    player.close()


def test_a_look_that_fails_once_is_not_the_end_of_the_clip(tmp_path, trial, shows) -> None:
    clip = r3d(tmp_path / "A003_C014_1120AB_001.R3D")
    decoders, script, failed = {"r3d": shows()}, tmp_path / "showraw", tmp_path / "failed"
    once = f"test $2 -gt 60 -a $2 -lt 120 -a ! -e {failed} && touch {failed} && exit 5\n"
    script.write_text(script.read_text().replace("#!/bin/sh\n", f"#!/bin/sh\n{once}"))
    player = Player(film_of(clip, trial, decoders))
    assert player.playback.index.frames == 120
    assert failed.exists()
    player.close()


def test_going_on_does_not_start_the_program_anew(tmp_path, trial, shows) -> None:
    clip = r3d(tmp_path / "A003_C014_1120AB_001.R3D")
    player = Player(film_of(clip, trial, {"r3d": shows()}))
    before = len(calls(tmp_path))
    for n in range(60, 75):
        assert number(player.show(n)) == n
    assert calls(tmp_path)[before:] == [f"{clip} 60 60"]
    player.close()


def test_each_picture_of_a_row_is_a_file_of_its_own(tmp_path, trial, shows) -> None:
    for n in (5, 6, 8):
        arriraw(tmp_path / "r" / f"A003C001.{n:07}.ari")
    player = Player(film_of(tmp_path / "r" / "A003C001.0000005.ari", trial, {"ari": shows()}))
    assert player.playback.frames == 4
    player.show(1)
    assert calls(tmp_path)[-1] == f"{tmp_path}/r/A003C001.0000006.ari 0 1"
    player.playback.show(2)
    player.settle()
    assert "no file" in str(player.playback.fault)
    player.close()


def test_without_a_program_it_is_said_why_and_what_to_do(tmp_path, trial) -> None:
    red = r3d(tmp_path / "A003_C014_1120AB_001.R3D")
    arri = arriraw(tmp_path / "r" / "A003C001.0000005.ari")
    for path, codec in ((red, "REDCODE RAW"), (arri, "ARRIRAW")):
        player = Player(film_of(path, trial))
        assert str(player.playback.fault) == (
            f"The {codec} pictures of {path} cannot be decoded here. Name a program that shows "
            f"{path.suffix[1:].lower()} files in the settings: media.external_decoders."
        )
        player.close()


def test_a_program_that_shows_nothing_is_quoted(tmp_path, trial, shows) -> None:
    clip = r3d(tmp_path / "A003_C014_1120AB_001.R3D")
    player = Player(film_of(clip, trial, {"r3d": shows(broken_at=0)}))
    assert str(player.playback.fault) == (
        f'showraw gave no picture of {clip}. It ended with 3. It said: "no licence"'
    )
    assert isinstance(player.playback.fault, MediaFault)
    player.close()


def test_a_frame_that_the_program_refuses_is_named_and_others_are_shown(
    tmp_path, trial, shows
) -> None:
    clip = r3d(tmp_path / "A003_C014_1120AB_001.R3D")
    player = Player(film_of(clip, trial, {"r3d": shows()}))
    (tmp_path / "showraw").write_text("#!/bin/sh\necho drive is gone >&2; exit 5\n")
    player.playback.show(90)
    player.settle()
    assert isinstance(player.playback.fault, FrameFault)
    assert str(player.playback.fault) == (
        f"Frame 90 of {clip} cannot be given: showraw gave no picture. It ended with 5. "
        'It said: "drive is gone"'
    )
    shows()
    assert number(player.show(91)) == 91
    player.close()


def test_closing_ends_a_program_that_hangs(tmp_path, trial, shows) -> None:
    clip = r3d(tmp_path / "A003_C014_1120AB_001.R3D")
    player = Player(film_of(clip, trial, {"r3d": shows()}))
    (tmp_path / "showraw").write_text("#!/bin/sh\nsleep 1000 & exec sleep 1000\n")
    player.playback.show(90)
    player.close()
