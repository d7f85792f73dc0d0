"""What is certain: every job and every confirmed fact, in one SQLite file beside the profile.

WAL with synchronous=FULL: a committed row survives a power cut. Rows about a file are written
last, once its bytes are safe, so whatever stands here may be believed. Paths are kept as bytes,
because names on cards are not always text.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from app.errors import JournalFault, NotFound
from app.jobs.snapshot import JobState
from app.jobs.soundness import Soundness
from app.jobs.spec import JobId, Spec, spec_from_json, spec_to_json
from app.units import now

log = logging.getLogger(__name__)

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL, spec TEXT NOT NULL,
    lanes TEXT NOT NULL, state TEXT NOT NULL, position REAL NOT NULL, owner TEXT NOT NULL,
    created TEXT NOT NULL, started TEXT, finished TEXT,
    ending TEXT NOT NULL DEFAULT '{}', hidden INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS facts (
    job TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (job, name)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A job as the journal knows it."""

    id: JobId
    kind: str
    title: str
    spec_text: str
    lanes: frozenset[str]
    state: JobState
    position: float
    owner: str
    created: datetime
    started: datetime | None
    finished: datetime | None
    ending: dict[str, Any]
    """How it stood at last: totals, verdict, error, hint, report."""

    @property
    def spec(self) -> Spec:
        """What it was asked to do."""
        return spec_from_json(self.spec_text)


class Journal:
    """The journal of a profile; safe to use from several threads and processes."""

    def __init__(self, path: Path, *, schemas: Sequence[str] = ()) -> None:
        """Open or create; a damaged file is set aside and named in `trouble`."""
        self.path = path
        self.trouble = ""
        self.evidence = 0
        """Grows with every change of a row about a file or a copy that is made through here."""
        self._lock = threading.RLock()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._soundness = Soundness(path)
        except OSError as error:
            raise _not_opened(path, error) from error
        try:
            self._connection = self._open((_SCHEMA, *schemas))
        except BaseException:
            self._soundness.close()
            raise

    def _open(self, schemas: Sequence[str]) -> sqlite3.Connection:
        try:
            return _connect(self.path, schemas, self._soundness)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error):
                raise _not_opened(self.path, error) from error
            self.trouble = _set_aside(self.path, error)
            log.error(self.trouble)
            return _connect(self.path, schemas, self._soundness)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()
            self._soundness.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Several changes that become certain together; JournalFault when they do not."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back()
                self._soundness.suspect(error)
                raise JournalFault(
                    f"The journal {self.path} could not be written: {error}.", path=self.path
                ) from error
            except BaseException:
                self._roll_back()
                raise

    def _roll_back(self) -> None:
        # Where the disk fails, SQLite may have done that itself; what is raised is the cause.
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def foreign_changes(self) -> int:
        """Another number once another process (or connection) has changed the journal."""
        ((version,),) = self.rows("PRAGMA data_version")
        return int(version)

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of one question."""
        with self._lock:
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.Error as error:
                self._soundness.suspect(error)
                raise JournalFault(
                    f"The journal {self.path} could not be read: {error}.", path=self.path
                ) from error

    # Jobs

    def add_job(
        self,
        job: JobId,
        spec: Spec,
        *,
        title: str,
        lanes: Iterable[str],
        owner: str,
        shown: Mapping[str, object] | None = None,
    ) -> None:
        """Write down a new job, queued last; *shown* is what its snapshot tells until it ends."""
        with self.transaction() as db:
            db.execute(
                "INSERT INTO jobs"
                " (id, kind, title, spec, lanes, state, position, owner, created, ending)"
                " VALUES (?,?,?,?,?,?,(SELECT coalesce(max(position),0)+1 FROM jobs),?,?,?)",
                (
                    job,
                    spec.kind,
                    # For people: SQLite has no way to keep a name that is no UTF-8 as text.
                    title.encode("utf-8", "backslashreplace").decode(),
                    spec_to_json(spec),
                    json.dumps(sorted(lanes)),
                    JobState.QUEUED,
                    owner,
                    now().isoformat(),
                    json.dumps(dict(shown or {})),
                ),
            )

    def jobs(self, *, hidden: bool = False) -> list[JobRow]:
        """Every job in the user's order."""
        where = "" if hidden else "WHERE hidden=0"
        return [
            _job_row(r)
            for r in self.rows(f"SELECT {_JOB_COLUMNS} FROM jobs {where} ORDER BY position")
        ]

    def jobs_in(self, *states: JobState) -> list[JobRow]:
        """Every job in one of *states*, also those off the queue."""
        marks = ",".join("?" * len(states))
        query = f"SELECT {_JOB_COLUMNS} FROM jobs WHERE state IN ({marks}) ORDER BY position"
        return [_job_row(r) for r in self.rows(query, states)]

    def job(self, job: JobId) -> JobRow:
        """One job; NotFound when there is none of that id."""
        found = self.rows(f"SELECT {_JOB_COLUMNS} FROM jobs WHERE id=?", (job,))
        if not found:
            raise NotFound(f"There is no job {job}.", hint="`reelkeep jobs` lists them.")
        return _job_row(found[0])

    def set_state(
        self, job: JobId, state: JobState, *, ending: dict[str, Any] | None = None
    ) -> None:
        """Write down where a job is, and how it stood."""
        moment = now().isoformat()
        with self.transaction() as db:
            if state is JobState.RUNNING:
                db.execute(
                    "UPDATE jobs SET state=?, started=coalesce(started, ?), finished=NULL"
                    " WHERE id=?",
                    (state, moment, job),
                )
            else:
                db.execute("UPDATE jobs SET state=?, finished=? WHERE id=?", (state, moment, job))
            if ending is not None:
                db.execute("UPDATE jobs SET ending=? WHERE id=?", (json.dumps(ending), job))

    def interrupt(self, row: JobRow, ending: dict[str, Any]) -> bool:
        """Write down that the process of a job has died, and how the job stood.

        False when somebody has taken it in hand since *row* was read.
        """
        with self.transaction() as db:
            done = db.execute(
                "UPDATE jobs SET state=?, finished=?, ending=? WHERE id=? AND owner=? AND state=?",
                (JobState.INTERRUPTED, now().isoformat(), json.dumps(ending), row.id, row.owner,
                 row.state),
            )  # fmt: skip
            return done.rowcount == 1

    def amend_ending(self, job: JobId, facts: dict[str, Any]) -> None:
        """Correct how an ended job stood: later evidence may change its verdict."""
        with self.transaction() as db:
            (text,) = db.execute("SELECT ending FROM jobs WHERE id=?", (job,)).fetchone()
            ending = json.dumps({**json.loads(text), **facts})
            db.execute("UPDATE jobs SET ending=? WHERE id=?", (ending, job))

    def claim(self, job: JobId, owner: str, states: Iterable[JobState]) -> bool:
        """Take a job in hand if it still is in one of *states*; False when another was first."""
        wanted = tuple(states)
        marks = ",".join("?" * len(wanted))
        with self.transaction() as db:
            done = db.execute(
                f"UPDATE jobs SET owner=?, state=? WHERE id=? AND state IN ({marks})",
                (owner, JobState.QUEUED, job, *wanted),
            )
            return done.rowcount == 1

    def move(self, job: JobId, before: JobId | None) -> None:
        """Change the user's order."""
        order = [row.id for row in self.jobs(hidden=True) if row.id != job]
        order.insert(order.index(before) if before in order else len(order), job)
        with self.transaction() as db:
            db.executemany(
                "UPDATE jobs SET position=? WHERE id=?", [(n, j) for n, j in enumerate(order)]
            )

    def hide(self, job: JobId) -> None:
        """Take an ended job off the queue; its rows stay."""
        with self.transaction() as db:
            db.execute("UPDATE jobs SET hidden=1 WHERE id=?", (job,))

    # Facts of a job that have no table of their own

    def set_fact(self, job: JobId, name: str, value: object) -> None:
        """Write down something about a job, as JSON."""
        with self.transaction() as db:
            db.execute(
                "INSERT INTO facts VALUES (?,?,?) ON CONFLICT DO UPDATE SET value=excluded.value",
                (job, name, json.dumps(value)),
            )

    def fact(self, job: JobId, name: str, default: Any = None) -> Any:
        """What was written down, or *default*."""
        found = self.rows("SELECT value FROM facts WHERE job=? AND name=?", (job, name))
        return json.loads(found[0][0]) if found else default


_JOB_COLUMNS = (
    "id, kind, title, spec, lanes, state, position, owner, created, started, finished, ending"
)


def _job_row(row: tuple[Any, ...]) -> JobRow:
    job, kind, title, spec, lanes, state, position, owner, created, started, finished, ending = row
    return JobRow(
        id=job,
        kind=kind,
        title=title,
        spec_text=spec,
        lanes=frozenset(json.loads(lanes)),
        state=JobState(state),
        position=position,
        owner=owner,
        created=datetime.fromisoformat(created),
        started=datetime.fromisoformat(started) if started else None,
        finished=datetime.fromisoformat(finished) if finished else None,
        ending=json.loads(ending),
    )


def _connect(path: Path, schemas: Sequence[str], soundness: Soundness) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=30, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        if soundness.in_doubt:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise sqlite3.DatabaseError(f"malformed: {found}")
            soundness.found_sound()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise JournalFault(
                f"The journal {path} was written by a newer Reelkeep.",
                path=path,
                hint="Start the newer version, or use another profile.",
            )
        for schema in schemas:
            connection.executescript(schema)
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    except BaseException:
        connection.close()
        raise
    return connection


def _not_opened(path: Path, error: Exception) -> JournalFault:
    return JournalFault(f"The journal {path} cannot be opened: {error}.", path=path)


def _set_aside(path: Path, error: Exception) -> str:
    """Keep the damaged file under another name; nothing that may be evidence is deleted."""
    stamp = now().strftime("%Y%m%d-%H%M%S")
    kept = path.with_name(f"{path.stem}.damaged-{stamp}{path.suffix}")
    for tail in ("", "-wal", "-shm"):
        beside = path.with_name(path.name + tail)
        if beside.exists():
            beside.rename(kept.with_name(kept.name + tail))
    return (
        f"The journal was damaged ({error}). It is kept as {kept.name}, and a new one was begun:"
        " jobs from before are not listed, and cards copied before show KEEP until verified again."
    )
