"""Copies one file to several destinations in one read, without a journal.

The parts are those of an offload: one reader, a writer and a settler for each destination, the
medium read back before the file gets its name, nothing ever replaced.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import (
    BadInput,
    NameTaken,
    NotFound,
    ReelkeepError,
    SourceFault,
    WriteFailed,
)
from app.integrity.hashing import HashKind
from app.jobs.control import JobControl
from app.jobs.snapshot import JobSnapshot, JobState, PlaceSnapshot
from app.jobs.spec import JobId
from app.offload.large import LargeFiles
from app.offload.passage import Passage
from app.offload.source import Source
from app.offload.target import Target
from app.offload.work import CopyFact, CopyWork, FileWork
from app.places.devices import DeviceKind
from app.places.linux_calls import runs_in_user_space
from app.places.root import PinnedFolder
from app.places.tree import Entry, EntryKind
from app.places.volumes import volume_of

_LEAST_BLOCK, _MOST_BLOCK, _STEP = 128 << 10, 64 << 20, 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """One file and where it is to go."""

    source: Path
    destinations: tuple[Path, ...]
    """Final paths of the copies."""
    kind: HashKind = HashKind.XXH64
    unflushed: frozenset[Path] = frozenset()
    """Destinations that are neither synced nor read back."""
    buffer_size: int = 8 << 20
    """Bytes of one block; taken in steps of 4 KiB from 128 KiB to 64 MiB."""

    @property
    def block_size(self) -> int:
        """The buffer size as it is used: direct I/O wants whole pages."""
        whole = -(-self.buffer_size // _STEP) * _STEP
        return min(max(whole, _LEAST_BLOCK), _MOST_BLOCK)


@dataclass(slots=True)
class Outcome:
    """How it went."""

    digest: str = ""
    seconds: float = 0.0
    """Until the last byte was handed to a drive."""
    facts: dict[int, CopyFact] = field(default_factory=dict)
    """Copies that have their names, by the destination's index."""
    troubles: dict[int, ReelkeepError] = field(default_factory=dict)
    source_trouble: ReelkeepError | None = None


class _Timed(JobControl):
    """A control that also knows when the last byte was written."""

    last_write = 0.0

    def place(self, index: int, *, written: int = 0, verified: int = 0, **facts: object) -> None:
        """Count as any control does, and look at the clock."""
        if written:
            self.last_write = time.monotonic()
        super().place(index, written=written, verified=verified, **facts)


class DispatchRun:
    """One dispatch at work; `control` tells how far it is, and cancels it."""

    def __init__(self, job: JobId, order: Dispatch) -> None:
        """Look before anything is written: BadInput, NotFound or NameTaken say what is wrong."""
        self.order = order
        self.entry = _entry(order.source)
        for path in order.destinations:
            _look(order.source, path, self.entry)
        places = tuple(
            PlaceSnapshot(name=path.name, path=str(path), device="", total=self.entry.size)
            for path in order.destinations
        )
        self.control = _Timed(
            JobSnapshot(
                id=job,
                kind="dispatch",
                title=f"Copy {order.source.name}",
                state=JobState.RUNNING,
                size=self.entry.size,
                places=places,
            )
        )
        self._job = job
        self._outcome = Outcome()

    def run(self) -> Outcome:
        """Copy; what fails is in the outcome. Raises JobCancelled once cancelled."""
        began = time.monotonic()
        targets = self._targets()
        folder = PinnedFolder(self.order.source.parent)
        try:
            if targets:
                self._copy(Source(folder, self.order.source.parent.name), targets)
            if len(self._outcome.facts) + len(self._outcome.troubles) < len(targets):
                self.control.checkpoint()  # cancelled while the medium was read back
        finally:
            folder.close()
            for target in targets.values():
                target.close()
        written = self.control.last_write or time.monotonic()
        self._outcome.seconds = max(written - began, 1e-6)
        return self._outcome

    def _targets(self) -> dict[int, Target]:
        targets = {}
        for index, path in enumerate(self.order.destinations):
            try:
                targets[index] = self._target(index, path)
            except OSError as error:
                self._outcome.troubles[index] = WriteFailed(
                    f"The folder {path.parent} cannot be opened: {error.strerror}.",
                    path=path,
                    hint="",
                )
        return targets

    def _target(self, index: int, path: Path) -> Target:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = PinnedFolder(path.parent)
        with folder.folder("") as fd:
            hidden = runs_in_user_space(fd)
        volume = volume_of(path.parent)
        return Target(
            index,
            volume.label or str(path.parent),
            folder,
            job=f"{self._job}-{index}",  # two copies may go to one folder
            flush=path not in self.order.unflushed,
            provable=not hidden and volume.device.kind is not DeviceKind.MEMORY,
        )

    def _copy(self, source: Source, targets: dict[int, Target]) -> None:
        paths = {index: self.order.destinations[index].name for index in targets}
        there = {index for index, target in targets.items() if target.folder.stat(paths[index])}
        work = FileWork(n=0, entry=self.entry, paths=paths, compare=frozenset(there))
        large = LargeFiles(self._passage(source, targets))
        try:
            large.copy(work)
        except SourceFault as error:
            work.trouble = self._outcome.source_trouble = error
        finally:
            large.close()
        if work.trouble is None:
            self._outcome.digest = work.digests.result()[self.order.kind]
            self._check_sizes(targets, paths)

    def _passage(self, source: Source, targets: dict[int, Target]) -> Passage:
        return Passage(
            source=source,
            targets=targets,
            control=self.control,
            kinds=tuple(dict.fromkeys((self.order.kind, HashKind.BLAKE3))),
            read_back=True,
            source_twice=False,
            block_size=self.order.block_size,
            record_source=lambda _works: None,
            record_copies=self._record,
            record_failure=self._record_failure,
        )

    def _record(self, facts: Sequence[CopyFact]) -> None:
        for fact in facts:
            self._outcome.facts[fact.destination] = fact

    def _record_failure(self, copy: CopyWork, error: ReelkeepError) -> None:
        self._outcome.troubles[copy.target.index] = error

    def _check_sizes(self, targets: dict[int, Target], paths: dict[int, str]) -> None:
        """The file size check after the copy, under the final name."""
        for index, target in targets.items():
            if target.trouble is not None:
                self._outcome.troubles.setdefault(index, target.trouble)
            elif index in self._outcome.facts:
                self._check_size(index, target, paths[index])

    def _check_size(self, index: int, target: Target, name: str) -> None:
        try:
            found = target.folder.stat(name)
        except OSError as error:
            self._outcome.troubles[index] = target.fault(error, name)
            return
        size = found.st_size if found else 0
        if size != self.entry.size:
            self._outcome.troubles[index] = WriteFailed(
                f"{self.order.destinations[index]} has {size:,} bytes instead of"
                f" {self.entry.size:,}.",
                path=self.order.destinations[index],
            )


def _entry(source: Path) -> Entry:
    try:
        found = source.lstat()
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


def _look(source: Path, path: Path, entry: Entry) -> None:
    """What lies under the final name must be equal in size at least; it is never replaced."""
    try:
        found = path.lstat()
    except OSError:
        return  # nothing there, or a failure that the copy itself will name
    if os.path.samestat(found, source.lstat()):
        raise BadInput(f"{path} is the source itself.", path=path)
    if not stat.S_ISREG(found.st_mode) or found.st_size != entry.size:
        raise NameTaken(
            f"A different file lies at {path}; it was not touched.",
            path=path,
            hint="Choose another name or folder.",
        )
