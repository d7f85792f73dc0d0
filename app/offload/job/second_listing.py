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


def change_since_listed(run: OffloadRun) -> str:
    """What a second listing of the card finds otherwise than the first, in a sentence; or ""."""
    name = run.roster.card_name
    with run.card_watch.silence.call():
        if not run.card.still_there():
            return (
                f"The card {name} was gone before it was listed again. Put it back and start again:"
                " only what is missing is copied."
            )
    # In the order of the first listing nearly always, and a large card is not held in memory.
    pairs = zip_longest(_listed(run), _there_now(run))
    if all(then == now for then, now in pairs):
        return ""
    # A folder that could not be listed at first may have two rows.
    then, now = set(_listed(run)), set(_there_now(run))
    return _difference(name, then, now) if then != now else ""


def _difference(card: str, then: set[_Facts], now: set[_Facts]) -> str:
    before, after = ({str(path) for path, *_ in facts} for facts in (then, now))
    said = [
        f"{_named(sorted(paths))} {words}"
        for paths, words in (
            (after - before, f"came onto the card {card} after it was listed"),
            (before - after, f"went from the card {card}"),
            (
                {str(path) for path, *_ in then ^ now} & before & after,
                f"changed on the card {card}",
            ),
        )
        if paths
    ]
    return f"{'; '.join(said)}. Start again: only what is missing is copied."


def _named(paths: list[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1:,} more"


def _listed(run: OffloadRun) -> Iterator[_Facts]:
    for path, kind, *facts in run.ledger.listed():
        yield (path, kind) if kind == EntryKind.FOLDER else (path, kind, *facts)


def _there_now(run: OffloadRun) -> Iterator[_Facts]:
    ignore = IgnoreList(run.spec.ignore)
    entries = each_entry(run.roster.card_root)
    for entry in run.card_watch.silence.each(entries):
        if ignore.ignores(entry.path):
            continue
        if entry.kind is EntryKind.FOLDER:  # its times change with what is in it
            yield entry.path, entry.kind
        else:
            # Whoever rewrites a file can put its time back, but not that of the change.
            times = entry.mtime_ns, entry.ctime_ns
            yield entry.path, entry.kind, entry.size, *times, entry.target
