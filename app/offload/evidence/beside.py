"""What the journal knows of a folder that is verified, beyond what its history can say."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from app.integrity.mhl import holdable
from app.integrity.verify.beside import Recorded, RecordsOf
from app.integrity.verify.run import Evidence
from app.jobs.journal import JobRow, Journal
from app.jobs.spec import CONVERTER, JobId
from app.offload.copying.place import PlaceRecord
from app.offload.copying.work import CopyFact, CopyState
from app.offload.evidence.ledger import Ledger
from app.offload.evidence.rows import EntryRow
from app.offload.spec import OffloadSpec
from app.places.tree import EntryKind
from app.places.volumes import Volume
from app.units import count_text

_NAMED = 3
_NUMBER = re.compile(r" \(\d+\)(?=(\.[^./]*)?$)")
"""What `numbered` adds to a name."""


def records_beside(journal: Journal) -> RecordsOf:
    """Links, and files with names that no history can hold, that offloads put below a root."""
    return partial(_recorded, journal)


def _recorded(journal: Journal, root: Path, volume: Volume) -> dict[str, Recorded]:
    found = {}
    for job, row, fact, path in _offloaded(journal, root, volume):
        if row.entry.kind is EntryKind.LINK:
            found[path] = Recorded(job=job, target=row.entry.target)
        elif not holdable(path) and (digests := row.digests) and _was_there(fact):
            found[path] = Recorded(job=job, digests=digests)
    return found


def _was_there(fact: CopyFact) -> bool:
    """Whether a copy was made, though a later look may have found it gone or changed."""
    return fact.state is not CopyState.FAILED or fact.read is not None


def remarks_on(journal: Journal, evidence: Iterable[Evidence]) -> Iterator[str]:
    """Files of a card that lie under another name, and files that no offload put there."""
    for one in evidence:
        ours: dict[str, str] = {}
        for job, row, fact, path in _offloaded(journal, one.root, one.volume):
            ours[path] = ""
            there = path in one.files and fact.state is not CopyState.FAILED
            if there and renamed(row, fact):
                ours[path] = f"{row.entry.path} of job {job} lies here as {path}."
        if not ours:
            continue  # put there by others: nothing is known
        yield from (words for words in ours.values() if words)
        foreign = [path for path, seen in one.files.items() if seen.digests and path not in ours]
        if foreign:
            more = f" and {len(foreign) - _NAMED:,} more" if len(foreign) > _NAMED else ""
            yield (
                f"{count_text(len(foreign), 'file')} here came from no offload of this profile:"
                f" {', '.join(sorted(foreign)[:_NAMED])}{more}."
            )


def renamed(row: EntryRow, fact: CopyFact) -> bool:
    """Whether a copy lies under another name than a template or a number had given it."""
    plain = _NUMBER.sub("", fact.path)
    return not any(path.endswith(row.entry.path) for path in (fact.path, plain))


def _offloaded(
    journal: Journal, root: Path, volume: Volume
) -> Iterator[tuple[JobId, EntryRow, CopyFact, str]]:
    """Every copy that offloads have put below *root*, with its path relative to it."""
    base = tidy(os.path.relpath(root, volume.mount_point))
    for job in journal.jobs(hidden=True):
        if job.kind != OffloadSpec.kind:
            continue
        places = _places(journal, job, base, volume)
        if not places:
            continue
        for row, facts in Ledger(journal, job.id).with_copies():
            for fact in facts:
                place = places.get(fact.destination)
                if place is None or not _was_there(fact):
                    continue
                path = within(join(tidy(place.below), fact.path), base)
                if path is not None:
                    yield job.id, row, fact, path


def _places(journal: Journal, job: JobRow, base: str, volume: Volume) -> dict[int, PlaceRecord]:
    """The destinations of a job that lie on *volume* and may hold something of the folder."""
    records = journal.fact(job.id, "places", [])
    places = enumerate(CONVERTER.structure(records, tuple[PlaceRecord, ...]))
    return {
        n: place
        for n, place in places
        if volume.may_be(place.identity, place.device) and may_meet(base, tidy(place.below))
    }


# Paths below a mount point


def tidy(below: str) -> str:
    """The empty path for the mount point itself."""
    return "" if below == "." else below


def join(folder: str, path: str) -> str:
    """*path* in *folder*, which may be the mount point itself."""
    return f"{folder}/{path}" if folder else path


def within(path: str, folder: str) -> str | None:
    """*path* relative to *folder*, None when it does not lie in it."""
    if not folder:
        return path
    return path[len(folder) + 1 :] if path.startswith(folder + "/") else None


def may_meet(one: str, other: str) -> bool:
    """Whether one of two folders holds the other."""
    return (
        not one
        or not other
        or one == other
        or one.startswith(other + "/")
        or other.startswith(one + "/")
    )
