"""The rows of a report about a large card: read from the journal again whenever they are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import overload

from app.reports.model import FileRow

KEPT = 50_000
"""Rows that are held; a row takes a kilobyte, and reading one again some microseconds."""


class RowsAnew(Sequence[FileRow]):
    """Rows that are never in memory together: made to be gone through, not to be looked up."""

    def __init__(self, count: int, read: Callable[[], Iterator[FileRow]]) -> None:
        self._count, self._read = count, read

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[FileRow]:
        return self._read()

    @overload
    def __getitem__(self, at: int) -> FileRow: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[FileRow]: ...

    def __getitem__(self, at: int | slice) -> FileRow | Sequence[FileRow]:
        return tuple(self)[at]


def kept(rows: Iterable[FileRow], anew: Callable[[], Iterator[FileRow]]) -> Sequence[FileRow]:
    """*rows* as they are, or where they are too many, a view that reads them *anew* each time.

    All of *rows* are gone through in either case.
    """
    left = iter(rows)
    held = list(islice(left, KEPT + 1))
    if len(held) <= KEPT:
        return tuple(held)
    count = len(held)
    del held
    return RowsAnew(count + sum(1 for _ in left), anew)
