"""The library's table: one row for each clip, whoever found it. Knows nothing of folders."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from fractions import Fraction
from pathlib import Path

from PySide6.QtCore import (
    QAbstractTableModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    QUrl,
)
from PySide6.QtGui import QImage

from app.media.facts.values import ClipFacts
from app.timecode import rate_text
from app.units import bytes_text, count_text
from ui.words import NOTHING, printable

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
ROW_ROLE = Qt.ItemDataRole.UserRole
SORT_ROLE = Qt.ItemDataRole.UserRole + 1
_POSTERS = 400
_WORD = re.compile(r'"([^"]*)"|(\S+)')


class Column(IntEnum):
    """What a row tells."""

    PICTURE = 0
    CLIP = 1
    START = 2
    LENGTH = 3
    RATE = 4
    CODEC = 5
    SIZE = 6


HEADS = {
    Column.PICTURE: "",
    Column.CLIP: "Clip",
    Column.START: "Start",
    Column.LENGTH: "Length",
    Column.RATE: "Rate",
    Column.CODEC: "Codec",
    Column.SIZE: "Size",
}
_RIGHT = {Column.LENGTH, Column.RATE, Column.SIZE}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRow:
    """One clip as the table has it."""

    key: str
    """Its name among all clips of the library, never shown."""
    name: str
    files: tuple[Path, ...]
    """What is dragged out of the window, and opened: its media in order."""
    beside: tuple[Path, ...] = ()
    """Its sidecars."""
    size: int = 0
    stamp: str = ""
    """Another one as soon as its bytes may be others."""
    group: str = ""
    """The card that it lies on; "" for none."""
    where: str = ""
    """Its folder, where other clips have its name; "" where it alone is called so."""
    missing: tuple[str, ...] = ()
    offline: bool = False
    """Its files are not there now; what is known of it was seen before."""
    looked: bool = False
    """Whether it was looked into; what follows is not known before."""
    facts: ClipFacts | None = None
    poster: bytes = b""
    fault: str = ""
    """One sentence, where it can't be read."""

    @property
    def path(self) -> Path:
        """The file that speaks for it."""
        return self.files[0]


class ClipsModel(QAbstractTableModel):
    """Rows in the order in which they were given; pictures are made when they are first seen."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[ClipRow] = []
        self._places: dict[str, int] = {}
        """Where each key stands, worked out when it is next asked for."""
        self._pictures: OrderedDict[str, QImage] = OrderedDict()
        self._texts: dict[str, str] = {}

    def show_rows(self, rows: Iterable[ClipRow]) -> None:
        """Show these and no others."""
        self.beginResetModel()
        self.rows = list(rows)
        self._places.clear()
        self._pictures.clear()
        self._texts.clear()
        self.endResetModel()

    def renew_rows(self, rows: Sequence[ClipRow]) -> None:
        """Show these: what goes and what comes is told row by row, so that a choice outlives it."""
        keys = {row.key for row in rows}
        for n in reversed(range(len(self.rows))):
            if self.rows[n].key not in keys:
                self.beginRemoveRows(_ROOT, n, n)
                del self.rows[n]
                self._places.clear()
                self.endRemoveRows()
        stay = {row.key for row in self.rows}
        if [row.key for row in rows if row.key in stay] != [row.key for row in self.rows]:
            self.show_rows(rows)  # they stand in another order
            return
        for n, row in enumerate(rows):
            if row.key not in stay:
                self.beginInsertRows(_ROOT, n, n)
                self.rows.insert(n, row)
                self._places.clear()
                self.endInsertRows()
            elif self.rows[n] != row:
                self._replace(n, row)

    def _place(self, key: str) -> int | None:
        """Where a clip stands."""
        if not self._places:
            self._places = {row.key: n for n, row in enumerate(self.rows)}
        return self._places.get(key)

    def row(self, key: str) -> ClipRow | None:
        """The clip of this key."""
        at = self._place(key)
        return None if at is None else self.rows[at]

    def learn(self, key: str, facts: ClipFacts | None, poster: bytes, fault: str) -> None:
        """Show what a look at a clip has told."""
        at = self._place(key)
        if at is None:
            return
        seen = replace(self.rows[at], looked=True, facts=facts, poster=poster, fault=fault)
        self._replace(at, seen)

    def _replace(self, at: int, row: ClipRow) -> None:
        self.rows[at] = row
        self._pictures.pop(row.key, None)
        self._texts.pop(row.key, None)
        self.dataChanged.emit(self.index(at, 0), self.index(at, len(Column) - 1))

    def picture(self, row: ClipRow) -> QImage | None:
        """The clip's small picture; None where it has none, or none yet."""
        if not row.poster:
            return None
        found = self._pictures.get(row.key)
        if found is None:
            found = self._pictures[row.key] = QImage.fromData(row.poster)
            if len(self._pictures) > _POSTERS:
                self._pictures.popitem(last=False)
        return None if found.isNull() else found

    def text_of(self, row: ClipRow) -> str:
        """Everything of a row that one may look for."""
        found = self._texts.get(row.key)
        if found is None:
            found = self._texts[row.key] = haystack(row)
        return found

    # What Qt asks

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(Column)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADS[Column(section)]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(Column(section))
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        answer = _ANSWERS.get(role)
        if answer is None:
            return None
        return answer(self.rows[index.row()], Column(index.column()))

    def flags(self, index: Index) -> Qt.ItemFlag:
        return super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled

    def mimeTypes(self) -> list[str]:
        return ["text/uri-list"]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        rows = sorted({index.row() for index in indexes})
        return files_as_mime(path for n in rows for path in self.rows[n].files)

    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction


def files_as_mime(paths: Iterable[Path]) -> QMimeData:
    """Files as other programs take them; their names byte for byte."""
    data = QMimeData()
    data.setUrls([QUrl.fromEncoded(path.as_uri().encode()) for path in paths])
    return data


def _side(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in _RIGHT else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def cell_text(row: ClipRow, column: Column) -> str:
    """What a cell says."""
    if column is Column.CLIP:
        return printable(row.name)
    if column is Column.SIZE:
        return bytes_text(row.size)
    if column is Column.PICTURE:
        return ""
    if row.facts is None:
        if column is Column.CODEC and row.looked:
            return "offline" if row.offline else "not readable"
        return NOTHING if row.looked else ""
    return _TEXTS[column](row.facts)


def start_text(facts: ClipFacts) -> str:
    """Start timecode, or a dash."""
    if facts.start is not None:
        return str(facts.start)
    if facts.since_midnight is not None:
        whole = int(facts.since_midnight)
        return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
    return NOTHING


def length_text(seconds: Fraction) -> str:
    """`1:32`, `2:05:00`; a dash where nobody says."""
    if not seconds:
        return NOTHING
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def _rate(facts: ClipFacts) -> str:
    picture = facts.picture
    return rate_text(picture.rate) if picture and picture.rate else NOTHING


def codec_text(facts: ClipFacts) -> str:
    """What pictures or sound are stored as, short; first whether part of them is lost."""
    if facts.picture is not None:
        name = facts.picture.codec_name or facts.picture.codec
        lost = "cut off, " if facts.picture.lost else ""
        return lost + printable(_SHORT.get(facts.picture.codec, name.removeprefix("Apple ")))
    if not facts.audio:
        return NOTHING
    bits = facts.audio[0].bits
    return f"{bits} bit sound" if bits else printable(facts.audio[0].codec.upper())


_SHORT = {"h264": "H.264", "hevc": "HEVC", "mpeg2video": "MPEG-2", "av1": "AV1", "vp9": "VP9"}
_TEXTS = {
    Column.START: start_text,
    Column.LENGTH: lambda facts: length_text(facts.duration),
    Column.RATE: _rate,
    Column.CODEC: codec_text,
}


def _sort_key(row: ClipRow, column: Column) -> object:
    """Text that sorts as people count: C9 before C10; figures by their size."""
    facts = row.facts
    if column is Column.SIZE:
        return float(row.size)
    if column is Column.LENGTH:
        return float(facts.duration) if facts else -1.0
    if column is Column.RATE:
        return float(facts.picture.rate) if facts and facts.picture else -1.0
    if column is Column.CLIP:
        return natural(row.name)
    return cell_text(row, column)


def natural(name: str) -> str:
    """*name* with its figures so long that text order is their order."""
    return re.sub(r"\d+", lambda found: found[0].zfill(12), name.casefold())


def spoken(row: ClipRow) -> str:
    """The whole row in words."""
    name = printable(f"{row.name}, in {row.where}" if row.where else row.name)
    name += ", offline" if row.offline else ""
    if row.facts is None:
        return f"{name}, {row.fault}" if row.fault else name
    parts = [name, f"starts {start_text(row.facts)}"]
    parts += [f"{length_text(row.facts.duration)} long", codec_text(row.facts)]
    return ", ".join([*parts, bytes_text(row.size)])


_ANSWERS: dict[int, Callable[[ClipRow, Column], object]] = {
    ROW_ROLE: lambda row, _: row,
    SORT_ROLE: _sort_key,
    Qt.ItemDataRole.DisplayRole: cell_text,
    Qt.ItemDataRole.TextAlignmentRole: lambda _, column: _side(column),
    Qt.ItemDataRole.ToolTipRole: lambda row, _: printable(
        row.fault or "\n".join(row.missing) or f"{row.path}{', offline' * row.offline}"
    ),
    Qt.ItemDataRole.AccessibleTextRole: lambda row, column: (
        spoken(row) if column is Column.PICTURE else cell_text(row, column)
    ),
}


class ClipFilter(QSortFilterProxyModel):
    """Rows that hold every word that was typed, of one group or of all."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = ()
        self._group: str | None = None
        self.setSortRole(SORT_ROLE)

    def set_words(self, text: str) -> None:
        """Only clips in which each word stands somewhere; "in quotes" is one word."""
        found = (match[1] or match[2] for match in _WORD.finditer(text))
        self._words = tuple(word.casefold() for word in found if word)
        self.invalidate()

    def set_group(self, group: str | None) -> None:
        """Only clips of this card; None: of all."""
        self._group = group
        self.invalidate()

    def filterAcceptsRow(self, number: int, parent: Index) -> bool:
        model = self.sourceModel()
        assert isinstance(model, ClipsModel)
        row = model.rows[number]
        if self._group is not None and row.group != self._group:
            return False
        if not self._words:
            return True
        text = model.text_of(row)
        return all(word in text for word in self._words)


def haystack(row: ClipRow) -> str:
    """Everything of a row that one may look for."""
    parts = [row.name, row.group, str(row.path), *(f.suffix for f in row.files[:1])]
    parts += ["offline"] * row.offline
    if row.facts is not None:
        facts = row.facts
        parts += [facts.reel, facts.scene, facts.take, facts.project, facts.note]
        parts += [facts.container, codec_text(facts), start_text(facts), _rate(facts)]
        parts += facts.camera.values()
        if facts.picture:
            parts += [facts.picture.codec, f"{facts.picture.width}x{facts.picture.height}"]
    return "\n".join(parts).casefold()


def groups_of(rows: Iterable[ClipRow]) -> list[tuple[str, int]]:
    """Each card with how many clips are on it, in the order of its first clip; loose ones last."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.group] = counts.get(row.group, 0) + 1
    return sorted(counts.items(), key=lambda pair: not pair[0])


def count_of_clips(shown: int, all_of_them: int) -> str:
    """`58 clips`, `3 of 58 clips`."""
    whole = count_text(all_of_them, "clip")
    return whole if shown == all_of_them else f"{shown:,} of {whole}"
