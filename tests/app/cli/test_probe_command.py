"""`reelkeep probe`: what clips tell of themselves, in lines and as JSON."""

from pathlib import Path

import pytest
from clip_bench import H264, PICTURE, SOUND, Clips


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Clips(tmp_path_factory.mktemp("clips"))(
        "A003C001.mov", *H264, "-c:a", "pcm_s24le", "-timecode", "00:59:58;00",
        *("-metadata:s:v:0", "reel_name=A003R1", "-metadata:s:a:0", "handler_name=Boom"),
        inputs=(*PICTURE, *SOUND), rate="30000/1001", seconds="2",
    )  # fmt: skip


def test_a_clip_is_told_in_lines(reelkeep, clip):
    answer = reelkeep("probe", clip)

    assert answer.code == 0
    lines = [line.strip() for line in answer.out.splitlines()]
    assert lines[0] == str(clip)
    assert "timecode   00:59:58;00 (tmcd track)" in lines
    assert "reel       A003R1" in lines
    assert "29.97 frames a second, key frames at most 60 apart" in lines
    assert "no colour tags" in lines
    assert lines[-2].endswith("mono, 48 kHz, 24 bit (Boom)")
    assert any("60 frames, 2.00 s" in line for line in lines)


def test_the_same_as_json_with_exact_numbers(reelkeep, clip):
    answer = reelkeep("probe", clip, "--json")

    told, result = answer.events
    assert (told["event"], told["path"]) == ("clip", str(clip))
    assert told["start"] == "00:59:58;00"
    assert told["video"][0]["rate"] == "30000/1001"
    assert told["video"][0]["frames"] == 60
    assert result == {"event": "result", "clips": 1, "failed": 0}


def test_a_file_that_is_no_clip_is_named_and_the_others_are_told(reelkeep, clip, tmp_path):
    (tmp_path / "sheet.mov").write_text("Call sheet, day 12")
    answer = reelkeep("probe", tmp_path / "sheet.mov", clip, tmp_path / "nothing.mov")

    assert answer.code == 1
    assert "A003R1" in answer.out
    told = answer.err.splitlines()
    assert told[0] == (
        f"Not readable as a clip: {tmp_path / 'sheet.mov'} is no clip, or its header is damaged."
    )
    assert told[1] == f"Not found: There is no file {tmp_path / 'nothing.mov'}."
    as_json = reelkeep("probe", tmp_path / "sheet.mov", "--json")
    assert as_json.code == 1
    assert as_json.events[0]["event"] == "fault"
    assert as_json.result == {"event": "result", "clips": 0, "failed": 1}
