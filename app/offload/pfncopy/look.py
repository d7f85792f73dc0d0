"""Looks at a file and at where it is to go, before its first byte is read.

What makes no sense is refused; a drive that cannot take the file is named, and left out.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from app.errors import (
    BadInput,
    DestinationFull,
    DestinationReadOnly,
    NameTaken,
    NotFound,
    WriteFailed,
)
from app.offload.pfncopy.dead_runs import Leftover
from app.paths import absolute
from app.places.limits import rules_of
from app.places.silence import Silence, watcher
from app.places.tree import Entry, EntryKind
from app.places.volumes import Volume, volume_of
from app.units import bytes_text

T = TypeVar("T")

_NOT_THERE = {errno.ENOENT, errno.ENOTDIR}
_NO_SENSE = {errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL, errno.EILSEQ}
_NAMED = 3
"""Partial files of other runs that are named one by one."""


def typed_path(text: str, what: str) -> Path:
    """The path that somebody typed for *what*; BadInput where that is none."""
    if not text:
        raise BadInput(f"The {what} is empty; a path is needed.")
    try:
        return absolute(Path(text))
    except RuntimeError as error:
        raise BadInput(f"{text} names the home folder of nobody known here.") from error


def final_of(text: str, name: str) -> Path:
    """Where a copy named *name* goes: a file in a folder that is there, or in that folder itself.

    BadInput when there is no such folder; DestinationFault when its drive fails or is silent.
    """
    path = typed_path(text, "destination")
    found = _facts(path)
    if found is not None and stat.S_ISDIR(found.st_mode):
        return path / name
    if text.endswith(os.sep):
        raise _no_folder(path)
    parent = _facts(path.parent)
    if parent is None or not stat.S_ISDIR(parent.st_mode):
        raise _no_folder(path.parent)
    return path


def _no_folder(path: Path) -> BadInput:
    return BadInput(f"There is no folder {path}.", path=path, hint="Make it first.")


def _facts(path: Path) -> os.stat_result | None:
    try:
        return asked(path, path.stat)
    except OSError as error:
        if error.errno in _NOT_THERE:
            return None
        words = f"{path} cannot be looked at: {error.strerror or error}."
        if error.errno in _NO_SENSE:
            raise BadInput(words, path=path) from error
        raise WriteFailed(words, path=path) from error


def asked(path: Path, do: Callable[[], T]) -> T:
    """Have *do* done on the drive of *path* for as long as that answers; DestinationSilent."""
    return Silence(str(path)).ask(do, watcher().patience.answer)


def entry_of(source: Path) -> Entry:
    """The file that is to be copied; NotFound, BadInput where it is none, DestinationSilent."""
    try:
        found = asked(source, source.lstat)
    except OSError as error:
        raise NotFound(f"There is no file {source}: {error.strerror}.", path=source) from error
    if not stat.S_ISREG(found.st_mode):
        raise BadInput(f"{source} is not a file; one file is copied at a time.", path=source)
    return Entry(
        path=source.name,
        kind=EntryKind.FILE,
        size=found.st_size,
        mtime_ns=found.st_mtime_ns,
        ctime_ns=found.st_ctime_ns,
        mode=stat.S_IMODE(found.st_mode),
        inode=found.st_ino,
        allocated=getattr(found, "st_blocks", found.st_size // 512 + 1) * 512,
    )


def lies_there(source: Path, path: Path, entry: Entry) -> bool:
    """Whether a file of the same size has the final name; it is compared, and never replaced.

    BadInput or NameTaken for anything else that has the name; DestinationFault.
    """
    try:
        found = asked(path, path.lstat)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno in _NO_SENSE:  # the folder is there, and the name is the source's
            raise BadInput(f"{path} cannot be written: {error.strerror}.", path=path) from error
        raise WriteFailed(
            f"{path} cannot be looked at: {error.strerror or error}.", path=path
        ) from error
    if os.path.samestat(found, asked(source, source.lstat)):
        raise BadInput(f"{path} is the source itself.", path=path)
    if not stat.S_ISREG(found.st_mode) or found.st_size != entry.size:
        raise NameTaken(
            f"A different file lies at {path}; it was not touched.",
            path=path,
            hint="Choose another name or folder.",
        )
    return True


class Room:
    """What the drives of one call have left, once every copy before has its place."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self._needs = entry.allocated if entry.sparse else entry.size
        self._promised: defaultdict[str, int] = defaultdict(int)

    def take(self, path: Path, left: Sequence[Leftover]) -> None:
        """Find room for the copy at *path*; DestinationFault when its drive cannot take it.

        *left* are partial files of other runs in its folder, named where room is missing.
        """
        volume, writable = asked(path, partial(_drive_of, path.parent))
        name = volume.label or str(path.parent)
        if not writable:
            raise DestinationReadOnly(
                f"{name} cannot be written to at {path.parent}.", path=path, device=name
            )
        rules = rules_of(volume)
        if refused := rules.refuses(path.name) or rules.refuses_size(self._entry.size):
            raise WriteFailed(
                f"{name} cannot hold {path.name}: {refused}.",
                path=path,
                device=name,
                hint="Choose another name or drive.",
            )
        free = volume.free - self._promised[volume.identity]
        if volume.capacity and self._needs > free:
            free = max(0, free)
            raise DestinationFull(
                f"{name} is full: {path.name} needs {bytes_text(self._needs)},"
                f" {bytes_text(free)} left, {bytes_text(self._needs - free)} missing."
                f"{_named(left)}",
                path=path,
                device=name,
            )
        self._promised[volume.identity] += self._needs


def _drive_of(folder: Path) -> tuple[Volume, bool]:
    """The volume of a folder, and whether a file may be made there."""
    volume = volume_of(folder)
    return volume, not volume.read_only and os.access(folder, os.W_OK | os.X_OK)


def _named(left: Sequence[Leftover]) -> str:
    """Partial files that another run has left, or is writing, in words; "" without any."""
    largest = sorted(left, key=lambda one: -one.size)
    if not largest:
        return ""
    names = ", ".join(f"{one.name} ({bytes_text(one.size)})" for one in largest[:_NAMED])
    more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
    return f" Half written by another run, under way or dead, there lie {names}{more}."
