"""Which directories were renamed, told by the files in them: a history records that too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from app.integrity.mhl.history import History
from app.integrity.mhl.values import FileRecord


def renamed_folders(
    history: History, files: Iterable[FileRecord], present: Collection[str]
) -> dict[str, str]:
    """New name to earlier name of each directory that is gone and whose files are elsewhere now.

    *present* holds the directories that are there. A directory without files follows the one it
    lay in, or goes by its name where that is the only one of its kind.
    """
    renamed = [(f.previous_path, f.path) for f in files if f.previous_path]
    if "" not in present:
        return {}
    recorded = set(history.folders())
    gone = {folder for folder in recorded if folder not in present}
    if not gone:
        return {}
    moves: dict[str, str] = {}
    taken: set[str] = set()
    for earlier, later in renamed:
        old, new = _parent(earlier), _parent(later)
        while old in gone and new and new not in recorded:
            if old not in taken and new not in moves:
                moves[new] = old
                taken.add(old)
            old, new = _parent(old), _parent(new)
    _take_along(moves, gone, [path for path in present if path and path not in recorded])
    return moves


def _take_along(moves: dict[str, str], gone: Collection[str], come: Sequence[str]) -> None:
    """Pair the directories that no file told about."""
    forward = {old: new for new, old in moves.items()}
    rest = [old for old in sorted(gone) if old not in forward]
    old_names = Counter(_name(old) for old in rest)
    by_name: dict[str, list[str]] = {}
    for new in come:
        if new not in moves:
            by_name.setdefault(_name(new), []).append(new)
    unmatched = {new for news in by_name.values() for new in news}
    for old in rest:  # parents come before what lies in them
        name = _name(old)
        above = forward.get(_parent(old))
        new = f"{above}/{name}" if above else ""
        alike = by_name.get(name, [])
        if new not in unmatched and old_names[name] == 1 and len(alike) == 1:
            new = alike[0]
        if new in unmatched:
            unmatched.discard(new)
            moves[new] = old
            forward[old] = new


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _name(path: str) -> str:
    return path.rpartition("/")[2]
