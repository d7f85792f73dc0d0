"""Directory hashes: one hash of all that lies in a directory, and one of that with its names.

Content: the hash of the children's hashes (files) and content hashes (directories).
Structure: the hash of hash(name + hash) of each child, a directory giving its structure hash.
Both lists are sorted as written and hashed as bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.integrity.hashing import CUSTODY_KINDS, HashKind, hash_bytes, raw_form
from app.integrity.mhl.values import DirectoryDigests, FileRecord

_Pair = tuple[str, str]


def common_kinds(files: Iterable[FileRecord]) -> tuple[HashKind, ...]:
    """The custody kinds that every file has; xxh64 where there are no files.

    Only these make directory hashes: ascmhl 1.2 stops at a kind in a directory that the root lacks.
    """
    common: set[HashKind] | None = None
    last: frozenset[HashKind] | None = None
    for file in files:
        kinds = frozenset(record.kind for record in file.hashes)
        if kinds != last:
            common = set(kinds) if common is None else common & kinds
            last = kinds
    if common is None:
        return (HashKind.XXH64,)
    return tuple(kind for kind in CUSTODY_KINDS if kind in common)


def ancestors(path: str) -> Iterable[str]:
    """The folders that *path* lies in, deepest first, ending with the root ``""``."""
    while path:
        path = path.rpartition("/")[0]
        yield path


def directory_digests(
    files: Iterable[FileRecord], folders: Iterable[str], kinds: Sequence[HashKind]
) -> dict[str, DirectoryDigests]:
    """Both hashes of the root (``""``), of *folders* and of all folders in between, by path."""
    children: dict[str, list[FileRecord]] = {"": []}
    for folder in folders:
        children.setdefault(folder, [])
    for file in files:
        children.setdefault(file.path.rpartition("/")[0], []).append(file)
    for folder in tuple(children):
        for above in ancestors(folder):
            children.setdefault(above, [])
    return _bottom_up(children, kinds)


def _bottom_up(
    children: dict[str, list[FileRecord]], kinds: Sequence[HashKind]
) -> dict[str, DirectoryDigests]:
    below: dict[str, list[str]] = {}
    for folder in children:
        if folder:
            below.setdefault(folder.rpartition("/")[0], []).append(folder)
    done: dict[str, DirectoryDigests] = {}
    for folder in sorted(children, key=_depth, reverse=True):
        own = [(_name(file.path), file.digests()) for file in children[folder]]
        inner = [(_name(path), done[path]) for path in below.get(folder, ())]
        content, structure = {}, {}
        for kind in kinds:
            flat = [(name, digests[kind]) for name, digests in own]
            deep = [digests.content[kind] for _, digests in inner]
            content[kind] = _of_list(kind, [text for _, text in flat] + deep)
            named = flat + [(name, digests.structure[kind]) for name, digests in inner]
            structure[kind] = _of_list(kind, [_with_name(kind, pair) for pair in named])
        done[folder] = DirectoryDigests(content=content, structure=structure)
    return done


def _with_name(kind: HashKind, pair: _Pair) -> str:
    name, text = pair
    return hash_bytes(kind, name.encode() + raw_form(kind, text))


def _of_list(kind: HashKind, texts: list[str]) -> str:
    return hash_bytes(kind, b"".join([raw_form(kind, text) for text in sorted(texts)]))


def _depth(folder: str) -> int:
    return folder.count("/") + 1 if folder else 0


def _name(path: str) -> str:
    return path.rpartition("/")[2]
