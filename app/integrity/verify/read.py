"""Reads a whole tree from its medium: small files by a few threads, large ones one by one."""

from __future__ import annotations

import errno
import mmap
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import xxhash

from app.errors import DestinationGone
from app.integrity import cache
from app.integrity.hashing import Digests, HashKind, MultiHash
from app.integrity.medium import BLOCK, MediumReader, Open, read_small
from app.integrity.mhl import FoundFile, file_moment
from app.integrity.verdict import ReadWay
from app.jobs.control import JobControl
from app.places.root import PinnedFolder, is_gone
from app.places.silence import Silence
from app.units import now

SMALL = 4 << 20
"""Files up to this many bytes are read whole, by several threads."""
_THREADS = 4
_PORTION = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A file that is to be read, as it was listed."""

    path: str
    size: int
    mtime_ns: int
    kinds: tuple[HashKind, ...]
    follow: bool = False
    """It is a link that the history has as a file."""
    short: bool = False
    """Also compute the 32-bit xxHash of old legacy manifests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What reading one file gave; without *file* it could not be read, and *trouble* says why."""

    file: FoundFile | None
    way: ReadWay
    mtime_ns: int
    short: int | None = None
    trouble: str = ""


class Sweep:
    """Reads files of one pinned folder past the cache, for as long as its drive answers.

    *provable* is False where the file system caches out of our sight.
    """

    def __init__(
        self, folder: PinnedFolder, silence: Silence, control: JobControl, *, provable: bool
    ) -> None:
        self._folder, self._silence, self._control = folder, silence, control
        self._provable = provable
        self._reader = MediumReader()
        self._one_large = threading.Lock()
        self._local = threading.local()

    def close(self) -> None:
        """Let go of the buffers, unless a drive that does not answer may still fill them."""
        if self._silence.fault is None:
            self._reader.close()

    def read(self, wanted: Iterable[Wanted]) -> dict[str, Reading]:
        """All of *wanted*, by path.

        DestinationGone when the drive is pulled meanwhile, DestinationSilent when it hangs.
        """
        files = sorted(wanted, key=lambda w: w.size > SMALL)  # small ones first, order kept
        split = sum(1 for w in files if w.size <= SMALL)
        readings: dict[str, Reading] = {}
        self._read_small_ones(files[:split], readings)
        for one in files[split:]:
            self._control.show(current=one.path)
            readings[one.path] = self._tried(one, self._streamed)
            self._control.advance(files=1)
        return readings

    def again(self, one: Wanted) -> Reading:
        """One file once more, of any size; it is not counted as progress."""
        self._control.show(current=one.path)
        return self._tried(one, self._uncounted)

    def read_link(self, path: str) -> str:
        """Where a link points; OSError."""
        with self._silence.call(at=path):
            return self._folder.read_link(path)

    def _read_small_ones(self, files: Sequence[Wanted], into: dict[str, Reading]) -> None:
        portions = [files[i : i + _PORTION] for i in range(0, len(files), _PORTION)]
        left, found = deque(range(len(portions))), dict[int, list[Reading]]()

        def some() -> None:
            try:
                while left:
                    n = left.popleft()
                    found[n] = self._portion(portions[n])
            except IndexError:
                return  # another thread was first
            except BaseException:
                left.clear()  # the others need not begin any more
                raise

        self._silence.work(*[some] * min(_THREADS, len(portions)))
        for n, portion in enumerate(portions):
            into.update(zip((w.path for w in portion), found[n], strict=True))

    def _portion(self, files: Sequence[Wanted]) -> list[Reading]:
        self._control.show(current=files[0].path)
        readings = []
        for one in files:
            self._control.checkpoint()
            readings.append(self._tried(one, self._whole))
            self._control.advance(one.size, copied=one.size, files=1)
        return readings

    def _tried(self, one: Wanted, read: Callable[[Wanted, Open], Reading]) -> Reading:
        """Read it; once more where the drive fails; then say why it gives nothing."""
        for last in (False, True):
            try:
                return read(one, self._opener(one))
            except OSError as error:
                if is_gone(error) or not self._still_there():
                    raise DestinationGone(
                        f"{self._silence.name} was removed.",
                        path=self._folder.path,
                        device=self._silence.name,
                        hint="Connect it again, then verify again.",
                    ) from error
                if last or error.errno != errno.EIO:
                    words = error.strerror or str(error)
                    return Reading(file=None, way=ReadWay.NONE, mtime_ns=0, trouble=words)
        raise AssertionError("unreachable")

    def _still_there(self) -> bool:
        with self._silence.call():
            return self._folder.still_there()

    def _opener(self, one: Wanted) -> Open:
        if one.follow:
            full = self._folder.path / one.path
            return lambda flags: os.open(full, os.O_RDONLY | os.O_CLOEXEC | flags)
        return lambda flags: self._folder.open_to_read(one.path, flags)

    # Three ways to read

    def _whole(self, one: Wanted, open_file: Open) -> Reading:
        if one.short:
            return self._short(one, open_file, self._look)
        buffer = self._buffer()
        with self._silence.transfer(one.size, at=one.path):
            count, way, _ = read_small(open_file, buffer, provable=self._provable)
        if count != one.size:  # it grew, shrank, or a direct read stopped early
            return self._streamed(one, open_file)
        hasher = MultiHash(one.kinds)
        with memoryview(buffer) as view, view[:count] as part:
            hasher.update(part)
        return _reading(one, hasher.digests(), count, way)

    def _streamed(self, one: Wanted, open_file: Open) -> Reading:
        return self._by_blocks(one, open_file, self._tick if one.size > SMALL else self._look)

    def _uncounted(self, one: Wanted, open_file: Open) -> Reading:
        return self._by_blocks(one, open_file, self._look)

    def _by_blocks(self, one: Wanted, open_file: Open, tick: Callable[[int], None]) -> Reading:
        if one.short:
            return self._short(one, open_file, tick)
        with self._one_large, self._silence.transfer(BLOCK, at=one.path) as call:
            read = self._reader.read(
                open_file,
                one.kinds,
                provable=self._provable,
                tick=lambda count: call.answered(lambda: tick(count)),  # each block is a call
            )
        return _reading(one, read.digests, read.size, read.way)

    def _short(self, one: Wanted, open_file: Open, tick: Callable[[int], None]) -> Reading:
        """The old 32-bit hash, which has no kind of its own; its files are few and old."""
        hasher, short, size = MultiHash(one.kinds), xxhash.xxh32(), 0
        with self._silence.transfer(BLOCK, at=one.path) as call:
            fd = open_file(0)
            try:
                cache.drop(fd)
                clear = self._provable and cache.is_dropped(fd, os.fstat(fd).st_size)
                while block := os.read(fd, BLOCK):
                    hasher.update(block)
                    short.update(block)
                    size += len(block)
                    call.answered(partial(tick, len(block)))
            finally:
                os.close(fd)
        way = ReadWay.MEDIUM if clear else ReadWay.CACHE
        return _reading(one, hasher.digests(), size, way, short.intdigest())

    def _look(self, _count: int) -> None:
        self._control.checkpoint()

    def _tick(self, count: int) -> None:
        self._control.checkpoint()
        self._control.advance(count, copied=count)

    def _buffer(self) -> mmap.mmap:
        """This thread's own aligned memory, reused for every file."""
        if not hasattr(self._local, "buffer"):
            self._local.buffer = mmap.mmap(-1, SMALL + mmap.PAGESIZE)
        buffer: mmap.mmap = self._local.buffer
        return buffer


def _reading(
    one: Wanted, digests: Digests, size: int, way: ReadWay, short: int | None = None
) -> Reading:
    found = FoundFile(size=size, digests=digests, mtime=file_moment(one.mtime_ns), at=now())
    return Reading(file=found, way=way, mtime_ns=one.mtime_ns, short=short)
