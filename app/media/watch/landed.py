"""Which clips lie below the raw folder of a watch folder: of one file, of several, of pictures."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from app.media.facts.row import Pictures, ending, rows_among
from app.media.facts.stamp import Stamp
from app.media.facts.whole import spans_of
from app.media.ffmpeg.feed import missing_pictures
from app.media.products.partial import PART
from app.places.cards.listing import FRAMES, MEDIA, MOVIES, SOUNDS

_ALONE = MOVIES | SOUNDS
_LAST = 6
"""Pictures at the end of a row that tell how fast it comes in."""
_PATIENCE = 3
"""How many times as long as for one of them the next one is waited for."""
_SLOWEST = 600.0
"""Seconds for one picture beyond which nobody waits any longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """One clip below the raw folder."""

    name: str
    """The path of its first file below the raw folder."""
    called: str
    """What is made of it is called so."""
    files: tuple[Path, ...]
    """All that hold picture or sound of it, in order."""
    stamp: Stamp
    """Of all its files."""
    lacks: str = ""
    """Files of it that are not there, and may still come."""
    due: float = 0.0
    """Seconds of the clock until which a row may well get its next picture."""

    @property
    def sound(self) -> bool:
        """Whether there is nothing to be seen in it."""
        return ending(self.name) in SOUNDS

    @property
    def place(self) -> tuple[str, str]:
        """What is made of two clips of one place would be called the same."""
        return self.name.rpartition("/")[0], self.called.casefold()


@dataclass(slots=True)
class Landing:
    """What was found at one look."""

    clips: dict[str, Landed] = field(default_factory=dict)
    """By their names."""
    left_out: set[str] = field(default_factory=set)
    """Files that are no clips."""
    unreadable: list[OSError] = field(default_factory=list)
    """Folders that cannot be listed, each as the error that names it."""
    _places: dict[tuple[str, str], list[Landed]] = field(default_factory=dict)

    def add(self, clip: Landed) -> None:
        """One more."""
        self.clips[clip.name] = clip
        self._places.setdefault(clip.place, []).append(clip)

    def has_twin(self, clip: Landed, *, sounds: bool) -> bool:
        """Whether what is made of another clip in its folder would be called the same.

        Without *sounds* nothing is made of these, and they take no name from a picture.
        """
        same = self._places.get(clip.place, ())
        return any(one.name != clip.name and (sounds or not one.sound) for one in same)


def look(raw: Path) -> Landing:
    """Every clip below *raw*. Raises OSError where that cannot be listed."""
    if not raw.is_dir():
        raise FileNotFoundError(2, "No such file or directory", str(raw))
    found, single = Landing(), list[Path]()
    for folder, names in _folders(raw, found):
        by_kind = {name: ending(name) for name in names}
        frames = {name for name, kind in by_kind.items() if kind in FRAMES}
        for row in _rows(folder, frames):
            frames -= set(row.names)
            with contextlib.suppress(OSError):  # it is gone again
                found.add(_of_row(raw, row))
        single += [folder / name for name, kind in by_kind.items() if kind in _ALONE]
        others = {name for name, kind in by_kind.items() if kind not in _ALONE | FRAMES}
        found.left_out |= {_inside(raw, folder / name) for name in others | frames}
    for clip in _of_files(raw, single):
        found.add(clip)
    return found


def _folders(raw: Path, found: Landing) -> Iterator[tuple[Path, list[str]]]:
    """Each folder with its files, but for what is hidden or not finished."""
    left = [raw]
    while left:
        folder = left.pop()
        names, below = [], []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or entry.name.endswith(PART):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        below.append(folder / entry.name)
                    elif _is_plain(entry):
                        names.append(entry.name)
                    else:
                        found.left_out.add(_inside(raw, folder / entry.name))
        except OSError as error:
            error.filename = error.filename or os.fspath(folder)
            found.unreadable.append(error)
        left += sorted(below, reverse=True)
        yield folder, sorted(names)


def _is_plain(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file itself, and neither a link nor a pipe."""
    with contextlib.suppress(OSError):
        return entry.is_file(follow_symlinks=False)
    return True  # it is told of when it is looked at


def _inside(raw: Path, path: Path) -> str:
    return path.relative_to(raw).as_posix()


def _rows(folder: Path, names: Iterable[str]) -> list[Pictures]:
    """Rows of pictures; single ones, and those of a photo camera's card, are no clips."""
    if any(one.name.lower() == "dcim" for one in (folder, *folder.parents)):
        return []
    try:
        return rows_among(folder, names)
    except OSError:  # one of them is gone: seen at the next look
        return []


def _of_row(raw: Path, row: Pictures) -> Landed:
    files = tuple(row.folder / name for name in row.names)
    return Landed(
        name=_inside(raw, row.first),
        called=row.title,
        files=files,
        stamp=Stamp.of_all(files),
        lacks=missing_pictures(row.row),
        due=_due([path.stat().st_mtime for path in files[-_LAST:]]),
    )


def _due(changed: list[float]) -> float:
    """Until when a row whose last pictures came at those times may well get its next one."""
    last = max(changed)
    if last > time.time():  # written by another clock
        return 0.0
    slowest = max(abs(after - before) for before, after in pairwise(changed))
    return last + _PATIENCE * min(slowest, _SLOWEST)


def _of_files(raw: Path, paths: list[Path]) -> Iterator[Landed]:
    """Clips of one file, or of several that go on one after the other."""
    spans, covered = spans_of(paths), set[Path]()
    for path in paths:
        if path in covered:
            continue
        called, lacks = path.stem, list[str]()
        files: tuple[Path, ...] = (path,)
        if (whole := spans.get(path)) is not None:
            of_it = (*whole.parts, *whole.sounds)
            if all(one.is_relative_to(raw) for one in of_it):
                files = of_it
                called = whole.name if len(whole.parts) > 1 else files[0].stem
                lacks = [name for name in whole.missing if ending(name) in MEDIA]
        covered.update(files)
        with contextlib.suppress(OSError):  # it is gone again
            yield Landed(
                name=_inside(raw, files[0]),
                called=called,
                files=files,
                stamp=Stamp.of_all(files),
                lacks=", ".join(lacks),
            )
