"""Writes one destination's blocks as they come from the card."""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from app.errors import DestinationSilent, WriteFailed
from app.integrity.cache import O_DIRECT
from app.integrity.medium import ALIGNMENT
from app.offload.copying.blocks import Block, Pool
from app.offload.copying.target import Target
from app.offload.copying.work import CopyWork
from app.places.linux.calls import reserve, start_writing

_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL
_LOOK_EVERY = 256 << 20
"""Bytes after which a writer makes sure that its drive is still where it was."""


@dataclass(frozen=True, slots=True)
class _Begin:
    copy: CopyWork


@dataclass(frozen=True, slots=True)
class _End:
    good: bool


class Writer(threading.Thread):
    """Takes blocks in order; whatever fails, it gives every block back and reports once.

    Once its drive is given up, nobody waits for it any more: it ends by itself if it comes back.
    """

    def __init__(
        self,
        target: Target,
        pool: Pool,
        *,
        written: Callable[[CopyWork], None],
        failed: Callable[[CopyWork, Exception], None],
        progress: Callable[[int, int], None],
        broken: Callable[[Target, Exception], None],
    ) -> None:
        """*broken* is told of errors in reporting an error: then the pass has to end."""
        super().__init__(name=f"write {target.name}", daemon=True)
        self.target = target
        self._pool = pool
        self._inbox: queue.SimpleQueue[_Begin | _End | Block | None] = queue.SimpleQueue()
        self._written = written
        self._failed = failed
        self._progress = progress
        self._broken = broken
        self._copy: CopyWork | None = None
        self._in_hand: Block | None = None
        self._left = False
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._looked = 0
        self.start()
        target.silence.told(self._leave)

    def begin(self, copy: CopyWork) -> None:
        """A file begins."""
        self._inbox.put(_Begin(copy))

    def put(self, block: Block) -> None:
        """The next block of the file; it will be given back."""
        with self._lock:
            if not self._left:
                self._inbox.put(block)
                return
        block.release()

    def end(self, *, good: bool) -> None:
        """The file is complete, or is to be dropped."""
        self._inbox.put(_End(good))

    def close(self) -> None:
        """End the thread once everything before is done; do not wait for a hung one."""
        self._inbox.put(None)
        self._over.wait()
        self.target.silence.untold(self._leave)
        if not self.target.silent:
            self.join()

    def _leave(self) -> None:
        """The drive was given up: take back every block but the one that the thread holds."""
        with self._lock:
            self._left = True
        held = self._in_hand
        with contextlib.suppress(queue.Empty):
            while True:
                message = self._inbox.get_nowait()
                if isinstance(message, Block):
                    message.release()
        self._inbox.put(None)
        if held is not None:
            self._pool.replace(held)
        self._over.set()

    def run(self) -> None:
        """Work through the inbox."""
        try:
            with self.target.at_work():
                while (message := self._inbox.get()) is not None:
                    try:
                        self._take(message)
                    except Exception as error:  # a bug here must not hang the card
                        self._fail(error)
        finally:
            self._over.set()

    def _take(self, message: _Begin | _End | Block) -> None:
        if not isinstance(message, Block):
            self._handle(message)
            return
        self._in_hand = message
        try:
            self._handle(message)
        finally:
            self._in_hand = None
            message.release()

    def _handle(self, message: _Begin | _End | Block) -> None:
        if isinstance(message, _Begin):
            self._copy = message.copy
            self._open(message.copy)
        elif self._copy is None:
            return
        elif isinstance(message, Block):
            self._write(self._copy, message)
        else:
            copy, self._copy = self._copy, None
            if message.good:
                self._written(copy)
            else:
                discard(copy, own_thread=True)

    def _open(self, copy: CopyWork) -> None:
        self.target.check()
        entry = copy.work.entry
        with self.target.silence.call():
            self._open_partial(copy)
        if not entry.sparse:
            with self.target.silence.sync(entry.size):
                reserve(copy.fd, entry.size)

    def _open_partial(self, copy: CopyWork) -> None:
        folder = self.target.folder
        if O_DIRECT:
            try:
                copy.fd = folder.open(copy.partial, _CREATE | O_DIRECT)
                copy.direct = True
            except OSError as error:
                if error.errno not in {errno.EINVAL, errno.EOPNOTSUPP}:
                    raise
                folder.remove(copy.partial)
        if copy.fd < 0:
            copy.fd = folder.open(copy.partial, _CREATE)

    def _write(self, copy: CopyWork, block: Block) -> None:
        if not block.hole:
            size = block.size
            if copy.direct:
                size = -(-size // ALIGNMENT) * ALIGNMENT
            try:
                self._write_all(copy, block, size)
            except OSError as error:
                if not copy.direct or error.errno != errno.EINVAL:
                    raise
                self._go_buffered(copy)
                self._write_all(copy, block, block.size)
            if not copy.direct:
                with self.target.silence.call():
                    start_writing(copy.fd, block.offset, block.size)
        self._progress(self.target.index, block.size)
        self._looked += block.size
        if self._looked >= _LOOK_EVERY:
            self._looked = 0
            self.target.check()

    def _write_all(self, copy: CopyWork, block: Block, size: int) -> None:
        done = 0
        while done < size:
            with self.target.silence.transfer(size - done), block.view[done:size] as part:
                count = os.pwrite(copy.fd, part, block.offset + done)
            if count == 0:
                raise WriteFailed(
                    f"{self.target.name} took no bytes of {copy.path}.", device=self.target.name
                )
            done += count

    def _go_buffered(self, copy: CopyWork) -> None:
        """Some file systems open for direct I/O and then refuse it."""
        fd, copy.fd = copy.fd, -1  # by then the number may be another file's
        with self.target.silence.call():
            os.close(fd)
            copy.fd = self.target.folder.open(copy.partial, os.O_RDWR)
        copy.direct = False

    def _fail(self, error: Exception) -> None:
        copy, self._copy = self._copy, None
        if copy is None:
            return
        try:
            discard(copy, own_thread=True)
            self._failed(copy, error)
        except Exception as bug:
            self._broken(self.target, bug)


def discard(copy: CopyWork, *, own_thread: bool = False) -> None:
    """Remove a partial file, if its drive still answers.

    On a drive that was given up only *own_thread* does that, a thread of the drive's own that
    nobody waits for: it has come back from there.
    """
    copy.failed = True
    target = copy.target
    try:
        if not own_thread:
            target.ask(partial(_drop, copy))
        elif target.silent:
            _drop(copy)
        else:
            with target.silence.call():
                _drop(copy)
    except DestinationSilent:
        return  # the next start drops its partial files


def _drop(copy: CopyWork) -> None:
    if copy.fd >= 0:
        fd, copy.fd = copy.fd, -1
        with contextlib.suppress(OSError):
            os.close(fd)
    if copy.compare:
        return
    try:
        copy.target.folder.remove(copy.partial)
    except OSError:
        return  # the drive is gone or dead; the next start drops its partial files
