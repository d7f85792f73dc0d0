"""Sheets and stills of clips that another maker's program shows: real scripts, numbered frames."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from numbered_clips import NumberedClips, number_in, shared_clips
from picture_bench import arriraw, r3d
from PIL import Image
from seldom import seldom
from sheet_bench import numbers_on, sheets_of

from app.engine import Engine
from app.errors import BadInput, MediaFault
from app.jobs.snapshot import JobState
from app.media.montage.spec import MontageSpec, SheetState


@pytest.fixture(scope="session")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> NumberedClips:
    return shared_clips(tmp_path_factory)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "profile") as made:
        yield made
    assert psutil.Process().children(recursive=True) == []


@pytest.fixture
def red(tmp_path: Path) -> Path:
    return r3d(tmp_path / "clips" / "A003_C014_1120AB_001.R3D", size=(320, 180))


@pytest.fixture
def shows(numbered: NumberedClips, engine: Engine, tmp_path: Path):
    """Has a program show the numbered frames; answers where it writes down what it may use."""

    def name(ending: str, places: str = "{first} {frames}", begin: str = "") -> Path:
        script, said = tmp_path / "showraw", tmp_path / "said"
        clip = shlex.quote(str(numbered("mjpeg.mov").path))
        script.write_text(
            f"#!/bin/sh\nulimit -v >>{said}\necho $$ >>{said}\n{begin}\n"
            f"exec ffmpeg -nostdin -v error -i {clip} -vf \"select='gte(n,${{2:-0}})'\" "
            "-frames:v ${3:-999} -fps_mode passthrough -f yuv4mpegpipe -\n"
        )
        script.chmod(0o755)
        line = f"{shlex.quote(str(script))} {{file}} {places}"
        engine.settings.set("media.external_decoders", {ending: line})
        return said

    return name


@pytest.mark.parametrize("places", ["", seldom("{first} {frames}")])
def test_a_sheet_is_made_of_what_the_program_shows(engine, red, shows, tmp_path, places):
    """The header does not tell how many frames there are: that is found out."""
    said = shows("r3d", places)
    ended, (result,) = sheets_of(engine, red.parent, to=tmp_path / "out", grid=3)
    assert (ended.state, result.trouble) == (JobState.DONE, "")
    (sheet,) = result.sheets
    assert numbers_on(sheet) == [n * 120 // 9 for n in range(9)]
    assert sheet.path.name.startswith("A003_C014_1120AB")
    assert set(said.read_text().split()[::2]) == {"unlimited"}  # it may need much memory
    again, (known,) = sheets_of(engine, red.parent, to=tmp_path / "out", grid=3)
    assert (again.state, known.state) == (JobState.DONE, SheetState.KNOWN)


def test_a_still_is_the_frame_that_the_program_shows(engine, red, shows, tmp_path):
    shows("r3d", "")
    still = engine.montages.still(red, "21:36:18:20", tmp_path / "out")
    assert still.path.name == "A003_C014_1120AB_001_21-36-18-20.png"
    with Image.open(still.path) as image:
        assert number_in(np.asarray(image.convert("L"))) == still.frame == 50


def test_each_file_of_a_row_is_given_to_the_program(engine, shows, tmp_path):
    for n in (5, 6, 7, 8):
        arriraw(tmp_path / "r" / f"A003C001.{n:07}.ari", 320, 180)
    shows("ari", "{first} {frames}")
    ended, (result,) = sheets_of(engine, tmp_path / "r", to=tmp_path / "out", grid=2)
    assert (ended.state, result.trouble) == (JobState.DONE, "")
    assert result.sheets[0].tiles == 4


def test_why_the_program_shows_nothing_is_said_for_that_clip_alone(
    engine, red, shows, numbered, tmp_path
):
    shows("r3d", begin="echo no licence found >&2; exit 3")
    good = numbered("h264.mp4").path
    _, (bad, well) = sheets_of(engine, red, good, to=tmp_path / "out")
    assert bad.trouble == (
        f'showraw gave no picture of {red}. It ended with 3. It said: "no licence found"'
    )
    assert well.state is SheetState.MADE
    with pytest.raises(MediaFault, match="no licence found"):
        engine.montages.still(red, "0", tmp_path / "out")


def test_without_a_program_or_with_a_senseless_one_it_is_said_what_to_do(engine, red, tmp_path):
    with pytest.raises(MediaFault, match="cannot be decoded here") as caught:
        engine.montages.still(red, "0", tmp_path / "out")
    assert "media.external_decoders" in str(caught.value)
    engine.settings.set("media.external_decoders", {"r3d": "showraw"})
    _, (result,) = sheets_of(engine, red, to=tmp_path / "out")
    assert "does not say where the file goes" in result.trouble
    with pytest.raises(BadInput, match="does not say where the file goes"):
        engine.montages.still(red, "0", tmp_path / "out")


def test_a_program_that_hangs_ends_with_its_job(engine, red, shows, tmp_path):
    said = shows(
        "r3d", begin=f"test -e {tmp_path}/asked && exec sleep 1000; touch {tmp_path}/asked"
    )
    spec = MontageSpec(files=(red,), to=tmp_path / "out")
    thread = threading.Thread(target=engine.run, args=(spec,))
    thread.start()
    try:
        end = time.monotonic() + 60
        while not (said.exists() and len(said.read_text().split()) >= 4):
            assert time.monotonic() < end, "the program was not asked"
            time.sleep(0.05)
    finally:
        (job,) = engine.snapshots()
        engine.cancel(job.id)
        thread.join(60)
    hung = int(said.read_text().split()[3])
    assert not psutil.pid_exists(hung) or psutil.Process(hung).status() == psutil.STATUS_ZOMBIE
    assert engine.snapshot(job.id).state is JobState.CANCELLED
    assert list((tmp_path / "out").rglob("*")) == []
