"""When the journal has to be looked through for damage: that reads all of it.

Once a day, and whenever it is not as the last one of us has left it: after a crash or a power cut,
after somebody has put another file in its place. While another Reelkeep has it open it is in use,
and not looked through.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import sys
import time
from pathlib import Path
from typing import IO

if sys.platform == "win32":

    def _alone(file: IO[bytes]) -> bool:
        return True  # nobody can be told from nobody there: it is looked through when it changed
else:
    import fcntl

    def _alone(file: IO[bytes]) -> bool:
        """Whether no other process has it open; from now on, others know that we do."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            alone = False
        else:
            alone = True
        fcntl.flock(file, fcntl.LOCK_SH)
        return alone


_AGAIN_SECONDS = 24 * 3600.0


class Soundness:
    """What is known of the soundness of one journal while it is open here."""

    def __init__(self, journal: Path) -> None:
        """Take part in its use, before it is opened; OSError where nothing can be written there."""
        self._journal = journal
        self._mark = journal.with_suffix(".sound")
        self._in_use = journal.with_suffix(".in-use").open("ab")
        alone = _alone(self._in_use)
        self._checked = 0.0
        """When it was looked through, in seconds of the system's clock; 0: not to be relied on."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            told = json.loads(self._mark.read_text())
            if not alone or (told["left"] == _facts(journal) and not _log_left(journal)):
                self._checked = float(told["checked"])

    @property
    def in_doubt(self) -> bool:
        """Whether it has to be looked through."""
        return not 0 <= time.time() - self._checked < _AGAIN_SECONDS

    def found_sound(self) -> None:
        """It was looked through just now, and nothing is wrong."""
        self._checked = time.time()

    def suspect(self, error: sqlite3.Error) -> None:
        """SQLite has met *error*: where it is about damage, the next start looks it through."""
        if "malformed" in str(error) or "not a database" in str(error):
            self._checked = 0.0
            with contextlib.suppress(OSError):
                self._mark.unlink()

    def close(self) -> None:
        """Write down how it was left; to be called once the journal itself is closed."""
        with contextlib.suppress(OSError):
            if self._checked:
                told = {"left": _facts(self._journal), "checked": self._checked}
                fresh = self._mark.with_suffix(f".{os.getpid()}")
                fresh.write_text(json.dumps(told))
                fresh.replace(self._mark)
        self._in_use.close()


def _facts(journal: Path) -> list[int]:
    found = journal.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def _log_left(journal: Path) -> bool:
    """Whether changes lie beside it that the last one to close it would have taken in."""
    log = journal.with_name(journal.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def inspect(journal: Path) -> tuple[int, str]:
    """How many jobs a journal holds, and what is wrong with it, "" for nothing; all of it is read.

    Nothing is written, and nothing is made where there is none.
    """
    try:
        db = sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True, timeout=10)
        try:
            (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
            (jobs,) = db.execute("SELECT count(*) FROM jobs").fetchone()
        finally:
            db.close()
    except sqlite3.Error as error:
        return 0, str(error)
    return int(jobs), "" if found == "ok" else str(found)
