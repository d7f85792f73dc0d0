"""Files that end too early: every way to open one says the same, and how much is really there."""

from __future__ import annotations

from pathlib import Path

import pytest
from clip_bench import H264, Clips

from app.errors import MediaFault
from app.jobs.control import JobControl
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId
from app.media.facts import cut_off
from app.media.facts.probe import probe
from app.media.ffmpeg.tally import Care, tally
from app.media.frames.index import build_index
from app.media.frames.look import Looker
from app.media.frames.source import FileSource

MPEG2 = ("-c:v", "mpeg2video", "-b:v", "5M", "-pix_fmt", "yuv422p", "-g", "12")


def cut(path: Path, tenth: int, to: Path) -> Path:
    whole = path.read_bytes()
    to.write_bytes(whole[: len(whole) * tenth // 10])
    return to


@pytest.mark.parametrize(
    ("name", "options", "of"), [("a.mxf", MPEG2, "50"), ("a.mkv", H264, "about 50")]
)
def test_the_header_of_a_file_that_was_cut_off_is_not_believed(
    clips: Clips, tmp_path: Path, name: str, options: tuple[str, ...], of: str
) -> None:
    whole = clips(name, *options, seconds="2")
    assert (probe(whole).video[0].lost, probe(whole).remarks) == (0, ())
    for tenth in range(1, 10):
        path = cut(whole, tenth, tmp_path / name)
        try:
            there = build_index(FileSource(path)).frames
        except MediaFault:
            continue  # it ends in its header
        facts = probe(path)
        (track,) = facts.video
        if there == 50:
            continue  # only the index behind the pictures is gone
        assert (track.frames, track.lost, track.present) == (50, 50 - there, there)
        assert facts.remarks == (f"{name} is cut off: {there} of {of} frames are in the file.",)


def test_what_takes_long_to_count_is_worked_out(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import av

    path = cut(clips("a.mxf", *MPEG2, seconds="2"), 5, tmp_path / "a.mxf")
    exact = probe(path).video[0]
    monkeypatch.setattr(cut_off, "_LONG", 0.0)
    with av.open(str(path)) as container:
        lost = cut_off.lost_frames(path, container, exact)
    assert lost is not None
    assert not lost.counted
    assert 0 < lost.frames < 50
    assert " is cut off: about " in lost.words("a.mxf")


@pytest.mark.parametrize(
    ("name", "tenth", "words"),
    [
        ("a.mov", 5, "is cut off: its index (moov), which is written last, is missing."),
        ("a.mp4", 9, "is cut off: its index (moov), which is written last, is missing."),
        ("b.mov", 0, "is empty."),
        ("text.mov", -1, "is no clip, or its header is damaged."),
    ],
)
def test_one_thing_has_one_sentence_wherever_it_is_opened(
    clips: Clips, tmp_path: Path, name: str, tenth: int, words: str
) -> None:
    path = tmp_path / name
    if tenth < 0:
        path.write_text("Call sheet, day 12\n" * 300)
    else:
        cut(clips(name, *H264), tenth, path)
    control = JobControl(JobSnapshot(id=JobId("A"), kind="", title="", state=JobState.RUNNING))
    looker = Looker()
    said = {looker.look(path, "").fault}
    looker.close()
    for way in (
        lambda: probe(path),
        lambda: build_index(FileSource(path)),
        lambda: tally(path, control, care=Care.FACTS),
        lambda: tally(path, control, care=Care.PACKETS),
    ):
        with pytest.raises(MediaFault) as fault:
            way()
        said.add(str(fault.value))
    assert said == {f"{path} {words}"}
