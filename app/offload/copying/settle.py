"""Turns written partial files into copies: sync, read back, rename, directory sync, journal.

One thread per destination, at work while the next file is being copied. A file is renamed only
when the medium has given back what was read from the card and, where asked, the card itself has
given the same bytes a second time.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable

from app.errors import JobCancelled, NameTaken, ReadBackDiffers, ReelkeepError
from app.integrity.hashing import HashKind
from app.integrity.medium import MediumRead, MediumReader
from app.integrity.verdict import ReadWay
from app.offload.copying.passage import Passage
from app.offload.copying.target import Target
from app.offload.copying.work import CopyFact, CopyState, CopyWork, FileWork
from app.offload.copying.writer import discard
from app.units import now


class Settler(threading.Thread):
    """The last steps of every large file on one destination.

    Once its drive is given up, nobody waits for it any more: it ends by itself if it comes back.
    """

    def __init__(
        self, passage: Passage, target: Target, broken: Callable[[Target, Exception], None]
    ) -> None:
        """*broken* is told of errors in reporting an error: then the pass has to end."""
        super().__init__(name=f"settle {target.name}", daemon=True)
        self._passage = passage
        self._target = target
        self._broken = broken
        self._inbox: queue.SimpleQueue[CopyWork | FileWork | None] = queue.SimpleQueue()
        self._waiting: dict[int, CopyWork] = {}
        self._reader = MediumReader(passage.block_size)
        self._over = threading.Event()
        self.start()
        target.silence.told(self._leave)

    def written(self, copy: CopyWork) -> None:
        """A partial file is complete."""
        self._inbox.put(copy)

    def source_checked(self, work: FileWork) -> None:
        """The card's second read of a file is done, well or not."""
        self._inbox.put(work)

    def close(self) -> None:
        """Settle what was written and end the thread; do not wait for a hung one."""
        self._inbox.put(None)
        self._over.wait()
        self._target.silence.untold(self._leave)
        if not self._target.silent:
            self.join()

    def _leave(self) -> None:
        """The drive was given up."""
        self._inbox.put(None)
        self._over.set()

    def run(self) -> None:
        """Work through the inbox."""
        try:
            with self._target.at_work():
                while (message := self._inbox.get()) is not None:
                    if isinstance(message, FileWork):
                        copy = self._waiting.pop(message.n, None)
                    else:
                        copy = message
                    if copy is not None:
                        self._step(copy)
                for copy in self._waiting.values():
                    discard(copy, own_thread=True)
            self._reader.close()
        finally:
            self._over.set()

    def _step(self, copy: CopyWork) -> None:
        try:
            self._settle(copy)
        except JobCancelled:
            discard(copy, own_thread=True)
        except Exception as error:
            try:
                discard(copy, own_thread=True)
                self._passage.copy_failed(copy, error)
            except Exception as bug:  # a bug here must not hang the card
                self._broken(self._target, bug)

    def _settle(self, copy: CopyWork) -> None:
        if copy.work.spoiled() or not self._target.alive:
            self._drop(copy)
            return
        if copy.fact is None:
            copy.fact = self._finish(copy)
        if copy.work.spoiled():
            # The card's second read failed while this copy was being read back.
            self._drop(copy)
        elif copy.work.source_checked:
            self._confirm(copy, copy.fact)
        else:
            self._waiting[copy.work.n] = copy

    def _drop(self, copy: CopyWork) -> None:
        discard(copy, own_thread=True)
        self._passage.copy_done(copy, well=False)

    def _finish(self, copy: CopyWork) -> CopyFact:
        """Complete the file's facts, sync it, and read it back."""
        work, target = copy.work, copy.target
        if copy.compare:
            target.write_out(copy.path)
            copy.written = now()
            with target.silence.call():
                found = target.folder.stat(copy.path)
            mtime_ns = found.st_mtime_ns if found else 0
        else:
            mtime_ns = self._complete(copy)
        fact = CopyFact(
            n=work.n,
            destination=target.index,
            path=copy.path,
            state=CopyState.WRITTEN,
            way=ReadWay.NONE,
            kind="",
            written=copy.written or now(),
            read=None,
            mtime_ns=mtime_ns,
            found=copy.compare,
        )
        if not copy.compare and not (self._passage.read_back and target.flush):
            if work.expected is not None:
                agreed(work, self._passage.proof, self._passage.source.name)
            return fact
        return self._prove(copy, fact)

    def _complete(self, copy: CopyWork) -> int:
        """Cut, date and sync what was written; its modification time, in nanoseconds."""
        work, target = copy.work, copy.target
        with target.silence.call():
            if os.fstat(copy.fd).st_size != work.entry.size:  # some refuse to cut nothing off
                os.ftruncate(copy.fd, work.entry.size)
            target.keep_facts(copy.fd, work.entry, work.attributes)
        with target.silence.sync(work.entry.size):
            if target.flush:
                os.fsync(copy.fd)
            copy.written = now()
            size, mtime_ns = _facts(copy.fd)
            fd, copy.fd = copy.fd, -1  # whatever closing says, it is closed
            os.close(fd)
        if size != work.entry.size:
            raise ReadBackDiffers(
                f"{copy.path} on {target.name} has {size:,} bytes instead of {work.entry.size:,}.",
                path=target.folder.path / copy.path,
                device=target.name,
            )
        return mtime_ns

    def _prove(self, copy: CopyWork, fact: CopyFact) -> CopyFact:
        """Read the file back and compare; a further read decides what a difference means."""
        kind = self._passage.proof
        expected = agreed(copy.work, kind, self._passage.source.name)
        read = self._read(copy, kind)
        if read.digests[kind] != expected:
            again = self._read(copy, kind)
            raise differs(copy, expected, read.digests[kind], again.digests[kind])
        return proven(fact, read.way, kind)

    def _read(self, copy: CopyWork, kind: HashKind) -> MediumRead:
        passage, target = self._passage, self._target
        path = copy.path if copy.compare else copy.partial
        call = target.silence.transfer(passage.block_size)

        def tick(count: int) -> None:
            target.silence.end(call)
            passage.control.checkpoint()
            passage.control.advance(count)
            target.silence.begin(call)

        with call:  # each block is one
            return self._reader.read(
                lambda flags: target.folder.open_to_read(path, flags),
                (kind,),
                provable=target.provable,
                tick=tick,
            )

    def _confirm(self, copy: CopyWork, fact: CopyFact) -> None:
        folder, silence = self._target.folder, self._target.silence
        if not copy.compare:
            with silence.call():
                folder.rename_new(copy.partial, copy.path)
        if self._target.flush:  # a found one may have been named a moment ago, before a crash
            with silence.sync(0):
                folder.sync_folder(copy.path.rpartition("/")[0])
        self._passage.record_copies([fact])
        self._passage.copy_done(copy, well=fact.state is CopyState.VERIFIED)


def agreed(work: FileWork, kind: HashKind, source: str) -> str:
    """The digest that a copy must have; in a later stage the one that the card gave.

    ReadBackDiffers when the earlier stage's copy no longer gives what the card gave.
    """
    read = work.digests.result()[kind]
    if work.expected is not None and work.expected.get(kind, read) != read:
        raise ReadBackDiffers(
            f"{work.source.path} on {source} no longer gives what the card gave.", device=source
        )
    return read


def proven_state(way: ReadWay) -> CopyState:
    """What a copy that was equal counts as, by how it was read."""
    states = {ReadWay.MEDIUM: CopyState.VERIFIED, ReadWay.CACHE: CopyState.CACHE}
    return states.get(way, CopyState.WRITTEN)


def proven(fact: CopyFact, way: ReadWay, kind: HashKind) -> CopyFact:
    """*fact*, with what the read-back has shown."""
    return CopyFact(
        n=fact.n,
        destination=fact.destination,
        path=fact.path,
        state=proven_state(way),
        way=way,
        kind=kind,
        written=fact.written,
        read=now(),
        mtime_ns=fact.mtime_ns,
        found=fact.found,
    )


def differs(copy: CopyWork, expected: str, first: str, second: str) -> ReelkeepError:
    """What a copy that is not equal means."""
    target = copy.target
    path = target.folder.path / copy.path
    if copy.compare:
        return NameTaken(
            f"A different file named {copy.path} lies on {target.name}; it was not touched.",
            path=path,
            device=target.name,
        )
    if first == second:
        found = "The drive holds other bytes than were written to it"
    elif second == expected:
        found = "The drive gives other bytes at each read"
    else:
        found = "The drive gives other bytes at each read, none of them right"
    return ReadBackDiffers(f"{copy.path} on {target.name}: {found}.", path=path, device=target.name)


def not_as_written(copy: CopyWork) -> ReelkeepError:
    """That a copy has gone, or has another size than it should have."""
    target = copy.target
    path = target.folder.path / copy.path
    if copy.compare:
        return NameTaken(
            f"{copy.path} on {target.name} changed while it was being compared.",
            path=path,
            device=target.name,
        )
    return ReadBackDiffers(
        f"{copy.path} on {target.name} has not the size that was written.",
        path=path,
        device=target.name,
    )


def _facts(fd: int) -> tuple[int, int]:
    found = os.fstat(fd)
    return found.st_size, found.st_mtime_ns
