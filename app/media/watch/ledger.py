"""What a watch folder has done: line after line in one file, so that nothing is done twice.

A line is added when something is begun and when it has ended; the last one of a file and product
counts. A line that a power cut has torn counts for nothing.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import IO

from app.errors import WriteFailed
from app.media.facts.stamp import Stamp
from app.media.products.partial import sync_folder
from app.media.transcode.work import write_safely

PROBE, PARTS = "probe", "parts"
_MOST_SPENT = 1000
"""Lines that no longer count, above which the file is written anew at the start."""


class Stage(StrEnum):
    """How one product of a file stands."""

    QUEUED = "queued"
    DONE = "done"
    FAILED = "failed"
    LEFT_OUT = "left out"
    """There is nothing to be made: no contact sheet of sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One product of one clip."""

    file: str
    """The path of its first file below the raw folder."""
    size: int
    changed: int
    product: str
    """`archive`, `preview`, `montage`, `proxies`; `probe` for no clip, `parts` where some lack."""
    stage: Stage
    each: str = ""
    """Of several files: stands for the state of each."""
    job: str = ""
    words: str = ""

    @property
    def stamp(self) -> Stamp:
        """The state of the clip that it was made of."""
        return Stamp(size=self.size, changed=self.changed, each=self.each)


class Ledger:
    """The memory of one watch folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[tuple[str, str], Entry] = {}
        self._at: dict[Stage, dict[tuple[str, str], Entry]] = {stage: {} for stage in Stage}
        self._file: IO[str] | None = None

    def open(self) -> None:
        """Read what is known. WriteFailed where nothing can be remembered."""
        spent = 0
        for known in (self._entries, *self._at.values()):
            known.clear()
        try:
            lines = self._path.read_text("utf-8", "replace").splitlines()
        except FileNotFoundError:
            lines = []
        except OSError as error:
            raise self._failed(error) from error
        for line in lines:
            entry = _entry(line)
            if entry is None or (entry.file, entry.product) in self._entries:
                spent += 1
            if entry is not None:
                self._know(entry)
        try:
            if spent > _MOST_SPENT:
                write_safely(self._path, "".join(map(_line, self._entries.values())))
            self._file = self._path.open("a", encoding="utf-8")
            self._file.write("\n" if lines and spent else "")  # what was torn ends here
            sync_folder(self._path.parent)
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def add(self, entry: Entry) -> None:
        """Remember; on disk before it returns."""
        assert self._file is not None
        self._know(entry)
        try:
            self._file.write(_line(entry))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._failed(error) from error

    def ended(self, entry: Entry, stage: Stage, words: str = "") -> Entry:
        """Remember how it ended."""
        done = replace(entry, stage=stage, words=words)
        self.add(done)
        return done

    def get(self, file: str, product: str) -> Entry | None:
        """What is known of one product of one file."""
        return self._entries.get((file, product))

    def at(self, stage: Stage) -> tuple[Entry, ...]:
        """Everything that stands so."""
        return tuple(self._at[stage].values())

    def count(self, stage: Stage) -> int:
        """How many products stand so."""
        return len(self._at[stage])

    def _know(self, entry: Entry) -> None:
        key = entry.file, entry.product
        if (before := self._entries.get(key)) is not None:
            del self._at[before.stage][key]
        self._entries[key] = self._at[entry.stage][key] = entry

    def forget_failures(self) -> None:
        """Have what failed tried again."""
        for entry in self.at(Stage.FAILED):
            if entry.product != PARTS:
                self.add(replace(entry, changed=0))  # of another state: to be made of this one

    def _failed(self, error: OSError) -> WriteFailed:
        return WriteFailed(
            f"{self._path} cannot be used: {error.strerror}.",
            path=self._path,
            hint="Without it files would be done twice. Check its disk.",
        )


def _line(entry: Entry) -> str:
    return json.dumps(asdict(entry)) + "\n"


def _entry(line: str) -> Entry | None:
    try:
        data = json.loads(line)
        return Entry(**{**data, "stage": Stage(data["stage"])})
    except (ValueError, TypeError, KeyError):
        return None
