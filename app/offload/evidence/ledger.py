"""What an offload knows for certain, row by row, in the journal.

`entries` is the card as it was listed, with what was read from it; `copies` is every copy that
was made or found, written last. Both outlive the job: they are the evidence of its verdict, the
memory by which a card that comes again is known, and what a resume begins with.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from app.integrity.hashing import HashKind
from app.integrity.verdict import Problem
from app.jobs.journal import Journal
from app.jobs.spec import JobId
from app.offload.copying.work import CopyFact, CopyState
from app.offload.evidence.rows import (
    COPY_COLUMNS,
    ENTRY_COLUMNS,
    HELD_COLUMNS,
    INSERT_COPY,
    INSERT_ENTRY,
    RELIST_ENTRY,
    SAID,
    THE_CARD,
    Alike,
    EntryRow,
    HeldFile,
    alike,
    copy_fact,
    copy_values,
    digests_from,
    digests_text,
    entry_row,
    entry_values,
    held_file,
    moment_text,
    relisted_values,
    words,
)
from app.places.tree import Entry, EntryKind

_PAGE = 500
"""Entries that are read at once, so that a card of any size is never in memory as a whole.

Others wait for the journal meanwhile, the window among them: a page takes some milliseconds.
"""
_WANTED = "kind!=? AND coalesce(problem,'')!=?"
_SOUND = "kind='file' AND problem IS NULL"
_HAS_COPY = """EXISTS (
    SELECT 1 FROM copies c WHERE c.job=entries.job AND c.n=entries.n AND c.destination=?"""
_NO_COPY = f"NOT {_HAS_COPY})"


class Ledger:
    """The rows of one job."""

    def __init__(self, journal: Journal, job: JobId) -> None:
        self.journal = journal
        self.job = job

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self.journal.transaction() as db:
            yield db
            self.journal.evidence += 1

    # The card as listed

    def list_card(self, rows: Iterable[tuple[Entry, str, Problem | None, str]]) -> None:
        """Write down the card's entries with their clip, problem and trouble, once."""
        with self._change() as db:
            db.execute("DELETE FROM entries WHERE job=?", (self.job,))
            db.execute("DELETE FROM copies WHERE job=?", (self.job,))
            db.execute("DELETE FROM known WHERE job=?", (self.job,))
            db.executemany(
                INSERT_ENTRY, (entry_values(self.job, n, *row) for n, row in enumerate(rows))
            )

    def entries(self, *kinds: EntryKind) -> Iterator[EntryRow]:
        """Every entry, or those of some kinds, in the card's order."""
        also = f" AND kind IN ({','.join('?' * len(kinds))})" if kinds else ""
        for low, high in self._pages():
            yield from self._entries(low, high, also, *kinds)

    def listed(self) -> Iterator[tuple[str, str, int, int, int, str]]:
        """Path, kind, size, mtime_ns, ctime_ns, target of all not ignored, in the card's order."""
        for low, high in self._pages():
            for path, kind, size, mtime_ns, ctime_ns, target in self.journal.rows(
                "SELECT path, kind, size, mtime_ns, ctime_ns, target FROM entries"
                " WHERE job=? AND n BETWEEN ? AND ? AND coalesce(problem,'')!=? ORDER BY n",
                (self.job, low, high, Problem.IGNORED),
            ):
                yield os.fsdecode(path), kind, size, mtime_ns, ctime_ns, os.fsdecode(target)

    def with_copies(
        self, destination: int | None = None, only: Collection[int] | None = None
    ) -> Iterator[tuple[EntryRow, tuple[CopyFact, ...]]]:
        """Every entry (or *only* those of some numbers) with its copies, in the card's order.

        All its copies, also failed ones, or the one on *destination*.
        """
        pages = None if only is None else {n // _PAGE for n in only}
        for low, high in self._pages():
            if pages is not None and low // _PAGE not in pages:
                continue
            copies: dict[int, list[CopyFact]] = {}
            for row in self.journal.rows(
                f"SELECT {COPY_COLUMNS} FROM copies WHERE job=? AND n BETWEEN ? AND ?"
                " AND destination=coalesce(?, destination) ORDER BY n, destination",
                (self.job, low, high, destination),
            ):
                copies.setdefault(row[0], []).append(copy_fact(row))
            for entry in self._entries(low, high):
                if only is None or entry.n in only:
                    yield entry, tuple(copies.get(entry.n, ()))

    def alike(self) -> Iterator[Alike]:
        """All files, links and special files, together where their copies say the same."""
        rows = self.journal.rows(
            f"SELECT e.path, said.problem, words, files FROM ({SAID}) said"
            " JOIN entries e ON e.job=? AND e.n=said.first ORDER BY e.n",
            (self.job, EntryKind.FOLDER, Problem.UNREADABLE, self.job),
        )
        return map(alike, rows)

    def held_files(self, destination: int) -> Iterator[HeldFile]:
        """Every file of the card that has a copy on *destination*, in the card's order."""
        for low, high in self._pages():
            rows = self.journal.rows(
                f"SELECT {HELD_COLUMNS} FROM copies c JOIN entries e ON e.job=c.job AND e.n=c.n"
                " WHERE c.job=? AND c.n BETWEEN ? AND ? AND c.destination=? AND c.state!=?"
                " AND e.kind=? AND coalesce(e.problem, '')!=? ORDER BY c.n",
                (
                    self.job, low, high, destination, CopyState.FAILED,
                    EntryKind.FILE, Problem.IGNORED,
                ),
            )  # fmt: skip
            yield from map(held_file, rows)

    def lacking(self, destination: int) -> Iterator[EntryRow]:
        """Files without a problem that have no row for *destination*, in the card's order."""
        for low, high in self._pages():
            yield from self._entries(low, high, f" AND {_SOUND} AND {_NO_COPY}", destination)

    def count_lacking(self, destination: int) -> int:
        """How many files `lacking` gives."""
        ((count,),) = self.journal.rows(
            f"SELECT count(*) FROM entries WHERE job=? AND {_SOUND} AND {_NO_COPY}",
            (self.job, destination),
        )
        return int(count)

    def short_of(
        self, destination: int, enough: Iterable[CopyState]
    ) -> Iterator[tuple[EntryRow, CopyFact | None]]:
        """What is not simply done on *destination*: its copy there, if any, is not in *enough*.

        Of all files, links and special files of the card, those on the ignore list left out.
        """
        states = tuple(enough)
        proven = f"{_HAS_COPY} AND c.state IN ({','.join('?' * len(states))}))"
        for low, high in self._pages():
            rows = self._entries(
                low, high, f" AND {_WANTED} AND (problem IS NOT NULL OR NOT {proven})",
                *(EntryKind.FOLDER, Problem.IGNORED, destination, *states),
            )  # fmt: skip
            if short := list(rows):
                there = {fact.n: fact for fact in self._copies_on(destination, low, high)}
                yield from ((row, there.get(row.n)) for row in short)

    def _copies_on(self, destination: int, low: int, high: int) -> Iterator[CopyFact]:
        rows = self.journal.rows(
            f"SELECT {COPY_COLUMNS} FROM copies"
            " WHERE job=? AND n BETWEEN ? AND ? AND destination=?",
            (self.job, low, high, destination),
        )
        return map(copy_fact, rows)

    def count_small(self, limit: int) -> int:
        """How many files without a problem have at most *limit* bytes."""
        ((count,),) = self.journal.rows(
            f"SELECT count(*) FROM entries WHERE job=? AND {_SOUND} AND size<=?",
            (self.job, limit),
        )
        return int(count)

    def count_entries(self) -> int:
        """How many entries were listed."""
        ((count,),) = self.journal.rows("SELECT count(*) FROM entries WHERE job=?", (self.job,))
        return int(count)

    def wanted(self) -> tuple[int, int]:
        """How many files, links and special files are not on the ignore list, and their bytes."""
        ((files, size),) = self.journal.rows(
            "SELECT count(*), coalesce(sum(size), 0) FROM entries"
            " WHERE job=? AND (kind!=? OR problem=?) AND coalesce(problem,'')!=?",
            (self.job, EntryKind.FOLDER, Problem.UNREADABLE, Problem.IGNORED),
        )
        return int(files), int(size)

    def names(self) -> Iterator[tuple[str, str]]:
        """Path and clip of every file."""
        for low, high in self._pages():
            for path, clip in self.journal.rows(
                "SELECT path, clip FROM entries WHERE job=? AND n BETWEEN ? AND ? AND kind=?",
                (self.job, low, high, EntryKind.FILE),
            ):
                yield os.fsdecode(path), os.fsdecode(clip)

    def holdings(self) -> Iterator[tuple[int, str, str]]:
        """Of every file without a problem: size, path, and the destinations that have a copy.

        The destinations that have more than a failed row, as text, e.g. `0,2`.
        """
        for low, high in self._pages():
            for size, path, held in self.journal.rows(
                "SELECT size, path, (SELECT group_concat(destination) FROM copies c"
                " WHERE c.job=entries.job AND c.n=entries.n AND c.state!=?)"
                f" FROM entries WHERE job=? AND n BETWEEN ? AND ? AND {_SOUND}",
                (CopyState.FAILED, self.job, low, high),
            ):
                yield size, os.fsdecode(path), held or ""

    def known_digests(self, numbers: Sequence[int]) -> dict[int, dict[HashKind, str]]:
        """What was read of these files before, by number; only of those that were read."""
        if not numbers:
            return {}
        rows = self.journal.rows(
            "SELECT n, digests FROM entries WHERE job=? AND n BETWEEN ? AND ?"
            " AND digests IS NOT NULL",
            (self.job, min(numbers), max(numbers)),
        )
        asked = set(numbers)
        return {n: digests_from(text) for n, text in rows if n in asked}

    def _pages(self) -> Iterator[tuple[int, int]]:
        """Ranges of numbers, so that a card of any size is never in memory as a whole."""
        ((last,),) = self.journal.rows(
            "SELECT coalesce(max(n), -1) FROM entries WHERE job=?", (self.job,)
        )
        for low in range(0, last + 1, _PAGE):
            yield low, low + _PAGE - 1

    def _entries(self, low: int, high: int, also: str = "", *values: object) -> Iterator[EntryRow]:
        rows = self.journal.rows(
            f"SELECT {ENTRY_COLUMNS} FROM entries"
            f" WHERE job=? AND n BETWEEN ? AND ?{also} ORDER BY n",
            (self.job, low, high, *values),
        )
        return map(entry_row, rows)

    def relist(self, changes: Sequence[tuple[int, Entry, Problem | None]]) -> None:
        """Entries whose facts are others now than when they were listed (for a retry)."""
        with self._change() as db:
            db.executemany(RELIST_ENTRY, (relisted_values(self.job, *change) for change in changes))
            for table in ("copies", "known"):
                db.executemany(
                    f"DELETE FROM {table} WHERE job=? AND n=?",
                    ((self.job, n) for n, _, _ in changes),
                )

    def add_entries(self, rows: Sequence[tuple[Entry, str, Problem | None, str]]) -> None:
        """Entries that appeared after the card was listed."""
        ((last,),) = self.journal.rows(
            "SELECT coalesce(max(n), -1) FROM entries WHERE job=?", (self.job,)
        )
        with self._change() as db:
            db.executemany(
                INSERT_ENTRY,
                (entry_values(self.job, n, *row) for n, row in enumerate(rows, last + 1)),
            )

    # What was read from it

    def read(
        self, rows: Iterable[tuple[int, Mapping[HashKind, str], datetime | None, bool]]
    ) -> None:
        """Files that were read: number, digests, when, and whether twice."""
        rows = list(rows)
        with self._change() as db:
            if db.execute("SELECT 1 FROM known WHERE job=? LIMIT 1", (self.job,)).fetchone():
                db.executemany(
                    "DELETE FROM known WHERE job=? AND n=? AND destination=?",
                    ((self.job, n, THE_CARD) for n, *_ in rows),
                )
            db.executemany(
                "UPDATE entries SET digests=?, read_at=?, twice=?, problem=NULL, trouble=''"
                " WHERE job=? AND n=?",
                (
                    (
                        digests_text(digests),
                        moment_text(moment) if moment else None,
                        twice,
                        self.job,
                        n,
                    )
                    for n, digests, moment, twice in rows
                ),
            )

    def problem(self, n: int, problem: Problem | None, trouble: str) -> None:
        """Why a file of the card is not simply copied."""
        with self._change() as db:
            db.execute(
                "UPDATE entries SET problem=?, trouble=? WHERE job=? AND n=?",
                (problem, words(trouble), self.job, n),
            )

    def clear_problems(self, problems: Iterable[Problem]) -> None:
        """Forget problems of files that are to be tried again."""
        with self._change() as db:
            for problem in problems:
                db.execute(
                    "UPDATE entries SET problem=NULL, trouble=''"
                    " WHERE job=? AND problem=? AND kind=?",
                    (self.job, problem, EntryKind.FILE),
                )

    # Copies

    def confirm(self, facts: Iterable[CopyFact]) -> None:
        """Copies that are certain: the last step of a safe write."""
        with self._change() as db:
            db.executemany(INSERT_COPY, (copy_values(self.job, fact) for fact in facts))

    def copies(self) -> Iterator[CopyFact]:
        """Every copy, in the card's order."""
        for low, high in self._pages():
            rows = self.journal.rows(
                f"SELECT {COPY_COLUMNS} FROM copies WHERE job=? AND n BETWEEN ? AND ?"
                " ORDER BY n, destination",
                (self.job, low, high),
            )
            yield from map(copy_fact, rows)

    def copies_on(self, destination: int, state: CopyState | None = None) -> Iterator[CopyFact]:
        """The copies on one destination, in the card's order; only those of *state* if given."""
        rows = self.journal.rows(
            f"SELECT {COPY_COLUMNS} FROM copies WHERE job=? AND destination=?"
            " AND coalesce(?, state)=state ORDER BY n",
            (self.job, destination, state),
        )
        return map(copy_fact, rows)

    def count_held(self, destination: int) -> int:
        """How many copies a destination holds."""
        ((count,),) = self.journal.rows(
            "SELECT count(*) FROM copies WHERE job=? AND destination=? AND state!=?",
            (self.job, destination, CopyState.FAILED),
        )
        return int(count)

    def forget_copies(self, which: Iterable[tuple[int, int]]) -> None:
        """Copies (number, destination) that are to be made again."""
        rows = [(self.job, n, destination) for n, destination in which]
        with self._change() as db:
            for table in ("copies", "known"):
                db.executemany(f"DELETE FROM {table} WHERE job=? AND n=? AND destination=?", rows)

    def forget_failed(self) -> None:
        """Failed copies are to be tried again."""
        with self._change() as db:
            db.execute(
                "DELETE FROM known WHERE job=? AND (n, destination) IN"
                " (SELECT n, destination FROM copies WHERE job=? AND state=?)",
                (self.job, self.job, CopyState.FAILED),
            )
            db.execute("DELETE FROM copies WHERE job=? AND state=?", (self.job, CopyState.FAILED))

    # What earlier jobs had proven

    def know(self, rows: Iterable[tuple[int, int, JobId]]) -> None:
        """What is taken over without being read now: number, destination or THE_CARD, and job."""
        with self._change() as db:
            db.executemany(
                "INSERT OR REPLACE INTO known VALUES (?,?,?,?)",
                ((self.job, n, destination, earlier) for n, destination, earlier in rows),
            )

    def known(self) -> dict[tuple[int, int], JobId]:
        """The earlier job of everything that was taken over, by number and destination."""
        rows = self.journal.rows(
            "SELECT n, destination, earlier FROM known WHERE job=?", (self.job,)
        )
        return {(n, destination): JobId(earlier) for n, destination, earlier in rows}

    def bytes_made(self, destination: int) -> int:
        """Bytes of the copies on *destination* that this job wrote itself."""
        ((size,),) = self.journal.rows(
            "SELECT coalesce(sum(e.size), 0) FROM copies c JOIN entries e"
            " ON e.job=c.job AND e.n=c.n"
            " WHERE c.job=? AND c.destination=? AND c.state!=? AND NOT c.found AND e.kind='file'",
            (self.job, destination, CopyState.FAILED),
        )
        return int(size)
