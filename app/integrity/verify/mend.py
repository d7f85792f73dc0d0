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
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from app.errors import DestinationFull, EnvironmentFault, ReadBackDiffers, WriteFailed
from app.integrity.hashing import HashKind, MultiHash
from app.integrity.medium import ALIGNMENT, BLOCK, MediumRead, MediumReader, open_past_cache
from app.places.root import PinnedFolder
from app.units import bytes_text, now

PARTIAL = ".reelkeep-mend.part"
"""The name of a file that is being mended; a later attempt begins it anew."""
_LONGEST_NAME = 255


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


class Mender:
    """Repairs files of one folder from another; both are held by their descriptors."""

    def __init__(
        self,
        target: PinnedFolder,
        target_name: str,
        source: PinnedFolder,
        source_name: str,
        *,
        provable: bool,
        tick: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._target, self._target_name = target, target_name
        self._source, self._source_name = source, source_name
        self._provable = provable
        self._tick = tick
        self._reader = MediumReader()
        self._block = mmap.mmap(-1, BLOCK)

    def close(self) -> None:
        """Let go of the buffers; the folders stay open."""
        self._reader.close()
        with contextlib.suppress(BufferError):  # a failed write may still hold on to it
            self._block.close()

    def mend(
        self,
        path: str,
        expected: Mapping[HashKind, str],
        *,
        source_path: str,
        kinds: tuple[HashKind, ...] = (),
        foreign: bool = False,
    ) -> Mended:
        """Bring *path* back from *source_path* of the other copy.

        *expected* must hold at least one digest; *kinds* are computed beside. *foreign*: whatever
        lies under the name now is not ours to move. Raises OtherCopyDiffers, WriteFailed,
        DestinationFull, ReadBackDiffers; then everything is as it was.
        """
        parent = path.rpartition("/")[0]
        partial = f"{parent}/{PARTIAL}" if parent else PARTIAL
        every = tuple(dict.fromkeys((*expected, *kinds)))
        with self._in_words(path), _removed_on_failure(self._target, partial):
            self._target.remove(partial)
            self._copy(path, source_path, partial, expected, every)
            read = self._read_back(path, partial, expected, every)
            aside = self._make_way(path, foreign=foreign)
            try:
                self._target.rename_new(partial, path)
            except OSError:
                if aside:
                    self._target.rename_new(aside, path)
                raise
            self._target.sync_folder(parent)
            found = self._target.stat(path)
        mtime_ns = found.st_mtime_ns if found else 0
        return Mended(path=path, read=read, mtime_ns=mtime_ns, aside=aside)

    def _copy(
        self,
        path: str,
        source_path: str,
        partial: str,
        expected: Mapping[HashKind, str],
        kinds: tuple[HashKind, ...],
    ) -> None:
        try:
            fd, direct = open_past_cache(lambda f: self._source.open_to_read(source_path, f))
        except OSError as error:
            raise self._no_help(source_path, error.strerror or str(error)) from error
        try:
            out = self._target.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            try:
                hasher = MultiHash(kinds)
                for block in self._blocks(fd, direct, source_path):
                    hasher.update(block)
                    _write_all(out, block)
                found = hasher.digests()
                if any(found[kind] != text for kind, text in expected.items()):
                    raise self._no_help(source_path, "it is not the recorded file either")
                _keep_facts(fd, out)
                os.fsync(out)
            finally:
                os.close(out)
        finally:
            os.close(fd)

    def _blocks(self, fd: int, direct: bool, path: str) -> Iterator[memoryview]:
        offset = 0
        while True:
            try:
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

    def _read_back(
        self,
        path: str,
        partial: str,
        expected: Mapping[HashKind, str],
        kinds: tuple[HashKind, ...],
    ) -> MediumRead:
        read = self._reader.read(
            lambda flags: self._target.open_to_read(partial, flags),
            kinds,
            provable=self._provable,
            tick=self._tick,
        )
        if any(read.digests[kind] != text for kind, text in expected.items()):
            raise ReadBackDiffers(
                f"{path} could not be repaired: {self._target_name} gives other bytes than were"
                " written to it.",
                path=self._target.path / path,
                device=self._target_name,
            )
        return read

    def _make_way(self, path: str, *, foreign: bool) -> str:
        """Give what lies under the name another one; nothing is deleted."""
        if self._target.stat(path) is None:
            return ""
        if foreign:
            raise WriteFailed(
                f"Something else is named {path} on {self._target_name}; it was not touched.",
                path=self._target.path / path,
                device=self._target_name,
                hint="Move it away, then repair again.",
            )
        parent, _, name = path.rpartition("/")
        stamp = now().strftime("%Y%m%d-%H%M%S")
        for number in range(1, 1000):
            tail = f".damaged-{stamp}" + (f"-{number}" if number > 1 else "")
            aside = os.fsdecode(os.fsencode(name)[: _LONGEST_NAME - len(tail)]) + tail
            aside = f"{parent}/{aside}" if parent else aside
            try:
                self._target.rename_new(path, aside)
            except FileExistsError:
                continue
            return aside
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)

    def _no_help(self, path: str, why: str) -> OtherCopyDiffers:
        return OtherCopyDiffers(
            f"{path} on {self._source_name} cannot repair anything: {why}.",
            path=self._source.path / path,
            device=self._source_name,
        )

    @contextlib.contextmanager
    def _in_words(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = {"path": self._target.path / path, "device": self._target_name}
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                found = os.statvfs(self._target.path)
                free = bytes_text(found.f_bavail * found.f_frsize)
                raise DestinationFull(
                    f"{path} could not be repaired: {self._target_name} is full, {free} left.",
                    hint="Free space, then repair again.",
                    **where,  # type: ignore[arg-type]
                ) from error
            words = error.strerror or str(error)
            raise WriteFailed(
                f"{path} could not be repaired on {self._target_name}: {words}.",
                **where,  # type: ignore[arg-type]
            ) from error


@contextlib.contextmanager
def _removed_on_failure(folder: PinnedFolder, path: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            folder.remove(path)
        raise


def _write_all(fd: int, block: memoryview) -> None:
    done = 0
    while done < len(block):
        done += os.write(fd, block[done:])


def _keep_facts(fd: int, out: int) -> None:
    """Times, permissions and attributes of the other copy, where the file system holds them."""
    found = os.fstat(fd)
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):
            for name in os.listxattr(fd):
                os.setxattr(out, name, os.getxattr(fd, name))
    with contextlib.suppress(OSError):
        os.fchmod(out, found.st_mode & 0o777 | stat.S_IRUSR)  # or nobody could prove it
    with contextlib.suppress(OSError):
        os.utime(out, ns=(found.st_mtime_ns, found.st_mtime_ns))
