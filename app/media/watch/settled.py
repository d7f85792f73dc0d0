"""Whether a clip is finished: it has stopped growing, and nobody has a file of it open to write."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from app.media.facts.stamp import Stamp

_FEW = 100
"""Files of a clip up to which all are looked at again and again."""


@dataclass(slots=True)
class Settling:
    """Clips that were seen, and since when each is as it is."""

    quiet: float
    """Seconds for which it has to stay as it is."""
    _seen: dict[str, tuple[Stamp, float]] = field(default_factory=dict)

    def settled(
        self, name: str, files: Sequence[Path], known: Stamp, *, more: float = 0.0
    ) -> Stamp | None:
        """Look at a clip once more; its stamp as soon as it may be taken up. OSError.

        *known* is how it was at the last look at everything, *more* seconds that it has to stay so
        beyond those of all clips.
        """
        now = time.monotonic()
        before, since = self._seen.get(name, (None, now))
        due = now - since >= self.quiet + more
        stamp = known if len(files) > _FEW and not due else Stamp.of_all(files)
        if before != stamp:
            self._seen[name] = (stamp, now)
            return None
        if not due or is_written(*files):
            return None
        del self._seen[name]
        return stamp

    def forget(self, name: str) -> None:
        """It is gone."""
        self._seen.pop(name, None)


def is_written(*files: Path) -> bool:
    """Whether some program has one of *files* open to write, as far as this system tells."""
    for path in reversed(files):  # the last one is the likeliest
        held = _leased(path) if sys.platform == "linux" else None
        if held is None:
            return _open_somewhere(files)
        if held:
            return True
    return False


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


def _open_somewhere(files: Iterable[Path]) -> bool:
    """By a look at the open files of every process that we may look at."""
    wanted = set(map(os.path.realpath, files))
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            for file in process.open_files():
                mode = getattr(file, "mode", "r")
                if file.path in wanted and (mode != "r" or sys.platform != "linux"):
                    return True
    return False
