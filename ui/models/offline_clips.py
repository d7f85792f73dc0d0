"""Clips whose originals are not there: they stay in the list while they can be played."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.errors import NotFound
from app.media.facts.folder import ClipFolder, clips_below
from app.media.proxy.record import ClipRecord
from ui.models.clips import ClipRow

OFFLINE = "The original is offline."
Offline = Callable[[Path], tuple[ClipRecord, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What lies below a folder, and what is only remembered of it."""

    folder: ClipFolder
    offline: tuple[ClipRow, ...] = ()
    gone: bool = False
    """The folder itself is not there: its drive was pulled."""


def listing_of(path: Path, offline: Offline, shown: Path | None) -> Listing:
    """Everything that may be shown for *path*, of which *shown* is shown already.

    Raises NotFound where nothing is there and nothing of it is known.
    """
    try:
        folder = clips_below(path)
    except NotFound:
        known = _rows_below(path, offline)
        if not known and path != shown:
            raise
        return Listing(folder=ClipFolder(root=path, clips=()), offline=known, gone=True)
    known = _rows_below(folder.root, offline) if folder.root == path else ()
    return Listing(folder=folder, offline=known)


def _rows_below(root: Path, offline: Offline) -> tuple[ClipRow, ...]:
    real = Path(os.path.realpath(root))
    return tuple(_row(record, real, root) for record in offline(real))


def _row(record: ClipRecord, real: Path, root: Path) -> ClipRow:
    """A clip below the folder *real*, which people have opened as *root*."""
    files = record.files or (record.source,)
    files = tuple(
        root / one.relative_to(real) if one.is_relative_to(real) else one for one in files
    )
    path = files[0]
    return ClipRow(
        key=str(path),
        name=path.stem,
        files=files,
        size=record.whole.size,
        stamp=record.whole.text,
        offline=True,
    )


def with_offline(
    rows: Sequence[ClipRow], listing: Listing, before: Iterable[ClipRow]
) -> list[ClipRow]:
    """*rows*, and among them those that are offline, as they were known *before*."""
    known = {row.key: row for row in before}
    there = {row.key for row in rows}
    lost = {row.key: known.get(row.key, row) for row in listing.offline}
    if listing.gone:
        lost = {**known, **lost}
    merged = list(rows)
    for row in lost.values():
        if row.key not in there:
            at = next((n for n, one in enumerate(merged) if one.key > row.key), len(merged))
            merged.insert(at, replace(row, offline=True))
    return merged
