"""One file on its way: what is to be done with it, and what is known so far."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from app.errors import ReelkeepError
from app.integrity.hashing import HashKind
from app.integrity.verdict import ReadWay
from app.places.tree import Entry
from app.units import now

if TYPE_CHECKING:
    from app.offload.copying.target import Target


class CopyState(StrEnum):
    """What is known of one copy of one file."""

    VERIFIED = "verified"
    CACHE = "verified through the cache"
    WRITTEN = "written, not verified"
    FAILED = "failed"


class CopyFact(NamedTuple):
    """A row of the ledger: one copy of one file, written down once it is certain."""

    n: int
    destination: int
    path: str
    """Relative to the destination's root."""
    state: CopyState
    way: ReadWay
    kind: str
    """The hash that was compared, "" where none was."""
    written: datetime
    read: datetime | None
    mtime_ns: int
    """Of the file on the destination, to know it again."""
    found: bool = False
    """It lay there before and was compared, not written."""
    trouble: str = ""


class Digested:
    """What was read of a file, once it is known; whoever asks before waits.

    (Lighter than a future: a card has 100,000 files, and next to nobody ever waits.)
    """

    __slots__ = ("_answer", "_error")
    _arrived = threading.Condition()

    def __init__(self) -> None:
        self._answer: dict[HashKind, str] | None = None
        self._error: Exception | None = None

    def set_result(self, answer: dict[HashKind, str]) -> None:
        """The digests by kind."""
        with self._arrived:
            self._answer = answer
            self._arrived.notify_all()

    def set_exception(self, error: Exception) -> None:
        """Why there will be none."""
        with self._arrived:
            self._error = error
            self._arrived.notify_all()

    def done(self) -> bool:
        """Whether nobody has to wait any more."""
        return self._answer is not None or self._error is not None

    def result(self) -> dict[HashKind, str]:
        """The digests; raises why there are none."""
        if self._answer is None:
            with self._arrived:
                self._arrived.wait_for(self.done)
            if self._error is not None:
                raise self._error
        assert self._answer is not None
        return self._answer


@dataclass(slots=True, eq=False)
class FileWork:
    """One file of the card and the destinations that still want it."""

    n: int
    entry: Entry
    paths: dict[int, str]
    """Where it goes on each destination that wants it, by the destination's index."""
    compare: frozenset[int] = frozenset()
    """Destinations where a file of this name and size lies already: read it, do not write."""
    attributes: tuple[tuple[str, bytes], ...] = ()
    digests: Digested = field(default_factory=Digested)
    source_checked: bool = False
    """Whether the source's second read agreed, or none was asked for."""
    trouble: ReelkeepError | None = None
    """Why the source failed."""
    read_from: Entry | None = None
    """In a later stage: the verified copy that is read instead of the card."""
    expected: Mapping[HashKind, str] | None = None
    """In a later stage: what the card gave."""
    read_at: datetime | None = None
    _open: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def source(self) -> Entry:
        """The entry that is read: the card's, or an earlier stage's copy of it."""
        return self.read_from or self.entry

    def spoiled(self) -> bool:
        """Whether the source has failed; another thread may find that out at any moment."""
        return self.trouble is not None

    def begin(self, targets: int) -> None:
        """So many destinations will finish it, one way or the other."""
        self._open = targets

    def begin_again(self) -> None:
        """Forget what was read: the batch it was in has come to nothing."""
        self.digests = Digested()
        self.source_checked = False

    def finished(self) -> bool:
        """One destination is done with it; True for the last."""
        with self._lock:
            self._open -= 1
            return self._open == 0


@dataclass(slots=True, eq=False)
class CopyWork:
    """One file on its way to one destination."""

    work: FileWork
    target: Target
    path: str
    partial: str
    compare: bool
    fd: int = -1
    direct: bool = False
    written: datetime | None = None
    fact: CopyFact | None = None
    """Set once it was read back (or need not be)."""
    failed: bool = False


def failed_fact(n: int, destination: int, path: str, trouble: str) -> CopyFact:
    """A row that says a copy could not be made."""
    return CopyFact(
        n=n,
        destination=destination,
        path=path,
        state=CopyState.FAILED,
        way=ReadWay.NONE,
        kind="",
        written=now(),
        read=None,
        mtime_ns=0,
        trouble=trouble,
    )
