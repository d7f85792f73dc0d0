"""Bytes of a clip, wherever they lie."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from app.errors import BadInput, NotFound
from app.media.frames.source import ByteSource, FileRange, FileSource

BYTES = random.Random(4).randbytes(10_000)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "A003C001.mov"
    path.write_bytes(BYTES)
    return path


def sources(file: Path) -> list[tuple[ByteSource, bytes]]:
    return [
        (FileSource(file), BYTES),
        (FileRange(file, 0, 10_000), BYTES),
        (FileRange(file, 1234, 4321, "all.zip!A003C001.mov"), BYTES[1234 : 1234 + 4321]),
        (FileRange(file, 9_990, 10), BYTES[-10:]),
        (FileRange(file, 500, 0), b""),
    ]


def test_a_reader_reads_all_and_nothing_else(file: Path) -> None:
    for source, data in sources(file):
        assert source.size == len(data)
        with source.open() as reader:
            assert reader.read() == data
            assert reader.read(1) == b""


def test_a_reader_goes_anywhere(file: Path) -> None:
    chance = random.Random(5)
    for source, data in sources(file):
        with source.open() as reader, source.open() as other:
            for _ in range(200):
                at, count = chance.randrange(len(data) + 50), chance.randrange(700)
                assert reader.seek(at) == at
                assert reader.read(count) == data[at : at + count]
                assert reader.seek(0, os.SEEK_END) == len(data)
            assert reader.seek(-min(3, len(data)), os.SEEK_CUR) == max(len(data) - 3, 0)
            assert reader.read() == data[-3:]
            assert other.tell() == 0, "Readers of one source don't move each other."
            with pytest.raises((ValueError, OSError)):
                reader.seek(-1)


def test_the_stamp_is_another_one_when_the_bytes_may_be_others(file: Path) -> None:
    whole, part = FileSource(file), FileRange(file, 10, 20)
    stamps = {whole.stamp, part.stamp, FileRange(file, 11, 20).stamp, FileRange(file, 10, 21).stamp}
    assert len(stamps) == 4
    assert whole.stamp == FileSource(file).stamp
    before = file.stat()
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    stamps |= {whole.stamp, part.stamp}
    assert len(stamps) == 6
    other = file.with_name("other")
    other.write_bytes(BYTES)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    other.replace(file)
    assert whole.stamp not in stamps, "Another file of the same size, time and name."


def test_people_are_told_the_whole_name(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    assert FileSource(Path(file.name)).name == str(file)
    assert FileSource(Path(file.name)).for_av() == str(file), "-i and a:b would mean other things."
    assert FileRange(file, 3, 4).name == f"{file}!3+4"
    assert FileRange(file, 3, 4, "all.zip!a.mov").name == "all.zip!a.mov"


def test_what_is_not_there_is_named(file: Path) -> None:
    gone = file.with_name("gone.mov")
    for source in (FileSource(gone), FileRange(gone, 0, 10)):
        with pytest.raises(NotFound, match=str(gone)):
            source.open()
        with pytest.raises(NotFound, match=str(gone)):
            source.stamp  # noqa: B018 - asks the disk
    with pytest.raises(BadInput):
        FileSource(file.parent).open()
    with pytest.raises(BadInput):
        FileRange(file, -1, 10)
