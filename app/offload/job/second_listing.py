"""The second listing of a card, once all of it is copied: is it what the first one found?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING

from app.offload.card.selection import IgnoreList
from app.places.tree import EntryKind, each_entry

if TYPE_CHECKING:
    from app.offload.job.run import OffloadRun

_Facts = tuple[object, ...]


def is_as_listed(run: OffloadRun) -> bool:
    """Whether a second listing of the card finds what the first one found, and no more."""
    with run.card_watch.silence.call():
        if not run.card.still_there():
            return False
    # In the order of the first listing nearly always, and a large card is not held in memory.
    pairs = zip_longest(_listed(run), _there_now(run))
    return all(then == now for then, now in pairs) or (
        # A folder that could not be listed at first may have two rows.
        set(_listed(run)) == set(_there_now(run))
    )


def _listed(run: OffloadRun) -> Iterator[_Facts]:
    for path, kind, size, mtime_ns, target in run.ledger.listed():
        yield (path, kind) if kind == EntryKind.FOLDER else (path, kind, size, mtime_ns, target)


def _there_now(run: OffloadRun) -> Iterator[_Facts]:
    ignore = IgnoreList(run.spec.ignore)
    entries = each_entry(run.roster.card_root)
    for entry in run.card_watch.silence.each(entries):
        if ignore.ignores(entry.path):
            continue
        if entry.kind is EntryKind.FOLDER:  # its times change with what is in it
            yield entry.path, entry.kind
        else:
            yield entry.path, entry.kind, entry.size, entry.mtime_ns, entry.target
