"""Verifies one folder with its history: list, read, compare, record; repair where asked."""

from __future__ import annotations

import contextlib
import errno
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from app.errors import BadInput, DestinationSilent, EnvironmentFault, ReelkeepError
from app.integrity.mhl import (
    Comparison,
    Difference,
    FileRecord,
    Folder,
    FoundFile,
    History,
    Process,
    file_moment,
    next_records,
    write_generation,
)
from app.integrity.verdict import ReadWay
from app.integrity.verify.beside import Beside, Recorded, look_beside
from app.integrity.verify.listing import OUR_OWN, list_part
from app.integrity.verify.mend import CopyFolder, Mended, Repair, Wanted
from app.integrity.verify.other_copy import OtherCopy
from app.integrity.verify.outcome import FileOutcome, FileState, PartOutcome, SeenFile
from app.integrity.verify.read import Reading, Sweep
from app.integrity.verify.records import Records
from app.integrity.verify.signature import Signature
from app.integrity.verify.spec import REPAIR_HINT, Part
from app.jobs.control import JobControl
from app.places.descriptors import let_files_go
from app.places.linux.calls import runs_in_user_space, sync_file_system
from app.places.root import PinnedFolder
from app.places.silence import Silence, watcher
from app.places.through import path_through
from app.places.volumes import Volume
from app.units import count_text, now

_CANNOT_WRITE = {errno.EROFS, errno.EACCES, errno.EPERM}
_MEMORY = 1 << 36
"""Bytes, more than any machine has that are not written out yet."""
_MENDABLE = {FileState.CHANGED, FileState.MISSING, FileState.UNREADABLE}


class PartCheck:
    """One part of a verify job; used by a thread of its drive, which may hang at any call."""

    def __init__(
        self,
        part: Part,
        volume: Volume,
        silence: Silence,
        control: JobControl,
        signature: Signature,
        others: Mapping[str, Recorded],
    ) -> None:
        """*others*: records of entries that a history cannot hold, by path below the root."""
        self.part, self._silence, self._control = part, silence, control
        self._signature, self._started = signature, now()
        self._records = Records.of(part, silence)
        with silence.call():
            self._folder = PinnedFolder(part.root)
        with silence.sync(_MEMORY), self._folder.folder("") as fd:
            self._provable = not runs_in_user_space(fd) and volume.device.counts
            if not volume.read_only:
                with contextlib.suppress(OSError):
                    sync_file_system(fd)  # pages that are not written yet cannot be dropped
        self.listing = list_part(self._records, silence, control.checkpoint)
        self._others = {path: one for path, one in others.items() if self._records.inside(path)}
        self._beside = Beside()
        self._readings: dict[str, Reading] = {}
        self._mended: dict[str, Mended] = {}
        self._found: dict[str, FoundFile] = {}
        self._comparison = Comparison(
            missing=(), changed=(), new=(), renamed=(), verified=(), unproven=()
        )
        self._differences: dict[str, FileOutcome] = {}
        self._notes: list[str] = list(self._records.history.warnings)
        self._generation = self._unwritten = ""

    def close(self) -> None:
        """Let go of the folder."""
        self._folder.close()

    def cut_off(self) -> None:
        """Its drive was given up: whoever comes back from there shall change nothing any more."""
        let_files_go(self._folder)
        # Even that may hang.
        threading.Thread(target=self._folder.cut_off, name="cut off", daemon=True).start()

    # Reading and comparing

    def read(self) -> None:
        """Read every file from its medium, and hold it against what is recorded."""
        sweep = Sweep(self._folder, self._silence, self._control, provable=self._provable)
        try:
            self._readings = sweep.read(self.listing.wanted.values())
            self._beside = look_beside(
                self.listing.odd, self._others, sweep, provable=self._provable
            )
            self._compare(sweep)
        finally:
            sweep.close()

    def _compare(self, sweep: Sweep) -> None:
        self._found = {
            path: reading.file or FoundFile(size=self.listing.wanted[path].size, digests={})
            for path, reading in self._readings.items()
        }
        folders = {folder.path for folder in self.listing.folders}
        compared = self._records.compare(self._found, folders)
        self._comparison = compared = self._with_short(compared)
        for change in compared.changed:
            self._differ(change.path, FileState.CHANGED, self._second_look(change, sweep))
        for path in compared.unproven:
            self._differ(path, FileState.UNPROVEN, "no hash of it is recorded, only its size")
        for path in compared.missing:
            hidden = self.listing.hidden(path)
            state = FileState.MISSING if hidden is None else FileState.UNREADABLE
            self._differ(path, state, hidden or "")
        for path in compared.missing_folders:
            self._differ(path, FileState.MISSING, "an empty folder")
        for path in compared.lost:
            self._differ(path, FileState.MISSING, "a folder with a history of its own")
        for rename in compared.renamed:
            self._differ(rename.path, FileState.RENAMED, "", previous=rename.previous)
        for path in compared.new:
            self._differ(path, FileState.NEW, "")
        for path, why in self.listing.strays.items():
            if path not in self._others:
                self._differ(path, FileState.NEW, why)
        self._differences |= self._beside.differences
        for path, why in self.listing.unlistable.items():
            self._differ(path or ".", FileState.UNREADABLE, why)

    def _differ(self, path: str, state: FileState, trouble: str, previous: str = "") -> None:
        reading = self._readings.get(path)
        if reading is not None and reading.file is None:
            state, trouble = FileState.UNREADABLE, reading.trouble
        self._differences[path] = FileOutcome(
            path=path, state=state, trouble=trouble, previous=previous
        )

    def _second_look(self, change: Difference, sweep: Sweep) -> str:
        """What differs; a further read tells a changed file from a drive that is unsteady."""
        first = self._readings[change.path].file
        if first is None or change.expected.size not in {None, first.size}:
            return change.reason
        again = sweep.again(self.listing.wanted[change.path]).file
        if again is None or again.digests == first.digests:
            return change.reason
        return f"the drive gives other bytes at each read; first {change.reason}"

    def _with_short(self, compared: Comparison) -> Comparison:
        """Settle files of which only the 32-bit hash of old legacy manifests is recorded."""
        asked = self._records.short
        proven = [p for p in compared.unproven if p in asked and self._short(p) == asked[p]]
        wrong = [p for p in compared.unproven if p in asked and self._short(p) != asked[p]]
        changed = list(compared.changed)
        for path in wrong:
            known = self._records.history.find(path)
            assert known is not None
            changed.append(Difference(path=path, expected=known, found=self._found[path]))
        settled = {*proven, *wrong}
        return replace(
            compared,
            verified=tuple(sorted([*compared.verified, *proven])),
            changed=tuple(changed),
            unproven=tuple(p for p in compared.unproven if p not in settled),
        )

    def _short(self, path: str) -> int | None:
        return self._readings[path].short

    # The generation

    def record(self) -> None:
        """Append what was found to the history; why that cannot be is noted."""
        if self.part.legacy:
            return
        readable = {p for p, reading in self._readings.items() if reading.file is not None}
        compared = self._comparison
        said = replace(
            compared,
            changed=tuple(d for d in compared.changed if d.path in readable),
            new=tuple(path for path in compared.new if path in readable),
            unproven=(),
        )
        states = {d.state for d in self._differences.values()}
        whole = not self.part.below and not self.listing.followed and states <= {
            FileState.NEW, FileState.RENAMED,
        }  # fmt: skip
        self._generation = self._write(
            self._records.history,
            next_records(self._records.history, said, self._found),
            self.listing.folders if whole else None,
            f"{self.part.place} read again from its medium",
            left_out=self.listing.strays,
        )

    def _write(
        self,
        history: History,
        records: list[FileRecord],
        folders: list[Folder] | None,
        comment: str,
        left_out: Iterable[str],
    ) -> str:
        try:
            with self._silence.call(watcher().patience.for_entries(len(records))):
                written = write_generation(
                    self.part.root,
                    records=records,
                    folders=folders,
                    process=Process.IN_PLACE,
                    creator=self._signature.creator(comment),
                    started=self._started,
                    previous=history,
                    ignore=[OUR_OWN + "*"] if self.listing.leftovers else (),
                    left_out=left_out,
                    through=path_through(self._folder, self.part.root),
                )
        except DestinationSilent:
            raise
        except (EnvironmentFault, BadInput) as error:
            cause = error.__cause__
            words = f"The result was not added to the history: {error.message}"
            self._notes.append(words)
            if not (isinstance(cause, OSError) and cause.errno in _CANNOT_WRITE):
                self._unwritten = words
            return ""
        return str(written)

    # Repair

    def repair(self, other: Path) -> None:
        """Replace damaged, unreadable and missing files from *other*, and record that."""
        wrong = [d for d in self._differences.values() if d.state in _MENDABLE]
        if not wrong:
            return
        silence = Silence(str(other), hint=REPAIR_HINT)
        silence.hurried = self._silence.hurried
        try:
            source = CopyFolder(silence.ask(lambda: PinnedFolder(other)), silence)
        except OSError as error:
            words = f"{other} cannot be opened to repair from: {error.strerror}."
            self._notes.append(words)
            return
        except DestinationSilent as silent:
            self._notes.append(str(silent))
            return
        target = CopyFolder(self._folder, self._silence)
        copy = OtherCopy(
            Repair(target=target, source=source, provable=self._provable, tick=self._tick)
        )
        try:
            for difference in wrong:
                self._control.checkpoint()
                self._control.show(current=difference.path)
                self._differences[difference.path] = self._mend(copy, difference)
        finally:
            copy.close()
            self._record_mended(other)

    def _tick(self, count: int) -> None:
        self._control.checkpoint()
        self._control.advance(count)

    def _mend(self, copy: OtherCopy, difference: FileOutcome) -> FileOutcome:
        path = difference.path
        if copy.fault is not None:
            return replace(difference, trouble=_and(difference, str(copy.fault)))
        expected = self._records.history.known(path)
        if (other := self._others.get(path)) is not None:
            expected = other.digests
        if not expected:
            return replace(difference, trouble=_and(difference, "No hash of it is recorded."))
        below = len(self.part.below) + 1 if self.part.below else 0
        usual = self._records.kinds(path, ())
        try:
            mended = copy.mend(
                Wanted(path=path, source_path=path[below:], expected=expected, kinds=usual)
            )
        except ReelkeepError as error:
            if self._silence.fault is not None:
                raise
            return replace(difference, trouble=_and(difference, error.message))
        self._mended[path] = mended
        self._found[path] = FoundFile(
            size=mended.read.size,
            digests=mended.read.digests,
            mtime=file_moment(mended.mtime_ns),
            at=now(),
        )
        return replace(difference, repaired=True, aside=mended.aside)

    def _record_mended(self, other: Path) -> None:
        """A further generation, so that the history shows the damage and the repair."""
        mended = [path for path in self._mended if path not in self._others]
        if not mended or self.part.legacy:
            return
        with self._silence.call(watcher().patience.sync) as call:
            history = History.load(self.part.root, call.answered)
        assert history is not None
        verified = Comparison(
            missing=(), changed=(), new=(), renamed=(), verified=tuple(mended), unproven=()
        )
        number = count_text(len(mended), "file")
        self._generation = self._write(
            history,
            next_records(history, verified, self._found),
            None,
            f"{number} repaired from {other}",
            left_out=[one.aside for one in self._mended.values() if one.aside],
        )

    # What was found

    def outcome(self) -> PartOutcome:
        """Everything that was found, by name."""
        proven = [*self._comparison.verified, *(r.path for r in self._comparison.renamed)]
        ways = [self._readings[path].way for path in proven]
        ways += [mended.read.way for mended in self._mended.values()]
        strays = self.listing.strays  # named as new
        return PartOutcome(
            root=str(self.part.root),
            below=self.part.below,
            against=self._records.against,
            files=len(self._readings),
            size=self.listing.size,
            asked=len({*self._readings, *self._comparison.missing, *self._beside.seen}),
            verified=len(ways) + self._beside.verified,
            cached=sum(1 for way in ways if way is not ReadWay.MEDIUM),
            differences=tuple(self._differences.values()),
            generation=self._generation,
            notes=tuple(self._notes),
            unchecked=tuple(path for path in self._beside.unchecked if path not in strays),
            unwritten=self._unwritten,
        )

    def seen(self) -> dict[str, SeenFile]:
        """The evidence: what every file gave, and which are not there any more."""
        seen = {path: self._seen(path, reading) for path, reading in self._readings.items()}
        seen |= self._beside.seen
        for path in self._comparison.missing:
            seen[path] = _gone(self._differences[path])
        for rename in self._comparison.renamed:
            gone = _gone(self._differences[rename.path])
            seen[rename.previous] = replace(gone, state=FileState.MISSING, renamed_to=rename.path)
        for path, mended in self._mended.items():
            seen[path] = SeenFile(
                state=FileState.VERIFIED,
                digests=dict(mended.read.digests),
                way=mended.read.way,
                mtime_ns=mended.mtime_ns,
                size=mended.read.size,
                at=self._found[path].at or now(),
            )
        return seen

    def _seen(self, path: str, reading: Reading) -> SeenFile:
        difference = self._differences.get(path)
        file = reading.file
        return SeenFile(
            state=difference.state if difference else FileState.VERIFIED,
            digests=dict(file.digests) if file else {},
            way=reading.way,
            mtime_ns=reading.mtime_ns,
            size=file.size if file else 0,
            at=(file.at if file else None) or now(),
            trouble=difference.trouble if difference else "",
        )


def _gone(difference: FileOutcome) -> SeenFile:
    return SeenFile(
        state=difference.state, digests={}, way=ReadWay.NONE, mtime_ns=0, size=0, at=now(),
        trouble=difference.trouble,
    )  # fmt: skip


def _and(difference: FileOutcome, words: str) -> str:
    return f"{difference.trouble}. {words}" if difference.trouble else words
