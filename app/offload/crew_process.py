"""A helper process of a `crew`: one hand for each connection, until the other end closes it.

Started as `python -m app.offload.crew_process PARENT SHARED CONNECTION…`, with numbers of the
process that started it and of descriptors.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import signal
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from app.offload.hand import Hand
from app.offload.touch import Touch
from app.places.root import PinnedFolder

_DIE_WITH_PARENT = 1


def main(arguments: list[str]) -> None:
    """Serve every connection with a thread of its own."""
    parent, shared, *connections = map(int, arguments)
    _end_with_parent(parent)
    cells = memoryview(mmap.mmap(shared, mmap.PAGESIZE)).cast("Q")
    threads = [threading.Thread(target=_serve, args=(Connection(fd), cells)) for fd in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _serve(connection: Connection, cells: memoryview) -> None:
    with contextlib.suppress(EOFError, ConnectionError):
        slot, equipment, (fd, path), folders = connection.recv()
        touched = Touch(cells, slot)
        drives = {index: PinnedFolder(Path(p), os.dup(f)) for index, (f, p) in folders.items()}
        hand = Hand(equipment, PinnedFolder(Path(path), os.dup(fd)), drives, touched)
        while True:
            items = connection.recv()
            try:
                reply: object = hand.work(items)
            except Exception as error:
                reply = error
            touched.idle()
            connection.send(reply)


def _end_with_parent(parent: int) -> None:
    """Nothing may be written any more once the process that owns the job is dead."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it is dead already


if __name__ == "__main__":
    main(sys.argv[1:])
