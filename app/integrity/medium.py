"""Reads a file from its medium, past the cache, and says whether that can be vouched for.

What this proves: the bytes came from the drive through its bus, not from this machine's memory.
What it cannot prove: a drive's or server's own memory may still answer for a while; offloads
therefore read a file back after later ones have been written.
"""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from app.integrity import cache
from app.integrity.hashing import HashKind, MultiHash
from app.integrity.verdict import ReadWay

BLOCK = 8 << 20
"""Bytes of one read of a large file."""
ALIGNMENT = 4096
SHORT_READS = 3
"""Reads that may come back short at one place before a file is said to end there."""


@dataclass(frozen=True, slots=True)
class MediumRead:
    """What reading a file again gave."""

    digests: dict[HashKind, str]
    size: int
    way: ReadWay


Open = Callable[[int], int]
"""Opens the file with the given extra flags (O_DIRECT) and answers a descriptor."""


class MediumReader:
    """Reads files again, one after the other, with two buffers of its own.

    Hashing of one block overlaps reading of the next.
    """

    def __init__(self, block: int = BLOCK) -> None:
        """*block*: bytes of one read; more than the usual ones bring nothing and are not taken."""
        block = min(block, BLOCK)
        self._buffers = (mmap.mmap(-1, block), mmap.mmap(-1, block))
        self._hashing = ThreadPoolExecutor(1, thread_name_prefix="hash read-back")

    def close(self) -> None:
        """Let go of the buffers."""
        self._hashing.shutdown()
        for buffer in self._buffers:
            buffer.close()

    def read(
        self,
        open_file: Open,
        kinds: Iterable[HashKind],
        *,
        provable: bool = True,
        tick: Callable[[int], None] = lambda _: None,
    ) -> MediumRead:
        """Digests of a file as its medium has it now.

        *provable* is False where the file system itself caches out of our sight (FUSE, memory).
        *tick* is called with the bytes of each block and may raise. OSError from the drive is
        passed on.
        """
        fd, direct = open_past_cache(open_file)
        try:
            size = os.fstat(fd).st_size
            clear = _clear(fd, size, provable)
            hasher = MultiHash(kinds)
            total = self._stream(fd, direct, hasher, tick)
        finally:
            os.close(fd)
        way = ReadWay.MEDIUM if clear else ReadWay.CACHE
        return MediumRead(hasher.digests(), total, way)

    def _stream(self, fd: int, direct: bool, hasher: MultiHash, tick: Callable[[int], None]) -> int:
        offset = turn = 0
        pending: Future[None] | None = None
        try:
            while True:
                buffer = self._buffers[turn]
                count = os.preadv(fd, [buffer], offset)
                if count == 0:
                    return offset
                if pending is not None:
                    pending.result()
                pending = self._hashing.submit(_update, hasher, buffer, count)
                offset += count
                turn ^= 1
                tick(count)
                if direct and count % ALIGNMENT:
                    return offset  # the tail: a further direct read would be refused
        finally:
            if pending is not None:
                pending.result()


def _update(hasher: MultiHash, buffer: mmap.mmap, count: int) -> None:
    with memoryview(buffer) as view, view[:count] as part:
        hasher.update(part)


def open_past_cache(open_file: Open) -> tuple[int, bool]:
    """A descriptor with direct I/O where the file system has it; and whether it has."""
    if cache.O_DIRECT:
        try:
            return open_file(cache.O_DIRECT), True
        except OSError as error:
            if error.errno not in {errno.EINVAL, errno.EOPNOTSUPP}:
                raise
    return open_file(0), False


def read_small(
    open_file: Open, buffer: mmap.mmap | memoryview, *, provable: bool = True
) -> tuple[int, ReadWay, os.stat_result]:
    """Read a file that fits *buffer* past the cache; bytes read, the way, and the file's facts.

    The file must have been synced before, or its pages cannot go.
    """
    fd, direct = open_past_cache(open_file)
    try:
        found = os.fstat(fd)
        clear = _clear(fd, found.st_size, provable)
        with memoryview(buffer) as view:
            count = _read_pages(fd, view, found.st_size) if direct else _read_all(fd, view)
    finally:
        os.close(fd)
    return count, ReadWay.MEDIUM if clear else ReadWay.CACHE, found


def _clear(fd: int, size: int, provable: bool) -> bool:
    """Move the cache aside; whether it can be shown that none of the file is in it."""
    if provable:
        return cache.forget(fd, size)
    cache.drop(fd)
    return False


def _read_pages(fd: int, view: memoryview, size: int) -> int:
    """Read directly; what stops short within the file is asked to go on from that page."""
    whole, done, tries = whole_pages(size), 0, 0
    while done < size and tries < SHORT_READS:
        at = done - done % ALIGNMENT
        count = os.preadv(fd, [view[at:whole]], at)
        tries = 0 if at + count > done else tries + 1
        done = max(done, at + count)
    return done


def whole_pages(size: int) -> int:
    """Bytes of the direct read that takes in *size* bytes, at least one page.

    Asked for more, the kernel fills the rest of the buffer with zeros: for a small file in a
    large buffer that costs more than the read.
    """
    return max(-(-size // ALIGNMENT) * ALIGNMENT, ALIGNMENT)


def _read_all(fd: int, view: memoryview) -> int:
    count = 0
    while more := os.preadv(fd, [view[count:]], count):
        count += more
    return count
