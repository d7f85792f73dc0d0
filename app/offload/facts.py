"""What a copy takes over from its original besides the bytes: times, permissions, attributes."""

from __future__ import annotations

import contextlib
import os
import stat

Attributes = tuple[tuple[str, bytes], ...]
"""Extended attributes: name and value."""


def attributes_of(fd: int) -> Attributes:
    """The extended attributes of an open file, () where there are none or no such thing."""
    if not hasattr(os, "listxattr"):
        return ()
    try:
        names = os.listxattr(fd)
        return tuple((name, os.getxattr(fd, name)) for name in names) if names else ()
    except OSError:
        return ()


def keep_facts(fd: int, mode: int, mtime_ns: int, attributes: Attributes) -> tuple[str, ...]:
    """Give an open copy the permissions (bits), time and attributes of its original.

    Answers what the file system could not hold, once for each kind and attribute.
    """
    missed = []
    for name, value in attributes:
        try:
            os.setxattr(fd, name, value)
        except OSError:
            missed.append("extended attributes")
    mode &= 0o777
    if stat.S_IMODE(os.fstat(fd).st_mode) & 0o777 != mode:
        with contextlib.suppress(OSError):  # what is looked at is what it has come to
            os.fchmod(fd, mode)
    with contextlib.suppress(OSError):
        os.utime(fd, ns=(mtime_ns, mtime_ns))
    found = os.fstat(fd)
    if stat.S_IMODE(found.st_mode) & 0o777 != mode:
        missed.append("permissions")
    if found.st_mtime_ns != mtime_ns:
        missed.append("exact modification times")
    return tuple(missed)
