"""What lies below a folder, listed without following a link or writing anything.

Names are text with `surrogateescape`, so a name that is not UTF-8 survives unchanged.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from enum import StrEnum
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

_STALE_FACTS = os.name == "nt"
"""Windows answers from the folder's listing, which knows no file number and may be late."""


class EntryKind(StrEnum):
    """What an entry of a tree is."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    SPECIAL = "special"
    """A socket, pipe or device node: named in the report, never copied."""
    UNREADABLE = "unreadable"
    """A folder that could not be listed, or an entry whose facts could not be read."""


class Entry(NamedTuple):
    """One entry below a root. (A tuple: cards have 100,000 of them, read many times.)"""

    path: str
    """Relative to the root, with `/` between parts."""
    kind: EntryKind
    size: int = 0
    """Bytes; 0 for anything but a file."""
    mtime_ns: int = 0
    ctime_ns: int = 0
    mode: int = 0
    """Permission bits only."""
    inode: int = 0
    target: str = ""
    """Where a link points, as it is written."""
    allocated: int = 0
    """Bytes that really lie on the medium; less than `size` means holes."""
    trouble: str = ""
    """Why an entry is UNREADABLE, in words."""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def parent(self) -> str:
        """The folder it lies in, "" for the root."""
        return self.path.rpartition("/")[0]

    @property
    def sparse(self) -> bool:
        """Whether the file has holes."""
        return self.kind is EntryKind.FILE and self.allocated + 4096 < self.size


def list_tree(root: Path) -> list[Entry]:
    """Every entry below *root*, folders before what is in them, names in byte order.

    Stays on the root's file system: a folder where another one is mounted is listed as SPECIAL.
    A folder that cannot be read becomes one UNREADABLE entry; the rest is listed all the same.
    """
    return list(each_entry(root))


def each_entry(root: Path) -> Iterator[Entry]:
    """What `list_tree` answers, one after the other as they are found."""
    device = os.lstat(root).st_dev
    yield from _walk(os.fspath(root), "", device)


def list_kinds(root: Path) -> Iterator[tuple[str, EntryKind]]:
    """Path and kind of every entry below *root*, in no order; files are not asked for their facts.

    As `list_tree` otherwise, and much faster.
    """
    device = os.lstat(root).st_dev
    folders = [(os.fspath(root), "")]
    while folders:
        folder, path = folders.pop()
        try:
            with os.scandir(folder) as found:
                entries = list(found)
        except OSError:
            yield path, EntryKind.UNREADABLE
            continue
        above = f"{path}/" if path else ""
        for one in entries:
            name, kind = above + one.name, _kind_of(one, device)
            yield name, kind
            if kind is EntryKind.FOLDER:
                folders.append((one.path, name))


def _kind_of(one: os.DirEntry[str], device: int) -> EntryKind:
    try:
        if one.is_file(follow_symlinks=False):
            return EntryKind.FILE
        return _kind(one.stat(follow_symlinks=False), device)
    except OSError:
        return EntryKind.UNREADABLE


def _walk(root: str, relative: str, device: int) -> Iterator[Entry]:
    folder = os.path.join(root, relative) if relative else root
    try:
        with os.scandir(folder) as found:
            entries = _in_byte_order(found)
    except OSError as error:
        yield Entry(relative, EntryKind.UNREADABLE, trouble=error.strerror or str(error))
        return
    above = f"{relative}/" if relative else ""
    for one in entries:
        entry = _entry(one, above + one.name, device)
        yield entry
        if entry.kind is EntryKind.FOLDER:
            yield from _walk(root, entry.path, device)


def _in_byte_order(found: Iterable[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
    """Sorted by the bytes of their names: those of text come in the same order, and sooner."""
    entries = sorted(found, key=attrgetter("name"))
    if not all(entry.name.isascii() for entry in entries):
        entries.sort(key=lambda entry: os.fsencode(entry.name))
    return entries


def _entry(one: os.DirEntry[str], path: str, device: int) -> Entry:
    try:
        found = os.lstat(one.path) if _STALE_FACTS else one.stat(follow_symlinks=False)
        target = os.readlink(one.path) if stat.S_ISLNK(found.st_mode) else ""
    except OSError as error:
        return Entry(path, EntryKind.UNREADABLE, trouble=error.strerror or str(error))
    kind = _kind(found, device)
    is_file = kind is EntryKind.FILE
    size = found.st_size if is_file else 0
    allocated = getattr(found, "st_blocks", size // 512 + 1) * 512 if is_file else 0
    return Entry(
        path, kind, size, found.st_mtime_ns, found.st_ctime_ns, stat.S_IMODE(found.st_mode),
        found.st_ino, target, allocated,
    )  # fmt: skip


def _kind(found: os.stat_result, device: int) -> EntryKind:
    if stat.S_ISREG(found.st_mode):
        return EntryKind.FILE
    if stat.S_ISDIR(found.st_mode) and found.st_dev == device:
        return EntryKind.FOLDER
    if stat.S_ISLNK(found.st_mode):
        return EntryKind.LINK
    return EntryKind.SPECIAL
