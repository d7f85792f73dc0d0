"""The entries of a card as folders that are found again whatever their case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from sys import intern
from typing import NamedTuple

from app.places.tree import Entry, EntryKind

FRAMES = frozenset({"ari", "arx", "dpx", "exr", "tif", "tiff", "dng", "cin", "rmf", "vrw", "png"})
"""One file per picture: a row of them is one clip."""
MOVIES = frozenset({
    "mov", "mp4", "m4v", "mxf", "mts", "m2ts", "m2t", "ts", "avi", "mkv", "mpg", "mpeg",
    "360", "insv", "braw", "braw2", "r3d", "crm", "nev",
})  # fmt: skip
SOUNDS = frozenset({"wav", "bwf", "rf64", "aif", "aiff", "mp3", "flac", "m4a", "aac"})
STILLS = frozenset({
    "jpg", "jpeg", "heic", "heif", "hif", "insp",
    "cr2", "cr3", "nef", "arw", "raf", "rw2", "orf", "gpr",
})  # fmt: skip
MEDIA = FRAMES | MOVIES | SOUNDS | STILLS

_CLUTTER = frozenset({
    ".ds_store", ".spotlight-v100", ".trashes", ".trash", ".fseventsd", ".temporaryitems",
    ".documentrevisions-v100", ".apdisk", ".volumeicon.icns", ".metadata_never_index",
    "system volume information", "$recycle.bin", "recycler", "desktop.ini", "thumbs.db",
    "lost+found", "lost.dir",
})  # fmt: skip


class Found(NamedTuple):
    """A file on the card. (Cards have 400,000 of them: what the path tells is not kept again.)"""

    entry: Entry
    ext: str
    """The extension, lower case and without its dot."""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.entry.path.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """The name without its extension, as written."""
        name = self.name
        stem, dot, _ = name.rpartition(".")
        return stem if dot else name

    @property
    def path(self) -> str:
        """Relative to the card's root."""
        return self.entry.path


@dataclass(slots=True, eq=False)
class Folder:
    """A folder of the card; folders that differ in case only are one."""

    name: str
    path: str
    files: list[Found] = field(default_factory=list)
    folders: dict[str, Folder] = field(default_factory=dict)
    """By lower-case name."""

    def sub(self, *names: str) -> Folder | None:
        """The folder reached by these names in any case, None when one is not there."""
        here: Folder | None = self
        for name in names:
            here = here.folders.get(name.lower()) if here else None
        return here

    def file(self, name: str) -> Found | None:
        """The file of this name in any case."""
        wanted = name.lower()
        return next((found for found in self.files if found.name.lower() == wanted), None)

    def walk(self) -> Iterator[Found]:
        """Every file in this folder and below, a folder's own files first."""
        yield from self.files
        for folder in self.folders.values():
            yield from folder.walk()

    def below(self) -> Iterator[Folder]:
        """This folder and every one below it."""
        yield self
        for folder in self.folders.values():
            yield from folder.below()


def is_clutter(path: str) -> bool:
    """Whether a path is what a computer leaves on any volume that it mounts."""
    return any(
        part.startswith(("._", ".Trash-")) or part.lower() in _CLUTTER for part in path.split("/")
    )


def _is_unseen(name: str) -> bool:
    """Whether a name is no part of a recording: hidden, clutter, or a chain of custody."""
    return name[:1] == "." or name.lower() in _CLUTTER or name.lower() == "ascmhl"


def arrange(entries: Iterable[Entry], called: str = "") -> Folder:
    """The root folder of *entries*, which may come in any order; hidden names are left out."""
    root = Folder(name=called, path="")
    known: dict[str, Folder | None] = {"": root}
    for entry in entries:
        if entry.kind is EntryKind.FILE:
            parent, _, name = entry.path.rpartition("/")
            folder = known[parent] if parent in known else _reach(parent, known)
            if folder is None or _is_unseen(name):
                continue
            _, dot, ext = name.rpartition(".")
            folder.files.append(Found(entry, intern(ext.lower()) if dot else ""))
        elif entry.kind is EntryKind.FOLDER and entry.path not in known:
            _reach(entry.path, known)
    return root


def _reach(path: str, known: dict[str, Folder | None]) -> Folder | None:
    parent, _, name = path.rpartition("/")
    above = known[parent] if parent in known else _reach(parent, known)
    here: Folder | None = None
    if above is not None and not _is_unseen(name):
        here = above.folders.get(name.lower())
        if here is None:
            here = above.folders[name.lower()] = Folder(name=name, path=path)
    known[path] = here
    return here
