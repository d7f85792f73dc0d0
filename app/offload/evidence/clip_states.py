"""The clips of a card as its report tells of them: told apart, each with what became of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import compress

from app.offload.copying.work import CopyState
from app.offload.evidence.rows import EntryRow
from app.places.cards import Card, Clip
from app.reports.model import ClipRow, FileRow

_WORST = ("unreadable", "changed", "unsteady", "special", "failed", "not copied",
          str(CopyState.WRITTEN), str(CopyState.CACHE))  # fmt: skip


class ClipNames:
    """The names of a card's clips; where several have one name, the folder stands before it.

    Cameras count anew in each folder: 100CANON/MVI_0001 and 101CANON/MVI_0001 are two clips.
    """

    def __init__(self, card: Card | None) -> None:
        self._clips = card.clips if card else ()
        names = [clip.name for clip in self._clips]
        again = _repeated(names)
        if again:
            names = [_in_folder(c) if c.name in again else c.name for c in self._clips]
            again = _repeated(names)
        if again:  # even the folder is the same
            names = [c.files[0] if n in again and c.files else n
                     for c, n in zip(self._clips, names, strict=True)]  # fmt: skip
        self._names = names
        apart = (clip.name != name for clip, name in zip(self._clips, names, strict=True))
        both = zip(self._clips, names, strict=True)
        self._by_path = {path: name for clip, name in compress(both, apart) for path in clip.files}

    def of(self, row: EntryRow) -> str:
        """The clip that a file belongs to, "" for none."""
        return self._by_path.get(row.entry.path, row.clip) if self._by_path else row.clip

    def __iter__(self) -> Iterator[tuple[Clip, str]]:
        return zip(self._clips, self._names, strict=True)


class ClipStates:
    """Gathers what became of each clip while the rows of its files go by."""

    def __init__(self, names: ClipNames) -> None:
        self._names = names
        self._states: defaultdict[str, set[str]] = defaultdict(set)

    def seen(self, files: Iterable[FileRow]) -> Iterator[FileRow]:
        """*files*, each taken in as it goes by."""
        for file in files:
            self._states[file.clip].add(file.state)
            yield file

    def rows(self) -> Iterator[ClipRow]:
        """Every clip of the card, once all its files have gone by."""
        for clip, name in self._names:
            found = self._states[name] - {"ignored"}
            yield ClipRow(
                name=name,
                files=len(clip.files),
                size=clip.size,
                recorded=clip.first_recorded,
                state="verified" if found == {"verified"} else worst(found),
                missing=clip.missing,
            )


def worst(states: set[str]) -> str:
    """The state that is to be told of several."""
    return next((state for state in _WORST if state in states), "not copied")


def _repeated(names: Iterable[str]) -> set[str]:
    return {name for name, times in Counter(names).items() if times > 1}


def _in_folder(clip: Clip) -> str:
    folder = clip.files[0].rpartition("/")[0] if clip.files else ""
    return f"{folder}/{clip.name}" if folder else clip.name
