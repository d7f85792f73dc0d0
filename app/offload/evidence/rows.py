"""The journal's tables of an offload, and how their rows are written and read.

Paths are bytes, since names on cards are not always text; moments are ISO 8601 with their offset;
the digests of a file are one text, `xxh64:… blake3:…`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from app.integrity.hashing import HashKind
from app.integrity.verdict import Problem, ReadWay
from app.offload.copying.work import CopyFact, CopyState
from app.places.tree import Entry, EntryKind

SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    job TEXT NOT NULL, n INTEGER NOT NULL, path BLOB NOT NULL, kind TEXT NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,
    mode INTEGER NOT NULL, inode INTEGER NOT NULL, target BLOB NOT NULL,
    allocated INTEGER NOT NULL, clip BLOB NOT NULL,
    problem TEXT, trouble TEXT NOT NULL DEFAULT '', digests TEXT, read_at TEXT, twice INTEGER,
    PRIMARY KEY (job, n)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entries_by_name ON entries (size, mtime_ns, path);
CREATE TABLE IF NOT EXISTS copies (
    job TEXT NOT NULL, n INTEGER NOT NULL, destination INTEGER NOT NULL, path BLOB NOT NULL,
    state TEXT NOT NULL, way TEXT NOT NULL, kind TEXT NOT NULL, written TEXT NOT NULL,
    read TEXT, mtime_ns INTEGER NOT NULL, found INTEGER NOT NULL, trouble TEXT NOT NULL,
    PRIMARY KEY (job, n, destination)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS known (
    job TEXT NOT NULL, n INTEGER NOT NULL, destination INTEGER NOT NULL, earlier TEXT NOT NULL,
    PRIMARY KEY (job, n, destination)
) WITHOUT ROWID;
"""
"""`known`: what the job took over from an *earlier* one without reading it; the card itself stands
there as the destination THE_CARD."""

THE_CARD = -1

ENTRY_COLUMNS = (
    "n, path, kind, size, mtime_ns, ctime_ns, mode, inode, target, allocated, clip, problem,"
    " trouble, digests, read_at, twice"
)
COPY_COLUMNS = "n, destination, path, state, way, kind, written, read, mtime_ns, found, trouble"
INSERT_ENTRY = "INSERT INTO entries VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,NULL,NULL,NULL)"
RELIST_ENTRY = (
    "UPDATE entries SET kind=?, size=?, mtime_ns=?, ctime_ns=?, mode=?, inode=?,"
    " target=?, allocated=?, problem=?, trouble=?, digests=NULL WHERE job=? AND n=?"
)
INSERT_COPY = "INSERT OR REPLACE INTO copies VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"

# Cards have 100,000 files, and asking an enumeration for a member by its value takes its time.
_STATES = {str(state): state for state in CopyState}
_WAYS = {str(way): way for way in ReadWay}
_KINDS = {str(kind): kind for kind in EntryKind}
_NAMES = (sys.getfilesystemencoding(), sys.getfilesystemencodeerrors())
_HASHES = {str(kind): kind for kind in HashKind}


class EntryRow(NamedTuple):
    """One entry of the card, as the journal knows it."""

    n: int
    entry: Entry
    clip: str
    problem: Problem | None
    trouble: str
    hashes: str
    """The digests as they are written down, "" before the file was read."""
    read_at: datetime | None
    twice: bool
    """Whether a second read of the card gave the same bytes."""

    @property
    def digests(self) -> dict[HashKind, str]:
        """What was read from the card, by kind."""
        return digests_from(self.hashes)

    @property
    def named_digests(self) -> dict[str, str]:
        """The same by the kinds' names, for reports."""
        return dict([pair.split(":", 1) for pair in self.hashes.split()])


def entry_row(row: tuple[Any, ...]) -> EntryRow:
    """From the ENTRY_COLUMNS."""
    (n, path, kind, size, mtime, ctime, mode, inode, target, allocated, clip, problem, trouble,
     hashes, read_at, twice) = row  # fmt: skip
    entry = Entry(
        path.decode(*_NAMES), _KINDS[kind], size, mtime, ctime, mode, inode,
        target.decode(*_NAMES) if target else "", allocated, trouble,
    )  # fmt: skip
    return EntryRow(
        n, entry, clip.decode(*_NAMES) if clip else "", Problem(problem) if problem else None,
        trouble, hashes or "", moment_from(read_at), bool(twice),
    )  # fmt: skip


def entry_values(
    job: str, n: int, e: Entry, clip: str, problem: Problem | None, trouble: str
) -> tuple[object, ...]:
    """For INSERT_ENTRY."""
    return (
        job, n, os.fsencode(e.path), e.kind, e.size, e.mtime_ns, e.ctime_ns, e.mode, e.inode,
        os.fsencode(e.target), e.allocated, os.fsencode(clip), problem, trouble,
    )  # fmt: skip


def relisted_values(job: str, n: int, e: Entry, problem: Problem | None) -> tuple[object, ...]:
    """For RELIST_ENTRY."""
    return (
        e.kind, e.size, e.mtime_ns, e.ctime_ns, e.mode, e.inode, os.fsencode(e.target),
        e.allocated, problem, e.trouble, job, n,
    )  # fmt: skip


def copy_fact(row: tuple[Any, ...]) -> CopyFact:
    """From the COPY_COLUMNS."""
    n, destination, path, state, way, kind, written, read, mtime, found, trouble = row
    return CopyFact(
        n, destination, path.decode(*_NAMES), _STATES[state], _WAYS[way], kind, _at(written),
        moment_from(read), mtime, bool(found), trouble,
    )  # fmt: skip


class Alike(NamedTuple):
    """Files of the card of which the same is known."""

    path: str
    """Of the first one."""
    problem: Problem | None
    copies: tuple[CopyWords, ...]
    files: int


class CopyWords(NamedTuple):
    """What rows about copies have in common where they say the same for the verdict."""

    destination: int
    state: CopyState
    way: ReadWay
    written: datetime
    read: datetime | None
    found: bool


_COPY_WORDS = (
    "group_concat(destination||';'||state||';'||way||';'||written||';'||coalesce(read,'')||';'||"
    "found, '|')"
)
SAID = f"""
    SELECT problem, words, min(n) AS first, count(*) AS files FROM (
        SELECT n, problem, (
            SELECT {_COPY_WORDS} FROM (
                SELECT * FROM copies c WHERE c.job=entries.job AND c.n=entries.n
                ORDER BY destination
            )
        ) AS words
        FROM entries WHERE job=? AND NOT (kind=? AND coalesce(problem, '')!=?)
    ) GROUP BY problem, words
"""
"""Of all files, links and special files: what is said of them, the first, and of how many."""


def alike(row: tuple[Any, ...]) -> Alike:
    """From path, problem, the words of SAID and a number of files."""
    path, problem, said, files = row
    copies = tuple(_copy_words(*text.split(";")) for text in said.split("|")) if said else ()
    return Alike(path.decode(*_NAMES), Problem(problem) if problem else None, copies, files)


def _copy_words(
    destination: str, state: str, way: str, written: str, read: str, found: str
) -> CopyWords:
    return CopyWords(
        int(destination), _STATES[state], _WAYS[way], _at(written), moment_from(read),
        found == "1",
    )  # fmt: skip


class HeldFile(NamedTuple):
    """A file of the card with its copy on one destination, as a manifest tells of it."""

    path: str
    """Of the copy."""
    size: int
    mtime_ns: int
    hashes: str
    """The digests as they are written down."""
    written: datetime
    read: datetime | None

    @property
    def proven(self) -> datetime:
        """When its hash was true for certain."""
        return self.read or self.written


HELD_COLUMNS = "c.path, e.size, c.mtime_ns, coalesce(e.digests, ''), c.written, c.read"


def held_file(row: tuple[Any, ...]) -> HeldFile:
    """From the HELD_COLUMNS."""
    path, size, mtime, hashes, written, read = row
    return HeldFile(path.decode(*_NAMES), size, mtime, hashes, _at(written), moment_from(read))


def words(sentence: str) -> str:
    """A sentence that names a file as SQLite can keep it: bytes that are no UTF-8 escaped."""
    return sentence.encode("utf-8", "backslashreplace").decode() if sentence else ""


def digests_from(text: str | None) -> dict[HashKind, str]:
    """From `xxh64:… blake3:…`."""
    if not text:
        return {}
    return {_HASHES[kind]: digest for kind, digest in [p.split(":", 1) for p in text.split()]}


@lru_cache(maxsize=256)
def _at(text: str) -> datetime:
    """A batch of files shares its moments."""
    return datetime.fromisoformat(text)


@lru_cache(maxsize=256)
def moment_text(moment: datetime) -> str:
    """As it is written down."""
    return moment.isoformat()


def moment_from(text: str | None) -> datetime | None:
    """A moment that was written down, if there is one."""
    return _at(text) if text else None


def copy_values(job: str, f: CopyFact) -> tuple[object, ...]:
    """For INSERT_COPY."""
    # Nothing is read back before it is written, whatever a clock that was set back says.
    read = moment_text(max(f.read, f.written)) if f.read else None
    return (
        job, f.n, f.destination, os.fsencode(f.path), f.state, f.way, f.kind,
        moment_text(f.written), read, f.mtime_ns, f.found, words(f.trouble),
    )  # fmt: skip


def digests_text(digests: Mapping[HashKind, str]) -> str:
    """As it is written down."""
    return " ".join([f"{kind}:{text}" for kind, text in digests.items()])
