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
            if not mode & stat.S_IRUSR and not may_be_read(fd):
                # Its original could be read, by its group or others: nobody could prove the copy.
                os.fchmod(fd, mode | stat.S_IRUSR)
    with contextlib.suppress(OSError):
        os.utime(fd, ns=(mtime_ns, mtime_ns))
    found = os.fstat(fd)
    if stat.S_IMODE(found.st_mode) & 0o777 != mode:
        missed.append("permissions")
    if found.st_mtime_ns != mtime_ns:
        missed.append("exact modification times")
    return tuple(missed)


def may_be_read(fd: int) -> bool:
    """Whether the file behind *fd* could be opened again to be read, as its permissions are."""
    try:
        os.close(os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC))
    except PermissionError:
        return False
    except OSError:  # no such paths on this system
        return hasattr(os, "geteuid") and os.geteuid() == 0
    return True
