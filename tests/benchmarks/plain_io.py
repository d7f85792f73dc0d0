"""What the machine can do at best: plain direct I/O in large blocks, nothing computed.

python plain_io.py read PATH...      every file (below every folder) once, past the cache
python plain_io.py write BYTES FILE  one new file of so many bytes, past the cache, then synced
"""

from __future__ import annotations

import mmap
import os
import sys
from collections.abc import Iterator
from pathlib import Path

_BLOCK = 8 << 20
_PAGE = 4096


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(p for p in path.rglob("*") if p.is_file())
    else:
        yield path


def read(path: Path, buffer: mmap.mmap) -> None:
    """One file from its medium."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECT)
    try:
        offset = 0
        while count := os.preadv(fd, [buffer], offset):
            offset += count
            if count % _PAGE:
                return
    finally:
        os.close(fd)


def write(path: Path, size: int, buffer: mmap.mmap) -> None:
    """One new file, with its room reserved, to its medium."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_DIRECT)
    try:
        os.posix_fallocate(fd, 0, size)
        with memoryview(buffer) as view:
            for offset in range(0, size, _BLOCK):
                part = min(_BLOCK, -(-(size - offset) // _PAGE) * _PAGE)
                os.pwrite(fd, view[:part], offset)
        os.ftruncate(fd, size)
        os.fsync(fd)
    finally:
        os.close(fd)


def main(what: str, *rest: str) -> None:
    """See the module's text."""
    with mmap.mmap(-1, _BLOCK) as buffer:
        if what == "write":
            buffer[:] = os.urandom(_BLOCK)
            write(Path(rest[1]), int(rest[0]), buffer)
            return
        for place in rest:
            for path in _files(Path(place)):
                read(path, buffer)


if __name__ == "__main__":
    main(*sys.argv[1:])
