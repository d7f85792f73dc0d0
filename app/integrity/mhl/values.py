"""What an ASC MHL history says, as values: records of files and folders, manifests, references.

Paths are relative to the folder that holds the `ascmhl` folder, with `/` between their parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from app.integrity.hashing import Digests, HashKind

HISTORY_FOLDER = "ascmhl"
"""Name of the folder that holds a history."""

CHAIN_NAME = "ascmhl_chain.xml"
"""Name of the file in it that lists the manifests with their C4."""

MANIFEST_SUFFIX = ".mhl"


class Action(StrEnum):
    """What an operation did with a hash."""

    ORIGINAL = "original"
    """The first hash of this file in the history."""
    VERIFIED = "verified"
    """Compared with an earlier hash and found equal."""
    FAILED = "failed"
    """Compared with an earlier hash and found different; never used to verify."""


class Process(StrEnum):
    """What kind of operation a manifest records."""

    IN_PLACE = "in-place"
    TRANSFER = "transfer"
    FLATTEN = "flatten"


@dataclass(frozen=True, slots=True, kw_only=True)
class HashRecord:
    """One hash of one file in one manifest; some tools leave out the action or the moment."""

    kind: HashKind
    text: str
    action: Action | None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """One file in one manifest; `size` in bytes.

    A record without hashes says that the file is there and was not hashed: it is never written,
    and no directory above it gets a directory hash.
    """

    path: str
    size: int | None
    mtime: datetime | None
    hashes: tuple[HashRecord, ...]
    previous_path: str | None = None

    def digests(self) -> dict[HashKind, str]:
        """All hashes of the record by kind, whatever their action."""
        return {record.kind: record.text for record in self.hashes}


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderRecord:
    """One directory in one manifest: hashes of what lies in it, and of that with its names."""

    path: str
    content: Digests = field(default_factory=dict)
    structure: Digests = field(default_factory=dict)
    mtime: datetime | None = None
    previous_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A directory that is there, as the caller found it; its hashes are computed by us."""

    path: str
    mtime: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryDigests:
    """The two hashes of a directory, by kind."""

    content: Mapping[HashKind, str]
    structure: Mapping[HashKind, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """A person who answers for a manifest."""

    name: str
    email: str | None = None
    phone: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Creator:
    """Who and what wrote a manifest, where and when.

    By the guidelines the comment names the absolute source and destination and the parallel copies.
    """

    tool: str
    version: str | None
    hostname: str
    created: datetime | None
    authors: tuple[Author, ...] = ()
    location: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A manifest of a nested history that belongs to the same operation."""

    path: str
    c4: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Everything in a manifest except its records."""

    creator: Creator
    process: Process
    root: DirectoryDigests | None = None
    ignore: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One manifest, whole: one operation on one folder."""

    header: Header
    files: tuple[FileRecord, ...] = ()
    folders: tuple[FolderRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainEntry:
    """One line of the chain: the manifest's number, its file name, its C4."""

    number: int
    name: str
    c4: str
