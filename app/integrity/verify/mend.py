"""Replaces a damaged or missing file from another copy, so that nothing is lost at any moment.

The other copy is read past the cache and must be what the record says; its bytes are written
under a partial name, synced and read back from the medium. Only then the damaged file gets
another name, and the proven one takes its place.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from app.errors import (
    DestinationFull,
    DestinationSilent,
    EnvironmentFault,
    ReadBackDiffers,
    WriteFailed,
)
from app.integrity.hashing import HashKind, MultiHash
from app.integrity.medium import ALIGNMENT, BLOCK, MediumRead, MediumReader, open_past_cache
from app.places.root import PinnedFolder
from app.places.silence import Silence, watcher
from app.units import bytes_text, now

PARTIAL = ".reelkeep-mend"
"""Begins the name of a file that is being mended; a later attempt removes what one has left."""
_LONGEST_NAME = 255
_Facts = tuple[os.stat_result, Mapping[str, bytes]]


class OtherCopyDiffers(EnvironmentFault):
    """The copy that was to repair another is damaged or missing itself."""

    title = "The other copy is damaged too"
    hint = "Keep both copies, and repair from a third one or from the card."


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """A file that is whole again."""

    path: str
    read: MediumRead
    """What its medium gave back."""
    mtime_ns: int
    aside: str = ""
    """Where the damaged file lies now, "" where there was none."""


@dataclass(frozen=True, slots=True)
class CopyFolder:
    """One of the two copies at a repair: its folder, and whether its drive still answers."""

    folder: PinnedFolder
    silence: Silence

    @property
    def name(self) -> str:
        """For people."""
        return self.silence.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Which copy is repaired from which, and how that is told."""

    target: CopyFolder
    source: CopyFolder
    provable: bool
    """Whether reads of the target can be shown to come from its medium."""
    tick: Callable[[int], None]
    """Told of so many bytes more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A file that is to be brought back."""

    path: str
    source_path: str
    """Of the other copy."""
    expected: Mapping[HashKind, str]
    """Its digests, at least one."""
    kinds: tuple[HashKind, ...] = ()
    """What is computed beside."""
    foreign: bool = False
    """Whether what lies under its name now is not ours to move."""

    @property
    def every(self) -> tuple[HashKind, ...]:
        """What is computed of it."""
        return tuple(dict.fromkeys((*self.expected, *self.kinds)))

    def is_met_by(self, digests: Mapping[HashKind, str]) -> bool:
        """Whether a file with these digests is what was recorded."""
        return all(digests[kind] == text for kind, text in self.expected.items())


class Mender:
    """Repairs files of one folder from another; both are held by their descriptors.

    Either drive may hang: then its silence is given up, and a thread that comes back from there
    late does no more than to remove its partial file.
    """

    def __init__(self, repair: Repair) -> None:
        self._target, self._source = repair.target, repair.source
        self._provable = repair.provable
        self._tick = repair.tick
        self._reader = MediumReader()
        self._block = mmap.mmap(-1, BLOCK)
        # Of its own: whoever comes back from a drive that hung must not find a later one's.
        self._partial = f"{PARTIAL}-{secrets.token_hex(4)}.part"
        self._swept: set[str] = set()

    def close(self) -> None:
        """Let go of the buffers; the folders stay open."""
        self._reader.close()
        with contextlib.suppress(BufferError):  # a failed write may still hold on to it
            self._block.close()

    def partial_of(self, path: str) -> str:
        """The name of *path* while it is being mended."""
        parent = path.rpartition("/")[0]
        return f"{parent}/{self._partial}" if parent else self._partial

    def mend(self, wanted: Wanted) -> Mended:
        """Bring a file back from the other copy.

        Raises OtherCopyDiffers, WriteFailed, DestinationFull, ReadBackDiffers, DestinationSilent;
        then everything is as it was.
        """
        path = wanted.path
        partial = self.partial_of(path)
        with self._in_words(path), self._removed_on_failure(partial):
            with self._target.silence.call(at=path):
                self._sweep(path.rpartition("/")[0])
            self._copy(wanted, partial)
            read = self._read_back(wanted, partial)
            # One call: whoever comes back late from here has a proven file, and leaves it whole.
            with self._target.silence.call(watcher().patience.sync, at=path):
                aside, mtime_ns = self._put_in_place(path, partial, foreign=wanted.foreign)
        return Mended(path=path, read=read, mtime_ns=mtime_ns, aside=aside)

    def _sweep(self, parent: str) -> None:
        """Remove what attempts that were killed have left in a folder."""
        if parent in self._swept:
            return
        with self._target.folder.folder(parent, make=True) as fd:
            for name in os.listdir(fd):
                if name.startswith(PARTIAL):
                    os.unlink(name, dir_fd=fd)
        self._swept.add(parent)

    def _copy(self, wanted: Wanted, partial: str) -> None:
        target, source = self._target, self._source
        path, source_path = wanted.path, wanted.source_path
        fd = out = -1
        try:
            try:
                with source.silence.call(at=source_path):
                    fd, direct = open_past_cache(
                        lambda flags: source.folder.open_to_read(source_path, flags)
                    )
            except OSError as error:
                raise self._no_help(source_path, error.strerror or str(error)) from error
            with target.silence.call(at=path):
                out = target.folder.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            hasher = MultiHash(wanted.every)
            for block in self._blocks(fd, direct, source_path):
                hasher.update(block)
                self._write_all(out, block, path)
            if not wanted.is_met_by(hasher.digests()):
                raise self._no_help(source_path, "it is not the recorded file either")
            with source.silence.call(at=source_path):
                facts = _facts_of(fd)
            with target.silence.sync(facts[0].st_size, at=path):
                _keep_facts(out, facts)
                os.fsync(out)
        finally:
            try:
                _close(out, target.silence)
            finally:
                _close(fd, source.silence)

    def _blocks(self, fd: int, direct: bool, path: str) -> Iterator[memoryview]:
        offset = 0
        while True:
            try:
                with self._source.silence.transfer(BLOCK, at=path):
                    count = os.preadv(fd, [self._block], offset)
            except OSError as error:
                raise self._no_help(path, error.strerror or str(error)) from error
            if count == 0:
                return
            offset += count
            self._tick(count)
            with memoryview(self._block) as view, view[:count] as part:
                yield part
            if direct and count % ALIGNMENT:
                return

    def _write_all(self, fd: int, block: memoryview, path: str) -> None:
        done = 0
        while done < len(block):
            with self._target.silence.transfer(len(block) - done, at=path):
                done += os.write(fd, block[done:])

    def _read_back(self, wanted: Wanted, partial: str) -> MediumRead:
        path = wanted.path
        with self._target.silence.transfer(BLOCK, at=path) as call:
            read = self._reader.read(
                lambda flags: self._target.folder.open_to_read(partial, flags),
                wanted.every,
                provable=self._provable,
                tick=lambda count: call.answered(lambda: self._tick(count)),
            )
        if not wanted.is_met_by(read.digests):
            raise ReadBackDiffers(
                f"{path} could not be repaired: {self._target.name} gives other bytes than were"
                " written to it.",
                path=self._target.folder.path / path,
                device=self._target.name,
            )
        return read

    def _put_in_place(self, path: str, partial: str, *, foreign: bool) -> tuple[str, int]:
        """Give the proven file its name: where the damaged one lies now, and the new one's time."""
        folder = self._target.folder
        aside = self._make_way(path, foreign=foreign)
        try:
            folder.rename_new(partial, path)
        except OSError:
            if aside:
                folder.rename_new(aside, path)
            raise
        folder.sync_folder(path.rpartition("/")[0])
        found = folder.stat(path)
        return aside, found.st_mtime_ns if found else 0

    def _make_way(self, path: str, *, foreign: bool) -> str:
        """Give what lies under the name another one; nothing is deleted."""
        if self._target.folder.stat(path) is None:
            return ""
        if foreign:
            raise WriteFailed(
                f"Something else is named {path} on {self._target.name}; it was not touched.",
                path=self._target.folder.path / path,
                device=self._target.name,
                hint="Move it away, then repair again.",
            )
        parent, _, name = path.rpartition("/")
        stamp = now().strftime("%Y%m%d-%H%M%S")
        for number in range(1, 1000):
            tail = f".damaged-{stamp}" + (f"-{number}" if number > 1 else "")
            aside = os.fsdecode(os.fsencode(name)[: _LONGEST_NAME - len(tail)]) + tail
            aside = f"{parent}/{aside}" if parent else aside
            try:
                self._target.folder.rename_new(path, aside)
            except FileExistsError:
                continue
            return aside
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)

    def _no_help(self, path: str, why: str) -> OtherCopyDiffers:
        return OtherCopyDiffers(
            f"{path} on {self._source.name} cannot repair anything: {why}.",
            path=self._source.folder.path / path,
            device=self._source.name,
        )

    @contextlib.contextmanager
    def _in_words(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = {"path": self._target.folder.path / path, "device": self._target.name}
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                with self._target.silence.call():
                    found = os.statvfs(self._target.folder.path)
                free = bytes_text(found.f_bavail * found.f_frsize)
                raise DestinationFull(
                    f"{path} could not be repaired: {self._target.name} is full, {free} left.",
                    hint="Free space, then repair again.",
                    **where,  # type: ignore[arg-type]
                ) from error
            words = error.strerror or str(error)
            raise WriteFailed(
                f"{path} could not be repaired on {self._target.name}: {words}.",
                **where,  # type: ignore[arg-type]
            ) from error

    @contextlib.contextmanager
    def _removed_on_failure(self, partial: str) -> Iterator[None]:
        try:
            yield
        except BaseException:
            silence = self._target.silence
            with contextlib.suppress(OSError, DestinationSilent):
                if silence.fault is not None:  # this thread has come back from there
                    self._target.folder.remove(partial)
                else:
                    with silence.call():
                        self._target.folder.remove(partial)
            raise


def _close(fd: int, silence: Silence) -> None:
    """Close a file, also one of a drive that was given up: this thread has come back from there."""
    if fd < 0:
        return
    call = silence.call()
    try:
        silence.begin(call)
    except DestinationSilent:
        os.close(fd)
        raise
    try:
        os.close(fd)
    finally:
        silence.end(call)


def _facts_of(fd: int) -> _Facts:
    """Times, permissions and attributes of an open file."""
    attributes: dict[str, bytes] = {}
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):
            attributes = {name: os.getxattr(fd, name) for name in os.listxattr(fd)}
    return os.fstat(fd), attributes


def _keep_facts(out: int, facts: _Facts) -> None:
    """Give an open file the facts of the other copy's, where the file system holds them."""
    found, attributes = facts
    with contextlib.suppress(OSError):
        for name, value in attributes.items():
            os.setxattr(out, name, value)
    with contextlib.suppress(OSError):
        os.fchmod(out, found.st_mode & 0o777 | stat.S_IRUSR)  # or nobody could prove it
    with contextlib.suppress(OSError):
        os.utime(out, ns=(found.st_mtime_ns, found.st_mtime_ns))
