"""Takes back what earlier jobs said of copies that were read again and are not what the card gives.

Without it the next offload would know such a copy by its size and time again, and call it safe.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.offload.copying.place import Place
from app.offload.copying.work import CopyFact, CopyState
from app.offload.evidence.ledger import Ledger
from app.offload.evidence.memory import KnownCopy, known_copies
from app.offload.evidence.reverify import settle_verdict
from app.offload.evidence.rows import EntryRow
from app.units import moment_text, now

if TYPE_CHECKING:
    from app.offload.job.run import OffloadRun


def withdraw_known(run: OffloadRun) -> Iterator[str]:
    """After a job that read known copies again; the verdicts that change, each in a sentence."""
    if not run.spec.check_known:
        return
    failed = [place for place in run.places if _failed(run, place)]
    if not failed:
        return
    rows = {row.n: row for row in run.ledger.entries()}
    for place in failed:
        for fact in _failed(run, place):
            row = rows[fact.n]
            if row.problem is None and row.hashes:  # else nothing is known of the copy
                yield from _withdraw(run, place, fact, row)


def _failed(run: OffloadRun, place: Place) -> list[CopyFact]:
    if place.target is None or not place.target.alive:
        return []
    return list(run.ledger.copies_on(place.index, CopyState.FAILED))


def _withdraw(run: OffloadRun, place: Place, fact: CopyFact, row: EntryRow) -> Iterator[str]:
    """Every earlier job's row of one copy; what each finds next is one that still stands."""
    journal, file = run.ledger.journal, (row.n, row.entry, fact.path)
    volume = run.around.volume_of(place.root)
    while known := list(known_copies(journal, [file], place.root, volume)):
        ((_, _, copy),) = known
        trouble = _words(place, fact, row, copy)
        run.ledger.confirm([fact._replace(trouble=trouble)])
        Ledger(journal, copy.row_job).confirm(
            [copy.fact._replace(state=CopyState.FAILED, read=now(), trouble=_dated(trouble))]
        )
        yield from settle_verdict(journal, journal.job(copy.row_job))


def _words(place: Place, fact: CopyFact, row: EntryRow, copy: KnownCopy) -> str:
    digests = row.digests
    if any(digests.get(kind, text) != text for kind, text in copy.digests.items()):
        return (
            f"{row.entry.path}: the card gives other bytes than job {copy.card_job} had read from"
            f" it, and so than {fact.path} on {place.name}, at the same size and time."
        )
    return (
        f"{fact.path} on {place.name} is damaged: the card still gives what job {copy.card_job} had"
        " read, the copy does not. Repair it from another verified copy."
    )


def _dated(trouble: str) -> str:
    return f"{trouble} Seen on {moment_text(now())}."
