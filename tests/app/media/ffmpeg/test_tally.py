"""Counting frames: by index, by packets, by pictures, each the same where all is well."""

from __future__ import annotations

import os
from fractions import Fraction

import proxy_sources as sources
import pytest
from clip_bench import H264, PICTURE, SOUND

from app.errors import MediaFault
from app.jobs.control import JobControl
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId
from app.media.facts.probe import probe
from app.media.ffmpeg import tally as module
from app.media.ffmpeg.tally import Care, Tally, tallies, tally
from app.media.frames.index import build_index
from app.media.frames.source import FileSource


@pytest.fixture
def control() -> JobControl:
    return JobControl(JobSnapshot(id=JobId("A"), kind="", title="", state=JobState.RUNNING))


def test_all_ways_of_counting_agree(clips, control):
    clip = sources.open_groups(clips)
    found = {care: tally(clip, control, care=care) for care in Care}
    assert {one.frames for one in found.values()} == {120}
    assert {one.span for one in found.values()} == {Fraction(119 * 1001, 30000)}
    assert found[Care.PACKETS].peak > 0


def test_a_container_without_an_index_is_read_through(clips, control):
    clip = clips("stream.ts", *H264, "-bf", "2")
    assert tally(clip, control, care=Care.FACTS).frames == 0
    assert tally(clip, control).frames == tally(clip, control, care=Care.PICTURES).frames == 25


def test_hidden_frames_of_an_edit_list_do_not_count(clips, control):
    whole = clips("whole list.mp4", *H264, "-g", "250", seconds="2")
    cut = clips("cut.mp4", "-c", "copy", inputs=("-ss", "1", "-i", str(whole)))
    for care in (Care.FRAMES, Care.PICTURES, Care.PACKETS):
        assert tally(cut, control, care=care).frames == 25


@pytest.mark.parametrize("b_frames", ["0", "3"])
@pytest.mark.parametrize(("since", "length"), [("0", "1.64"), ("0.6", "1.64"), ("0.6", "9")])
def test_a_part_that_was_copied_has_one_number_of_frames(clips, control, since, length, b_frames):
    whole = clips(
        f"whole {b_frames}.mp4",
        *(*H264, "-g", "20", "-bf", b_frames, "-b_strategy", "0", "-c:a", "aac"),
        inputs=(*PICTURE, *SOUND),
        seconds="3",
    )
    part = clips(
        f"part {b_frames} {since} {length}.mp4",
        *("-c", "copy"),
        inputs=("-ss", since, "-i", str(whole)),
        seconds=length,
    )
    index = build_index(FileSource(part))
    track = probe(part).picture
    assert track is not None
    assert (track.frames, track.duration) == (index.frames, index.duration)
    decoded = tally(part, control, care=Care.PICTURES).frames
    assert index.frames == decoded + len(index.suspect)
    counted = tally(part, control)
    assert (counted.frames, counted.span) == (index.frames, Fraction(index.frames - 1, 25))


def test_key_frames_are_told_only_where_they_come_evenly(clips, control):
    even = clips("even.mp4", *H264, "-g", "10", "-keyint_min", "10", "-sc_threshold", "0")
    uneven = clips("uneven.mp4", *H264, "-force_key_frames", "expr:eq(n,0)+eq(n,7)+eq(n,9)")
    assert tally(even, control, care=Care.PACKETS).key_every == 10
    assert tally(uneven, control, care=Care.PACKETS).key_every == 0


def test_one_bad_file_among_many_is_told_alone(clips, control, tmp_path):
    good = clips("one.mov", *H264)
    sound = clips("sound.wav", inputs=SOUND)
    bad = tmp_path / "bad.mov"
    bad.write_bytes(good.read_bytes()[:3000])
    found = tallies([good, bad, sound], control)
    assert isinstance(found[good], Tally)
    assert isinstance(found[bad], MediaFault)
    assert str(bad) in str(found[bad])
    assert found[sound].facts.picture is None


def test_a_file_that_never_answers_is_given_up_by_name(clips, control, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 5.0)
    good, stuck = clips("one.mov", *H264), tmp_path / "stuck.ts"
    os.mkfifo(stuck)
    found = tallies([good, stuck], control)
    assert isinstance(found[good], Tally)
    assert str(found[stuck]) == f"{stuck} did not tell what it is within 5 seconds."


def test_a_picture_that_cannot_be_decoded_at_the_end_is_found(clips, control, tmp_path):
    good = clips("end.mp4", *H264, "-g", "5", "-movflags", "+faststart").read_bytes()
    broken = tmp_path / "end.mp4"
    half = len(good) // 2
    broken.write_bytes(good[:half] + bytes(len(good) - half))
    with pytest.raises(MediaFault, match=r"end\.mp4"):
        tally(broken, control, care=Care.PACKETS)
