"""A fixed pool of aligned blocks: the only memory that a large file ever needs.

The pool is the back-pressure. A reader that finds no free block waits for the slowest writer;
a writer that was detached gives its blocks back at once, so the others never starve.
Blocks are reused for the whole job: fresh memory costs a page fault every 4 KiB.
"""

from __future__ import annotations

import mmap
import threading


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


class Pool:
    """Blocks for one job."""

    def __init__(self, count: int, size: int) -> None:
        self.lock = threading.Lock()
        self.block_size = size
        self._change = threading.Condition(threading.Lock())
        self._free = [Block(self, size) for _ in range(count)]
        self._all = tuple(self._free)

    def take(self) -> Block:
        """A free block, once there is one."""
        with self._change:
            while not self._free:
                self._change.wait()
            return self._free.pop()

    def put(self, block: Block) -> None:
        """Take a block back."""
        with self._change:
            self._free.append(block)
            self._change.notify()

    def close(self) -> None:
        """Give the memory back to the system; no block may be in use."""
        for block in self._all:
            block.view.release()
            block.buffer.close()
