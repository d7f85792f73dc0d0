"""Whether the page cache stands between a file and its medium, and how to move it aside.

On Linux `posix_fadvise(DONTNEED)` asks the kernel to forget a file's pages, and `cachestat` (one
call, since Linux 6.5) or `mincore` tells whether it did. Elsewhere nothing can be shown, and what
is read counts as read from the cache.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from collections import Counter
from time import sleep

_WINDOW = 1 << 30
_PAUSES = (0.0, 0.001, 0.004, 0.016, 0.064, 0.256) if sys.platform == "linux" else ()
"""Seconds before each further try to have pages forgotten."""
_ENOUGH = 20
"""Files in a row whose pages stayed, after which their device is not waited for any more."""
_in_vain: Counter[int] = Counter()
_PROT_READ, _MAP_SHARED = 1, 1
O_DIRECT = getattr(os, "O_DIRECT", 0)


def drop(fd: int) -> None:
    """Ask the system to forget the cached pages of an open file (clean pages only)."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)


def forget(fd: int, size: int) -> bool:
    """Have the cached pages of an open file forgotten; whether none is left.

    A page that somebody has in hand at that moment stays: the kernel itself, a process that only
    looks. So it is asked for again for a moment, unless that was in vain for many files of the
    device: where pages never go, waiting for each file would take hours.
    """
    drop(fd)
    if is_dropped(fd, size):
        if _in_vain:
            _in_vain.pop(os.fstat(fd).st_dev, None)
        return True
    device = os.fstat(fd).st_dev
    if _in_vain[device] >= _ENOUGH:
        return False
    for pause in _PAUSES:
        sleep(pause)
        drop(fd)
        if is_dropped(fd, size):
            _in_vain[device] = 0
            return True
    _in_vain[device] += 1
    return False


if sys.platform == "linux":
    _libc = ctypes.CDLL(None, use_errno=True)
    _libc.mmap.restype = ctypes.c_void_p
    _libc.mmap.argtypes = (
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int,
        ctypes.c_long,
    )  # fmt: skip
    _libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    _libc.mincore.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
    _FAILED = ctypes.c_void_p(-1).value
    _CACHESTAT = 451  # its number on every architecture that Reelkeep runs on

    class _Range(ctypes.Structure):
        _fields_ = (("offset", ctypes.c_uint64), ("length", ctypes.c_uint64))

    class _Pages(ctypes.Structure):
        _fields_ = tuple(
            (name, ctypes.c_uint64)
            for name in ("cached", "dirty", "writeback", "evicted", "recently_evicted")
        )

    _WHOLE = _Range(0, 0)  # from the beginning to the end, however long

    def is_dropped(fd: int, size: int) -> bool:
        """Whether no page of the first *size* bytes of an open file is cached."""
        pages = _Pages()
        asked = _libc.syscall(_CACHESTAT, fd, ctypes.byref(_WHOLE), ctypes.byref(pages), 0)
        if asked == 0:
            return pages.cached == 0  # type: ignore[no-any-return]
        return all(
            _window_dropped(fd, start, min(_WINDOW, size - start))
            for start in range(0, size, _WINDOW)
        )

    def _window_dropped(fd: int, start: int, length: int) -> bool:
        address = _libc.mmap(None, length, _PROT_READ, _MAP_SHARED, fd, start)
        if address == _FAILED:
            return False
        try:
            pages = -(-length // mmap.PAGESIZE)
            resident = ctypes.create_string_buffer(pages)
            if _libc.mincore(address, length, resident) != 0:
                return False
            return not any(byte & 1 for byte in set(resident.raw[:pages]))
        finally:
            _libc.munmap(address, length)

else:

    def is_dropped(fd: int, size: int) -> bool:
        """Whether no page of an open file is cached; nobody can tell here."""
        del fd
        return size == 0
