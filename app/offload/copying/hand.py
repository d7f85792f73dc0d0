"""What is done with one small file: plain descriptions in, plain answers out.

A hand knows drives only by number and nothing of jobs, journals or verdicts, so it can work in a
thread of this process or in a helper process (see `crew`). Whatever fails is part of the answer.
"""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from app.errors import SourceFault
from app.integrity.hashing import HashKind, hash_bytes
from app.integrity.medium import ALIGNMENT, SHORT_READS, read_small, whole_pages
from app.integrity.verdict import ReadWay
from app.offload.card.facts import Attributes, attributes_of, keep_facts
from app.offload.card.source import Source
from app.places.linux.calls import SYNCS_FILE_SYSTEMS
from app.places.root import PinnedFolder
from app.places.tree import Entry

SMALL = 4 << 20
"""Files up to this many bytes go in batches; larger ones stream block by block."""
CARD = -1
"""Stands for the source where drives are named by number."""
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL


class ToCopy(NamedTuple):
    """Read a file of the card once, and write it to several drives."""

    n: int
    entry: Entry
    """What is read: the card's file, or an earlier stage's copy of it."""
    mode: int
    mtime_ns: int
    """Of the card's file: what a copy is to have."""
    copies: tuple[tuple[int, str], ...]
    """Drive and name of each partial file."""


class Written(NamedTuple):
    """How writing one copy went."""

    drive: int
    missed: tuple[str, ...]
    """What the drive could not keep."""
    error: Exception | None


class Copied(NamedTuple):
    """What came of a `ToCopy`."""

    n: int
    size: int
    digests: tuple[str, ...]
    """By the hand's kinds; none where the card failed."""
    fault: SourceFault | None
    copies: tuple[Written, ...]


class ToProve(NamedTuple):
    """Read files again: the card's a second time, and copies from their medium."""

    n: int
    again: Entry | None
    copies: tuple[tuple[int, str, bool, bool], ...]
    """Drive, name, whether it is read (or only looked at), whether it was found there."""


class Seen(NamedTuple):
    """What a copy is like on its medium."""

    drive: int
    digest: str
    way: ReadWay
    size: int
    mtime_ns: int
    error: Exception | None


class Proven(NamedTuple):
    """What came of a `ToProve`."""

    n: int
    again: str
    """What the card gave the second time, "" if that was not asked for."""
    fault: SourceFault | None
    copies: tuple[Seen, ...]


class ToName(NamedTuple):
    """Give a proven copy its final name."""

    n: int
    drive: int
    partial: str
    path: str


class Named(NamedTuple):
    """What came of a `ToName`."""

    n: int
    drive: int
    error: Exception | None


Item = ToCopy | ToProve | ToName
Answer = Copied | Proven | Named


class Equipment(NamedTuple):
    """What a hand is to work with; the pinned folders themselves come beside it."""

    kinds: tuple[HashKind, ...]
    proof: HashKind
    card: str
    """Name of the source, for people."""
    provable: frozenset[int]
    """Drives whose reads this machine can show to come from the medium."""


class Hand:
    """One worker; not to be shared between threads."""

    def __init__(
        self,
        equipment: Equipment,
        card: PinnedFolder,
        drives: dict[int, PinnedFolder],
        touch: Callable[[int, int], None] = lambda *_: None,
    ) -> None:
        """*touch* is told which drive (or CARD) is about to be asked, and for which file."""
        self._equipment = equipment
        self._source = Source(card, equipment.card)
        self._drives = drives
        self._touch = touch
        self._buffer = memoryview(mmap.mmap(-1, SMALL + mmap.PAGESIZE))

    def work(self, items: Sequence[Item]) -> list[Answer]:
        """Do one thing after the other."""
        return [self._one(item) for item in items]

    def _one(self, item: Item) -> Answer:
        if isinstance(item, ToCopy):
            return self._copy(item)
        if isinstance(item, ToProve):
            return self._prove(item)
        return self._name(item)

    # Copy

    def _copy(self, item: ToCopy) -> Copied:
        entry = item.entry
        self._touch(CARD, item.n)
        try:
            attributes = self._read(entry)
        except SourceFault as fault:
            return Copied(item.n, entry.size, (), fault, ())
        view = self._buffer[: entry.size]
        digests = tuple(hash_bytes(kind, view) for kind in self._equipment.kinds)
        copies = tuple(
            self._write(drive, name, item, attributes, view) for drive, name in item.copies
        )
        return Copied(item.n, entry.size, digests, None, copies)

    def _read(self, entry: Entry) -> Attributes:
        """Fill the buffer with a file that is, before and after, as it was listed."""
        source = self._source
        fd, _ = source.open(entry.path)
        try:
            before = source.same(fd, entry)
            attributes = attributes_of(fd)
            count = self._fill(fd, entry)
            if count != entry.size:
                raise source.changed(entry.path, f"it ends after {count:,} bytes")
            source.same(fd, entry, before)
        finally:
            source.close(fd)
        return attributes

    def _fill(self, fd: int, entry: Entry) -> int:
        """Read a file into the buffer; a read that stops short is asked to go on from there."""
        whole, done, tries = whole_pages(entry.size), 0, 0
        while done < entry.size and tries < SHORT_READS:
            at = done - done % ALIGNMENT  # a direct read begins at a page
            count = self._source.read(fd, entry.path, self._buffer[at:whole], at)
            tries = 0 if at + count > done else tries + 1
            done = max(done, at + count)
        return done

    def _write(
        self, drive: int, name: str, item: ToCopy, attributes: Attributes, view: memoryview
    ) -> Written:
        self._touch(drive, item.n)
        folder, fd = self._drives[drive], -1
        try:
            fd = folder.open(name, _CREATE, item.mode & 0o777 | 0o600)
            try:
                self._touch(drive, item.n)  # whoever comes back late from a drive goes no further
                self._put(fd, view)
                missed = keep_facts(fd, item.mode, item.mtime_ns, attributes)
                if not SYNCS_FILE_SYSTEMS:
                    os.fsync(fd)
            finally:
                os.close(fd)
        except OSError as error:
            return Written(drive, (), error)
        except BaseException:
            if fd >= 0:
                folder.remove(name)
            raise
        return Written(drive, missed, None)

    def _put(self, fd: int, view: memoryview) -> None:
        done = 0
        while done < len(view):
            count = os.write(fd, view[done:])
            if count == 0:
                raise OSError(errno.EIO, "the drive took no bytes")
            done += count

    # Prove

    def _prove(self, item: ToProve) -> Proven:
        again, fault = "", None
        if item.again is not None:
            self._touch(CARD, item.n)
            try:
                again = self._read_again(item.again)
            except SourceFault as error:
                fault = error
        return Proven(item.n, again, fault, tuple(self._see(item.n, *copy) for copy in item.copies))

    def _read_again(self, entry: Entry) -> str:
        source = self._source
        try:
            count, _, _ = read_small(
                lambda flags: source.folder.open_to_read(entry.path, flags),
                self._buffer,
                provable=False,  # a copy is what has to be shown to lie on its medium
            )
        except OSError as error:
            raise source.fault(error, entry.path) from error
        return hash_bytes(self._equipment.proof, self._buffer[:count])

    def _see(self, n: int, drive: int, name: str, read: bool, found: bool) -> Seen:
        folder = self._drives[drive]
        self._touch(drive, n)
        try:
            if found:  # so that what another program left in the cache can be read there
                _write_out(folder, name)
            if not read:
                facts = folder.stat(name)
                if facts is None:
                    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
                return Seen(drive, "", ReadWay.NONE, facts.st_size, facts.st_mtime_ns, None)
            count, way, facts = read_small(
                lambda flags: folder.open_to_read(name, flags),
                self._buffer,
                provable=drive in self._equipment.provable,
            )
        except OSError as error:
            return Seen(drive, "", ReadWay.NONE, 0, 0, error)
        digest = hash_bytes(self._equipment.proof, self._buffer[:count])
        return Seen(drive, digest, way, facts.st_size, facts.st_mtime_ns, None)

    # Name

    def _name(self, item: ToName) -> Named:
        self._touch(item.drive, item.n)
        try:
            self._drives[item.drive].rename_new(item.partial, item.path)
        except OSError as error:
            return Named(item.n, item.drive, error)
        return Named(item.n, item.drive, None)


def _write_out(folder: PinnedFolder, name: str) -> None:
    fd = folder.open_to_read(name)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
