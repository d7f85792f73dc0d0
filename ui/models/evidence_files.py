"""The files of a job with every copy of each: a table that opens at once with 10,000 rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from app.reports.model import CopyRow, FileRow
from app.units import bytes_text, moment_text
from ui import theme
from ui.theme import Tone
from ui.words import printable

Index = QModelIndex | QPersistentModelIndex

_TONES = {
    "verified": (Tone.VERIFIED, "✓"),
    "already there": (Tone.VERIFIED, "✓"),
    "failed": (Tone.FAILED, "✕"),
    "verified through the cache": (Tone.ATTENTION, "!"),
    "written, not verified": (Tone.ATTENTION, "!"),
    "written": (Tone.ATTENTION, "!"),
    "not copied": (Tone.ATTENTION, "!"),
    "ignored": (Tone.IDLE, "–"),
    "not asked for": (Tone.IDLE, "–"),
}
_FIXED = ("File", "Size", "State", "Hash")


AT_ONCE = 2000
"""So many files are looked through within the blink of an eye."""
A = TypeVar("A")


class Asking(Protocol):
    """Does something slow off the window's thread; see `Bridge.ask`."""

    def __call__(self, call: Callable[[], A], on_done: Callable[[A], object], /) -> object:
        """Call *call*, and *on_done* with its answer."""


def at_once(call: Callable[[], A], on_done: Callable[[A], object]) -> object:
    """Asks right here."""
    return on_done(call())


@dataclass(frozen=True, slots=True)
class Sieve:
    """Which files are wanted: those that hold a text, in lower case, and those not verified."""

    text: str = ""
    only_open: bool = False

    def kept(self, files: Sequence[FileRow]) -> Kept:
        """What of *files* is wanted; any thread may ask."""
        if not self.text and not self.only_open:
            return Kept(self, files)
        return Kept(self, [row for row in files if self._keeps(row)])

    def _keeps(self, row: FileRow) -> bool:
        if self.only_open and row.state in {"verified", "ignored"}:
            return False
        text = self.text
        return (
            not text
            or text in row.path.casefold()
            or text in row.trouble.casefold()
            or any(text in digest.casefold() for digest in row.hashes.values())
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """What a sieve has kept."""

    sieve: Sieve
    rows: Sequence[FileRow]


class EvidenceFiles(QAbstractTableModel):
    """One row per file: path, size, state, hashes, then one column per destination."""

    def __init__(self, destinations: Sequence[str] = ()) -> None:
        super().__init__()
        self._destinations = tuple(destinations)
        self._all: Sequence[FileRow] = ()
        self._rows: Sequence[FileRow] = ()
        self.sieve = Sieve()
        """Which files are wanted."""

    def put(
        self, files: Sequence[FileRow], destinations: Sequence[str], known: Kept | None = None
    ) -> None:
        """Show *files*; their copies refer to *destinations* by index.

        *known*: what a sieve has kept of them, where a worker has found that out already.
        """
        self.beginResetModel()
        self._all, self._destinations = files, tuple(destinations)
        done = known is not None and known.sieve == self.sieve
        self._rows = known.rows if known and done else self.sieve.kept(files).rows
        self.endResetModel()

    def narrow(self, text: str, *, only_open: bool, ask: Asking = at_once) -> None:
        """Show only files whose path, hash or trouble holds *text*, or only unverified ones.

        Where they are many, *ask* has them looked through off the window's thread.
        """
        sieve, files = Sieve(text.casefold().strip(), only_open), self._all
        self.sieve = sieve
        look = ask if len(files) > AT_ONCE else at_once
        look(lambda: sieve.kept(files), lambda kept: self._show(files, kept))

    def _show(self, files: Sequence[FileRow], kept: Kept) -> None:
        """Show what was kept, unless other files have come or something else is wanted."""
        if files is self._all and kept.sieve is self.sieve:
            self.beginResetModel()
            self._rows = kept.rows
            self.endResetModel()

    @property
    def rows(self) -> Sequence[FileRow]:
        """The files shown now."""
        return self._rows

    @property
    def total(self) -> int:
        """How many files there are without a filter."""
        return len(self._all)

    # What Qt asks

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """As many as the filter lets through."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """The fixed columns and one per destination."""
        return 0 if parent.isValid() else len(_FIXED) + len(self._destinations)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """Names of the columns."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return (*_FIXED, *map(printable, self._destinations))[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, colour, alignment, and the words that a screen reader says."""
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _leading(row) if column == 3 else self.text(row, column)
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole}:
            return self._whole(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._colour(row, column)
        return None

    def text(self, row: FileRow, column: int) -> str:
        """What stands in one cell, and what is copied from it."""
        if column == 0:
            return printable(row.path)
        if column == 1:
            return bytes_text(row.size)
        if column == 2:
            state = state_text(row)
            return f"{_mark(state)[1]} {state}".strip()
        if column == 3:
            return "  ".join(f"{kind} {digest}" for kind, digest in row.hashes.items())
        copy = self._copy(row, column)
        return _copy_text(copy) if copy else "–"

    def lines(self, rows: Sequence[FileRow]) -> Iterator[str]:
        """*rows* as text, a tab between cells, with their heads; any thread may ask."""
        columns = range(self.columnCount())
        yield "\t".join((*_FIXED, *map(printable, self._destinations)))
        for row in rows:
            yield "\t".join(self.text(row, column) for column in columns)

    def _whole(self, row: FileRow, column: int) -> str:
        copy = self._copy(row, column) if column >= len(_FIXED) else None
        trouble = copy.trouble if copy else row.trouble if column in {0, 2} else ""
        if copy and copy.read_back:
            return f"{copy.state}, read back {moment_text(copy.read_back)}. {trouble}".strip()
        return f"{self.text(row, column)}{'. ' if trouble else ''}{printable(trouble)}"

    def _colour(self, row: FileRow, column: int) -> QColor | None:
        if column == 2:
            return theme.colour(_mark(state_text(row))[0])
        if column >= len(_FIXED):
            copy = self._copy(row, column)
            return theme.colour(_mark(copy.state)[0] if copy else Tone.IDLE)
        return theme.colour(Tone.DIM) if column == 3 else None

    def _copy(self, row: FileRow, column: int) -> CopyRow | None:
        wanted = column - len(_FIXED)
        return next((copy for copy in row.copies if copy.destination == wanted), None)


def state_text(row: FileRow) -> str:
    """How a file stands: where only some drives have it verified, on how many of how many."""
    asked = [copy for copy in row.copies if copy.state != "not asked for"]
    good = sum(copy.state in _GOOD for copy in asked)
    if row.state not in _PARTLY or not good:
        return row.state
    return f"{good} of {len(asked)} verified"


_PARTLY = {"not copied", "written", "written, not verified", "verified through the cache"}
_GOOD = {"verified", "already there"}


def _mark(state: str) -> tuple[Tone, str]:
    return _TONES.get(state, (Tone.ATTENTION, "!") if state[:1].isdigit() else (Tone.IDLE, ""))


def _leading(row: FileRow) -> str:
    """The custody hash alone: two of them in one cell would be cut into one that is neither."""
    return next((f"{kind} {digest}" for kind, digest in row.hashes.items()), "")


def _copy_text(copy: CopyRow) -> str:
    moment = f" {_clock(copy.read_back)}" if copy.read_back else ""
    return f"{_mark(copy.state)[1]} {copy.state}{moment}".strip()


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone():%H:%M:%S}"


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column == 1 else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
