"""Writing a generation: one manifest per history of the tree, children first, then their parents.

The order on the disk: manifest and new chain under partial names, both synced; the manifest gets
its name, then the chain. Between the two a manifest lies outside of the chain; readers leave it
out, and the next generation sets it aside. In a first generation the partial chain tells this
from a history whose chain was taken away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path

from app.errors import BadInput, ChainBroken, WriteFailed
from app.integrity.hashing import HashKind, written_form
from app.integrity.mhl.directories import common_kinds, directory_digests
from app.integrity.mhl.folder_moves import renamed_folders
from app.integrity.mhl.history import History, chain_of, manifests_in
from app.integrity.mhl.ignore import DEFAULT_IGNORE, grown, ignore_patterns_for
from app.integrity.mhl.values import (
    CHAIN_NAME,
    HISTORY_FOLDER,
    MANIFEST_SUFFIX,
    ChainEntry,
    Creator,
    DirectoryDigests,
    FileRecord,
    Folder,
    FolderRecord,
    Header,
    Process,
    Reference,
)
from app.integrity.mhl.wording import file_name_part, holdable
from app.integrity.mhl.writing import (
    PARTIAL_SUFFIX,
    chain_xml,
    forgotten_on_failure,
    give_name,
    manifest_xml,
    sync_folder,
    write_partial,
)
from app.units import now

SET_ASIDE_SUFFIX = ".unchained"
"""Added to the name of a manifest that an interruption left outside of the chain."""

_LAST = "\U0010ffff\U0010ffff"
_NO_NAMES = frozenset({"", ".", ".."})
_NO_DIGESTS = DirectoryDigests(content={}, structure={})


def write_generation(  # noqa: PLR0913 - an operation has this many facts
    root: Path,
    *,
    records: Iterable[FileRecord],
    folders: Iterable[Folder] | None,
    process: Process,
    creator: Creator,
    started: datetime,
    previous: History | None = None,
    ignore: Iterable[str] = (),
    left_out: Iterable[str] = (),
    through: Path | None = None,
) -> Path:
    """Append one generation to the history of *root* and to those nested in it; gives its path.

    *records* are the files of the operation, relative to *root*; *folders* all directories of the
    tree, or None when the records are not the whole tree: then there are no directory hashes, and
    only nested histories with records get a generation. *ignore* are new lines for the list,
    *left_out* paths (links, names that XML cannot hold) that get lines of their own. *started*
    names the files, which are written by way of *through*, another path to *root*. Raises BadInput,
    HistoryFault, NameTaken, WriteFailed.
    """
    history = previous if previous is not None else History.beneath(root)
    operation = _Operation(
        history=history,
        files=tuple(records),
        folders=None if folders is None else tuple(folders),
        header=Header(creator=replace(creator, created=creator.created or now()), process=process),
        started=started,
        ignore=tuple(ignore),
        left_out=tuple(left_out),
        through=through or root,
    )
    operation.check()
    try:
        return operation.write()
    except OSError as error:
        raise WriteFailed(
            f"The manifest of {root} cannot be written: {error.strerror}.", path=root
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Operation:
    """Everything about one operation, relative to the outermost history."""

    history: History
    files: tuple[FileRecord, ...]
    folders: tuple[Folder, ...] | None
    header: Header
    started: datetime
    ignore: tuple[str, ...]
    left_out: tuple[str, ...]
    through: Path

    def check(self) -> None:
        """Refuse paths that a manifest cannot say."""
        seen: set[str] = set()
        sound: set[str] = set()  # folders whose names can be said
        items: tuple[FileRecord | Folder, ...] = (*self.files, *(self.folders or ()))
        for path in (item.path for item in items):
            folder, _, name = path.rpartition("/")
            parts = (name,) if folder in sound else path.split("/")
            if not holdable(path) or not _NO_NAMES.isdisjoint(parts):
                raise BadInput(f"A manifest cannot hold the name {path!r}.")
            if folder:
                sound.add(folder)
            if path in seen:
                raise BadInput(f"The name {path!r} is there twice.")
            seen.add(path)

    def write(self) -> Path:
        """Write all manifests, deepest first; gives the path of the outermost."""
        digests: dict[str, DirectoryDigests] = {}
        if self.folders is not None:
            kinds = common_kinds(self.files)
            digests = directory_digests(self.files, [f.path for f in self.folders], kinds)
        records = self._by_scope(digests)
        references: dict[str, list[Reference]] = {}
        written = self.history.root
        for scope, history in self.history.scopes():
            mine, theirs = records.get(scope, []), references.get(scope, [])
            if scope and self._passes_over(scope, bool(mine or theirs)):
                continue
            header = replace(
                self.header,
                root=digests.get(scope, _NO_DIGESTS),
                ignore=self._ignore_of(scope, history),
                references=tuple(theirs),
            )
            way = self.through / scope
            written, c4 = append_manifest(history, header, in_order(mine), self.started, way)
            if scope:
                parent = self.history.scope_of(scope)
                said = _within(scope, parent) + f"/{HISTORY_FOLDER}/{written.name}"
                references.setdefault(parent, []).append(Reference(path=said, c4=c4))
        return written

    def _passes_over(self, scope: str, concerned: bool) -> bool:
        """Whether a nested history gets no generation: not concerned, left out or unsayable."""
        if not concerned and self.folders is None:
            return True
        outside = any(_is_below(scope + "/", path) for path in self.left_out)
        return outside or not holdable(scope) or self.history.ignores(scope, folder=True)

    def _by_scope(
        self, digests: dict[str, DirectoryDigests]
    ) -> dict[str, list[FileRecord | FolderRecord]]:
        """The records of each history, with paths relative to it."""
        owner = self.history.scope_of
        found: dict[str, list[FileRecord | FolderRecord]] = {}
        for file in self.files:
            scope = owner(file.path)
            previous = file.previous_path
            if scope or previous:
                inside = previous is not None and owner(previous) == scope
                previous = _within(previous or "", scope) if inside else None
                file = replace(file, path=_within(file.path, scope), previous_path=previous)  # noqa: PLW2901
            found.setdefault(scope, []).append(file)
        times = {folder.path: folder.mtime for folder in self.folders or ()}
        moves = renamed_folders(self.history, self.files, digests)
        for path, both in digests.items():
            if not path:
                continue
            scope, previous = owner(path), moves.get(path)
            inside = previous is not None and owner(previous) == scope
            record = FolderRecord(
                path=_within(path, scope),
                content=both.content,
                structure=both.structure,
                mtime=times.get(path),
                previous_path=_within(previous or "", scope) if inside else None,
            )
            found.setdefault(scope, []).append(record)
        return found

    def _ignore_of(self, scope: str, history: History) -> tuple[str, ...]:
        """The grown ignore list of one history."""
        asked = [_line_within(line, scope) for line in self.ignore]
        items: tuple[FileRecord | Folder, ...] = (*self.files, *(self.folders or ()))
        below = [_within(p, scope) for p in self.left_out if _is_below(p, scope)]
        present = (_within(i.path, scope) for i in items if _is_below(i.path, scope))
        own = ignore_patterns_for(below, present) if below else []
        return grown(history.ignore, DEFAULT_IGNORE, filter(None, asked), own)


def _is_below(path: str, scope: str) -> bool:
    return not scope or path.startswith(scope + "/")


def _within(path: str, scope: str) -> str:
    return path[len(scope) + 1 :] if scope else path


def _line_within(line: str, scope: str) -> str:
    """An ignore line as the history at *scope* would say it; empty when it does not concern it."""
    if not scope or line.startswith("**/") or "/" not in line.rstrip("/"):
        return line
    inner = line.removeprefix("/")
    return f"/{inner[len(scope) + 1 :]}" if inner.startswith(scope + "/") else ""


def in_order(
    records: Sequence[FileRecord | FolderRecord],
) -> Iterator[FileRecord | FolderRecord]:
    """Records as ascmhl writes them: deeper ones first, files by name, then their directory."""
    # Folder by folder: the keys of a whole card's names would take as much room as its records.
    files: dict[str, list[FileRecord]] = {}
    folders: dict[str, FolderRecord] = {}
    for record in records:
        if isinstance(record, FileRecord):
            files.setdefault(record.path.rpartition("/")[0], []).append(record)
        else:
            folders[record.path] = record
    for folder in sorted({*files, *folders}, key=_deeper_first):
        yield from sorted(files.get(folder, ()), key=attrgetter("path"))
        if folder in folders:
            yield folders[folder]


def _deeper_first(folder: str) -> tuple[str, ...]:
    return (*(folder.split("/") if folder else ()), _LAST)


def append_manifest(
    history: History,
    header: Header,
    records: Iterable[FileRecord | FolderRecord],
    started: datetime,
    through: Path,
) -> tuple[Path, str]:
    """Write one manifest and its place in the chain; gives path and C4. Raises OSError.

    *through* is the way by which the history's folder is written to.
    """
    entries = chain_of(history.root)
    if [entry.c4 for entry in entries] != [generation.c4 for generation in history.generations]:
        raise ChainBroken(
            f"The history of {history.root} has changed since it was read.",
            path=history.root / HISTORY_FOLDER,
            hint="Another program is writing to it. Try again.",
        )
    folder = through / HISTORY_FOLDER
    folder.mkdir(exist_ok=True)
    _set_aside(folder, {entry.name for entry in entries})
    path = folder / manifest_name(history.root, len(entries) + 1, started)
    hasher = hashlib.sha512()

    def hashed() -> Iterator[str]:
        for piece in manifest_xml(header, records):
            hasher.update(piece.encode())
            yield piece

    with forgotten_on_failure(path, folder / CHAIN_NAME):
        manifest = write_partial(path, hashed())
        c4 = written_form(HashKind.C4, hasher.digest())
        entry = ChainEntry(number=len(entries) + 1, name=path.name, c4=c4)
        chain = write_partial(folder / CHAIN_NAME, chain_xml([*entries, entry]))
        give_name(manifest, path)
    sync_folder(folder)  # from here on the partial chain stays, whatever fails: see chain_of
    give_name(chain, folder / CHAIN_NAME, replace=True)
    sync_folder(folder)
    sync_folder(through)
    return history.root / HISTORY_FOLDER / path.name, c4


def _set_aside(folder: Path, chained: set[str]) -> None:
    """Take manifests that never came into the chain out of the way; not one byte is lost.

    What an interruption left half-written goes.
    """
    for partial in folder.glob(f"*{MANIFEST_SUFFIX}{PARTIAL_SUFFIX}"):
        partial.unlink()
    for name in manifests_in(folder):
        if name not in chained:
            aside = folder / (name + SET_ASIDE_SUFFIX)
            count = 1
            while aside.exists():
                count += 1
                aside = folder / f"{name}{SET_ASIDE_SUFFIX}{count}"
            (folder / name).rename(aside)


def manifest_name(root: Path, number: int, started: datetime) -> str:
    """`0001_A003R1_2026-11-20_120431Z.mhl`: number, folder, and when the operation started, UTC."""
    stamp = started.astimezone(UTC).strftime("%Y-%m-%d_%H%M%SZ")
    tail = f"_{stamp}{MANIFEST_SUFFIX}"
    room = 255 - len(f"{number:04d}_{tail}{SET_ASIDE_SUFFIX}99")
    return f"{number:04d}_{file_name_part(root, room)}{tail}"
