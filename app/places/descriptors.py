"""Lets go of files on a drive that does not answer, so that it holds up nothing else.

Whoever starts another program has it close what it has inherited, and closing a file tells its
server or FUSE program of it: a drive that hangs would keep every program from starting, also those
that have nothing to do with it.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

from app.places.root import PinnedFolder, open_nowhere

_OPEN = Path("/proc/self/fd")
_FACTS = Path("/proc/self/fdinfo")
_MOST_SECONDS = 2.0


def let_files_go(folder: PinnedFolder) -> None:
    """Have every file that this process holds open below *folder* lead nowhere.

    Nobody is asked anything for that. A call that is under way there keeps its file until it
    returns; folders stay as they are.
    """
    try:
        below = os.readlink(_OPEN / str(folder.fd)) + "/"
    except OSError:
        return  # no such system, or the folder has been let go of
    found = _files(below)
    for number in found:
        # Each by a thread of its own: the file is gone at once, but telling the drive of that may
        # take for ever.
        threading.Thread(target=_lead_nowhere, args=(number,), name="let go", daemon=True).start()
    until = time.monotonic() + _MOST_SECONDS
    while found and time.monotonic() < until:
        time.sleep(0.001)
        found = _files(below)


def _files(below: str) -> list[int]:
    """The numbers of all files that are open below a folder."""
    found = []
    for number in os.listdir(_OPEN):
        with contextlib.suppress(OSError):  # it was closed a moment ago
            if os.readlink(_OPEN / number).startswith(below) and not _is_folder(number):
                found.append(int(number))
    return found


def _is_folder(number: str) -> bool:
    flags = dict(line.split(":", 1) for line in (_FACTS / number).read_text().splitlines())["flags"]
    return bool(int(flags, 8) & os.O_DIRECTORY)


def _lead_nowhere(fd: int) -> None:
    nowhere = open_nowhere()
    try:
        os.dup2(nowhere, fd, inheritable=False)
    finally:
        os.close(nowhere)
