"""What earlier offloads remember: copies that are known, rolls that were seen, rates."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from app.integrity.hashing import HashKind
from app.jobs.journal import Journal
from app.jobs.spec import CONVERTER, JobId
from app.offload.copying.work import CopyFact, CopyState
from app.offload.evidence.rows import THE_CARD, copy_fact, digests_from, moment_from
from app.places.cards import SeenRoll
from app.places.tree import Entry
from app.places.volumes import Volume
from app.units import now

if TYPE_CHECKING:
    from app.offload.plan import PlannedDestination
    from app.offload.spec import OffloadSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCopy:
    """A copy that an earlier job verified and that still lies where it was put."""

    job: JobId
    """The job that read the copy back."""
    row_job: JobId
    """The job that has the row: the same, or one that took its word."""
    card_job: JobId
    """The job that read the card for it."""
    fact: CopyFact
    digests: Mapping[HashKind, str]
    read_at: datetime | None
    """When the card was read for it."""
    twice: bool
    """Whether a second read of the card gave the same bytes then."""


_CLOCKS_APART = 2.0
"""Seconds by which a file system's clock may be ahead of ours; some count even ones only."""
_PAGE = 500
"""Files that are asked for at once; the window waits for the journal meanwhile."""


T = TypeVar("T")


class Ask(Protocol):
    """Asks a drive, and waits for it no longer than it deserves."""

    def __call__(self, do: Callable[[], T]) -> T:
        """What *do* answers."""
        ...


def _at_once(do: Callable[[], T]) -> T:
    return do()


def known_copies(
    journal: Journal,
    files: Iterable[tuple[int, Entry, str]],
    root: Path,
    volume: Volume,
    ask: Ask = _at_once,
) -> Iterator[tuple[int, Entry, KnownCopy]]:
    """Of the card's *files*, each with a number and its place below *root*: those that are there.

    The card's file has the recorded path, size and times (whoever rewrites it can put all of them
    back but that of the change), an earlier job verified its copy on this
    very volume at this very place, and nobody has touched the copy since. *ask* has the drive
    asked for some files at once, with the patience that it deserves; what it raises is passed on.
    """
    if not ask(lambda: [root.exists()])[0]:
        return
    jobs: dict[JobId, _Earlier] = {}
    left = iter(files)
    while some := tuple(islice(left, _PAGE)):
        proofs = [
            (n, proof)
            for n, proof in _earlier_copies(journal, [entry for _, entry, _ in some])
            if _earlier(jobs, journal, proof.row_job).put(proof, volume) == root / some[n][2]
        ]
        places = [root / some[n][2] for n, _ in proofs]
        looks = ask(partial(looked_at, places)) if places else []
        found: dict[int, KnownCopy] = {}
        for (n, proof), look in zip(proofs, looks, strict=True):
            if look is not None and jobs[proof.row_job].untouched(proof, some[n][1], look):
                found[n] = max(proof, found.get(n, proof), key=_read_back)
        yield from ((*some[n][:2], proof) for n, proof in found.items())


class _Earlier:
    """An earlier job: where it put its copies, and until when it was at work on them."""

    def __init__(self, journal: Journal, job: JobId) -> None:
        places: list[dict[str, str]] = journal.fact(job, "places", [])
        self._roots = {n: (p["identity"], p["device"], p["below"]) for n, p in enumerate(places)}
        self._finished = journal.job(job).finished or now()

    def put(self, proof: KnownCopy, volume: Volume) -> Path | None:
        """Where it put a copy, if that was on *volume*."""
        identity, device, below = self._roots.get(proof.fact.destination, ("", "", ""))
        if not volume.is_surely(identity, device):
            return None
        return volume.mount_point / below / proof.fact.path

    def untouched(self, proof: KnownCopy, entry: Entry, look: os.stat_result) -> bool:
        """Whether a file is as it was, and nobody has changed or replaced it since.

        Its name and time can be kept by who does that, the moment of the change cannot.
        """
        same = (look.st_size, look.st_mtime_ns) == (entry.size, proof.fact.mtime_ns)
        last = max(_read_back(proof), self._finished)
        return same and look.st_ctime <= last.timestamp() + _CLOCKS_APART


def _earlier(jobs: dict[JobId, _Earlier], journal: Journal, job: JobId) -> _Earlier:
    if job not in jobs:
        jobs[job] = _Earlier(journal, job)
    return jobs[job]


def looked_at(places: Sequence[Path]) -> list[os.stat_result | None]:
    """What lies at each of *places*, None where nothing can be seen."""
    return [_look(place) for place in places]


def _look(place: Path) -> os.stat_result | None:
    try:
        return os.lstat(place)
    except (OSError, ValueError):
        return None


def _read_back(copy: KnownCopy) -> datetime:
    return copy.fact.read or copy.fact.written


def _earlier_copies(journal: Journal, entries: Sequence[Entry]) -> Iterator[tuple[int, KnownCopy]]:
    """Verified copies that earlier jobs had of files with the same path, size and time.

    Each is given with the place of its file among *entries*.
    """
    rows = _rows_of(journal, entries)
    for n, job, reader, card_reader, digests, read_at, twice, *copy in rows:
        yield n, KnownCopy(
            job=JobId(reader), row_job=JobId(job), card_job=JobId(card_reader),
            fact=copy_fact(tuple(copy)), digests=digests_from(digests),
            read_at=moment_from(read_at), twice=bool(twice),
        )  # fmt: skip


def _rows_of(journal: Journal, entries: Sequence[Entry]) -> list[tuple[Any, ...]]:
    with journal.transaction() as db:
        db.execute("CREATE TEMP TABLE IF NOT EXISTS asked (size, mtime_ns, ctime_ns, path, n)")
        db.execute("DELETE FROM asked")
        db.executemany(
            "INSERT INTO asked VALUES (?,?,?,?,?)",
            (
                (e.size, e.mtime_ns, e.ctime_ns, os.fsencode(e.path), n)
                for n, e in enumerate(entries)
            ),
        )
        return db.execute(
            "SELECT asked.n, e.job, coalesce(k.earlier, e.job), coalesce(kc.earlier, e.job),"
            " e.digests, e.read_at, e.twice, c.n, c.destination, c.path,"
            " c.state, c.way, c.kind, c.written, c.read, c.mtime_ns, c.found, c.trouble"
            " FROM asked JOIN entries e ON e.size=asked.size AND e.mtime_ns=asked.mtime_ns"
            " AND e.ctime_ns=asked.ctime_ns AND e.path=asked.path"
            " JOIN copies c ON c.job=e.job AND c.n=e.n"
            " LEFT JOIN known k ON k.job=c.job AND k.n=c.n AND k.destination=c.destination"
            " LEFT JOIN known kc ON kc.job=c.job AND kc.n=c.n AND kc.destination=?"
            " WHERE c.state=? AND e.digests IS NOT NULL",
            (THE_CARD, CopyState.VERIFIED),
        ).fetchall()


def seen_rolls(journal: Journal) -> tuple[SeenRoll, ...]:
    """Cards that were offloaded before."""
    rows = journal.rows("SELECT value FROM facts WHERE name='seen roll'")
    return tuple(CONVERTER.structure(json.loads(value), SeenRoll) for (value,) in rows)


def remember_rate(journal: Journal, device: str, rate: float) -> None:
    """Keep how fast a device was, in bytes per second, for the next estimate."""
    journal.set_fact(JobId(""), f"rate {device}", rate)


def expected_seconds(
    journal: Journal, spec: OffloadSpec, planned: Sequence[PlannedDestination], size: int
) -> float | None:
    """Seconds until the card is free, from the rates of earlier jobs; None when unknown."""
    first = [p for p in planned if p.stage == 0]
    rates = [journal.fact(JobId(""), f"rate {p.volume.device.id}") for p in first]
    if not rates or any(rate is None for rate in rates):
        return None
    left = max((p.size - p.already for p in first), default=size)
    return float(left / max(1.0, min(rates)))
