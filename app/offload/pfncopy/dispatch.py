"""Copies one file to several destinations in one read, without a journal.

The parts are those of an offload: one reader, a writer and a settler for each destination, the
medium read back before the file gets its name, nothing ever replaced.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from app.errors import (
    DestinationFault,
    DestinationSilent,
    ReelkeepError,
    SourceFault,
    SourceGone,
    WriteFailed,
)
from app.integrity.hashing import HashKind
from app.jobs.control import JobControl
from app.jobs.snapshot import JobSnapshot, JobState, PlaceSnapshot
from app.jobs.spec import JobId
from app.offload.card.source import Source
from app.offload.card.watch import watched_source
from app.offload.copying.large import LargeFiles
from app.offload.copying.passage import Passage
from app.offload.copying.target import Target
from app.offload.copying.work import CopyFact, CopyWork, FileWork
from app.offload.pfncopy.dead_runs import Leftover, Runs, leftovers, sweep, where
from app.offload.pfncopy.look import Room, asked, entry_of, lies_there
from app.places.descriptors import let_files_go
from app.places.devices import DeviceKind
from app.places.linux.calls import runs_in_user_space
from app.places.root import PinnedFolder
from app.places.silence import Silence
from app.places.volumes import Volume, volume_of

LOOK_AT_SOURCE = "Check its drive, reader and cable, then copy it again."
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

    def __init__(
        self,
        job: JobId,
        order: Dispatch,
        runs: Runs,
        lost: Mapping[Path, DestinationFault] | None = None,
    ) -> None:
        """Look before anything is read: BadInput, NotFound or NameTaken say what makes no sense.

        *lost* are destinations whose drives have failed already. Drives that cannot take the file
        are left out: `troubles` says why.
        """
        self.order = order
        self.entry = entry_of(order.source)
        self.swept: list[Path] = []
        """Partial files of dead runs that were removed."""
        self._job, self._runs = job, runs
        self._under_way: dict[int, str] = {}
        self._there: set[int] = set()
        """Destinations at which a file of the same size lies already."""
        self._outcome = Outcome()
        self._outcome.troubles |= {
            n: lost[path] for n, path in enumerate(order.destinations) if lost and path in lost
        }
        self._look()
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

    @property
    def troubles(self) -> Mapping[int, ReelkeepError]:
        """Why destinations, by index, do not get the file, as far as that is known."""
        return self._outcome.troubles

    def _look(self) -> None:
        """Find out what each destination needs, then whether it has it."""
        new = []
        for index, path in enumerate(self.order.destinations):
            if index not in self.troubles:
                try:
                    there = lies_there(self.order.source, path, self.entry)
                    self._there.add(index) if there else new.append(index)
                except (WriteFailed, DestinationSilent) as error:
                    self._outcome.troubles[index] = error
        room = Room(self.entry)
        for index in new:
            path = self.order.destinations[index]
            try:
                room.take(path, self._sweep(path.parent))
            except DestinationFault as error:
                self._outcome.troubles[index] = error
            except OSError as error:
                self._outcome.troubles[index] = _not_opened(path, error)

    def _sweep(self, folder: Path) -> list[Leftover]:
        """Remove what dead runs have left in a folder; answers what others have there."""

        def swept() -> tuple[list[Leftover], list[Leftover]]:
            pinned = PinnedFolder(folder)
            try:
                return sweep(pinned.fd, volume_of(folder), self._runs)
            finally:
                pinned.close()

        gone, kept = asked(folder, swept)
        self.swept += [folder / one.name for one in gone]
        return kept

    def run(self) -> Outcome:
        """Copy; what fails is in the outcome. Raises JobCancelled once cancelled."""
        began = time.monotonic()
        targets = self._targets()
        try:
            if targets:
                self._copy_from_source(targets)
            if targets.keys() - self._outcome.facts.keys() - self.troubles.keys():
                self.control.checkpoint()  # cancelled while the medium was read back
        finally:
            for target in targets.values():
                self._let_go(target)
        written = self.control.last_write or time.monotonic()
        self._outcome.seconds = max(written - began, 1e-6)
        return self._outcome

    def _copy_from_source(self, targets: dict[int, Target]) -> None:
        parent = self.order.source.parent
        silence = Silence(parent.name or str(parent), hint=LOOK_AT_SOURCE)
        silence.hurried = lambda: self.control.cancelled
        try:
            folder = silence.ask(lambda: PinnedFolder(parent))
        except DestinationSilent as silent:
            self._outcome.source_trouble = self._source_silent(silent)
            return
        except OSError as error:
            self._outcome.source_trouble = SourceFault(
                f"The folder {parent} cannot be opened: {error.strerror}.", path=parent
            )
            return
        silence.lies_on(folder.device)
        try:
            self._copy(watched_source(folder, silence.name, silence), targets, silence)
        finally:
            if silence.fault is not None:
                let_files_go(folder)
            folder.close()

    def _source_silent(self, silent: DestinationSilent) -> SourceGone:
        """The source neither answers nor fails; a person who has cancelled knows that."""
        self.control.checkpoint()
        return SourceGone(silent.message, path=self.order.source, hint=LOOK_AT_SOURCE)

    def _targets(self) -> dict[int, Target]:
        targets = {}
        for index, path in enumerate(self.order.destinations):
            if index in self.troubles:
                continue
            try:
                targets[index] = self._target(index, path)
            except DestinationFault as error:
                self._outcome.troubles[index] = error
            except OSError as error:
                self._outcome.troubles[index] = _not_opened(path, error)
        return targets

    def _target(self, index: int, path: Path) -> Target:
        def opened() -> tuple[PinnedFolder, bool, Volume, str]:
            volume, folder = volume_of(path.parent), PinnedFolder(path.parent)
            with folder.folder("") as fd:
                return folder, runs_in_user_space(fd), volume, where(volume, fd)

        folder, hidden, volume, there = asked(path, opened)
        self._under_way[index] = self._runs.begin(self._job, index, there)
        return Target(
            index,
            volume.label or str(path.parent),
            folder,
            job=self._under_way[index],  # two copies may go to one folder
            flush=path not in self.order.unflushed,
            provable=not hidden and volume.device.kind is not DeviceKind.MEMORY,
        )

    def _let_go(self, target: Target) -> None:
        """Close a destination; while anything half written is left there, that stays known."""
        run = self._under_way[target.index]
        try:
            left = target.ask(partial(leftovers, target.folder.fd))
        except (OSError, DestinationFault):
            pass
        else:
            if not any(one.run == run for one in left):
                self._runs.end(run)
        target.close()

    def _copy(self, source: Source, targets: dict[int, Target], silence: Silence) -> None:
        paths = {index: self.order.destinations[index].name for index in targets}
        there = frozenset(self._there.intersection(targets))
        work = FileWork(n=0, entry=self.entry, paths=paths, compare=there)
        large = LargeFiles(self._passage(source, targets))

        def copied() -> None:
            with closing(large):  # by this thread alone, should the source come back late
                large.copy(work)

        try:
            silence.work(copied)
        except DestinationSilent as silent:
            large.give_up_source()
            work.trouble = self._outcome.source_trouble = self._source_silent(silent)
        except SourceFault as error:
            work.trouble = self._outcome.source_trouble = error
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


def _not_opened(path: Path, error: OSError) -> WriteFailed:
    return WriteFailed(
        f"The folder {path.parent} cannot be opened: {error.strerror or error}.", path=path
    )
