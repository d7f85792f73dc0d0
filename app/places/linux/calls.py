"""The few system calls that Python does not offer, each with what to do where it is missing."""

from __future__ import annotations

import ctypes
import errno
import os
import sys

SYNCS_FILE_SYSTEMS = sys.platform == "linux"
"""Whether one call makes all of a file system safe, and says when it could not."""

if sys.platform == "linux":
    _libc = ctypes.CDLL(None, use_errno=True)
    _libc.fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long)
    _libc.sync_file_range.argtypes = (ctypes.c_int, ctypes.c_long, ctypes.c_long, ctypes.c_uint)
    _START_WRITING = 2
    _FUSE_MAGIC = 0x65735546

    def reserve(fd: int, size: int) -> None:
        """Reserve room for *size* bytes, so that a full drive shows before the first byte.

        OSError (ENOSPC, EFBIG) when there is none; silent where the file system cannot reserve.
        """
        if _libc.fallocate(fd, 0, 0, size) != 0:
            code = ctypes.get_errno()
            if code in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                raise OSError(code, os.strerror(code))

    def start_writing(fd: int, offset: int, size: int) -> None:
        """Begin to write cached pages out, so that the final sync has little left to do."""
        _libc.sync_file_range(fd, offset, size, _START_WRITING)

    def runs_in_user_space(fd: int) -> bool:
        """Whether a program (FUSE) answers for this file system, with a cache of its own."""
        found = ctypes.create_string_buffer(256)
        if _libc.fstatfs(fd, found) != 0:
            return True
        return int.from_bytes(found.raw[:8], sys.byteorder) == _FUSE_MAGIC

    def sync_file_system(fd: int) -> None:
        """Write out everything of the file system that *fd* lies on; OSError if it failed."""
        if _libc.syncfs(fd) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))

else:

    def reserve(fd: int, size: int) -> None:
        """Reserving is not tried on this platform."""

    def start_writing(fd: int, offset: int, size: int) -> None:
        """Early writing is not tried on this platform."""

    def runs_in_user_space(fd: int) -> bool:
        """Nobody can tell here."""
        return True

    def sync_file_system(fd: int) -> None:
        """Write out everything, where the system can; each file was synced by itself before."""
        if hasattr(os, "sync"):
            os.sync()
