"""The whole clip that a file is a part of: spanned files, chapters, sound beside its picture.

The cards' structures know how cameras lay them out; here their knowledge is asked for one file.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from app.errors import BadInput
from app.media.facts.row import (
    PICTURES,
    Pictures,
    ending,
    picture_alone,
    pictures_in,
    pictures_of,
    pictures_with,
)
from app.places.cards.draft import ClipDraft
from app.places.cards.listing import MEDIA, MOVIES, SOUNDS, Folder, arrange
from app.places.cards.plain import by_stem
from app.places.cards.recognise import STRUCTURES
from app.places.cards.sidecars import Sidecars
from app.places.tree import Entry, EntryKind

_LEVELS = 5
"""Folders above a file that are looked at for a card's own."""
_TOPS = re.compile(r"contents|xdroot|m4root|bpav|dcim|bdmv|.+\.rdm", re.IGNORECASE)
"""Folders that hold a whole card, or all that belongs to its clips."""
_BESIDE = re.compile(r"xfvc|crm", re.IGNORECASE)
"""Folders that a card's structure looks for from the folder above."""
_P2 = "panasonic-p2"
_SPANNING = frozenset({
    "red", "gopro", "sony-xdroot", "sony-m4root", "sony-bpav", "canon-xf", _P2,
})  # fmt: skip
"""Structures in which several files of one clip go on one after the other."""
_MOST = 20_000
"""Entries that are listed; on a larger card a file is told by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """One clip as files."""

    name: str
    parts: tuple[Path, ...] = ()
    """Its media in order: one file, or all that it spans."""
    sounds: tuple[Path, ...] = ()
    """Files that hold only sound of it, beside its picture."""
    pictures: Pictures | None = None
    """Instead of parts, where it has one file for each picture."""
    sidecars: tuple[Path, ...] = ()
    missing: tuple[str, ...] = ()
    logs: tuple[Path, ...] = ()
    """Logs of the camera nearby, which may tell of this clip or not."""

    @property
    def first(self) -> Path:
        """The file that is read for its facts."""
        return self.pictures.first if self.pictures else self.parts[0]


def whole_clip(path: Path) -> Whole:
    """The clip that *path* belongs to, or that is in the folder *path*.

    Raises BadInput for a folder that is not one clip, OSError for what cannot be listed.
    """
    if path.is_dir():
        path = _one_clip_in(path)
    whole = _told_by_folders(path)
    folder = whole.first.parent
    logs = [one for at in (folder, folder.parent) for one in _files_of(at) if _is_log(one)]
    return replace(whole, logs=tuple(logs))


def _is_log(path: Path) -> bool:
    return ending(path.name) == "ale"


def _told_by_folders(path: Path) -> Whole:
    ext = ending(path.name)
    if ext not in MEDIA:
        return Whole(name=path.stem, parts=(path,))
    on_card = any(above.name.lower() == "dcim" for above in path.parents)
    if ext in PICTURES and not on_card:
        return _frames(pictures_with(path))
    key, draft, root = _draft_of(path)
    if draft is None:
        return Whole(name=path.stem, parts=(path,))
    return _whole(path, key, draft, root)


def _one_clip_in(folder: Path) -> Path:
    """A file of the one clip in a folder of frames or of one camera clip."""
    rows = pictures_in(folder)
    if len(rows) == 1:
        return rows[0].first
    files = sorted(one for one in folder.iterdir() if ending(one.name) in MOVIES)
    if not rows and files:
        whole = whole_clip(files[0])
        if set(files) <= {*whole.parts, *whole.sidecars}:
            return files[0]
    what = f"holds {len(rows)} rows of pictures" if rows else "is no file"
    raise BadInput(f"{folder} {what}, and not one clip.", hint="Name a file in it.", path=folder)


def _frames(pictures: Pictures) -> Whole:
    """A row with the files of its name beside it or its folder."""
    stem = pictures.names[0].rpartition(".")[0]
    known = (f"{pictures.title}.".lower(), f"{stem}.".lower())
    beside = [
        one
        for folder in (pictures.folder, pictures.folder.parent)
        for one in _files_of(folder)
        if one.name.lower().startswith(known) and ending(one.name) not in MEDIA | {"ale"}
    ]
    return Whole(name=pictures.title, pictures=pictures, sidecars=tuple(beside))


def _files_of(folder: Path) -> list[Path]:
    """The files in a folder but for its pictures; none of one that is too large or not readable."""
    found = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for n, entry in enumerate(entries):
            if n >= 10 * _MOST:
                return []
            if ending(entry.name) not in PICTURES and entry.is_file(follow_symlinks=False):
                found.append(Path(entry.path))
    return sorted(found)


def spans_of(paths: Iterable[Path]) -> dict[Path, Whole]:
    """The clip of each of *paths* that is one of several files of it, or lacks one.

    The same as `whole_clip` tells, with each folder listed only once.
    """
    found: dict[Path, Whole] = {}
    tops: dict[Path, tuple[Path, str]] = {}
    below: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for path in paths:
        if path.parent not in tops:
            tops[path.parent] = _top(path)
        below[tops[path.parent]].append(path)
    for (top, inside), some in below.items():
        key, clips, _ = _card_at(top, inside)
        if key not in _SPANNING:
            continue
        by_path = {part.path: clip for clip in clips for part in clip.parts}
        for path in some:
            if draft := by_path.get(path.relative_to(top).as_posix()):
                whole = _whole(path, key, draft, top)
                if len(whole.parts) + len(whole.sounds) > 1 or whole.missing:
                    found[path] = whole
    return found


def _card_at(top: Path, inside: str) -> tuple[str, list[ClipDraft], Folder]:
    """Key and clips of the card in a folder, "" and none where there is none; and what is there."""
    entries = list(_listed(top, inside))
    folder = arrange(entries, top.name)
    for structure in STRUCTURES if len(entries) < _MOST else ():
        card = structure.recognise(folder, Sidecars(top))
        if card is not None:
            return card.key, card.clips, folder
    return "", [], folder


def _draft_of(path: Path) -> tuple[str, ClipDraft | None, Path]:
    """The clip that the card's structure says *path* is media of; its key and the card's folder."""
    top, inside = _top(path)
    key, clips, folder = _card_at(top, inside)
    own = path.relative_to(top).as_posix()
    if key:
        return key, _clip_with(own, clips), top
    same = [found for found in folder.files if _alike(found.stem, path.stem)]
    draft = _clip_with(own, by_stem(same))
    if draft is not None:  # without a card's structure, sound of that name is a clip of its own
        draft.sidecars = [found for found in draft.sidecars if found.ext not in SOUNDS]
    return "", draft, top


def _clip_with(own: str, clips: list[ClipDraft]) -> ClipDraft | None:
    return next((clip for clip in clips if any(f.path == own for f in clip.parts)), None)


def _alike(stem: str, other: str) -> bool:
    """Whether a name could be a sidecar's of another: cheap, `by_stem` decides."""
    return stem.lower().startswith(other.lower())


def _top(path: Path) -> tuple[Path, str]:
    """The folder that a file's card is recognised from, and the one folder in it to look into.

    "" for all of them; `.` for none where the file lies on no card.
    """
    for above in list(path.parents)[:_LEVELS]:
        if _TOPS.fullmatch(above.name) or _BESIDE.fullmatch(above.name):
            return above.parent, above.name
        if _is_disc_clip(above):
            return above.parent, ""
    return path.parent, "."


def _is_disc_clip(folder: Path) -> bool:
    """Whether it is `Clip` of a Professional Disc, which has no folder around all of it."""
    return folder.name.lower() == "clip" and any(
        (folder.parent / name).exists() for name in ("MEDIAPRO.XML", "DISCMETA.XML")
    )


def _listed(top: Path, inside: str) -> Iterator[Entry]:
    """The entries of a folder up to the bound, and those below its folder (or folders) *inside*.

    What cannot be read is left out: the file that was asked for may well be.
    """
    left, folders = _MOST, [""]
    while folders and left > 0:
        folder = folders.pop(0)
        with contextlib.suppress(OSError), os.scandir(top / folder) as entries:
            for entry in entries:
                left -= 1
                name = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    if folder or inside in ("", entry.name):
                        folders.append(name)
                        yield Entry(name, EntryKind.FOLDER)
                elif entry.is_file(follow_symlinks=False):
                    facts = entry.stat(follow_symlinks=False)
                    yield Entry(name, EntryKind.FILE, facts.st_size, facts.st_mtime_ns)
                if left <= 0:
                    return


def _whole(path: Path, key: str, draft: ClipDraft, root: Path) -> Whole:
    parts = [root / found.path for found in draft.parts]
    sidecars = tuple(root / found.path for found in draft.sidecars)
    if ending(path.name) in PICTURES:
        row = pictures_of(path.parent, [part.name for part in parts]) if len(parts) > 1 else None
        return Whole(name=draft.name, pictures=row or picture_alone(path), sidecars=sidecars)
    sounds = [part for part in parts if key == _P2 and part.parent.name.lower() == "audio"]
    span = [part for part in parts if part not in sounds]
    # Files that do not go on one after the other are other forms of the same clip.
    if key not in _SPANNING or not _goes_on(path, span or sounds):
        return Whole(name=draft.name, parts=(path,), sidecars=sidecars)
    return Whole(
        name=draft.name,
        parts=tuple(span or sounds[:1]),
        sounds=tuple(sounds if span else sounds[1:]),
        sidecars=sidecars,
        missing=tuple(draft.missing),
    )


def _goes_on(path: Path, span: list[Path]) -> bool:
    """Whether files are of one kind and all differ in name: parts of one recording."""
    same_kind = all(ending(part.name) == ending(path.name) for part in span)
    return same_kind and len({part.name for part in span}) == len(span)
