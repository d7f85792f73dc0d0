"""Frame N is frame N: every frame carries its own number, in every container and kind of group."""

from __future__ import annotations

import errno
import io
import os
import random
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pytest
from av.video.frame import VideoFrame
from numbered_clips import CLIPS, NumberedClip, NumberedClips, number_in
from seldom import seldom

from app.errors import BadInput, FrameFault, MediaFault
from app.media.frames.decoder import Abandoned, Decoder
from app.media.frames.frame_index import Stamps
from app.media.frames.index import FrameIndex, build_index
from app.media.frames.source import FileRange, FileSource
from app.media.play.film import first_picture

LONG = "h264.mp4"


def opened(clip: NumberedClip) -> tuple[FileSource, FrameIndex]:
    source = FileSource(clip.path)
    return source, build_index(source)


def read(decoder: Decoder, numbers: Iterable[int]) -> list[int | None]:
    """What the frames say they are; None for those that can't be given."""
    said: list[int | None] = []
    for n in numbers:
        try:
            said.append(number_in(decoder.frame(n)))
        except FrameFault:
            said.append(None)
    return said


@pytest.mark.parametrize("drawn", [50, seldom(400)])
@pytest.mark.parametrize("name", CLIPS)
def test_every_frame_is_itself_forward_backward_and_at_random(
    name: str, numbered: NumberedClips, drawn: int
) -> None:
    clip = numbered(name)
    source, index = opened(clip)
    assert (index.frames, index.lost_at_head) == (len(clip.shows), clip.lost)
    shows = [None] * clip.lost + list(clip.shows[clip.lost :])
    with Decoder(source, index) as decoder:
        forward = range(index.frames)
        assert read(decoder, forward) == shows
        # From the end over the last groups, and towards the beginning; the soak all the way.
        backward = list(reversed(forward))
        backward = backward if drawn > 50 else [*backward[:40], *backward[-15:]]
        assert read(decoder, backward) == [shows[n] for n in backward]
        chosen = random.Random(name).choices(forward, k=drawn)
        assert read(decoder, chosen) == [shows[n] for n in chosen]


@pytest.mark.parametrize("name", CLIPS)
def test_the_nearest_key_frame_says_which_one_it_is(name: str, numbered: NumberedClips) -> None:
    clip = numbered(name)
    source, index = opened(clip)
    with Decoder(source, index) as decoder:
        for n in range(0, index.frames, 5):
            number, frame = decoder.key_frame(n)
            assert number_in(frame) == clip.shows[number]
            assert number == max(index.key_at_or_before(n), clip.lost)
            assert number <= max(n, clip.lost)


def test_frames_that_follow_are_decoded_without_seeking(numbered: NumberedClips) -> None:
    source, index = opened(numbered(LONG))
    decoded: list[int] = []
    with Decoder(source, index, seen=lambda n, _: decoded.append(n)) as decoder:
        assert [n for n, _ in decoder.following(30)] == list(range(30, index.frames))
        # The run-up from the key frame, and each that was asked for, once.
        assert decoded == list(range(24, index.frames))
        decoded.clear()
        decoder.frame(50)
        decoder.frame(51)
        decoder.frame(51)
        assert decoded == [48, 49, 50, 51]


def test_a_run_up_shows_all_that_it_decodes(numbered: NumberedClips) -> None:
    clip = numbered(LONG)
    source, index = opened(clip)
    kept: dict[int, VideoFrame] = {}
    with Decoder(source, index, seen=kept.__setitem__) as decoder:
        decoder.frame(70)
    assert {n: number_in(frame) for n, frame in kept.items()} == {n: n for n in range(48, 71)}


def test_a_run_up_that_nobody_wants_is_abandoned_and_the_next_call_is_right(
    numbered: NumberedClips,
) -> None:
    source, index = opened(numbered(LONG))
    seen: list[int] = []
    with Decoder(
        source, index, seen=lambda n, _: seen.append(n), abandon=lambda: len(seen) == 5
    ) as decoder:
        with pytest.raises(Abandoned):
            decoder.frame(70)
        assert seen == [48, 49, 50, 51, 52]
        assert number_in(decoder.frame(70)) == 70
        assert seen == list(range(48, 71))
        assert number_in(decoder.frame(11)) == 11


def test_a_key_frame_costs_no_run_up(numbered: NumberedClips) -> None:
    source, index = opened(numbered(LONG))
    seen: list[int] = []
    with Decoder(source, index, seen=lambda n, _: seen.append(n)) as decoder:
        for n in (23, 95, 47, 96, 3):
            number, frame = decoder.key_frame(n)
            assert (number, number_in(frame)) == (n // 24 * 24, n // 24 * 24)
        assert seen == [0, 72, 24, 96, 0]
        assert number_in(decoder.frame(3)) == 3


@pytest.mark.parametrize("name", ["prores.mov", LONG, "h264_open.ts", "times.h264"])
def test_a_clip_inside_of_a_larger_file_plays_like_a_file(
    name: str, numbered: NumberedClips, tmp_path: Path
) -> None:
    data = numbered(name).path.read_bytes()
    archive = tmp_path / "all.zip"
    archive.write_bytes(b"\0" * 4321 + data + b"\xff" * 70_000)
    member = FileRange(archive, 4321, len(data), f"{archive}!{name}")
    index = build_index(member)
    with Decoder(member, index) as decoder:
        chosen = random.Random(name).choices(range(index.frames), k=40)
        assert read(decoder, chosen) == chosen
    assert number_in(first_picture(member).frame) == 0


def test_the_first_picture_needs_no_index(numbered: NumberedClips) -> None:
    for name in ("prores.mov", "h264_open.mkv", "cut.mov", "hevc_head.ts"):
        clip = numbered(name)
        assert number_in(first_picture(FileSource(clip.path)).frame) == clip.shows[clip.lost]


def test_a_frame_beyond_the_clip_is_refused(numbered: NumberedClips) -> None:
    source, index = opened(numbered(LONG))
    with Decoder(source, index) as decoder:
        for n in (-1, index.frames, 10**9):
            with pytest.raises(BadInput, match=f"has no frame {n}"):
                decoder.frame(n)


def test_what_an_open_group_at_the_head_needs_is_said(numbered: NumberedClips) -> None:
    clip = numbered("head.ts")
    source, index = opened(clip)
    with Decoder(source, index) as decoder:
        with pytest.raises(FrameFault, match=r"Frame 2 of .*not in the file"):
            decoder.frame(2)
        assert number_in(decoder.frame(3)) == clip.shows[3]
        assert decoder.key_frame(1)[0] == 3


def test_intra_codecs_are_decoded_in_slices_and_others_in_frames(numbered: NumberedClips) -> None:
    for name, intra in (("prores.mov", True), ("intra.mxf", True), (LONG, False)):
        assert opened(numbered(name))[1].intra is intra


def test_times_that_cannot_be_used_are_numbered(numbered: NumberedClips) -> None:
    for name in ("doubled.mkv", "times.avi", "times.h264"):
        _, index = opened(numbered(name))
        assert index.numbered
        assert index.stamped_by is Stamps.ORDER
        assert index.rate == 25
        assert np.array_equal(index.pts, np.arange(index.frames))


class Flaky(FileSource):
    """A file on a share that goes away and comes back, with handles that stay useless."""

    gone = False

    def for_av(self) -> BinaryIO:
        if Flaky.gone:
            raise MediaFault(f"{self.name} cannot be read: Input/output error.")
        return cast(BinaryIO, Handle(io.FileIO(self.path)))


class Handle(io.RawIOBase):
    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._stale = False

    def read(self, size: int = -1) -> bytes:
        self._stale = self._stale or Flaky.gone
        if self._stale:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return self._file.read(size) or b""

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()


@pytest.mark.parametrize("name", ["prores.mov", LONG, "h264_open.ts", "times.h264"])
def test_what_could_not_be_read_for_a_while_can_be_read_again(
    name: str, numbered: NumberedClips, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Flaky(numbered(name).path)
    index = build_index(source)
    with Decoder(source, index) as decoder:
        assert number_in(decoder.frame(3)) == 3
        monkeypatch.setattr(Flaky, "gone", True)
        for n in (80, 81, 12):
            with pytest.raises(MediaFault, match=r"Input/output error"):
                decoder.frame(n)
        monkeypatch.setattr(Flaky, "gone", False)
        assert read(decoder, [80, 81, 12]) == [80, 81, 12]
