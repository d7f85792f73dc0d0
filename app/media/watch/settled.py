"""Whether a file is finished: it has stopped growing, and nobody has it open to write."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from app.media.facts.stamp import Stamp


@dataclass(slots=True)
class Settling:
    """Files that were seen, and since when each is as it is."""

    quiet: float
    """Seconds for which it has to stay as it is."""
    _seen: dict[str, tuple[Stamp, float]] = field(default_factory=dict)

    def settled(self, name: str, path: Path, stamp: Stamp) -> bool:
        """Look at a file once more; True as soon as it may be taken up."""
        now = time.monotonic()
        before, since = self._seen.get(name, (None, now))
        if before != stamp:
            self._seen[name] = (stamp, now)
            return False
        if now - since < self.quiet or is_written(path):
            return False
        del self._seen[name]
        return True

    def forget(self, name: str) -> None:
        """It is gone."""
        self._seen.pop(name, None)


def is_written(path: Path) -> bool:
    """Whether some program has *path* open to write, as far as this system tells."""
    held = _leased(path) if sys.platform == "linux" else None
    return _open_somewhere(path) if held is None else held


def _leased(path: Path) -> bool | None:
    """By a lease, which the kernel gives only where nobody writes; None: it gives none at all."""
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except PermissionError:
        return False  # whoever looks into it says so
    except OSError:
        return True  # it can't be opened now: look again later
    try:
        # Whoever opens it while we hold the lease makes the kernel send this; it is ignored.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return True if error.errno in {errno.EAGAIN, errno.EBUSY} else None
    finally:
        os.close(descriptor)
    return False


def _open_somewhere(path: Path) -> bool:
    """By a look at the open files of every process that we may look at."""
    wanted = os.path.realpath(path)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            for file in process.open_files():
                mode = getattr(file, "mode", "r")
                if file.path == wanted and (mode != "r" or sys.platform != "linux"):
                    return True
    return False
