"""No decoder of the window's process touches a file that a child has not tried before."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from clip_bench import H264, SOUND, Clips
from numbered_clips import CLIPS, NumberedClips, number_in, shared_clips
from play_bench import Player, brightness, film_of
from seldom import seldom

from app.errors import MediaFault, NotFound
from app.media.facts.row import pictures_with
from app.media.frames.decoder import Abandoned
from app.media.play.row_frames import RowFrames
from app.media.play.trial import Trial, Tried
from app.media.play.trial_process import tried

PICTURES = ("-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=2")


@pytest.fixture(scope="session")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> NumberedClips:
    return shared_clips(tmp_path_factory)


@pytest.fixture
def trial() -> Iterator[Trial]:
    made = Trial()
    yield made
    made.close()
    assert psutil.Process().children() == []


def test_picture_and_sound_are_told_apart(clips: Clips, trial: Trial) -> None:
    both = clips("both.mov", *H264, "-c:a", "pcm_s16le", "-shortest",
                 inputs=("-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=1", *SOUND))  # fmt: skip
    assert trial.of(both) == Tried(heard=True)
    assert trial.of(clips("mute.mov", *H264)) == Tried()
    alone = trial.of(clips("heard.wav", inputs=SOUND))
    assert (alone.shown, alone.heard) == (False, True)


def test_what_went_well_is_not_tried_again_unless_the_clip_has_changed(
    clips: Clips, tmp_path: Path
) -> None:
    clip = tmp_path / "both.mov"
    clip.write_bytes(clips("mute.mov", *H264).read_bytes())
    kept = tmp_path / "trials"
    for tried_now in (True, False):
        trial = Trial(kept=kept)
        assert trial.of(clip) == Tried()
        assert bool(psutil.Process().children()) is tried_now
        trial.close()
    (entry,) = kept.iterdir()
    for harm in (b"", b"7", b'{"a": 1}', b"[1]", b"\xff"):
        entry.write_bytes(harm)
        trial = Trial(kept=kept)
        assert trial.of(clip) == Tried()
        assert psutil.Process().children()
        trial.close()
    clip.write_bytes(os.urandom(5000))
    for _ in range(2):  # what went wrong is tried each time
        trial = Trial(kept=kept)
        assert not trial.of(clip).shown
        assert psutil.Process().children()
        trial.close()


def test_a_child_that_was_begun_early_is_the_one_that_answers(clips: Clips, trial: Trial) -> None:
    trial.warm_up()
    (early,) = psutil.Process().children()
    assert trial.of(clips("mute.mov", *H264)) == Tried()
    assert psutil.Process().children() == [early]
    trial.close()
    trial.warm_up()
    assert psutil.Process().children() == []


def test_a_movie_that_holds_only_sound_is_played_as_sound(clips: Clips, trial: Trial) -> None:
    player = Player(film_of(clips("heard.mov", "-c:a", "pcm_s16le", inputs=SOUND), trial))
    assert player.playback.fault is None
    assert player.playback.frames > 1
    player.close()


def test_what_is_no_clip_is_said_as_the_library_says_it(trial: Trial, tmp_path: Path) -> None:
    odd = tmp_path / "odd.mov"
    odd.write_bytes(os.urandom(5000))
    player = Player(film_of(odd, trial))
    assert str(player.playback.fault) == f"{odd} is no clip, or its header is damaged."
    player.close()
    with pytest.raises(NotFound):
        trial.of(tmp_path / "gone.mov")


def kill_once_it_reads(pipe: Path, child: int) -> None:
    """Kill a process in the moment in which it reads from *pipe*."""
    fd = os.open(pipe, os.O_WRONLY)  # waits for a reader
    os.kill(child, signal.SIGSEGV)
    with contextlib.suppress(psutil.NoSuchProcess):
        while psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
    os.close(fd)


def test_a_picture_in_a_row_that_kills_its_decoder_is_a_frame_that_cannot_be_given(
    trial: Trial, tmp_path: Path, numbered: NumberedClips
) -> None:
    made = ["ffmpeg", "-v", "error", "-i", numbered("mjpeg.mov").path, "-frames:v", "8"]
    subprocess.run([*made, tmp_path / "shot.%04d.png"], check=True, timeout=60)
    deadly = tmp_path / "shot.0005.png"
    deadly.unlink()
    os.mkfifo(deadly)  # opening it waits for ever
    player = Player(film_of(tmp_path / "shot.0001.png", trial))
    assert number_in(brightness(player.show(3))) == 3
    (child,) = (one for one in psutil.Process().children() if "row_process" in one.cmdline()[-1])
    player.playback.show(4)
    kill_once_it_reads(deadly, child.pid)
    player.settle()
    words = f"Frame 4 cannot be given: {deadly} is damaged: the program that read it broke down."
    assert str(player.playback.fault) == words
    assert number_in(brightness(player.show(5))) == 5
    player.playback.show(4)  # is not tried again
    player.settle()
    assert str(player.playback.fault) == words
    player.show(0)
    player.playback.play()
    assert [number_in(brightness(p)) for _, p in player.run(1)] == [1, 2, 3, 5, 6, 7]
    player.close()


@pytest.mark.parametrize(
    ("name", "form"),
    [("dpx", "gbrp10be"), ("exr", "gbrapf32le"), ("tif", "gray16le"), ("png", "pal8"),
     ("png", "monob"), ("jpg", "yuvj422p")],
)  # fmt: skip
def test_pictures_of_a_row_come_from_a_child_as_they_are(
    tmp_path: Path, name: str, form: str
) -> None:
    made = [
        "ffmpeg",
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=331x77:r=25",
        "-frames:v",
        "2",
    ]
    subprocess.run([*made, "-pix_fmt", form, tmp_path / f"a.%d.{name}"], check=True, timeout=60)
    pictures = pictures_with(tmp_path / f"a.1.{name}")
    with contextlib.closing(RowFrames(pictures, aside=True)) as aside:
        here, there = RowFrames(pictures).frame(1), aside.frame(1)
    assert there.format.name == here.format.name
    assert (there.color_range, there.colorspace) == (here.color_range, here.colorspace)
    both = [one.reformat(format="rgba64le").to_ndarray() for one in (here, there)]
    assert np.array_equal(*both)


def test_a_file_that_kills_its_decoder_costs_a_child_and_is_named(
    trial: Trial, tmp_path: Path, clips: Clips
) -> None:
    whole = clips("mute.mov", *H264)
    trial.of(whole)
    pipe = tmp_path / "pipe.mov"
    os.mkfifo(pipe)  # opening it waits for ever
    child = psutil.Process().children()[0].pid
    killer = threading.Thread(target=kill_once_it_reads, args=(pipe, child))
    killer.start()
    player = Player(film_of(pipe, trial))
    killer.join(60)
    assert isinstance(player.playback.fault, MediaFault)
    assert str(player.playback.fault) == (
        f"{pipe} is damaged: the program that read it broke down. "
        "Copy it again from its card or from another copy."
    )
    player.close()
    other = tmp_path / "other.mov"
    other.write_bytes(whole.read_bytes())
    assert trial.of(other) == Tried()


def test_a_clip_that_does_not_answer_is_not_called_damaged(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.mov"
    os.mkfifo(pipe)  # opening it waits for ever
    impatient = Trial(seconds=1)
    with pytest.raises(MediaFault) as caught:
        impatient.of(pipe)
    impatient.close()
    assert str(caught.value) == (
        f"{pipe} did not tell what it is within 1 seconds. "
        "Look whether its drive answers, and open it again."
    )


def test_a_clip_that_hangs_holds_up_no_other_one(
    clips: Clips, trial: Trial, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe.mov"
    os.mkfifo(pipe)  # opening it waits for ever
    said: list[type] = []

    def hang() -> None:
        try:
            trial.of(pipe)
        except Exception as error:
            said.append(type(error))

    hanging = threading.Thread(target=hang)
    hanging.start()
    while not psutil.Process().children():
        pass
    assert trial.of(clips("mute.mov", *H264)) == Tried()
    hanging.join(30)
    assert said == [Abandoned]


def test_a_clip_whose_first_picture_is_damaged_plays_from_the_next_one(
    clips: Clips, trial: Trial, tmp_path: Path
) -> None:
    whole = clips("prores.mov", "-c:v", "prores_ks", inputs=PICTURES)
    cut = tmp_path / "cut.mov"
    data = bytearray(whole.read_bytes())
    at = data.index(b"icpf") + 40
    data[at : at + 4000] = os.urandom(4000)
    cut.write_bytes(data)
    assert trial.of(cut).shown
    player = Player(film_of(cut, trial))
    assert player.playback.frames == 50
    assert str(player.playback.fault).startswith(f"Frame 0 of {cut} cannot be given")
    player.show(1)
    assert player.playback.fault is None
    player.close()


OFTEN = {"prores.mov", "h264_open.ts", "hevc_head.ts", "h264_refresh.mp4", "times.h264", "cut.mp4"}


@pytest.mark.parametrize("kind", [kind if kind in OFTEN else seldom(kind) for kind in CLIPS])
def test_a_trial_keeps_no_clip_from_the_player(kind: str, numbered: NumberedClips) -> None:
    assert tried(numbered(kind).path) == Tried()
