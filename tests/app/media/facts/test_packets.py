"""Packets of a file in which a track begins late: each once, and no reader of them breaks down."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from late_track import FRAMES, late_track
from numbered_clips import NumberedClips

from app.jobs.control import JobControl
from app.jobs.snapshot import JobSnapshot, JobState
from app.jobs.spec import JobId
from app.media.facts.packets import packets_of, packets_to_decode
from app.media.ffmpeg.tally import Care, tally


@pytest.fixture(scope="module")
def late(numbered: NumberedClips, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return late_track(numbered, tmp_path_factory.mktemp("late"))


def test_every_packet_comes_once_and_the_empty_ones_last(late: Path) -> None:
    with av.open(str(late)) as container:
        packets = list(packets_to_decode(container))
    assert [n for n, packet in enumerate(packets) if not packet.size] == [len(packets) - 1]
    with av.open(str(late)) as container:
        assert len(list(packets_of(container, container.streams.video[0]))) == FRAMES


def test_what_a_decoder_holds_back_comes_out(late: Path) -> None:
    with av.open(str(late)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        packets = packets_to_decode(container, stream)
        assert sum(len(packet.decode()) for packet in packets) == FRAMES


@pytest.mark.parametrize("care", [Care.FRAMES, Care.PICTURES])
def test_every_way_of_counting_reads_on(late: Path, care: Care) -> None:
    control = JobControl(JobSnapshot(id=JobId("A"), kind="", title="", state=JobState.RUNNING))
    assert tally(late, control, care=care).frames == FRAMES
