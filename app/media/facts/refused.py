"""Why a file is no clip, in one sentence: the same one wherever a file is opened."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import av

_FIRST = {b"ftyp", b"wide", b"mdat", b"free", b"skip"}
"""Atoms with which a QuickTime or MP4 file begins."""
_MOST_ATOMS = 1000
_DRIVE = {
    errno.EIO, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.ENOTCONN,
    errno.ECONNRESET, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT, errno.ESTALE,
    errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.EBUSY,
}  # fmt: skip
"""What a drive or this machine says of itself, and not of a clip."""


def empty(name: str) -> str:
    """Of a file called *name* without a byte."""
    return f"{name} is empty."


def no_clip(name: str) -> str:
    """Of a file called *name* that only bears the name of one."""
    return f"{name} is no clip."


def why_refused(name: str, error: BaseException, path: Path | None = None) -> str:
    """Of a file called *name* whose opening failed with *error*; *path* is looked into for more."""
    with contextlib.suppress(OSError):
        if path is not None and not path.stat().st_size:
            return empty(name)
        if path is not None and isinstance(error, av.error.InvalidDataError) and _lacks_index(path):
            return f"{name} is cut off: its index (moov), which is written last, is missing."
    if isinstance(error, av.error.InvalidDataError):
        return f"{name} is no clip, or its header is damaged."
    words = getattr(error, "strerror", None) or "it is damaged"
    return f"{name} cannot be read as a clip: {words}."


def is_passing(error: BaseException | None) -> bool:
    """Whether it is its drive that failed, so that the same bytes may be read another time."""
    while error is not None:
        if getattr(error, "errno", None) in _DRIVE:
            return True
        error = error.__cause__
    return False


def _lacks_index(path: Path) -> bool:
    """Whether it begins as a QuickTime or MP4 file and ends before its index does."""
    with path.open("rb") as file:
        end = path.stat().st_size
        found = dict(_outer_atoms(file))
        first = next(iter(found), b"")
        return first in _FIRST and found.get(b"moov", end + 1) > end


def _outer_atoms(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """What stands side by side in the file, each with the place behind it."""
    at = 0
    for _ in range(_MOST_ATOMS):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:], "big")
        if size < 8:  # it goes on to the end of the file
            yield head[4:8], file.seek(0, 2)
            return
        at += size
        yield head[4:8], at
