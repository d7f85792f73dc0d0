"""A folder held by its descriptor, so that nothing we open can land anywhere else.

A drive that is pulled leaves an empty mount point behind, and a plain path would go on working
there, on the system disk. Everything here is opened relative to the pinned folder, one part of
the path at a time, and no link is ever followed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import sys
import threading
from collections import OrderedDict
from pathlib import Path

_CACHED_FOLDERS = 128
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _NO_FOLLOW | getattr(os, "O_CLOEXEC", 0)
_NO_ACCESS_TIME = getattr(os, "O_NOATIME", 0)
_RENAME_NOREPLACE = 1

_GONE = {errno.ENODEV, errno.ENXIO, errno.ENOTCONN, errno.ESTALE, errno.ESHUTDOWN}


class PinnedFolder:
    """The root of a card or of a copy, held open for as long as a job works on it.

    Names are text with `surrogateescape`; paths are relative, with `/` between parts.
    Safe to use from several threads. Every method passes the system's OSError on.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = os.open(path, _FOLDER & ~_NO_FOLLOW)
        self.device = os.fstat(self._fd).st_dev
        self._folders: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let go of every descriptor."""
        with self._lock:
            for fd in self._folders.values():
                os.close(fd)
            self._folders.clear()
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    def still_there(self) -> bool:
        """Whether the path still leads to this folder and the folder still answers."""
        try:
            here = os.stat(self.path)
            held = os.fstat(self._fd)
            os.listdir(self._fd) if os.listdir in os.supports_fd else None
        except OSError:
            return False
        return (here.st_dev, here.st_ino) == (held.st_dev, held.st_ino)

    # Folders

    def folder(self, path: str, *, make: bool = False) -> int:
        """A borrowed descriptor of the folder *path*; not to be closed or kept by the caller.

        At most some dozens are kept open. A borrower that works on many folders at once, or for
        long, takes its own with `own_folder`.
        """
        if not path:
            return self._fd
        with self._lock:
            fd = self._folders.get(path)
            if fd is not None:
                self._folders.move_to_end(path)
                return fd
        fd = self.own_folder(path, make=make)
        with self._lock:
            kept = self._folders.setdefault(path, fd)
            if kept != fd:
                os.close(fd)
            return kept

    def trim(self) -> None:
        """Close folders not used of late; only while no borrower is at work."""
        with self._lock:
            while len(self._folders) > _CACHED_FOLDERS:
                _, fd = self._folders.popitem(last=False)
                os.close(fd)

    def own_folder(self, path: str, *, make: bool = False) -> int:
        """A new descriptor of the folder *path*, made with its parents when asked."""
        fd = os.dup(self._fd)
        for part in path.split("/") if path else ():
            try:
                deeper = _open_part(part, fd, make=make)
            finally:
                os.close(fd)
            fd = deeper
        return fd

    def make_folder(self, path: str) -> None:
        """Make the folder *path* and its parents where they are missing."""
        os.close(self.own_folder(path, make=True))

    def sync_folder(self, path: str) -> None:
        """Make the names in a folder certain."""
        fd = self.own_folder(path)
        try:
            os.fsync(fd)
        except OSError as error:
            if error.errno != errno.EINVAL:  # some network and FUSE folders cannot be synced
                raise
        finally:
            os.close(fd)

    # Entries

    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        """A descriptor of the file *path*."""
        parent, _, name = path.rpartition("/")
        return os.open(name, flags | _NO_FOLLOW | os.O_CLOEXEC, mode, dir_fd=self.folder(parent))

    def open_to_read(self, path: str, flags: int = 0) -> int:
        """A descriptor to read from; the access time stays as it is where we may say so."""
        flags |= os.O_RDONLY
        try:
            return self.open(path, flags | _NO_ACCESS_TIME)
        except PermissionError:
            return self.open(path, flags)

    def stat(self, path: str) -> os.stat_result | None:
        """Facts about an entry, None when there is none."""
        parent, _, name = path.rpartition("/")
        try:
            return os.stat(name, dir_fd=self.folder(parent), follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def is_file(self, path: str) -> bool:
        """Whether a regular file lies under *path*."""
        found = self.stat(path)
        return found is not None and stat.S_ISREG(found.st_mode)

    def read_link(self, path: str) -> str:
        """Where a link points."""
        parent, _, name = path.rpartition("/")
        return os.readlink(name, dir_fd=self.folder(parent))

    def make_link(self, target: str, path: str) -> None:
        """Make a symbolic link; FileExistsError when the name is taken."""
        parent, _, name = path.rpartition("/")
        os.symlink(target, name, dir_fd=self.folder(parent, make=True))

    def remove(self, path: str) -> None:
        """Remove a file or link if it is there."""
        parent, _, name = path.rpartition("/")
        try:
            os.unlink(name, dir_fd=self.folder(parent))
        except FileNotFoundError:
            return

    def rename_new(self, path: str, new: str) -> None:
        """Rename within one folder; FileExistsError instead of replacing anything."""
        parent, _, name = path.rpartition("/")
        new_parent, _, new_name = new.rpartition("/")
        if parent != new_parent:
            raise ValueError("a partial file lies beside its final name")
        rename_no_replace(self.folder(parent), name, new_name)


def is_gone(error: OSError) -> bool:
    """Whether the error says that the device itself has left."""
    return error.errno in _GONE


def _open_part(part: str, parent: int, *, make: bool) -> int:
    try:
        return os.open(part, _FOLDER, dir_fd=parent)
    except FileNotFoundError:
        if not make:
            raise
    try:
        os.mkdir(part, dir_fd=parent)
        os.fsync(parent)
    except FileExistsError:
        pass  # another worker was first
    return os.open(part, _FOLDER, dir_fd=parent)


if sys.platform == "linux":
    _libc = ctypes.CDLL(None, use_errno=True)

    def rename_no_replace(folder: int, name: str, new: str) -> None:
        """Rename inside an open folder without ever replacing what has the new name."""
        result = _libc.renameat2(
            folder, os.fsencode(name), folder, os.fsencode(new), _RENAME_NOREPLACE
        )
        if result == 0:
            return
        code = ctypes.get_errno()
        if code in {errno.EINVAL, errno.ENOSYS}:
            _rename_checked(folder, name, new)
            return
        raise OSError(code, os.strerror(code), new)

else:

    def rename_no_replace(folder: int, name: str, new: str) -> None:
        """Rename inside an open folder without replacing what has the new name."""
        _rename_checked(folder, name, new)


def _rename_checked(folder: int, name: str, new: str) -> None:
    """For file systems that cannot refuse by themselves: look, then rename."""
    try:
        os.stat(new, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(name, new, src_dir_fd=folder, dst_dir_fd=folder)
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new)
