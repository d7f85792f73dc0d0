"""What lies in a folder that is verified, sorted by what is to be done with it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from app.integrity.mhl import Folder, file_moment, holdable
from app.integrity.mhl.values import HISTORY_FOLDER
from app.integrity.verify.read import Wanted
from app.integrity.verify.records import Records
from app.places.silence import Silence
from app.places.tree import Entry, EntryKind, each_entry

OUR_OWN = ".reelkeep-"
"""Begins the name of what an unfinished job left; it is no part of a copy."""
_STRAYS = {
    EntryKind.LINK: "a link",
    EntryKind.SPECIAL: "no regular file, or another volume is mounted there",
}
_ODD_NAME = "its name cannot be held by a manifest"


@dataclass(slots=True, eq=False)
class Listing:
    """A folder as it lies there."""

    wanted: dict[str, Wanted] = field(default_factory=dict)
    """Files to be read."""
    folders: list[Folder] = field(default_factory=list)
    strays: dict[str, str] = field(default_factory=dict)
    """What no manifest can hold and none leaves out, with the reason: links, odd names, …"""
    odd: dict[str, Entry] = field(default_factory=dict)
    """Links and files that no manifest can hold, also those that its ignore patterns name."""
    linked: list[Wanted] = field(default_factory=list)
    """Links that the history has as files."""
    unlistable: dict[str, str] = field(default_factory=dict)
    """Folders that could not be listed, with the reason."""
    followed: bool = False
    """Whether the history has links as files; then it gets no directory hashes from us."""
    leftovers: bool = False
    """Whether an unfinished job left something."""

    @property
    def size(self) -> int:
        """Bytes to be read."""
        return sum(one.size for one in self.wanted.values())

    def hidden(self, path: str) -> str | None:
        """Why nobody can tell whether *path* is there: a folder above it cannot be listed."""
        for folder, trouble in self.unlistable.items():
            if not folder or path == folder or path.startswith(folder + "/"):
                return trouble
        return None


def list_part(records: Records, silence: Silence, checkpoint: Callable[[], None]) -> Listing:
    """List the checked folder of a part; *checkpoint* is called between entries, and may raise.

    DestinationSilent when the drive does not answer.
    """
    part, listing = records.part, Listing()
    usual, folders = records.usual_kinds(), frozenset(records.history.folders())
    prefix = part.below + "/" if part.below else ""
    if prefix:
        with silence.call():
            moment = file_moment(os.stat(part.place).st_mtime_ns)
        listing.folders.append(Folder(path=part.below, mtime=moment))
    own = {path.name for path in part.legacy}
    for found in silence.each(each_entry(part.place)):
        checkpoint()
        entry = found._replace(path=(prefix + found.path).rstrip("/"))
        if entry.path in own or HISTORY_FOLDER in entry.path.split("/"):
            continue
        if entry.name.startswith(OUR_OWN):
            listing.leftovers = True
            continue
        if _odd(entry, records, folders):
            listing.odd[entry.path] = entry
        if not records.history.ignores(entry.path, folder=entry.kind is EntryKind.FOLDER):
            wanted = Wanted(
                path=entry.path,
                size=entry.size,
                mtime_ns=entry.mtime_ns,
                kinds=records.kinds(entry.path, usual),
                short=entry.path in records.short,
            )
            _sort_in(entry, wanted, listing, records, folders)
    for one in listing.linked:
        with silence.call(at=one.path):
            _follow(one, listing, records)
    return listing


def _odd(entry: Entry, records: Records, folders: frozenset[str]) -> bool:
    """Whether no manifest can hold an entry."""
    if entry.kind is EntryKind.LINK:
        return entry.path not in folders and records.history.find(entry.path) is None
    return entry.kind is EntryKind.FILE and not holdable(entry.path)


def _sort_in(
    entry: Entry, wanted: Wanted, listing: Listing, records: Records, folders: frozenset[str]
) -> None:
    path, kind = entry.path, entry.kind
    if kind is EntryKind.UNREADABLE:
        listing.unlistable[path] = entry.trouble
    elif kind is EntryKind.FILE and holdable(path):
        listing.wanted[path] = wanted
    elif kind is EntryKind.FOLDER and holdable(path):
        listing.folders.append(Folder(path=path, mtime=file_moment(entry.mtime_ns)))
    elif kind is EntryKind.LINK and path in folders:
        listing.followed = True
        listing.folders.append(Folder(path=path, mtime=file_moment(entry.mtime_ns)))
    elif kind is EntryKind.LINK and records.history.find(path) is not None:
        listing.linked.append(wanted)
    elif kind is not EntryKind.FOLDER:
        listing.strays[path] = _STRAYS.get(kind, _ODD_NAME)


def _follow(wanted: Wanted, listing: Listing, records: Records) -> None:
    """The history has the file that a link leads to under the link's name, as ascmhl does."""
    listing.followed = True
    try:
        found = os.stat(records.part.root / wanted.path)
    except OSError:
        return  # it leads nowhere: the file is missing
    if stat.S_ISREG(found.st_mode):
        listing.wanted[wanted.path] = replace(
            wanted, size=found.st_size, mtime_ns=found.st_mtime_ns, follow=True
        )
