"""Copies small files in batches: what costs here is system calls, not bytes.

A batch is read, hashed and written by a few threads, made safe by one sync of each destination's
file system, read back past the cache, renamed, its folders synced, and then written down in one
journal transaction. A crash between any two of these steps leaves partial files, which are
dropped, or complete ones that the journal does not know, which are read again.
"""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial

from app.errors import JobCancelled, ReadBackDiffers, SourceFault
from app.integrity.hashing import MultiHash, hash_bytes
from app.integrity.medium import read_small, whole_pages
from app.integrity.verdict import ReadWay
from app.offload.large import unsteady
from app.offload.passage import Passage
from app.offload.settle import agreed, differs, proven_state
from app.offload.target import Target, attributes_of
from app.offload.work import SMALL, CopyFact, CopyState, CopyWork, FileWork
from app.offload.writer import discard
from app.places.linux_calls import sync_file_system
from app.units import now

BATCH_FILES = 2000
BATCH_BYTES = 256 << 20
_THREADS = 4
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL


class SmallFiles:
    """Collects small files and copies them a batch at a time."""

    def __init__(self, passage: Passage) -> None:
        self._passage = passage
        self._proof = passage.proof
        self._workers = ThreadPoolExecutor(_THREADS, thread_name_prefix="small files")
        self._local = threading.local()
        self._batch: list[FileWork] = []
        self._bytes = 0

    def close(self) -> None:
        """End the threads."""
        self._workers.shutdown(cancel_futures=True)

    def add(self, work: FileWork) -> None:
        """Take a file into the batch; a full batch is copied at once."""
        self._batch.append(work)
        self._bytes += work.entry.size
        if len(self._batch) >= BATCH_FILES or self._bytes >= BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Copy and prove what has been collected."""
        batch, self._batch, self._bytes = self._batch, [], 0
        if not batch:
            return
        for target in self._passage.alive:
            if not target.folder.still_there():
                self._passage.detach(target, target.gone_error())
        copies: list[CopyWork] = []
        try:
            self._each(batch, lambda work: copies.extend(self._copy(work)))
            self._sync(copies)
            if self._passage.source_twice:
                self._each(batch, self._check_source)
            else:
                for work in batch:
                    work.source_checked = work.trouble is None
            self._each(copies, self._prove)
            self._confirm(batch, copies)
        except BaseException:
            for copy in copies:
                discard(copy)
            raise

    def _each(self, items: Iterable[object], do: Callable[..., None]) -> None:
        """Do something with every item on all threads; the first error is raised at the end."""
        items = list(items)
        step = max(1, len(items) // (_THREADS * 8))
        parts = [items[i : i + step] for i in range(0, len(items), step)]

        def some(part: list[object]) -> None:
            for item in part:
                self._passage.control.checkpoint()
                do(item)

        futures = [self._workers.submit(some, part) for part in parts]
        wait(futures)
        for future in futures:
            future.result()

    def _buffer(self) -> memoryview:
        """This thread's own aligned memory, reused for every file."""
        if not hasattr(self._local, "buffer"):
            self._local.buffer = memoryview(mmap.mmap(-1, SMALL + mmap.PAGESIZE))
        buffer: memoryview = self._local.buffer
        return buffer

    # One file: read, hash, write

    def _copy(self, work: FileWork) -> list[CopyWork]:
        passage = self._passage
        targets = [t for t in passage.alive if t.index in work.paths]
        if not targets:
            return []
        work.begin(len(targets))
        try:
            count = self._read(work)
        except SourceFault as error:
            passage.source_failed(work, error)
            return []
        passage.control.show(current=work.entry.path)
        passage.control.advance(count, copied=count)
        copies = [target.copy_of(work) for target in targets]
        for copy in copies:
            if not copy.compare:
                self._attempt(copy, partial(self._write, copy, count))
        return copies

    def _read(self, work: FileWork) -> int:
        source, entry, buffer = self._passage.source, work.source, self._buffer()
        fd, _ = source.open(entry.path)
        try:
            before = source.same(fd, entry)
            work.attributes = attributes_of(fd)
            view = buffer[: whole_pages(entry.size)]
            count = source.read(fd, entry.path, view, 0) if entry.size else 0
            if count != entry.size:
                raise source.changed(entry.path, f"it ends after {count:,} bytes")
            source.same(fd, entry, before)
        finally:
            source.close(fd)
        hasher = MultiHash(self._passage.kinds)
        hasher.update(buffer[:count])
        work.digests.set_result(hasher.digests())
        work.read_at = now()
        return count

    def _write(self, copy: CopyWork, count: int) -> None:
        target, work = copy.target, copy.work
        copy.fd = target.folder.open(copy.partial, _CREATE)
        view, done = self._buffer(), 0
        while done < count:
            done += os.write(copy.fd, view[done:count])
        target.keep_facts(copy.fd, work.entry, work.attributes)
        copy.written = now()
        fd, copy.fd = copy.fd, -1  # whatever closing says, it is closed
        os.close(fd)
        self._passage.wrote(target.index, count)

    def _attempt(self, copy: CopyWork, do: Callable[[], None]) -> None:
        """Run one step for one copy; its failure is its own."""
        if copy.failed:
            return
        try:
            if not copy.target.alive:
                self._give_up(copy)
            else:
                do()
        except JobCancelled:
            discard(copy)
            raise
        except Exception as error:
            discard(copy)
            self._passage.copy_failed(copy, error)

    def _give_up(self, copy: CopyWork) -> None:
        discard(copy)
        self._passage.copy_done(copy, well=False)

    # The whole batch: safe, equal, named, certain

    def _sync(self, copies: list[CopyWork]) -> None:
        """One sync of each destination's file system, all at the same time."""

        def sync(target: Target) -> None:
            try:
                with target.folder.folder("") as fd:
                    sync_file_system(fd)
            except OSError as error:
                # What an earlier write lost is lost, and a second sync would lie.
                self._passage.detach(target, target.fault(error, "a batch of small files"))

        flushed = {c.target for c in copies if c.target.alive and c.target.flush}
        futures = [self._workers.submit(sync, target) for target in flushed]
        wait(futures)
        for future in futures:
            future.result()  # whatever else went wrong: nothing was made safe

    def _check_source(self, work: FileWork) -> None:
        if work.trouble is not None or not work.digests.done():
            return
        passage = self._passage
        try:
            first = work.digests.result()[passage.proof]
            second = self._digest_again(work)
            passage.control.advance(work.entry.size)
            if second != first:
                raise unsteady(passage, work, first, second, self._digest_again(work))
            work.source_checked = True
        except SourceFault as error:
            passage.source_failed(work, error)

    def _digest_again(self, work: FileWork) -> str:
        source = self._passage.source
        try:
            count, _, _ = read_small(
                lambda flags: source.folder.open_to_read(work.source.path, flags), self._buffer()
            )
        except OSError as error:
            raise source.fault(error, work.source.path) from error
        return self._digest(count)

    def _digest(self, count: int) -> str:
        return hash_bytes(self._proof, self._buffer()[:count])

    def _prove(self, copy: CopyWork) -> None:
        if copy.work.trouble is not None:
            if not copy.failed:
                self._give_up(copy)
            return
        self._attempt(copy, lambda: self._read_back(copy))

    def _read_back(self, copy: CopyWork) -> None:
        target, asked = copy.target, self._passage.read_back and copy.target.flush
        if copy.compare:
            target.write_out(copy.path)
        copy.written = copy.written or now()
        way, read = ReadWay.NONE, None
        if copy.compare or asked:
            way, found = self._compared(copy)
            read = now()
        else:
            if copy.work.expected is not None:
                agreed(copy.work, self._proof, self._passage.source.name)
            found = self._of_the_right_size(copy, target.folder.stat(copy.partial))
        copy.fact = CopyFact(
            n=copy.work.n,
            destination=target.index,
            path=copy.path,
            state=proven_state(way),
            way=way,
            kind=self._proof if read else "",
            written=copy.written,
            read=read,
            mtime_ns=found.st_mtime_ns,
            found=copy.compare,
        )

    def _of_the_right_size(self, copy: CopyWork, found: os.stat_result | None) -> os.stat_result:
        if found is None or found.st_size != copy.work.entry.size:
            raise ReadBackDiffers(
                f"{copy.path} on {copy.target.name} has not the size that was written.",
                path=copy.target.folder.path / copy.path,
                device=copy.target.name,
            )
        return found

    def _compared(self, copy: CopyWork) -> tuple[ReadWay, os.stat_result]:
        """Read a copy back and compare it with what the card gave."""
        target = copy.target
        path = copy.path if copy.compare else copy.partial
        expected = agreed(copy.work, self._proof, self._passage.source.name)

        def once() -> tuple[str, ReadWay, os.stat_result]:
            count, way, found = read_small(
                lambda flags: target.folder.open_to_read(path, flags),
                self._buffer(),
                provable=target.provable,
            )
            return self._digest(count), way, self._of_the_right_size(copy, found)

        try:
            first, way, found = once()
        except FileNotFoundError:
            self._of_the_right_size(copy, None)
            raise
        if first != expected:
            raise differs(copy, expected, first, once()[0])
        self._passage.control.advance(copy.work.entry.size)
        return way, found

    def _confirm(self, batch: list[FileWork], copies: list[CopyWork]) -> None:
        passage = self._passage
        passage.record_source([w for w in batch if w.trouble is None and w.source_checked])
        proven_copies = [c for c in copies if c.fact is not None and not c.failed]
        self._each(proven_copies, lambda c: self._attempt(c, lambda: self._rename(c)))
        for target in {c.target for c in proven_copies}:
            self._sync_folders(target, [c for c in proven_copies if c.target is target])
        certain = [c for c in proven_copies if not c.failed and c.fact is not None]
        passage.record_copies([c.fact for c in certain if c.fact is not None])
        for copy in certain:
            well = copy.fact is not None and copy.fact.state is CopyState.VERIFIED
            passage.copy_done(copy, well=well)

    def _rename(self, copy: CopyWork) -> None:
        if not copy.compare:
            copy.target.folder.rename_new(copy.partial, copy.path)
            copy.partial = copy.path  # from here on nothing of it may be dropped
            copy.compare = True

    def _sync_folders(self, target: Target, copies: list[CopyWork]) -> None:
        if not target.alive or not target.flush:
            return
        try:
            for parent in {c.path.rpartition("/")[0] for c in copies}:
                target.folder.sync_folder(parent)
        except OSError as error:
            self._passage.detach(target, target.fault(error, "a folder"))
            for copy in copies:
                copy.failed = True
