"""Files of which a report tells nothing one by one: counted where they lie, in the journal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from app.jobs.journal import Journal
from app.jobs.spec import JobId
from app.offload.copying.work import CopyState
from app.offload.evidence.rows import moment_from
from app.places.tree import EntryKind

_BARE = """
    kind=? AND problem IS NULL AND digests IS NULL
    AND NOT EXISTS (SELECT 1 FROM copies c WHERE c.job=entries.job AND c.n=entries.n)
"""
_SIMPLE = """
    kind=? AND problem IS NULL AND trouble=''
    AND NOT EXISTS (SELECT 1 FROM known k WHERE k.job=entries.job AND k.n=entries.n)
    AND (
        SELECT count(*)=? AND total(state!=? OR trouble!='' OR found)=0
        FROM copies c WHERE c.job=entries.job AND c.n=entries.n
    )
"""
# With a limit the inner rows are made once; SQLite would ask twice for each of them.
_SUMS = f"""
    SELECT apart, count(*), sum(size), read, read_at, twice FROM (
        SELECT CASE WHEN {_SIMPLE} THEN NULL ELSE n END AS apart,
            size, digests>'' AS read, read_at, twice
        FROM entries WHERE job=? AND NOT ({_BARE}) LIMIT -1
    ) GROUP BY apart, read, read_at, twice
"""


class SimplyMade(NamedTuple):
    """Files that a job copied to every destination and verified there, in sum."""

    apart: int | None
    """The number of an entry of which there is more to say; None for a sum."""
    files: int
    size: int
    read: bool
    """Whether there are digests from the card."""
    read_at: datetime | None
    twice: bool


def simply_made(journal: Journal, job: JobId, places: int) -> Iterator[SimplyMade]:
    """What a job copied to all of its *places* in sum, and each other entry apart.

    Folders of which nothing is said are left out.
    """
    rows = journal.rows(_SUMS, (EntryKind.FILE, places, CopyState.VERIFIED, job, EntryKind.FOLDER))
    for apart, files, size, read, read_at, twice in rows:
        yield SimplyMade(apart, files, size, bool(read), moment_from(read_at), bool(twice))
