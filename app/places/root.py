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
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_KEPT_FOLDERS = 64
_CLOSE_ON_EXEC = getattr(os, "O_CLOEXEC", 0)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _NO_FOLLOW | _CLOSE_ON_EXEC
_NO_ACCESS_TIME = getattr(os, "O_NOATIME", 0)
_RENAME_NOREPLACE = 1

_GONE = {errno.ENODEV, errno.ENXIO, errno.ENOTCONN, errno.ESTALE, errno.ESHUTDOWN}


class _Held:
    """A folder kept open, and how many use it now."""

    __slots__ = ("borrowers", "fd")

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.borrowers = 0


class PinnedFolder:
    """The root of a card or of a copy, held open for as long as a job works on it.

    Names are text with `surrogateescape`; paths are relative, with `/` between parts.
    Safe to use from several threads. Every method passes the system's OSError on.
    """

    def __init__(self, path: Path, fd: int | None = None) -> None:
        """Open *path*, or take over *fd*, which another process has opened."""
        self.path = path
        self._fd = os.open(path, _FOLDER & ~_NO_FOLLOW) if fd is None else fd
        self.device = os.fstat(self._fd).st_dev
        node = f"/sys/dev/block/{os.major(self.device)}:{os.minor(self.device)}"
        self._node = node if os.path.exists(node) else ""
        self._folders: OrderedDict[str, _Held] = OrderedDict()
        self._certain: set[str] = {""}
        """Folders whose own names are known to be on the disk."""
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let go of every descriptor."""
        with self._lock:
            for held in self._folders.values():
                os.close(held.fd)
            self._folders.clear()
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    @property
    def fd(self) -> int:
        """The root's own descriptor."""
        return self._fd

    def cut_off(self) -> None:
        """From here on nothing is read or changed through this folder any more.

        Also not by a thread that is at it now, should it ever come back from a drive that hangs:
        every descriptor leads nowhere then.
        """
        nowhere = open_nowhere()
        try:
            with self._lock:
                for fd in (self._fd, *(held.fd for held in self._folders.values())):
                    if fd >= 0:
                        os.dup2(nowhere, fd, inheritable=False)
        finally:
            os.close(nowhere)

    def still_there(self) -> bool:
        """Whether the path still leads to this folder and the folder still answers.

        A drive whose cable was torn out stays mounted for a while; its block device is gone.
        """
        if self._node and not os.path.exists(self._node):
            return False
        try:
            here = os.stat(self.path)
            held = os.fstat(self._fd)
            if os.scandir in os.supports_fd:
                with os.scandir(self._fd) as entries:
                    next(entries, None)
        except OSError:
            return False
        return (here.st_dev, here.st_ino) == (held.st_dev, held.st_ino)

    # Folders

    @contextmanager
    def folder(self, path: str, *, make: bool = False) -> Iterator[int]:
        """Borrow a descriptor of the folder *path*; some dozens are kept open between uses."""
        if not path:
            yield self._fd
            return
        held = self._borrow(path, make=make)
        try:
            yield held.fd
        finally:
            self._give_back(held)

    def _borrow(self, path: str, *, make: bool) -> _Held:
        with self._lock:
            held = self._folders.get(path)
            if held is not None:
                self._folders.move_to_end(path)
                held.borrowers += 1
                return held
        fd = self.own_folder(path, make=make)
        with self._lock:
            if self._fd < 0:  # closed meanwhile: nothing may hold the drive any more
                os.close(fd)
                raise OSError(errno.EBADF, os.strerror(errno.EBADF), path)
            held = self._folders.setdefault(path, _Held(fd))
            if held.fd != fd:
                os.close(fd)
            held.borrowers += 1
            return held

    def _give_back(self, held: _Held) -> None:
        with self._lock:
            held.borrowers -= 1
            if len(self._folders) <= _KEPT_FOLDERS:
                return
            idle = [p for p, h in self._folders.items() if not h.borrowers]
            for path in idle[: len(self._folders) - _KEPT_FOLDERS]:
                os.close(self._folders.pop(path).fd)

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
        """Make the names in a folder certain, and those of the folder and its parents.

        A new folder is not synced into its parent when it is made: of hundreds, each would wait
        for the disk, and nothing in them is certain before this or a sync of the file system.
        """
        with self.folder(path) as fd:
            _sync(fd)
        while path not in self._certain:
            parent = path.rpartition("/")[0]
            with self.folder(parent) as fd:
                _sync(fd)
            self._certain.add(path)
            path = parent

    # Entries

    def open(self, path: str, flags: int, mode: int = 0o600) -> int:
        """A descriptor of the file *path*."""
        parent, _, name = path.rpartition("/")
        flags |= _NO_FOLLOW | _CLOSE_ON_EXEC
        if not parent:
            return os.open(name, flags, mode, dir_fd=self._fd)
        held = self._borrow(parent, make=bool(flags & os.O_CREAT))  # no context: this is hot
        try:
            return os.open(name, flags, mode, dir_fd=held.fd)
        finally:
            self._give_back(held)

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
            with self.folder(parent) as fd:
                return os.stat(name, dir_fd=fd, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def is_file(self, path: str) -> bool:
        """Whether a regular file lies under *path*."""
        found = self.stat(path)
        return found is not None and stat.S_ISREG(found.st_mode)

    def read_link(self, path: str) -> str:
        """Where a link points."""
        parent, _, name = path.rpartition("/")
        with self.folder(parent) as fd:
            return os.readlink(name, dir_fd=fd)

    def make_link(self, target: str, path: str) -> None:
        """Make a symbolic link; FileExistsError when the name is taken."""
        parent, _, name = path.rpartition("/")
        with self.folder(parent, make=True) as fd:
            os.symlink(target, name, dir_fd=fd)

    def remove(self, path: str) -> None:
        """Remove a file or link if it is there."""
        parent, _, name = path.rpartition("/")
        try:
            with self.folder(parent) as fd:
                os.unlink(name, dir_fd=fd)
        except FileNotFoundError:
            return

    def rename_new(self, path: str, new: str) -> None:
        """Rename within one folder; FileExistsError instead of replacing anything."""
        parent, _, name = path.rpartition("/")
        new_parent, _, new_name = new.rpartition("/")
        if parent != new_parent:
            raise ValueError("a partial file lies beside its final name")
        with self.folder(parent) as fd:
            rename_no_replace(fd, name, new_name)


def open_nowhere() -> int:
    """A descriptor that gives and takes nothing, for late calls to meet in place of a file.

    Not /dev/null: a thread that comes back late may be about to change a mode or a time.
    """
    out, into = os.pipe()
    os.close(into)
    return out


def is_gone(error: OSError) -> bool:
    """Whether the error says that the device itself has left."""
    return error.errno in _GONE


def _sync(folder: int) -> None:
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network and FUSE folders cannot be synced
            raise


def _open_part(part: str, parent: int, *, make: bool) -> int:
    try:
        return os.open(part, _FOLDER, dir_fd=parent)
    except FileNotFoundError:
        if not make:
            raise
    with suppress(FileExistsError):  # another worker was first
        os.mkdir(part, dir_fd=parent)
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
