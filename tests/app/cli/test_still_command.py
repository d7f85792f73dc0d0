"""`reelkeep still`, as scripts and people see it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numbered_clips import NumberedClips, number_in, shared_clips
from PIL import Image


@pytest.fixture
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    numbered: NumberedClips = shared_clips(tmp_path_factory)
    return numbered("h264_open_df.mov").path


def test_a_frame_becomes_a_picture_with_its_timecode_in_the_name(reelkeep, clip, tmp_path):
    answer = reelkeep("still", clip, "--at", "01:00:00;02", "--to", tmp_path / "out", "--json")
    made = tmp_path / "out" / "h264_open_df_01-00-00-02.png"
    assert answer.code == 0
    assert answer.result["path"] == str(made)
    assert (answer.result["frame"], answer.result["timecode"]) == (62, "01:00:00;02")
    with Image.open(made) as picture:
        assert picture.size == (320, 180)
        assert number_in(np.asarray(picture.convert("L"))) == 62


def test_a_dry_run_writes_nothing(reelkeep, clip, tmp_path):
    answer = reelkeep(
        "still", clip, "--at", "62", "--to", tmp_path / "out", "--format", "tiff", "--dry-run"
    )
    made = tmp_path / "out" / "h264_open_df_01-00-00-02.tif"
    assert answer.code == 0
    assert answer.out == f"{made}  01:00:00;02, frame 62, 320×180, 8 bits\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "Missing option '--at'."),
        (["--at", "500"], 2, "which runs from 00:59:58;00 to 01:00:01;29."),
        (["--at", "01:01:00;00"], 2, "drop-frame timecode leaves this number out"),
        (["--at", "1", "--format", "gif"], 2, '"gif" is no form of stills. There are: png, tiff.'),
        (["--at", "1", "--track", "2"], 1, "has no picture track 2."),
    ],
)
def test_what_cannot_be_is_said(reelkeep, clip, tmp_path, arguments, code, words):
    answer = reelkeep("still", clip, "--to", tmp_path / "out", *arguments)
    assert answer.code == code
    assert words in answer.err
