"""Rows of pictures: numbered files that are one clip together."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from app.media.facts.values import FrameRow
from app.places.cards.listing import FRAMES

PHOTOS = frozenset({"jpg", "jpeg"})
"""Frames of a time lapse or a render; single ones are photos."""
PICTURES = FRAMES | PHOTOS
_NUMBERED = re.compile(r"(.*?)(\d+)", re.DOTALL)
_A_DAY = 86400
"""Frame numbers that count from midnight begin anew after a multiple of this."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """The files of one clip, in the order in which they are shown."""

    folder: Path
    names: tuple[str, ...]
    size: int
    row: FrameRow

    @property
    def first(self) -> Path:
        """The file of the first picture."""
        return self.folder / self.names[0]

    @property
    def last(self) -> Path:
        """The file of the last picture."""
        return self.folder / self.names[-1]

    @property
    def frames(self) -> int:
        """How many pictures the clip has, with those that are missing."""
        return self.row.present + sum(last - first + 1 for first, last in self.row.missing)

    @property
    def places(self) -> dict[int, str]:
        """The file of each frame, counted from 0; gaps count."""
        places: dict[int, str] = {}
        at, before = -1, -1
        for name in self.names:
            number = number_of_picture(name)
            at += number - before if number > before and places else 1
            before = number
            places[at] = name
        return places

    @property
    def title(self) -> str:
        """What the files have in common, or the folder's name where that is nothing."""
        head = self.row.pattern.partition("%")[0].rstrip("._- ")
        return head or self.folder.name


def ending(name: str) -> str:
    """A file name's extension, lower case and without its dot."""
    stem, dot, ext = name.rpartition(".")
    return ext.lower() if dot and stem else ""


def number_of_picture(name: str) -> int:
    """The number in the name of a row's file; 0 for a picture without one."""
    piece = _NUMBERED.fullmatch(name[: -len(ending(name)) - 1])
    return int(piece[2]) if piece else 0


def pictures_with(path: Path) -> Pictures:
    """The row that a picture belongs to: the numbered files like it in its folder.

    A picture without a number, or alone of its kind, is a row of one. Raises OSError.
    """
    ext = ending(path.name)
    found = _NUMBERED.fullmatch(path.name[: -len(ext) - 1])
    if found is None:
        return picture_alone(path)
    group = _groups(name for name in _names(path.parent) if ending(name) == ext)[found[1], ext]
    return _like(path, found[1], found[2], group) or picture_alone(path)


def pictures_in(folder: Path) -> list[Pictures]:
    """Every row of two or more pictures in a folder. Raises OSError."""
    return rows_among(folder, (name for name in _names(folder) if ending(name) in PICTURES))


def rows_among(folder: Path, names: Iterable[str]) -> list[Pictures]:
    """Every row of two or more among the pictures *names* of a folder. Raises OSError."""
    rows = []
    for (head, _), group in _groups(names).items():
        left = sorted(group)
        while left:
            digits, name = left[0]
            row = _like(folder / name, head, digits, left)
            taken = {name, *(row.names if row is not None else ())}
            left = [one for one in left if one[1] not in taken]
            rows += [row] if row is not None else []
    return rows


def _groups(names: Iterable[str]) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Digits and name of each numbered file, by what stands before the digits and the ending."""
    groups: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for name in names:
        ext = ending(name)
        if piece := _NUMBERED.fullmatch(name[: -len(ext) - 1]):
            groups[piece[1], ext].append((piece[2], name))
    return groups


def _like(path: Path, head: str, digits: str, group: list[tuple[str, str]]) -> Pictures | None:
    """The files of *group* whose numbers are written as the *digits* of *path*; None for one."""
    width = _width(digits, [other for other, _ in group])
    frames = {int(one): name for one, name in group if f"{int(one):0{width}}" == one}
    if len(frames) < 2:
        return None
    lengths = {len(str(number)) for number in frames}
    if width == 1 and len(lengths) == 1:  # nothing shows whether they are filled up: take it so
        width = lengths.pop()
    return _row(path.parent, frames, _pattern(head, width, path.suffix))


def _pattern(head: str, width: int, suffix: str) -> str:
    number = f"%0{width}d" if width > 1 else "%d"
    return head.replace("%", "%%") + number + suffix


def pictures_of(folder: Path, names: Iterable[str]) -> Pictures | None:
    """The row that a camera's card says these files are; None where they are not alike."""
    pieces = [(_NUMBERED.fullmatch(name[: -len(ending(name)) - 1]), name) for name in names]
    frames = {int(piece[2]): name for piece, name in pieces if piece}
    if len(frames) != len(pieces) or len(frames) < 2:
        return None
    first, name = pieces[0]
    assert first is not None
    return _row(folder, frames, _pattern(first[1], len(first[2]), Path(name).suffix))


def _names(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries if not entry.name.startswith(".")]


def _width(digits: str, all_digits: list[str]) -> int:
    """How many digits a number is filled up to: told by the files that begin with a zero."""
    filled = [len(one) for one in (digits, *all_digits) if one.startswith("0") and len(one) > 1]
    if digits.startswith("0"):
        return len(digits)
    return min((width for width in filled if width <= len(digits)), default=1)


def picture_alone(path: Path) -> Pictures:
    """One picture as a row of its own. Raises OSError."""
    row = FrameRow(pattern=path.name.replace("%", "%%"), first=0, last=0, present=1)
    return Pictures(path.parent, (path.name,), path.stat().st_size, row)


def _row(folder: Path, frames: dict[int, str], pattern: str) -> Pictures:
    numbers = _in_order(sorted(frames))
    gaps = tuple(
        (before + 1, after - 1) for before, after in pairwise(numbers) if after > before + 1
    )
    names = tuple(frames[number] for number in numbers)
    row = FrameRow(
        pattern=pattern, first=numbers[0], last=numbers[-1], present=len(names), missing=gaps
    )
    return Pictures(folder, names, sum((folder / name).stat().st_size for name in names), row)


def _in_order(numbers: list[int]) -> list[int]:
    """As they are shown: a row that counts from midnight and passes it begins behind the jump."""
    if numbers[0] != 0 or (numbers[-1] + 1) % _A_DAY:
        return numbers
    jumps = [b - a for a, b in pairwise(numbers)]
    at = jumps.index(max(jumps)) + 1
    return numbers[at:] + numbers[:at] if max(jumps) > 1 else numbers
