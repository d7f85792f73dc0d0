"""The helper process of a `crew`: it forks a hand for each connection, which works until the other
end closes it.

A hand is a process and no thread: threads that make one short call to the system after the other
pass Python's lock around, and that took half of all processor time. A fork of a process that has
imported everything costs next to nothing.

Started as `python -m app.offload.copying.crew_process PARENT SHARED CONNECTION…`, with numbers of
the process that started it and of descriptors.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import mmap
import os
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from app.offload.copying.hand import Hand
from app.offload.copying.touch import Touch
from app.places.root import PinnedFolder

_DIE_WITH_PARENT = 1


def main(arguments: list[str]) -> None:
    """Serve every connection with a hand of its own; return when all have ended."""
    parent, shared, *connections = map(int, arguments)
    _end_with_parent(parent)
    gc.collect()
    gc.freeze()  # what all hands have in common stays in memory once
    hands = [_fork(fd, shared, connections) for fd in connections]
    for fd in connections:
        os.close(fd)
    for hand in hands:
        os.waitpid(hand, 0)


def _fork(fd: int, shared: int, connections: list[int]) -> int:
    """The process id of a new hand for one connection."""
    helper = os.getpid()
    hand = os.fork()
    if hand:
        return hand
    status = 1
    try:
        _end_with_parent(helper)
        for other in connections:
            if other != fd:  # whose end its own hand is to see
                os.close(other)
        _serve(Connection(fd), memoryview(mmap.mmap(shared, mmap.PAGESIZE)).cast("Q"))
        status = 0
    finally:
        os._exit(status)


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
