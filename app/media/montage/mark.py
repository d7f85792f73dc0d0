"""What is hidden in a contact sheet: of which clip it was made, and how.

So a finished sheet is known again wherever it lies and whoever asks, and what is no sheet of ours
is never replaced.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.media.facts.stamp import Stamp
from app.media.montage.spec import MadeSheet

_GENERATION = 1
"""Grows when sheets come out differently, so that finished ones are made again."""
_WORD = "reelkeep-montage"
_WRITTEN = re.compile(
    _WORD.encode() + rb" ([0-9a-f]{24}) ([0-9a-f]{24}) (\d+) (\d+) (\d+) (\d+) (\d+);"
)
_NEAR_ENDS = 1 << 16
"""Bytes at the head and at the end of a sheet in which its mark lies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What one sheet says of itself."""

    clip: str
    """Stands for the clip's place and the picture track."""
    made_of: str
    """Stands for the clip as it was, and for all that was asked."""
    grid: int = 0
    tiles: int = 0
    gaps: int = 0
    """Tiles whose frames could not be shown."""
    width: int = 0
    height: int = 0

    @property
    def text(self) -> str:
        """As it is written into the file."""
        counts = f"{self.grid} {self.tiles} {self.gaps} {self.width} {self.height}"
        return f"{_WORD} {self.clip} {self.made_of} {counts};"

    def finished(self, there: Mark) -> bool:
        """Whether a sheet that is there shows the same clip, unchanged, as asked, and whole."""
        same = (self.clip, self.made_of) == (there.clip, there.made_of)
        return same and not there.gaps

    def sheet(self, path: Path, *, known: bool) -> MadeSheet:
        """The sheet at *path* that bears this mark. OSError."""
        return MadeSheet(
            path=path,
            grid=self.grid,
            tiles=self.tiles,
            width=self.width,
            height=self.height,
            bytes=path.stat().st_size,
            known=known,
        )


def mark_for(source: Path, files: Iterable[Path], track: int, asked: object) -> Mark:
    """The mark, without its counts, of a sheet of a clip that lies in *files*. OSError."""
    stamps = [(stamp.size, stamp.changed) for stamp in map(Stamp.of, files)]
    return Mark(
        clip=clip_mark(source, track),
        made_of=_digest([_GENERATION, stamps, track, asked]),
    )


def clip_mark(source: Path, track: int) -> str:
    """Stands for the place of a clip and its picture track."""
    return _digest([str(source), track])


def _digest(value: object) -> str:
    words = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(words.encode("utf-8", "surrogateescape")).hexdigest()[:24]


def mark_in(path: Path) -> Mark | None:
    """The mark of the sheet at *path*; None where there is none of ours."""
    try:
        with path.open("rb") as file:
            head = file.read(_NEAR_ENDS)
            file.seek(max(path.stat().st_size - _NEAR_ENDS, 0))
            found = _WRITTEN.search(head) or _WRITTEN.search(file.read(_NEAR_ENDS))
    except OSError:
        return None
    if found is None:
        return None
    clip, made_of = found[1].decode(), found[2].decode()
    grid, tiles, gaps, width, height = (int(found[n]) for n in range(3, 8))
    return Mark(
        clip=clip, made_of=made_of, grid=grid, tiles=tiles, gaps=gaps, width=width, height=height
    )
