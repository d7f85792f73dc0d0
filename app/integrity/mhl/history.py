"""A history: all generations of a folder and of the histories nested in it, checked and indexed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.errors import (
    ChainBroken,
    ChainMissing,
    HistoryFault,
    ManifestAltered,
    ManifestMissing,
)
from app.integrity.hashing import Digests, HashKind, written_form
from app.integrity.mhl.ignore import DEFAULT_IGNORE, IgnoreList, grown
from app.integrity.mhl.reading import read_chain, scan_manifest
from app.integrity.mhl.timeline import KnownFile, Timeline
from app.integrity.mhl.values import (
    CHAIN_NAME,
    HISTORY_FOLDER,
    MANIFEST_SUFFIX,
    ChainEntry,
    Header,
    Reference,
)
from app.integrity.mhl.writing import partial_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One manifest of a history; its records are in the history's index."""

    number: int
    path: Path
    c4: str
    header: Header
    files: int


class History:
    """What is recorded about the files below one folder. Made by `load`, never changed."""

    __slots__ = ("_ignoring", "_timeline", "children", "generations", "lost", "root", "warnings")

    def __init__(
        self,
        *,
        root: Path,
        generations: tuple[Generation, ...] = (),
        timeline: Timeline | None = None,
        children: Mapping[str, History] | None = None,
        lost: tuple[str, ...] = (),
        warnings: tuple[str, ...] = (),
    ) -> None:
        self.root = root
        self.generations = generations
        self.children: Mapping[str, History] = children or {}
        """Histories nested directly in this one, by the path of their folder."""
        self.warnings = warnings
        """What was tolerated, in words; of nested histories too."""
        self._timeline = timeline or Timeline()
        self._ignoring = IgnoreList(self.ignore)
        self.lost = lost
        """Folders of nested histories that are gone with all that was in them."""

    @classmethod
    def load(cls, root: Path, answered: Callable[[], None] = lambda: None) -> History | None:
        """The history of *root*, or None when it has none; raises HistoryFault in its kinds.

        *answered* is called whenever the drive has given a folder or a manifest.
        """
        return _loaded(root, answered) if _has_history(root) else None

    @classmethod
    def beneath(cls, root: Path, answered: Callable[[], None] = lambda: None) -> History:
        """The history of *root*, empty when it has none, with those nested in it all the same."""
        return _loaded(root, answered)

    @property
    def ignore(self) -> tuple[str, ...]:
        """The ignore list: the lines of all generations, which only ever grow."""
        lines = (generation.header.ignore for generation in self.generations)
        return grown((), *lines) or DEFAULT_IGNORE

    def ignores(self, path: str, *, folder: bool = False) -> bool:
        """Whether *path* is left out, by this history or the nested one that it lies in."""
        if self._ignoring.matches(path, folder=folder):
            return True
        scope = self._direct_scope(path) if self.children else ""
        return bool(scope) and self.children[scope].ignores(path[len(scope) + 1 :], folder=folder)

    def known(self, path: str) -> Digests:
        """The latest valid hashes of *path* by kind; empty when there are none."""
        found = self.find(path)
        return found.digests if found else {}

    def find(self, path: str) -> KnownFile | None:
        """What is known of *path*, under its present name; None for a file never recorded."""
        if self.children:
            scope = self._direct_scope(path)
            if scope:
                found = self.children[scope].find(path[len(scope) + 1 :])
                if found is not None:
                    return found
        return self._timeline.files.get(path)

    def paths(self) -> Iterator[str]:
        """Every file that is recorded and, by that, expected; under its present name."""
        for path in self._timeline.files:
            scope = self._direct_scope(path) if self.children else ""
            if not scope or self.children[scope].find(path[len(scope) + 1 :]) is None:
                yield path
        for folder, child in self.children.items():
            for path in child.paths():
                yield f"{folder}/{path}"

    def folders(self) -> Iterator[str]:
        """Every directory that is recorded, under its present name."""
        yield from self._timeline.folders
        for folder, child in self.children.items():
            for path in child.folders():
                yield f"{folder}/{path}"

    def scope_of(self, path: str) -> str:
        """The folder of the deepest nested history that *path* lies in; `""` for this one."""
        scope = self._direct_scope(path)
        if not scope:
            return ""
        deeper = self.children[scope].scope_of(path[len(scope) + 1 :])
        return f"{scope}/{deeper}" if deeper else scope

    def scopes(self) -> Iterator[tuple[str, History]]:
        """All histories in the order in which they are written: children first, this one last."""
        for folder, child in self.children.items():
            for deeper, history in child.scopes():
                yield (f"{folder}/{deeper}" if deeper else folder), history
        yield "", self

    def _direct_scope(self, path: str) -> str:
        at = path.find("/")
        while at >= 0:
            if path[:at] in self.children:
                return path[:at]
            at = path.find("/", at + 1)
        return ""


def c4_of(path: Path) -> str:
    """The C4 of the file at *path*; raises OSError."""
    with path.open("rb") as file:
        return written_form(HashKind.C4, hashlib.file_digest(file, "sha512").digest())


def manifests_in(folder: Path) -> list[str]:
    """The names of all manifests in a history folder, also of those outside of the chain."""
    try:
        with os.scandir(folder) as found:
            names = [entry.name for entry in found if entry.is_file()]
    except OSError:
        return []
    return sorted(n for n in names if n.endswith(MANIFEST_SUFFIX) and not n.startswith("._"))


def _interrupted_first(folder: Path) -> bool:
    """Whether the first generation was cut off just before its chain got its name."""
    try:
        entries = read_chain(partial_of(folder / CHAIN_NAME))
    except HistoryFault:
        return False
    return [entry.name for entry in entries] == manifests_in(folder)


def chain_of(root: Path) -> tuple[ChainEntry, ...]:
    """The chain of the history of *root*, checked for order; raises HistoryFault."""
    path = root / HISTORY_FOLDER / CHAIN_NAME
    if not path.exists():
        if manifests_in(path.parent) and not _interrupted_first(path.parent):
            raise ChainMissing(f"{CHAIN_NAME} is missing in {path.parent}.", path=path)
        return ()
    entries = read_chain(path)
    for expected, entry in enumerate(entries, start=1):
        if entry.number != expected:
            raise ChainBroken(
                f"{path} lists generation {entry.number} where {expected} should be.", path=path
            )
    if len({entry.name for entry in entries}) < len(entries):
        raise ChainBroken(f"{path} lists one manifest twice.", path=path)
    return entries


def _has_history(root: Path) -> bool:
    folder = root / HISTORY_FOLDER
    if (folder / CHAIN_NAME).exists():
        return True
    return bool(manifests_in(folder)) and not _interrupted_first(folder)


def _loaded(root: Path, answered: Callable[[], None]) -> History:
    entries = chain_of(root)
    folder = root / HISTORY_FOLDER
    outside = sorted(set(manifests_in(folder)) - {entry.name for entry in entries})
    timeline = Timeline()
    generations = []
    for entry in entries:
        generations.append(_generation(folder, entry, timeline))
        answered()
    children = {
        path.relative_to(root).as_posix(): _loaded(path, answered)
        for path in _nested_histories(root, answered)
    }
    warnings = [
        f"{name} in {folder} is not in the chain and was not used; "
        "it was probably written just before an interruption."
        for name in outside
    ]
    for child in children.values():
        warnings += child.warnings
    nested = _scopes_below(children)
    _check_references(root, generations, nested)
    return History(
        root=root,
        generations=tuple(generations),
        timeline=timeline,
        children=children,
        lost=tuple(_lost_children(root, generations, nested)),
        warnings=tuple(warnings),
    )


def _generation(folder: Path, entry: ChainEntry, timeline: Timeline) -> Generation:
    """Check one manifest against the chain and take its records into *timeline*."""
    path = folder / entry.name
    try:
        c4 = c4_of(path)
    except FileNotFoundError as error:
        raise ManifestMissing(
            f"{entry.name}, generation {entry.number}, is missing in {folder}.", path=path
        ) from error
    except OSError as error:
        raise HistoryFault(f"{path} cannot be read ({error.strerror}).", path=path) from error
    if c4 != entry.c4:
        raise ManifestAltered(
            f"{entry.name} in {folder} was changed after it was written: "
            "its C4 is not the one in the chain.",
            path=path,
        )
    header = scan_manifest(path, lambda record: timeline.take(record, entry.number))
    files = timeline.finish(entry.number)
    return Generation(number=entry.number, path=path, c4=c4, header=header, files=files)


def _nested_histories(root: Path, answered: Callable[[], None]) -> Iterator[Path]:
    """Folders below *root* with a history of their own; what lies beneath them is theirs."""
    for folder, names, _ in os.walk(root):
        answered()
        names.sort()
        here = Path(folder)
        if here != root and HISTORY_FOLDER in names and _has_history(here):
            names.clear()
            yield here
        elif HISTORY_FOLDER in names:
            names.remove(HISTORY_FOLDER)


def _scopes_below(children: Mapping[str, History]) -> dict[str, History]:
    return {
        f"{folder}/{deeper}" if deeper else folder: history
        for folder, child in children.items()
        for deeper, history in child.scopes()
    }


def _check_references(
    root: Path, generations: Sequence[Generation], nested: Mapping[str, History]
) -> None:
    """What a parent says about its children's manifests must be what the children have."""
    vouched = {generation.c4 for child in nested.values() for generation in child.generations}
    for generation in generations:
        for reference in generation.header.references:
            if _scope_named(reference) not in nested or reference.c4 in vouched:
                continue
            path = root / reference.path
            if path.exists():
                raise ManifestAltered(
                    f"{path} is not the manifest that {generation.path.name} vouches for.",
                    path=path,
                )
            raise _missing_child(path, generation)


def _lost_children(
    root: Path, generations: Sequence[Generation], nested: Mapping[str, History]
) -> Iterator[str]:
    """Nested histories of the last generation that has any, whose folders are nowhere any more."""
    vouched = {generation.c4 for child in nested.values() for generation in child.generations}
    last = next((g for g in reversed(generations) if g.header.references), None)
    for reference in last.header.references if last else ():
        scope = _scope_named(reference)
        if scope in nested or reference.c4 in vouched:
            continue
        if (root / scope).is_dir():
            assert last is not None
            raise _missing_child(root / reference.path, last)
        yield scope


def _missing_child(path: Path, generation: Generation) -> ManifestMissing:
    return ManifestMissing(
        f"{path.name} is missing in {path.parent}; {generation.path.name} names it.", path=path
    )


def _scope_named(reference: Reference) -> str:
    """The folder of the nested history that a reference points into."""
    return "/".join(reference.path.split("/")[:-2])
