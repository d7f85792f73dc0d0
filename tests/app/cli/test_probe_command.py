"""`reelkeep probe`: what clips tell of themselves, in lines and as JSON."""

import shutil
from pathlib import Path

import pytest
from clip_bench import H264, PICTURE, SOUND, Clips
from picture_bench import r3d, row_of

AC3 = ("-c:a", "ac3", "-b:a", "640k")


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
    assert "29.97 (30000/1001) frames a second, key frames at most 60 apart" in lines
    assert "no colour tags" in lines
    assert lines[-1].endswith("mono, 48 kHz, 24 bit (Boom)")
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


def test_a_row_of_pictures_is_told_with_its_gaps(reelkeep, tmp_path):
    folder = row_of(tmp_path / "shot", "fg.%04d.exr", 6, "-pix_fmt", "gbrpf32le", first=1001)
    (folder / "fg.1003.exr").unlink()
    for asked in (folder, folder / "fg.1006.exr"):
        answer = reelkeep("probe", asked)
        lines = [line.strip() for line in answer.out.splitlines()]
        assert answer.code == 0
        assert lines[0] == str(asked)
        assert "6 frames, 0.25 s" in lines[1]
        assert "clip       fg" in lines
        assert "frames     fg.%04d.exr, 1001 to 1006, 5 files" in lines
        assert "24 frames a second, every frame a key frame" in lines
        assert lines[-1] == "remark     Frame 1003 is missing."
    told = reelkeep("probe", folder, "--json").events[0]
    assert told["row"] == {
        "pattern": "fg.%04d.exr", "first": 1001, "last": 1006, "present": 5,
        "missing": [[1003, 1003]],
    }  # fmt: skip
    assert told["video"][0]["rate"] == "24"


def test_of_a_folder_every_clip_is_told(reelkeep, clip, tmp_path):
    for name in ("A.mov", "B.mov"):
        shutil.copy(clip, tmp_path / name)
    answer = reelkeep("probe", tmp_path, "--json")
    told = [event["path"] for event in answer.events if event["event"] == "clip"]
    assert (answer.code, told) == (0, [str(tmp_path / "A.mov"), str(tmp_path / "B.mov")])
    (tmp_path / "none").mkdir()
    answer = reelkeep("probe", tmp_path / "none")
    assert answer.code in {1, 2}
    assert str(tmp_path / "none") in answer.err


def test_what_nobody_can_decode_is_told_and_shown_by_the_program_of_the_settings(
    reelkeep, tmp_path
):
    first = r3d(tmp_path / "A003_C014_1120AB.RDC" / "A003_C014_1120AB_001.R3D")
    r3d(first.with_name("A003_C014_1120AB_003.R3D"))
    plain = reelkeep("probe", first)
    lines = [line.strip() for line in plain.out.splitlines()]
    assert plain.code == 0
    assert lines[1].endswith("of unknown length")
    assert "timecode   21:36:16:18 (R3D header)" in lines
    assert "reel       A003" in lines
    assert "picture    REDCODE RAW, 8192×4320, cannot be decoded here" in lines
    assert "files      A003_C014_1120AB_001.R3D, A003_C014_1120AB_003.R3D" in lines
    assert "missing    A003_C014_1120AB_002.R3D" in lines
    program = tmp_path / "showraw"
    program.write_text("#!/bin/sh\nexec ffmpeg -v error -f lavfi -i testsrc2 -f yuv4mpegpipe -\n")
    program.chmod(0o755)
    reelkeep("settings", "set", "media.external_decoders", f"r3d='{program}' {{file}}")
    assert "8192×4320, decoded by showraw" in reelkeep("probe", first).out
    assert reelkeep("probe", first, "--json").events[0]["video"][0]["decoder"] == "showraw"


def test_the_length_is_the_pictures_and_other_sound_is_said(reelkeep, tmp_path):
    clips = Clips(tmp_path)
    for name, about in (("a.mov", ""), ("a.mkv", "about "), ("a.ts", "about ")):
        path = clips(
            name, *H264, "-bf", "0", *AC3, inputs=(*PICTURE, "-f", "lavfi", "-i", "sine=d=70"),
            seconds="2",
        )  # fmt: skip
        answer = reelkeep("probe", path)
        assert f"{about}50 frames, 2.00 s" in answer.out
        plan = reelkeep("proxy", path, "--dry-run").out
        assert plan.startswith(f"{path}, {about}50 frames\n")


def test_turns_bytes_and_timecodes_are_told_as_people_read_them(reelkeep, tmp_path, clip):
    clips = Clips(tmp_path)
    upright = clips("upright.mp4", *H264)
    turned = clips(
        "turned.mp4", "-c", "copy", "-metadata:s:v", "rotate=90", inputs=("-i", str(upright))
    )
    odd = turned.rename(turned.with_name("odd\udcff.mp4"))
    answer = reelkeep("probe", odd)
    assert "turned by 90° to the left," in answer.out
    assert answer.out.splitlines()[0].endswith("/odd\\xff.mp4")
    assert "also" not in reelkeep("probe", clip).out
    row = row_of(tmp_path / "row", "a.%04d.dpx", 2, "-pix_fmt", "gbrp10be")
    assert "gbrp10\n" in reelkeep("probe", row).out
