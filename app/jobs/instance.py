"""Who is at work on a profile: several Reelkeeps may run, each with its own jobs.

An instance holds a lock on a file for as long as it lives; the kernel releases it whatever
kills the process, so a dead owner's jobs are told from a living one's without guessing by pid.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def take_lock(file: IO[bytes]) -> bool:
        """Hold an open file until it is closed or we die; False when another holds it."""
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def take_lock(file: IO[bytes]) -> bool:
        """Hold an open file until it is closed or we die; False when another holds it."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


class Instance:
    """This process, as the owner of jobs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.id = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._file = (folder / f"{self.id}.lock").open("wb")
        take_lock(self._file)

    def alive(self, owner: str) -> bool:
        """Whether the process that owned a job still runs."""
        if owner == self.id:
            return True
        path = self.folder / f"{owner}.lock"
        try:
            with path.open("rb+") as file:
                if not take_lock(file):
                    return True
        except FileNotFoundError:
            return False
        path.unlink(missing_ok=True)
        return False

    def close(self) -> None:
        """Stop being an owner."""
        self._file.close()
        with contextlib.suppress(OSError):  # a disk that died keeps the file, and nobody's lock
            (self.folder / f"{self.id}.lock").unlink(missing_ok=True)


class Lanes:
    """One job at a time on each device, across all Reelkeeps on this profile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.busy = ""
        """What the last take in vain was in want of."""
        self._held: dict[str, IO[bytes]] = {}

    def take(self, lanes: Iterable[str]) -> bool:
        """Take all of *lanes*, or none."""
        taken: dict[str, IO[bytes]] = {}
        for lane in sorted(set(lanes)):
            name = hashlib.sha256(lane.encode("utf-8", "surrogateescape")).hexdigest()[:16]
            if lane in self._held:
                break
            file: IO[bytes] = (self.folder / f"{name}.lock").open("ab")
            if not (take_lock(file) and _has_its_name(file)):
                file.close()
                break
            taken[lane] = file
        else:
            self._held |= taken
            return True
        for file in taken.values():
            file.close()
        self.busy = lane
        return False

    def release(self, lanes: Iterable[str]) -> None:
        """Give *lanes* back."""
        for lane in lanes:
            held = self._held.pop(lane, None)
            if held is not None:
                with contextlib.suppress(OSError):  # some systems keep the name of an open file
                    Path(held.name).unlink()
                held.close()


def _has_its_name(file: IO[bytes]) -> bool:
    """Whether a file that was opened by its name still has it: whoever had it may have let go."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), Path(file.name).stat())
    except OSError:
        return False
