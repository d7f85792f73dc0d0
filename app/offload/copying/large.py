"""Streams large files: one read of the card feeds every writer and hasher.

reader ── pool of blocks ──┬─ hashers
                           ├─ writer 1 ─ settler 1 (sync, read back, rename, journal)
                           └─ writer N ─ settler N
"""

from __future__ import annotations

from collections import deque
from functools import partial

from app.errors import SourceFault, SourceUnsteady
from app.integrity.medium import ALIGNMENT, SHORT_READS, MediumReader
from app.offload.copying.blocks import Block, Pool
from app.offload.copying.hashers import Hashers
from app.offload.copying.passage import Passage
from app.offload.copying.settle import Settler
from app.offload.copying.work import CopyWork, FileWork
from app.offload.copying.writer import Writer
from app.units import now

_BLOCKS = 8


class LargeFiles:
    """Copies large files one after the other; settles each while the next is read."""

    def __init__(self, passage: Passage) -> None:
        self._passage = passage
        self._pool = Pool(_BLOCKS, passage.block_size)
        self._hashers = Hashers(passage.kinds)
        self._again = MediumReader(passage.block_size) if passage.source_twice else None
        self._unchecked: deque[FileWork] = deque()
        self._settlers = {
            i: Settler(passage, t, passage.broken) for i, t in passage.targets.items()
        }
        self._writers = {
            i: Writer(
                target,
                self._pool,
                written=self._settlers[i].written,
                failed=passage.copy_failed,
                progress=passage.wrote,
                broken=passage.broken,
            )
            for i, target in passage.targets.items()
        }
        self._told = {i: partial(passage.fell_silent, t) for i, t in passage.targets.items()}
        for i, target in passage.targets.items():
            target.silence.told(self._told[i])

    def close(self) -> None:
        """Let everything under way come to its end, and end the threads."""
        for writer in self._writers.values():
            writer.close()
        for settler in self._settlers.values():
            settler.close()
        for i, target in self._passage.targets.items():
            target.silence.untold(self._told[i])
            if target.silent:
                self._passage.fell_silent(target)  # also what was begun at that very moment
        self._hashers.close()
        self._pool.close()
        if self._again is not None:
            self._again.close()

    def give_up_source(self) -> None:
        """The source does not answer and is waited for no more: drop what is half written.

        Whoever is at it now still closes this, should the source come back.
        """
        for writer in self._writers.values():
            writer.end(good=False)
            writer.close()
        for settler in self._settlers.values():
            settler.close()

    def copy(self, work: FileWork) -> None:
        """Read *work* once and hand it to everyone; SourceFault concerns this file only."""
        passage = self._passage
        targets = [t for t in passage.alive if t.index in work.paths]
        if not targets:
            return
        work.begin(len(targets))
        passage.control.show(current=work.entry.path)
        fd, direct = passage.source.open(work.source.path)
        copies = [target.copy_of(work) for target in targets]
        writing = [c for c in copies if not c.compare]
        for copy in writing:
            self._writers[copy.target.index].begin(copy)
        good = False
        try:
            work.attributes = passage.source.attributes(fd, work.source.path)
            before = passage.source.same(fd, work.source)
            if not self._stream(fd, direct, work, copies):
                return
            passage.source.same(fd, work.source, before)
            good = True
            # Before any destination hears of the end: a fast one may settle it at once.
            work.source_checked = self._again is None
        finally:
            passage.source.close(fd)
            for copy in writing:
                self._writers[copy.target.index].end(good=good)
            if not good:
                self._hashers.drop()
                for copy in copies:
                    copy.target.finish(copy)
        self._read_well(work, copies)

    def _read_well(self, work: FileWork, copies: list[CopyWork]) -> None:
        work.read_at = now()
        self._hashers.end(work.digests)
        if self._again is None:
            self._passage.record_source([work])
        for copy in copies:
            if copy.compare:
                self._passage.control.advance(work.entry.size)  # it need not be written
                self._settlers[copy.target.index].written(copy)
        if self._again is not None:
            self._unchecked.append(work)
            # One file behind: what the card's own memory still holds of it is being displaced.
            if len(self._unchecked) > 1:
                self.check_source()

    def _stream(self, fd: int, direct: bool, work: FileWork, copies: list[CopyWork]) -> bool:
        """Read a file to its end; False as soon as no destination is left that wants it."""
        writing = [copy for copy in copies if not copy.compare]
        size, offset = work.entry.size, 0
        while offset < size:
            self._look()
            if not any(copy.target.alive for copy in copies):
                return False
            block = self._pool.take(self._look)
            try:
                count = self._fill(fd, direct, work, block, offset)
            except BaseException:
                block.share(0)
                raise
            self._hand_out(block, writing)
            offset += count
            self._passage.control.advance(count, copied=count)
        return True

    def _look(self) -> None:
        """Raise when the job was cancelled, or nothing that is still copied would be certain."""
        self._passage.control.checkpoint()
        if self._passage.fatal is not None:
            raise self._passage.fatal

    def _fill(self, fd: int, direct: bool, work: FileWork, block: Block, offset: int) -> int:
        source, entry = self._passage.source, work.source
        block.offset = offset
        length = self._pool.block_size
        block.hole = entry.sparse and source.is_hole(fd, entry.path, offset, length)
        for _ in range(SHORT_READS):
            count = source.read(fd, entry.path, block.buffer, offset)
            count = min(count, entry.size - offset)
            unfinished = offset + count < entry.size
            if count and not (direct and unfinished and count % ALIGNMENT):
                break
        else:
            # Some file systems give less than asked now and then; never several times in a row.
            raise source.changed(entry.path, f"it ends after {offset + count:,} bytes")
        block.size = count
        return count

    def _hand_out(self, block: Block, writing: list[CopyWork]) -> None:
        block.share(self._hashers.users + len(writing))
        self._hashers.put(block)
        for copy in writing:
            self._writers[copy.target.index].put(block)

    def check_source(self) -> None:
        """Read the oldest unchecked file from the card a second time."""
        if self._again is None or not self._unchecked:
            return
        work = self._unchecked.popleft()
        try:
            self._compare(work, self._again)
            work.source_checked = True
            self._passage.record_source([work])
        except SourceFault as error:
            self._passage.source_failed(work, error)
        finally:
            for settler in self._settlers.values():
                settler.source_checked(work)

    def check_all(self) -> None:
        """Read every file that still waits for it a second time."""
        while self._unchecked:
            self.check_source()

    def _compare(self, work: FileWork, reader: MediumReader) -> None:
        passage = self._passage
        path, kind = work.source.path, passage.proof
        passage.control.show(current=path)

        def once(count_work: bool) -> str:
            def tick(count: int) -> None:
                passage.control.checkpoint()
                if count_work:
                    passage.control.advance(count)

            return passage.source.read_again(reader, path, kind, tick)

        first = work.digests.result()[kind]
        second = once(True)
        if second != first:
            raise unsteady(passage, work, first, second, once(False))


def unsteady(
    passage: Passage, work: FileWork, first: str, second: str, third: str
) -> SourceUnsteady:
    """What two reads that differ mean, now that there is a third."""
    if third == first:
        found = "the second read differs from the first and the third"
    elif third == second:
        found = "the first read differs from the second and the third"
    else:
        found = "three reads gave three different results"
    return SourceUnsteady(
        f"{work.entry.path} on {passage.source.name}: {found}.",
        path=passage.source.folder.path / work.entry.path,
        device=passage.source.name,
    )
