"""The index of a history: what is known of each file after all generations, renames applied."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.integrity.hashing import Digests, HashKind
from app.integrity.mhl.values import Action, FileRecord, FolderRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFile:
    """The latest that is known of a file: size, time, valid hashes, last generation."""

    size: int | None
    mtime: datetime | None
    digests: Digests
    generation: int


class Timeline:
    """Takes in records generation by generation; holds one entry per file, whatever their number.

    Within a generation all renames come first: two files may have swapped their names.
    """

    __slots__ = ("_changed", "_count", "_fresh", "_moved", "_renames", "files", "folders")

    def __init__(self) -> None:
        self.files: dict[str, KnownFile] = {}
        self.folders: dict[str, None] = {}
        self._fresh: dict[str, KnownFile] = {}
        self._changed: list[FileRecord] = []
        self._renames: list[FileRecord] = []
        self._moved: dict[str, str] = {}
        self._count = 0

    def take(self, record: FileRecord | FolderRecord, generation: int) -> None:
        """Take in one record of *generation*, which is being read."""
        if isinstance(record, FolderRecord):
            if record.path != ".":
                self.folders.pop(record.previous_path or "", None)
                self.folders[record.path] = None
            return
        self._count += 1
        if record.previous_path and record.previous_path != record.path:
            self._renames.append(record)
            return
        known = self.files.get(record.path)
        if known is None:
            fresh = self._fresh.get(record.path)
            self._fresh[record.path] = _merged(fresh, record, generation)
        elif _differs(known, record):
            self._changed.append(record)

    def finish(self, generation: int) -> int:
        """Apply what was taken in for *generation*; gives back how many files it had."""
        taken = []
        for record in self._renames:
            previous = record.previous_path or ""
            earlier = self._earlier_name(previous)
            taken.append((record, self.files.pop(earlier, None)))
            self._moved[previous] = self._moved[earlier] = record.path
        for record, known in taken:
            self._moved.pop(record.path, None)
            self.files[record.path] = _merged(known, record, generation)
        for record in self._changed:
            known = self.files.get(record.path)
            self.files[record.path] = _merged(known, record, generation)
        self.files.update(self._fresh)
        if self._moved:
            for path in self._fresh:
                self._moved.pop(path, None)
        count = self._count
        self._fresh, self._changed, self._renames, self._count = {}, [], [], 0
        return count

    def _earlier_name(self, path: str) -> str:
        """Where a file called *path* went since: ascmhl may give an older name than the last."""
        seen = set()
        while path not in self.files and path in self._moved and path not in seen:
            seen.add(path)
            path = self._moved[path]
        return path


def _differs(known: KnownFile, record: FileRecord) -> bool:
    """Whether *record* says anything that is not known already."""
    valid = [entry for entry in record.hashes if entry.action is not Action.FAILED]
    if valid and (record.mtime or known.mtime) != known.mtime:
        return True
    return any(known.digests.get(entry.kind) != entry.text for entry in valid)


def _merged(known: KnownFile | None, record: FileRecord, generation: int) -> KnownFile:
    """*known* with what *record* adds; failed hashes add nothing, one without action only kinds."""
    valid = [entry for entry in record.hashes if entry.action is not Action.FAILED]
    if known and not valid:
        return known
    digests: dict[HashKind, str] = dict(known.digests) if known else {}
    if any(digests.get(e.kind, e.text) != e.text for e in valid if e.action):
        digests.clear()  # other bytes under the same name: the hashes of the former ones are void
        known = None
    for entry in valid:
        if entry.action is not None or entry.kind not in digests:
            digests[entry.kind] = entry.text
    size = known.size if known and record.size is None else record.size
    mtime = known.mtime if known and record.mtime is None else record.mtime
    return KnownFile(size=size, mtime=mtime, digests=digests, generation=generation)
