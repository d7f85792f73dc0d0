"""Pages that stand between a file and its medium, and who holds them there."""

from __future__ import annotations

import mmap
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.integrity import cache
from app.integrity.hashing import HashKind
from app.integrity.medium import MediumReader, read_small
from app.integrity.verdict import ReadWay

SIZE = 40_000


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mov"
    path.write_bytes(os.urandom(SIZE))
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
    return path


@contextmanager
def _held(path: Path) -> Iterator[Callable[[], None]]:
    """Keep the file's pages in memory, as a program does that has it mapped; call: let go."""
    over = threading.Event()
    mapped = threading.Event()

    def hold() -> None:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as pages:
            assert pages[0] + pages[-1] >= 0
            mapped.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    mapped.wait()

    def let_go() -> None:
        over.set()
        thread.join()

    try:
        yield let_go
    finally:
        let_go()


@pytest.fixture
def at_first_pause(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What is in it is done when pages are waited for, once."""
    deeds: list[Callable[[], None]] = []

    def pause(_: float) -> None:
        while deeds:
            deeds.pop()()

    monkeypatch.setattr("app.integrity.cache.sleep", pause)
    return deeds


def _small(path: Path) -> tuple[int, ReadWay]:
    count, way, _ = read_small(lambda flags: os.open(path, os.O_RDONLY | flags), _buffer())
    return count, way


def _buffer() -> mmap.mmap:
    return mmap.mmap(-1, 65_536)


def test_nobody_holds_a_page(clip: Path) -> None:
    assert _small(clip) == (SIZE, ReadWay.MEDIUM)


def test_a_page_that_stays_in_memory_makes_it_a_read_through_the_cache(clip: Path) -> None:
    with _held(clip):
        assert _small(clip) == (SIZE, ReadWay.CACHE)


def test_a_page_that_somebody_holds_for_a_moment_is_asked_for_again(
    clip: Path, at_first_pause: list[Callable[[], None]]
) -> None:
    with _held(clip) as let_go:
        at_first_pause.append(let_go)
        assert _small(clip) == (SIZE, ReadWay.MEDIUM)


def test_the_same_holds_for_large_files(
    clip: Path, at_first_pause: list[Callable[[], None]]
) -> None:
    reader = MediumReader()
    try:
        with _held(clip) as let_go:
            at_first_pause.append(let_go)
            read = reader.read(lambda flags: os.open(clip, os.O_RDONLY | flags), (HashKind.XXH64,))
        assert (read.size, read.way) == (SIZE, ReadWay.MEDIUM)
    finally:
        reader.close()


def test_what_cannot_be_shown_anyway_is_not_waited_for(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    drop = cache.drop

    def noted(fd: int) -> None:
        asked.append(fd)
        drop(fd)

    monkeypatch.setattr(cache, "drop", noted)
    with _held(clip):
        read_small(lambda flags: os.open(clip, os.O_RDONLY | flags), _buffer(), provable=False)
    assert len(asked) == 1


def test_where_pages_never_go_not_every_file_is_waited_for(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(cache, "_in_vain", Counter())
    monkeypatch.setattr("app.integrity.cache.sleep", slept.append)
    with _held(clip):
        ways = {_small(clip)[1] for _ in range(30)}
        waited = len(slept)
        _small(clip)
    assert ways == {ReadWay.CACHE}
    assert 0 < waited == len(slept)
    assert _small(clip) == (SIZE, ReadWay.MEDIUM)
    with _held(clip):
        _small(clip)
    assert len(slept) > waited, "its device is waited for again"
