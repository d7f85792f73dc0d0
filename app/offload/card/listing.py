"""What was listed on a card, kept small: cards of image sequences have hundreds of thousands."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import overload

from app.places.tree import Entry

PLAIN = 50_000
"""Entries that are kept as they are: quicker, and few."""
_PAGE = 500


def listing(entries: Iterable[Entry]) -> Sequence[Entry]:
    """All *entries* in their order; of a large card each takes a quarter of the memory."""
    left = iter(entries)
    first = tuple(islice(left, PLAIN + 1))
    return first if len(first) <= PLAIN else Packed(chain(first, left))


def bare(entries: Sequence[Entry]) -> Sequence[Entry]:
    """What tells clips: path, kind, size, time, trouble; of a large card the rest is left out."""
    if not isinstance(entries, Packed):
        return entries
    return [Entry(e.path, e.kind, e.size, e.mtime_ns, trouble=e.trouble) for e in entries]


class Packed(Sequence[Entry]):
    """Entries page by page as bytes; made to be gone through, not to be looked up."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._pages: list[bytes] = []
        self._count = 0
        left = iter(entries)
        while page := [tuple(entry) for entry in islice(left, _PAGE)]:
            self._pages.append(pickle.dumps(page, pickle.HIGHEST_PROTOCOL))
            self._count += len(page)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Entry]:
        for page in self._pages:
            yield from map(Entry._make, pickle.loads(page))

    @overload
    def __getitem__(self, at: int) -> Entry: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Entry]: ...

    def __getitem__(self, at: int | slice) -> Entry | Sequence[Entry]:
        return tuple(self)[at]
