"""The tables of a movie and all of its packets lead to the same index, or the packets do."""

from __future__ import annotations

import struct
import zlib
from dataclasses import fields
from pathlib import Path

import av
import numpy as np
import pytest
from movie_atoms import Change, changed_atoms
from numbered_clips import CLIPS, NumberedClips, number_in

from app.errors import MediaFault
from app.media.frames.decoder import Decoder
from app.media.frames.frame_index import FrameIndex
from app.media.frames.index import IndexBuild, build_index
from app.media.frames.source import FileRange, FileSource

MOVIES = [name for name in CLIPS if name.endswith((".mov", ".mp4"))]
PACKETS_ONLY = {"h264_fragments.mp4", "parts.mov"}
"""Where tables go on behind the header, and where an edit list leads back and forth."""


def differences(one: FrameIndex, other: FrameIndex) -> list[str]:
    names = [field.name for field in fields(FrameIndex)]
    return [n for n in names if not np.array_equal(getattr(one, n), getattr(other, n))]


@pytest.mark.parametrize("name", MOVIES)
def test_tables_and_packets_lead_to_the_same_index(name: str, numbered: NumberedClips) -> None:
    path = numbered(name).path
    for source in (FileSource(path), FileRange(path, 0, path.stat().st_size)):
        build = IndexBuild(source)
        by_tables = build.from_tables()
        assert (by_tables is None) is (name in PACKETS_ONLY)
        if by_tables is not None:
            # A frame that stands for itself is not sought by its byte.
            due = [] if len(by_tables.key_bytes) else ["key_bytes"]
            assert differences(by_tables, build.from_packets()) == due


def test_a_long_clip_is_open_without_reading_it(numbered: NumberedClips, tmp_path: Path) -> None:
    """100 GB of which all but the last is a hole: places need more than 32 bits."""
    origin = numbered("h264.mp4").path
    data = origin.read_bytes()
    media, table = data.index(b"mdat") + 4, data.index(b"moov") - 4
    hole = 100 << 30

    def far(body: bytes) -> tuple[bytes, bytes]:
        places = struct.unpack(f">{len(body) // 4 - 2}I", body[8:])
        return b"co64", body[:8] + struct.pack(f">{len(places)}Q", *(p + hole for p in places))

    path = tmp_path / "A003C001.mp4"
    with path.open("wb") as file:
        file.write(data[: media - 8] + struct.pack(">I4sQ", 1, b"mdat", hole + table - media + 8))
        file.seek(hole + media)
        file.write(data[media:table] + changed_atoms(data[table:], {b"stco": far}))
    told: list[float] = []
    source = FileSource(path)
    index = build_index(source, progress=told.append)
    assert not told, "No pass over the packets was made."
    assert differences(index, build_index(FileSource(origin))) == ["key_bytes"]
    with Decoder(source, index) as decoder:
        assert [number_in(decoder.frame(n)) for n in (0, 23, 24, 119, 70)] == [0, 23, 24, 119, 70]


def test_a_compressed_header_is_read_by_its_packets(
    numbered: NumberedClips, tmp_path: Path
) -> None:
    data = numbered("h264.mp4").path.read_bytes()
    at = data.index(b"moov") - 4
    packed = struct.pack(">I", len(data) - at) + zlib.compress(data[at:])
    inner = struct.pack(">I4s4sI4s", 12, b"dcom", b"zlib", 8 + len(packed), b"cmvd") + packed
    inner = struct.pack(">I4s", 8 + len(inner), b"cmov") + inner
    path = tmp_path / "packed.mov"
    path.write_bytes(data[:at] + struct.pack(">I4s", 8 + len(inner), b"moov") + inner)
    assert IndexBuild(FileSource(path)).from_tables() is None
    assert not differences(
        build_index(FileSource(path)), build_index(FileSource(numbered("h264.mp4").path))
    )


def told(source: FileSource) -> tuple[FrameIndex | None, FrameIndex | None]:
    """The index as it is made, and by the packets alone; None where there is none."""
    found: list[FrameIndex | None] = []
    for way in (lambda: build_index(source), IndexBuild(source).from_packets):
        try:
            index = way()
            found.append(index if index.frames else None)
        except (MediaFault, av.FFmpegError):
            found.append(None)
    return found[0], found[1]


@pytest.mark.parametrize("name", ["h264.mp4", "cut.mov"])
@pytest.mark.parametrize("kind", ["ctts", "stsz", "stsc", "stco", "stts", "tkhd", "elst"])
def test_tables_that_lie_lead_to_what_the_packets_say(
    name: str, kind: str, numbered: NumberedClips, tmp_path: Path
) -> None:
    data = numbered(name).path.read_bytes()
    table = data.rindex(b"moov") - 4
    path = tmp_path / name
    for at in (4, 8, 12):
        for number in (0, 1, 119, 0xFFFFFFF0):

            def lie(body: bytes, at: int = at, number: int = number) -> tuple[bytes, bytes]:
                return kind.encode(), body[:at] + struct.pack(">I", number) + body[at + 4 :]

            changes: dict[bytes, Change] = {kind.encode(): lie}
            path.write_bytes(data[:table] + changed_atoms(data[table:], changes))
            made, by_packets = told(FileSource(path))
            assert (made is None) is (by_packets is None), (at, number)
            if made is not None and by_packets is not None:
                assert not differences(made, by_packets), (at, number)
