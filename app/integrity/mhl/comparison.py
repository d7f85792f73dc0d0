"""What a folder has become, compared with its history; and what the next generation says of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.integrity.hashing import CUSTODY_KINDS, Digests, HashKind
from app.integrity.mhl.directories import ancestors
from app.integrity.mhl.history import History
from app.integrity.mhl.timeline import KnownFile
from app.integrity.mhl.values import Action, FileRecord, HashRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file as it is now: bytes, digests of one read (empty when it was not read), when read."""

    size: int
    digests: Digests
    mtime: datetime | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A file whose bytes are not the recorded ones."""

    path: str
    expected: KnownFile
    found: FoundFile

    @property
    def reason(self) -> str:
        """What differs, in words."""
        if self.expected.size not in (None, self.found.size):
            return f"{self.found.size:,} bytes instead of {self.expected.size:,}"
        for kind in CUSTODY_KINDS:
            was, now = self.expected.digests.get(kind), self.found.digests.get(kind)
            if was and now and was != now:
                return f"{kind} {now} instead of {was}"
        return "other bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """A file that lies under another name than the history has."""

    previous: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Every file in exactly one of these, by path, sorted; ignored files are in none."""

    missing: tuple[str, ...]
    changed: tuple[Difference, ...]
    new: tuple[str, ...]
    renamed: tuple[Rename, ...]
    verified: tuple[str, ...]
    unproven: tuple[str, ...]
    """There, of the right size, but read by no kind of hash that the history has."""
    lost: tuple[str, ...] = ()
    """Folders of nested histories that are gone, and with them the list of what was in them."""
    missing_folders: tuple[str, ...] = ()
    """Recorded folders without recorded files that are gone; only when folders were given."""

    @property
    def failed(self) -> tuple[str, ...]:
        """The paths whose hash or size is wrong: `failed` in the next generation."""
        return tuple(difference.path for difference in self.changed)

    @property
    def clean(self) -> bool:
        """Whether everything recorded is there, verified, under its name, and nothing else."""
        wrong = (self.missing, self.changed, self.new, self.renamed, self.unproven)
        return not any((*wrong, self.lost, self.missing_folders))


def compare(
    history: History,
    found: Mapping[str, FoundFile],
    folders: Collection[str] | None = None,
) -> Comparison:
    """Hold *found*, all files that are there, against *history*; *folders* too, where given."""
    changed, verified, unproven, fresh = [], [], [], []
    for path, file in found.items():
        expected = history.find(path)
        if expected is None:
            if not history.ignores(path):
                fresh.append(path)
            continue
        equal = _equal(expected, file)
        if equal is None:
            unproven.append(path)
        elif equal:
            verified.append(path)
        else:
            changed.append(Difference(path=path, expected=expected, found=file))
    missing = [path for path in history.paths() if path not in found and not history.ignores(path)]
    renamed = _renames(history, missing, fresh, found)
    gone, come = {r.previous for r in renamed}, {r.path for r in renamed}
    return Comparison(
        missing=tuple(sorted(path for path in missing if path not in gone)),
        changed=tuple(sorted(changed, key=lambda difference: difference.path)),
        new=tuple(sorted(path for path in fresh if path not in come)),
        renamed=tuple(sorted(renamed, key=lambda rename: rename.path)),
        verified=tuple(sorted(verified)),
        unproven=tuple(sorted(unproven)),
        lost=history.lost,
        missing_folders=() if folders is None else _missing_folders(history, set(folders)),
    )


def _missing_folders(history: History, folders: set[str]) -> tuple[str, ...]:
    """What no missing file tells: recorded folders that were empty and are gone."""
    gone = {
        f for f in history.folders() if f not in folders and not history.ignores(f, folder=True)
    }
    if gone:
        for path in history.paths():
            gone.difference_update(ancestors(path))
    return tuple(sorted(gone))


def _equal(expected: KnownFile, found: FoundFile) -> bool | None:
    """Whether the bytes are the recorded ones; None when nothing tells."""
    if expected.size is not None and expected.size != found.size:
        return False
    common = [k for k in expected.digests if k in found.digests]
    if not common:
        return None
    return all(expected.digests[kind] == found.digests[kind] for kind in common)


def _renames(
    history: History, missing: list[str], fresh: list[str], found: Mapping[str, FoundFile]
) -> list[Rename]:
    """Pair what is gone with what is new by equal hash; a like name first, each once."""
    by_hash: dict[tuple[HashKind, str], dict[str, deque[str]]] = {}
    for path in sorted(missing):
        known = history.find(path)
        for kind, text in (known.digests if known else {}).items():
            named = by_hash.setdefault((kind, text), {})
            named.setdefault(_name(path), deque()).append(path)
    used: set[str] = set()
    renamed: list[Rename] = []
    for like_named in (True, False):
        paired = {rename.path for rename in renamed}
        for path in sorted(p for p in fresh if p not in paired):
            previous = _earlier(by_hash, path, found[path], like_named, used)
            if previous is not None:
                used.add(previous)
                renamed.append(Rename(previous=previous, path=path))
    return renamed


def _earlier(
    by_hash: dict[tuple[HashKind, str], dict[str, deque[str]]],
    path: str,
    file: FoundFile,
    like_named: bool,
    used: set[str],
) -> str | None:
    """A missing file with the bytes of *file*, not yet given to another."""
    if not file.size and not like_named:
        return None  # all empty files are alike: only a like name tells anything
    for key in file.digests.items():
        named = by_hash.get(key, {})
        for name in (_name(path),) if like_named else tuple(named):
            queue = named.get(name, deque())
            while queue and queue[0] in used:
                queue.popleft()
            if queue:
                return queue.popleft()
            named.pop(name, None)
    return None


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def next_records(
    history: History, comparison: Comparison, found: Mapping[str, FoundFile]
) -> list[FileRecord]:
    """The records that a new generation has after *comparison*, for all files of *found* in it.

    A new file is `original`; so is a renamed one, which is what ascmhl writes and needs in order to
    verify it later: `previousPath` says the rest. A kind that the history lacks is `verified` only
    because an older kind matched in the same read; beside a failed hash it is left out. Files that
    were not read get no hashes, so that no directory hash is made up.
    """
    earlier = {rename.path: rename.previous for rename in comparison.renamed}
    failed = set(comparison.failed)
    paths = [*comparison.verified, *comparison.unproven, *comparison.new, *earlier, *failed]
    return [
        _next_record(history, path, found[path], earlier.get(path), path in failed)
        for path in sorted(paths)
    ]


def _next_record(
    history: History, path: str, file: FoundFile, previous: str | None, failed: bool
) -> FileRecord:
    known = history.known(path)
    hashes = []
    for kind in CUSTODY_KINDS:
        text = file.digests.get(kind)
        if text is None:
            continue
        if not known:
            action = Action.ORIGINAL
        elif kind in known:
            action = Action.VERIFIED if known[kind] == text else Action.FAILED
        elif failed or not any(other in file.digests for other in known):
            continue
        else:
            action = Action.VERIFIED
        hashes.append(HashRecord(kind=kind, text=text, action=action, at=file.at))
    return FileRecord(
        path=path,
        size=file.size,
        mtime=file.mtime,
        hashes=tuple(hashes),
        previous_path=previous,
    )
