"""Reads the card: past the cache, again in small reads where it fails, and never for writing."""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
from collections.abc import Callable

from app.errors import (
    ReelkeepError,
    SourceChanged,
    SourceFault,
    SourceGone,
    SourceUnreadable,
    SourceUnsteady,
)
from app.integrity.hashing import HashKind
from app.integrity.medium import MediumReader, open_past_cache
from app.integrity.verdict import Problem
from app.offload.card.facts import Attributes, attributes_of
from app.places.root import PinnedFolder, is_gone
from app.places.tree import Entry

_SMALL_READ = 64 << 10
_NO_RIGHT = "Its permissions keep you from reading it: change them, then retry the failed files."


class Source:
    """The card (or, in a later stage, a verified copy of it) that is read from."""

    def __init__(self, folder: PinnedFolder, name: str) -> None:
        self.folder = folder
        self.name = name

    def open(self, path: str) -> tuple[int, bool]:
        """A descriptor past the cache, and whether it is direct; SourceFault when it fails."""
        try:
            return open_past_cache(lambda flags: self.folder.open_to_read(path, flags))
        except OSError as error:
            raise self.fault(error, path) from error

    def close(self, fd: int) -> None:
        """Let go of a descriptor; a card that was pulled cannot even answer that."""
        with contextlib.suppress(OSError):
            os.close(fd)

    def read(self, fd: int, path: str, buffer: mmap.mmap | memoryview, offset: int) -> int:
        """The next bytes of an open file; tries again in small reads before it gives up."""
        try:
            return os.preadv(fd, [buffer], offset)
        except OSError as error:
            if error.errno != errno.EIO or not self.folder.still_there():
                raise self.fault(error, path) from error
        return self._read_gently(fd, path, buffer, offset)

    def _read_gently(self, fd: int, path: str, buffer: mmap.mmap | memoryview, offset: int) -> int:
        done = 0
        with memoryview(buffer) as view:
            while done < len(view):
                at = offset + done
                try:
                    count = os.preadv(fd, [view[done : done + _SMALL_READ]], at)
                except OSError as error:
                    if not self.folder.still_there():
                        raise self.fault(error, path) from error
                    raise SourceUnreadable(
                        f"{path} on {self.name} cannot be read between byte {at:,} and"
                        f" {at + _SMALL_READ:,}: {error.strerror}.",
                        path=self.folder.path / path,
                        device=self.name,
                    ) from error
                done += count
                if count < _SMALL_READ:
                    break
        return done

    def read_again(
        self, reader: MediumReader, path: str, kind: HashKind, tick: Callable[[int], None]
    ) -> str:
        """Digest of a file that is read once more, past the cache; *tick* as for the reader."""
        try:
            read = reader.read(
                lambda flags: self.folder.open_to_read(path, flags), (kind,), tick=tick
            )
        except OSError as error:
            raise self.fault(error, path) from error
        return read.digests[kind]

    def attributes(self, fd: int, path: str) -> Attributes:
        """What an open file has beside its bytes."""
        del path
        return attributes_of(fd)

    def is_hole(self, fd: int, path: str, offset: int, length: int) -> bool:
        """Whether a run of a sparse file holds no data at all."""
        del path
        if not hasattr(os, "SEEK_DATA"):
            return False
        try:
            return os.lseek(fd, offset, os.SEEK_DATA) >= offset + length
        except OSError as error:
            return error.errno == errno.ENXIO  # no data from here to the end

    def same(self, fd: int, entry: Entry, before: os.stat_result | None = None) -> os.stat_result:
        """Raise SourceChanged unless the open file still is as it was listed.

        *before* is what an earlier call answered: then nothing at all may have changed since.
        (Some card formats keep no change time, so it is only compared while the file is open.)
        """
        try:
            found = os.fstat(fd)
        except OSError as error:
            raise self.fault(error, entry.path) from error
        if found.st_size != entry.size:
            raise self.changed(entry.path, f"{found.st_size:,} bytes instead of {entry.size:,}")
        if found.st_mtime_ns != entry.mtime_ns:
            raise self.changed(entry.path, "its modification time is another one")
        if before is not None and found.st_ctime_ns != before.st_ctime_ns:
            raise self.changed(entry.path, "something about it changed meanwhile")
        return found

    def changed(self, path: str, how: str) -> SourceChanged:
        """That a file changed, in words."""
        return SourceChanged(
            f"{path} on {self.name} changed while it was being copied: {how}.",
            path=self.folder.path / path,
            device=self.name,
        )

    def fault(self, error: OSError, path: str) -> SourceFault:
        """What went wrong with the card, in words."""
        full = self.folder.path / path
        if is_gone(error) or not self.folder.still_there():
            return SourceGone(f"{self.name} was removed.", path=full, device=self.name)
        if error.errno == errno.ENOENT:
            return SourceChanged(
                f"{path} is no longer on {self.name}.", path=full, device=self.name
            )
        return SourceUnreadable(
            f"{path} on {self.name} cannot be read: {error.strerror or error}.",
            path=full,
            device=self.name,
            hint=_NO_RIGHT if error.errno in {errno.EACCES, errno.EPERM} else None,
        )


def problem_of(trouble: ReelkeepError) -> Problem:
    """What the verdict calls a fault of the source."""
    if isinstance(trouble, SourceUnsteady):
        return Problem.UNSTEADY
    return Problem.CHANGED if isinstance(trouble, SourceChanged) else Problem.UNREADABLE
