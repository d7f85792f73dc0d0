"""Sound whose encoding was cut off goes on to the sample, with every codec."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from transcode_bench import QUICK, SOUND

from app.jobs.control import JobControl
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId
from app.media.ffmpeg.program import find_program
from app.media.products.sources import source_of
from app.media.transcode.flac_frames import numbered
from app.media.transcode.original import readings_of
from app.media.transcode.recipe import Sound
from app.media.transcode.streams import inventory, prove_readable
from app.media.transcode.task import Made, Plot, StreamTask

IDLE = JobControl(JobSnapshot(id=JobId(""), kind="", title="", state=JobState.RUNNING))
STRICT = ("-xerror", "-err_detect", "explode+crccheck")
SAMPLES = 8 * 44_100


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tone") / "tone.wav"
    source = SOUND.format(seconds=8)
    line = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-ar", "44100", "-ac", "2", path]
    subprocess.run(line, check=True, timeout=60)
    return path


def task_for(tone: Path, codec: Sound, work: Path) -> StreamTask:
    work.mkdir(exist_ok=True)
    clip = inventory(tone, IDLE, readings_of(source_of(tone), work, IDLE), work)
    recipe = replace(QUICK, sound=replace(QUICK.sound, codec=codec))
    plot = Plot(
        clip=clip,
        recipe=recipe,
        program=find_program().path,
        work=work,
        prove=partial(prove_readable, clip, IDLE),
    )
    return StreamTask(plot, clip.streams, IDLE, lambda _: None, may_stay=False)


def encoded(tone: Path, codec: Sound, work: Path) -> Made:
    task = task_for(tone, codec, work)
    task.run()
    return task.whole()


def cut_off(stream: Path, run: int, at: float) -> None:
    """Leave a run as a killed program leaves it: in the middle of a packet, and not counted."""
    state = json.loads((stream / "state.json").read_text())
    path = stream / state["runs"][run]["name"]
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * at))
    state["runs"][run]["packets"] = None
    (stream / "state.json").write_text(json.dumps({**state, "done": False}))


@pytest.mark.parametrize("codec", [Sound.OPUS, Sound.AAC, Sound.FLAC])
def test_two_cuts_are_not_heard(tone, tmp_path, codec):
    uncut = encoded(tone, codec, tmp_path / "uncut")
    encoded(tone, codec, tmp_path / "cut")
    stream = tmp_path / "cut" / "stream-0"
    for run, at in enumerate((0.3, 0.4)):
        cut_off(stream, run, at)
        made = encoded(tone, codec, tmp_path / "cut")

    kept = [
        run["packets"] - run["skip"]
        for run in json.loads((stream / "state.json").read_text())["runs"]
    ]
    assert len(kept) == 3
    assert kept[0] > 0.25 * sum(kept)  # nothing of what was there was made again
    assert made.packets == uncut.packets
    one, other = heard(made.path), heard(uncut.path)
    assert one.shape == other.shape
    if codec is Sound.FLAC:
        assert (one == heard(tone)).all()
        return
    worst = worst_of(one, other)
    assert worst < 0.1, worst  # as two encoders differ; a wrong window would be heard as a click


def worst_of(one: Any, other: Any) -> float:
    """By how much of its loudness the worst hundredth of a second differs."""
    step = 441
    found = [
        np.sqrt(((one[n : n + step] - other[n : n + step]) ** 2).mean() / (other**2).mean())
        for n in range(0, len(one) - step, step)
    ]
    return float(max(found))


def heard(path: Path) -> Any:
    """Its samples; damage is an error."""
    if path.suffix == ".nut":  # of these every end is an error
        path, nut = path.with_suffix(".mka"), path
        copy = ["ffmpeg", "-v", "error", "-y", "-i", nut, "-c", "copy", path]
        subprocess.run(copy, check=True, timeout=60)
    line = ["ffmpeg", "-v", "error", *STRICT, "-i", str(path), "-f", "s16le", "-ac", "1", "-"]
    done = subprocess.run(line, check=True, capture_output=True, timeout=60)
    return np.frombuffer(done.stdout, np.int16).astype(float)


def test_a_frame_of_flac_bears_any_number(tone, tmp_path):
    made = encoded(tone, Sound.FLAC, tmp_path)
    with av.open(str(made.path)) as container:
        frames = [bytes(one) for one in container.demux(container.streams[0]) if one.size]
    for number in (0, 127, 128, 2047, 2048, 65_535, 65_536, 2**31 - 1):
        assert numbered(numbered(frames[5], number), 5) == frames[5]
    stream = b"fLaC" + bytes([0x80, 0, 0, 34])
    head = av.open(str(made.path)).streams[0].codec_context.extradata
    whole = tmp_path / "whole.flac"
    whole.write_bytes(stream + head + b"".join(numbered(f, n + 200) for n, f in enumerate(frames)))
    assert (heard(whole) == heard(tone)).all()  # every checksum is right
    with pytest.raises(ValueError, match="no frame"):
        numbered(b"RIFF" + frames[0], 1)
