"""A damaged frame is an error for itself and for what is made from it, and no other frame's."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from numbered_clips import NumberedClips, number_in

from app.errors import FrameFault
from app.media.frames.decoder import Decoder
from app.media.frames.index import build_index
from app.media.frames.source import FileSource

Hurt = Callable[[bytearray, random.Random], bytes]


def zeros(data: bytearray, _: random.Random) -> bytes:
    return bytes(len(data))


def noise(data: bytearray, chance: random.Random) -> bytes:
    at = len(data) // 4
    data[at : at + 64] = chance.randbytes(len(data[at : at + 64]))
    return bytes(data)


def half(data: bytearray, _: random.Random) -> bytes:
    return bytes(data[: len(data) // 2]) + bytes(len(data) - len(data) // 2)


def with_damage(clip: Path, to: Path, packets: list[int], hurt: Hurt) -> list[int]:
    """*clip* with these packets damaged, nothing else changed; the frames that they are."""
    with av.open(str(clip)) as container:
        found = [(p.pts, p.pos or 0, bytes(p)) for p in container.demux(video=0) if p.size]
    order = sorted(pts for pts, _, _ in found if pts is not None)
    shutil.copy(clip, to)
    whole = clip.read_bytes()
    hit = []
    with to.open("r+b") as file:
        for n in packets:
            pts, near, data = found[n]
            data = data[8:]  # Matroska leaves out the first 8 of ProRes
            at = whole.index(data, near)
            file.seek(at)
            file.write(hurt(bytearray(data), random.Random(n)))
            assert pts is not None
            hit.append(order.index(pts))
    return hit


def given(decoder: Decoder, n: int) -> int | None:
    try:
        return number_in(decoder.frame(n))
    except FrameFault:
        return None


@pytest.mark.parametrize("hurt", [zeros, noise, half])
@pytest.mark.parametrize("name", ["prores.mov", "dnxhd.mxf", "prores.mkv", "mjpeg.avi"])
def test_where_each_frame_stands_for_itself_only_the_damaged_one_is_missing(
    name: str, hurt: Hurt, numbered: NumberedClips, tmp_path: Path
) -> None:
    path = tmp_path / name
    hit = with_damage(numbered(name).path, path, [0, 40, 41, 119], hurt)
    source = FileSource(path)
    index = build_index(source)
    assert index.frames == 120
    for order in (range(120), range(119, -1, -1)):
        with Decoder(source, index) as decoder:
            are = {n: given(decoder, n) for n in order}
        # Codecs differ in what they notice; what they give is the right one.
        assert {n for n in are if are[n] is None} <= set(hit)
        assert all(are[n] in {n, None} for n in are)
        if hurt is zeros:
            assert {n for n in are if are[n] is None} == set(hit)


LONG = ["h264_open_df.mov", "hevc_open.mov", "mpeg2.mxf", "av1.mkv"]


@pytest.mark.parametrize("name", [*LONG, "vp9.webm"])
def test_no_damage_makes_a_frame_another_one(
    name: str, numbered: NumberedClips, tmp_path: Path
) -> None:
    for packet in range(20, 45, 5):
        path = tmp_path / f"{packet}-{name}"
        (hit,) = with_damage(numbered(name).path, path, [packet], zeros)
        check(path)
        if name != "av1.mkv":  # some of its packets only say: show that again
            source = FileSource(path)
            with Decoder(source, build_index(source)) as decoder, pytest.raises(FrameFault):
                decoder.frame(hit)


@pytest.mark.parametrize("hurt", [noise, half])
@pytest.mark.parametrize("name", [*LONG, "vp9.webm"])
def test_a_picture_that_is_spoilt_in_part_moves_no_other_group(
    name: str, hurt: Hurt, numbered: NumberedClips, tmp_path: Path
) -> None:
    """What decoders make of it, and whether they say so, is chance where threads share the work."""
    path = tmp_path / name
    (hit,) = with_damage(numbered(name).path, path, [33], hurt)
    source = FileSource(path)
    index = build_index(source)
    ends = next(int(key) for key in index.key_frames if key > hit)
    begins = index.key_at_or_before(hit)
    with Decoder(source, index) as decoder:
        for n in [*range(ends, 120), *range(begins)]:
            assert number_in(decoder.frame(n)) == n


@pytest.mark.parametrize("packet", range(100, 220, 15))
def test_what_a_transport_stream_lost_on_its_way_is_missing_and_moves_nothing(
    packet: int, numbered: NumberedClips, tmp_path: Path
) -> None:
    path = tmp_path / "lost.ts"
    shutil.copy(numbered("h264_open.ts").path, path)
    with path.open("r+b") as file:
        file.seek(188 * packet + 40)
        file.write(bytes(188 * 2))
    check(path)


def check(path: Path) -> None:
    """Each frame is itself or missing, and what is missing forward is missing backward too."""
    source = FileSource(path)
    index = build_index(source)
    assert index.frames == 120
    near = range(14, 66)
    with Decoder(source, index) as decoder:
        forward = {n: given(decoder, n) for n in near}
    with Decoder(source, index) as decoder:
        backward = {n: given(decoder, n) for n in reversed(near)}
    assert not {n: is_ for n, is_ in forward.items() if is_ not in {n, None}}
    assert not {n: is_ for n, is_ in backward.items() if is_ not in {n, None}}
    missing = {n for n, is_ in forward.items() if is_ is None}
    assert missing <= {n for n, is_ in backward.items() if is_ is None}


@pytest.mark.parametrize("name", ["dnxhd.mxf", "intra.mxf", "mpeg2.mxf"])
@pytest.mark.parametrize("packet", [0, 60, 119])
def test_an_mxf_that_lost_a_whole_piece_counts_on_as_before(
    name: str, packet: int, numbered: NumberedClips, tmp_path: Path
) -> None:
    path = tmp_path / name
    shutil.copy(numbered(name).path, path)
    with av.open(str(path)) as container:
        place = [(p.pos or 0, p.size) for p in container.demux(video=0) if p.size][packet]
    with path.open("r+b") as file:
        file.seek(place[0])  # its label and its length, without which nobody sees it
        file.write(bytes(place[1] // 2))
    source = FileSource(path)
    index = build_index(source)
    assert index.frames + index.missing_at_end == 120
    for order in (range(index.frames), range(index.frames - 1, -1, -1)):
        with Decoder(source, index) as decoder:
            are = {n: given(decoder, n) for n in order}
        assert not {n: is_ for n, is_ in are.items() if is_ not in {n, None}}
        gone = [n for n, is_ in are.items() if is_ is None]
        assert len(gone) + index.missing_at_end <= (20 if name == "mpeg2.mxf" else 1)
