"""Tells what dead runs of `pfndispatchcopy` have left half written from what is being written.

Every copy under way has a file in the profile that its process holds locked; the kernel lets go of
it whatever ends the process. So a partial file whose lock file is there and free is certainly of a
dead run, and only such a one is ever removed.

The lock file of a killed run stays until a later one looks into the same folder: without it nobody
could tell what it has left there, maybe on a drive that is away. It says which folder that is, and
goes as soon as nothing of its run lies there.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import time
from collections.abc import Collection
from pathlib import Path
from typing import IO, NamedTuple

from app.jobs.instance import take_lock
from app.jobs.spec import JobId
from app.offload.copying.target import PARTIAL
from app.places.volumes import Volume

_OURS = re.compile(re.escape(PARTIAL) + r"([0-9A-F]{6}-\d+-[0-9a-f]{8})-[0-9a-f]{4}-\d+\.part")
_MOMENT = 5.0
"""Seconds."""


class Leftover(NamedTuple):
    """A partial file that lies in a destination's folder."""

    name: str
    size: int
    """Bytes that it takes up."""
    run: str
    """The copy that it belongs to; "" where that is none of this program's."""


class Runs:
    """The copies under way, of every process that uses one profile."""

    def __init__(self, folder: Path) -> None:
        """*folder* is made once it is needed; where it cannot be, nothing is ever removed."""
        self._folder = folder
        self._held: dict[str, IO[bytes]] = {}

    def begin(self, job: JobId, index: int, where: str) -> str:
        """The name of a copy that begins now, in the folder that `where` names."""
        run = f"{job}-{index}-{secrets.token_hex(4)}"
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            file = self._path(run).open("xb")
            if not _taken(file):
                self.forget(run)  # without it nothing of the run is ever removed
                return run
            self._held[run] = file
            file.write(os.fsencode(where))
            file.flush()
        return run

    def end(self, run: str) -> None:
        """Nothing half written is left of a copy."""
        if file := self._held.pop(run, None):
            _unlink_held(file)
            file.close()
            self.forget(run)  # some systems keep the name of an open file

    def tidy(self, where: str, left: Collection[str]) -> None:
        """Forget dead runs in a folder where only something of the runs *left* still lies."""
        with contextlib.suppress(OSError):
            for path in self._folder.glob("*.lock"):
                if path.stem not in left:
                    self._forget_dead(path, where)

    def _forget_dead(self, path: Path, where: str) -> None:
        with contextlib.suppress(OSError), path.open("rb+") as file:
            # Whoever makes one writes into it once it is locked, so an empty one may be just begun.
            if take_lock(file) and file.read() == os.fsencode(where):
                _unlink_held(file)

    def dead(self, run: str) -> bool:
        """Whether the process of a copy has certainly ended; False where that cannot be told."""
        try:
            with self._path(run).open("rb+") as file:
                return run not in self._held and take_lock(file)
        except OSError:
            return False

    def forget(self, run: str) -> None:
        """Nothing is left of a dead run."""
        with contextlib.suppress(OSError):
            self._path(run).unlink(missing_ok=True)

    def _path(self, run: str) -> Path:
        return self._folder / f"{run}.lock"


def where(volume: Volume, folder: int) -> str:
    """By what an open folder of a volume is known again, wherever that is mounted."""
    return f"{volume.identity} {os.fstat(folder).st_ino}"


def _taken(file: IO[bytes]) -> bool:
    """Hold a new file; others who look what it is hold it for a moment."""
    until = time.monotonic() + _MOMENT
    while not take_lock(file):
        if time.monotonic() > until:
            return False
        time.sleep(0.001)
    return True


def _unlink_held(file: IO[bytes]) -> None:
    """Remove a file whose lock we hold, unless its name has become another's."""
    with contextlib.suppress(OSError):
        if os.path.samestat(os.fstat(file.fileno()), os.stat(file.name)):
            os.unlink(file.name)


def leftovers(folder: int) -> list[Leftover]:
    """Every partial file of whatever run in an open folder; OSError when it cannot be listed."""
    found = []
    for name in os.listdir(folder):
        if name.startswith(PARTIAL) and name.endswith(".part"):
            with contextlib.suppress(FileNotFoundError):  # it was being written, and is done
                facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if stat.S_ISREG(facts.st_mode):
                    ours = _OURS.fullmatch(name)
                    size = getattr(facts, "st_blocks", facts.st_size // 512) * 512
                    found.append(Leftover(name, size, ours[1] if ours else ""))
    return found


def sweep(folder: int, volume: Volume, runs: Runs) -> tuple[list[Leftover], list[Leftover]]:
    """Remove what dead runs have left in an open folder; answers what went and what stays."""
    gone, kept = [], []
    for one in leftovers(folder):
        if one.run and runs.dead(one.run):
            try:
                os.unlink(one.name, dir_fd=folder)
            except OSError:  # a drive that is read-only or dying
                kept.append(one)
            else:
                runs.forget(one.run)
                gone.append(one)
        else:
            kept.append(one)
    runs.tidy(where(volume, folder), {one.run for one in kept})
    return gone, kept
