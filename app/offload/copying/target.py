"""One destination at work: its pinned folder, how it fails, and what it cannot keep."""

from __future__ import annotations

import errno
import os
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import TypeVar

from app.errors import (
    DestinationFault,
    DestinationFull,
    DestinationGone,
    DestinationReadOnly,
    DestinationSilent,
    NameTaken,
    WriteFailed,
)
from app.offload.card.facts import Attributes, keep_facts
from app.offload.copying.work import CopyWork, FileWork
from app.places.descriptors import let_files_go
from app.places.root import PinnedFolder, is_gone
from app.places.silence import Silence
from app.places.tree import Entry
from app.units import bytes_text

PARTIAL = ".reelkeep-"
"""Begins the name of everything that is not yet, or not only, a copy."""

_FULL = {errno.ENOSPC, errno.EDQUOT}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
_NAME = {errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.ENOENT, errno.EFBIG, errno.ENOTDIR}


T = TypeVar("T")


class Target:
    """A destination in one pass of an offload. A failure detaches it; the others go on."""

    def __init__(
        self, index: int, name: str, folder: PinnedFolder, *, job: str, flush: bool, provable: bool
    ) -> None:
        self.index = index
        self.name = name
        self.folder = folder
        self.job = job
        self.flush = flush
        self.provable = provable
        """Whether this machine can show that a read of it came from the medium."""
        self.trouble: DestinationFault | None = None
        """Why it was detached."""
        self.silence = Silence(name, folder.device)
        """What it was asked and has not answered yet."""
        self.not_kept: Counter[str] = Counter()
        """What it could not hold, by kind: "extended attributes", "permissions", …"""
        # Of its own for each opening: a thread that comes back from a drive that did not answer
        # may drop its partial file, and must not find that of a later run under its name.
        self._mark = f"{job}-{secrets.token_hex(2)}"
        self._numbers = count()
        self._unfinished: dict[CopyWork, None] = {}
        self._threads = 0
        self._closing = False
        self._lock = threading.Lock()
        self.silence.told(self._fell_silent)

    @property
    def alive(self) -> bool:
        """Whether it still takes part."""
        return self.trouble is None and not self.silent

    @property
    def silent(self) -> bool:
        """Whether it neither answers nor fails; then nothing may touch it any more."""
        return self.silence.fault is not None

    def _fell_silent(self) -> None:
        if self.silence.fault is not None:
            self.detach(self.silence.fault)
            let_files_go(self.folder)

    @property
    def gone(self) -> bool:
        """Whether it was pulled (and may come back)."""
        return isinstance(self.trouble, DestinationGone)

    def copy_of(self, work: FileWork) -> CopyWork:
        """The way of *work* to this destination."""
        path = work.paths[self.index]
        parent = path.rpartition("/")[0]
        # A number of its own each time: what is begun again must not meet its own leftovers.
        name = f"{PARTIAL}{self._mark}-{next(self._numbers)}.part"
        copy = CopyWork(
            work=work,
            target=self,
            path=path,
            partial=f"{parent}/{name}" if parent else name,
            compare=self.index in work.compare,
        )
        with self._lock:
            self._unfinished[copy] = None
        return copy

    def finish(self, copy: CopyWork) -> bool:
        """Nothing more will come of *copy*; True for whoever says so first."""
        with self._lock:
            return self._unfinished.pop(copy, self) is None

    def unfinished(self) -> list[CopyWork]:
        """Copies that are under way."""
        with self._lock:
            return list(self._unfinished)

    def ask(self, do: Callable[[], T], seconds: float | None = None) -> T:
        """Have *do* done here by a thread of its own, for as long as the drive answers.

        What *do* raises is raised here, and DestinationSilent once the drive is given up.
        """

        def held() -> T:
            with self.at_work():
                return do()

        try:
            return self.silence.ask(held, seconds)
        except DestinationSilent:
            # It may be many calls in one, and the thread may come back in the middle of them.
            threading.Thread(target=self.folder.cut_off, name="cut off", daemon=True).start()
            raise

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Hold the folder open for a thread that works on it."""
        with self._lock:
            self._threads += 1
        try:
            yield
        finally:
            with self._lock:
                self._threads -= 1
                last = self._closing and not self._threads
            if last:
                self.folder.close()

    def close(self) -> None:
        """Let go of the folder; a thread that hangs on the drive does it should it come back."""
        with self._lock:
            self._closing = True
            idle = not self._threads
        if not idle:
            return
        if self.silent:
            threading.Thread(target=self.folder.close, name="let go", daemon=True).start()
        else:
            self.folder.close()

    def stat(self, path: str) -> os.stat_result | None:
        """Facts about an entry, None when there is none; DestinationSilent."""
        return self.ask(partial(self.folder.stat, path))

    def check(self) -> None:
        """Raise DestinationGone when the pinned folder is no longer where it was."""
        if not self._still_there():
            raise self.gone_error()

    def _still_there(self) -> bool:
        with self.silence.call():
            return self.folder.still_there()

    def gone_error(self) -> DestinationGone:
        """That it was pulled, in words."""
        return DestinationGone(f"{self.name} was removed.", path=self.folder.path, device=self.name)

    def detach(self, trouble: DestinationFault) -> None:
        """Take it out of the pass; the first reason stands."""
        with self._lock:
            if self.trouble is None:
                self.trouble = trouble

    def fault(self, error: OSError, path: str, size: int = 0) -> DestinationFault:
        """What went wrong, in words that name drive and file."""
        try:
            return self._fault(error, path, size)
        except DestinationSilent as silent:
            return silent  # it no longer even says how much room is left

    def _fault(self, error: OSError, path: str, size: int) -> DestinationFault:
        full = self.folder.path / path
        where = {"path": full, "device": self.name}
        if is_gone(error) or not self._still_there():
            return self.gone_error()
        if error.errno in _FULL:
            with self.silence.call():
                free, names = _free(self.folder.path)
            if not names:
                return DestinationFull(
                    f"{self.name} can take no more files, {path} is one too many;"
                    f" {bytes_text(free)} are left.",
                    path=full,
                    device=self.name,
                )
            return DestinationFull(
                f"{self.name} is full: {path} needs {bytes_text(size)}, {bytes_text(free)} left,"
                f" {bytes_text(max(0, size - free))} missing.",
                path=full,
                device=self.name,
            )
        if isinstance(error, FileExistsError):
            return NameTaken(f"On {self.name} something else is named {path}.", **where)  # type: ignore[arg-type]
        words = error.strerror or str(error)
        if error.errno in _READ_ONLY:
            return DestinationReadOnly(
                f"{self.name} cannot be written to at {path}: {words}.", path=full, device=self.name
            )
        return WriteFailed(
            f"Writing {path} to {self.name} failed: {words}.", path=full, device=self.name
        )

    def only_this_file(self, error: OSError) -> bool:
        """Whether the failure is about one name or size, and the drive itself is well."""
        return isinstance(error, FileExistsError) or error.errno in _NAME

    def keep_facts(self, fd: int, entry: Entry, attributes: Attributes) -> None:
        """Give an open copy the times, permissions and attributes of its original.

        What the file system cannot hold is counted, not raised.
        """
        for what in keep_facts(fd, entry.mode, entry.mtime_ns, attributes):
            self.miss(what)

    def write_out(self, path: str) -> None:
        """Have a file that was found here written to the medium, so that it can be read there."""
        with self.silence.call():
            fd = self.folder.open_to_read(path)
        try:
            with self.silence.sync(os.fstat(fd).st_size):
                os.fsync(fd)
        finally:
            os.close(fd)

    def miss(self, what: str) -> None:
        """Count something that could not be kept."""
        with self._lock:
            self.not_kept[what] += 1


def _free(path: Path) -> tuple[int, bool]:
    """Bytes free on a file system, and whether it can take more files."""
    try:
        found = os.statvfs(path)
    except OSError:
        return 0, True
    return found.f_bavail * found.f_frsize, found.f_favail > 0 or not found.f_files
