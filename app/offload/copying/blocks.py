"""A fixed pool of aligned blocks: the only memory that a large file ever needs.

The pool is the back-pressure. A reader that finds no free block waits for the slowest writer;
a writer that was detached gives its blocks back at once, so the others never starve. A block that
a drive still holds which no longer answers is never used again: the pool makes another one.
Blocks are reused for the whole job: fresh memory costs a page fault every 4 KiB.
"""

from __future__ import annotations

import contextlib
import mmap
import threading
from collections.abc import Callable

_MOST = 128 << 20
"""Bytes of all blocks of a pool together, as long as that leaves the few it needs."""
_FEWEST = 3
_LOOK_SECONDS = 0.2
"""How often a reader that waits for a block looks whether it still should."""


class Block:
    """A run of bytes on its way from the card to every writer and hasher."""

    __slots__ = ("_pool", "_users", "buffer", "hole", "offset", "size", "view")

    def __init__(self, pool: Pool, size: int) -> None:
        self._pool = pool
        self._users = 0
        self.buffer = mmap.mmap(-1, size)
        self.view = memoryview(self.buffer)
        self.size = 0
        """Bytes in use."""
        self.offset = 0
        """Where they belong in the file."""
        self.hole = False
        """Whether the whole block lies in a hole of a sparse file."""

    def share(self, users: int) -> None:
        """Say how many will give it back."""
        self._users = users
        if not users:
            self._pool.put(self)

    def release(self) -> None:
        """One user is done with it."""
        with self._pool.lock:
            self._users -= 1
            free = self._users == 0
        if free:
            self._pool.put(self)

    def close(self) -> None:
        """Give its memory back to the system."""
        self.view.release()
        with contextlib.suppress(BufferError):  # an error's traceback may still hold a part of it
            self.buffer.close()


class Pool:
    """Blocks for one job: *count* of *size* bytes, fewer where they are large."""

    def __init__(self, count: int, size: int) -> None:
        count = min(count, max(_FEWEST, _MOST // size))
        self.lock = threading.Lock()
        self.block_size = size
        self._change = threading.Condition(threading.Lock())
        self._free = [Block(self, size) for _ in range(count)]
        self._given_up: set[Block] = set()
        self._closed = False

    def take(self, look: Callable[[], None] = lambda: None) -> Block:
        """A free block, once there is one; *look* is called now and then, and may raise."""
        with self._change:
            while not self._free:
                if not self._change.wait(_LOOK_SECONDS):
                    self._change.release()
                    try:
                        look()
                    finally:
                        self._change.acquire()
            return self._free.pop()

    def put(self, block: Block) -> None:
        """Take a block back."""
        with self._change:
            keep = not self._closed and block not in self._given_up
            self._given_up.discard(block)
            if keep:
                self._free.append(block)
                self._change.notify()
        if not keep:
            block.close()

    def replace(self, block: Block) -> None:
        """Put another block in the place of one that a hung thread may hold for ever.

        Should it come back, its memory goes back to the system. Who replaces blocks does it once
        for each destination, so memory stays bounded.
        """
        fresh = Block(self, self.block_size)
        with self._change:
            self._given_up.add(block)
            self._free.append(fresh)
            self._change.notify()

    def close(self) -> None:
        """Give the memory back to the system; a block that a hung thread holds follows later."""
        with self._change:
            self._closed = True
            free, self._free = self._free, []
        for block in free:
            block.close()
