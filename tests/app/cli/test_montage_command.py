"""`reelkeep montage`, as scripts and people see it."""

from __future__ import annotations

from pathlib import Path

import pytest
from numbered_clips import NumberedClips, shared_clips
from PIL import Image
from sheet_bench import pairs_in_pdf


@pytest.fixture(scope="session")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> NumberedClips:
    return shared_clips(tmp_path_factory)


@pytest.fixture
def clip(numbered: NumberedClips) -> Path:
    return numbered("h264_open_df.mov").path


def test_a_sheet_is_made_and_told(reelkeep, clip, tmp_path):
    answer = reelkeep("montage", clip, "--to", tmp_path / "out", "--grid", "2", "--json")
    made = tmp_path / "out" / "h264_open_df.jpg"
    assert answer.code == 0
    assert answer.result["sheets"] == 1
    (told,) = [event for event in answer.events if event["event"] == "clip"]
    assert [sheet["path"] for sheet in told["sheets"]] == [str(made)]
    with Image.open(made) as picture:
        assert picture.size == (told["sheets"][0]["width"], told["sheets"][0]["height"])
    progress = [event for event in answer.events if event["event"] == "progress"]
    assert {event["unit"] for event in progress[1:]} == {"tiles"}
    assert (progress[-1]["copied"], progress[-1]["size"]) == (4, 4)


def test_a_sheet_on_paper_has_its_timecodes(reelkeep, clip, tmp_path):
    answer = reelkeep("montage", clip, "--to", tmp_path, "--grid", "2", "--format", "pdf")
    assert answer.code == 0
    assert f"{tmp_path / 'h264_open_df.pdf'}" in answer.out
    assert pairs_in_pdf(tmp_path / "h264_open_df.pdf")[1] == (30, "00:59:59;00")


def test_a_dry_run_writes_nothing(reelkeep, clip, tmp_path):
    answer = reelkeep("montage", clip, "--to", tmp_path / "out", "--dry-run", "--format", "png")
    assert answer.code == 0
    assert f"1×1  {tmp_path / 'out' / 'h264_open_df.png'}" in answer.out
    assert not (tmp_path / "out").exists()


def test_a_finished_sheet_is_not_made_again(reelkeep, clip, tmp_path):
    reelkeep("montage", clip, "--to", tmp_path / "out")
    answer = reelkeep("montage", clip, "--to", tmp_path / "out")
    assert answer.code == 0
    assert f"{clip}: there already" in answer.out.splitlines()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "gif"], '"gif" is no form of sheets. There are: jpeg, png, pdf.'),
        (["--grid", "0"], "is not a whole number from 1 to 20"),
        (["--width", "10"], "is not a whole number from 480"),
        (["--to", ""], "It is empty."),
    ],
)
def test_what_makes_no_sense_is_refused(reelkeep, clip, tmp_path, arguments, words):
    to = [] if "--to" in arguments else ["--to", tmp_path / "out"]
    answer = reelkeep("montage", clip, *to, *arguments)
    assert answer.code == 2
    assert words in answer.err


def test_a_folder_for_the_sheets_has_to_be_named(reelkeep, clip):
    answer = reelkeep("montage", clip)
    assert answer.code == 2
    assert "Missing option '--to'." in answer.err


def test_one_bad_clip_does_not_stop_the_others(reelkeep, clip, tmp_path):
    bad = tmp_path / "bad.mov"
    bad.write_bytes(b"no clip at all")
    answer = reelkeep("montage", bad, clip, "--to", tmp_path / "out")
    assert answer.code == 1
    assert str(bad) in answer.err
    assert (tmp_path / "out" / "h264_open_df.jpg").exists()
