"""Files that end too early: every way to open one says the same, and how much is really there."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from clip_bench import H264, Clips

from app.errors import FrameFault, MediaFault
from app.jobs.control import JobControl
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId
from app.media.facts import cut_off
from app.media.facts.probe import probe
from app.media.ffmpeg.tally import Care, tally
from app.media.frames.decoder import Decoder
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


PRORES = ("-c:v", "prores_ks", "-profile:v", "0", "-pix_fmt", "yuv422p10le")


@pytest.mark.parametrize(("name", "options"), [("fast.mov", PRORES), ("fast.mp4", H264)])
def test_the_rest_of_a_picture_at_the_end_of_a_movie_is_no_frame(
    clips: Clips, tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    whole = clips(name, *options, "-movflags", "+faststart", seconds="2")
    with av.open(str(whole)) as container:
        entries = list(container.streams.video[0].index_entries)
    torn = entries[25]
    path = tmp_path / name
    path.write_bytes(whole.read_bytes()[: torn.pos + torn.size // 2])

    facts, index = probe(path), build_index(FileSource(path))

    assert (facts.video[0].frames, facts.video[0].lost) == (50, 25)
    assert (index.frames, index.missing_at_end) == (25, 25)
    with Decoder(FileSource(path), index) as decoder:
        assert len(list(decoder.following(0))) == 25
        with pytest.raises(FrameFault, match="the file was cut off before it"):
            decoder.frame(25)
