"""One batch of small files on its way: copied, safe, proven, named, certain.

A batch is read, hashed and written, made safe by one sync of each destination's file system,
read back past the cache, renamed, its folders synced, and then written down in one journal
transaction. A crash between any two of these steps leaves partial files, which are dropped, or
complete ones that the journal does not know, which are read again.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial

from app.errors import (
    DestinationFault,
    DestinationSilent,
    ReelkeepError,
)
from app.offload.copying.crew import Crew, HelperLost, NoAnswer
from app.offload.copying.hand import (
    Answer,
    Copied,
    Hand,
    Item,
    Named,
    Proven,
    Seen,
    ToCopy,
    ToName,
    ToProve,
)
from app.offload.copying.large import unsteady
from app.offload.copying.passage import Passage
from app.offload.copying.settle import agreed, differs, not_as_written, proven_state
from app.offload.copying.target import Target
from app.offload.copying.work import CopyFact, CopyState, CopyWork, FileWork
from app.offload.copying.writer import discard
from app.places.linux.calls import sync_file_system
from app.places.silence import watcher
from app.units import now

_FEW_FOLDERS = 4
"""Up to so many are synced one by one; more are made safe by one sync of the file system."""


class Batch:
    """A batch of small files; `run` returns when all of it is certain or has failed by name."""

    def __init__(
        self,
        passage: Passage,
        crew: Crew,
        careful: Callable[[], Hand],
        works: Sequence[FileWork],
        turn: int,
    ) -> None:
        """*careful* gives a hand of this process, for the third read of what differs.

        Of batches under way at the same time, the hands work for the one with the least *turn*:
        so one is written out while the next is copied, and not all at the same time.
        """
        self._passage, self._crew, self._careful = passage, crew, careful
        self._turn = turn
        self._works = {work.n: work for work in works}
        self._copies: dict[tuple[int, int], CopyWork] = {}
        self._counted: Counter[str | int] = Counter()
        """What was added to the job's progress: work, copied, and written by destination."""

    def run(self) -> None:
        """All steps. After NoAnswer or HelperLost nothing is left of it: it may be run again."""
        try:
            self._copy()
            self._sync()
            self._prove()
            self._confirm()
        except BaseException as error:
            if isinstance(error, NoAnswer):
                self._give_up(error)
            for copy in self._copies.values():
                discard(copy)
                copy.target.finish(copy)
            self._count_back()
            raise

    def _count(self, work: int = 0, *, copied: int = 0) -> None:
        self._passage.control.advance(work, copied=copied)
        self._counted["work"] += work
        self._counted["copied"] += copied

    def _count_back(self) -> None:
        """What comes to nothing has not been done."""
        counted, control = self._counted, self._passage.control
        control.advance(-counted.pop("work", 0), copied=-counted.pop("copied", 0))
        for drive, written in counted.items():
            control.place(int(drive), written=-written)

    def _give_up(self, error: NoAnswer) -> None:
        target = self._passage.targets[error.drive]
        if target.silent:
            return
        target.silence.give_up(error.seconds)
        if target.trouble is not None:
            self._passage.detach(target, target.trouble)

    def _answers(self, items: Sequence[Item]) -> Iterator[list[Answer]]:
        """Of the crew, chunk by chunk; whatever ends this early, nothing is left under way."""
        checkpoint = self._passage.control.checkpoint
        with contextlib.closing(self._crew.each(items, checkpoint, self._turn)) as all_:
            yield from all_

    # Copy

    def _copy(self) -> None:
        passage = self._passage
        passage.detach_gone()
        items = [item for work in self._works.values() if (item := self._to_copy(work))]
        for answers in self._answers(items):
            moment = now()
            written: Counter[int] = Counter()
            read = 0
            for answer in answers:
                assert isinstance(answer, Copied)
                self._copied(answer, moment, written)
                read += answer.size if answer.fault is None else 0
            passage.control.show(current=self._works[answers[-1].n].entry.path)
            self._count(read + written.total(), copied=read)
            for drive, count in written.items():
                passage.control.place(drive, written=count)
                self._counted[drive] += count

    def _to_copy(self, work: FileWork) -> ToCopy | None:
        targets = [t for t in self._passage.alive if t.index in work.paths]
        if not targets:
            return None
        work.begin(len(targets))
        copies = [target.copy_of(work) for target in targets]
        for copy in copies:
            self._copies[work.n, copy.target.index] = copy
        partials = tuple((c.target.index, c.partial) for c in copies if not c.compare)
        return ToCopy(work.n, work.source, work.entry.mode, work.entry.mtime_ns, partials)

    def _copied(self, answer: Copied, moment: datetime, written: Counter[int]) -> None:
        work = self._works[answer.n]
        if answer.fault is not None:
            for index in work.paths:
                if copy := self._copies.pop((work.n, index), None):
                    copy.target.finish(copy)
            self._passage.source_failed(work, answer.fault)
            return
        work.digests.set_result(dict(zip(self._passage.kinds, answer.digests, strict=True)))
        work.read_at = moment
        found = sum((work.n, index) in self._copies for index in work.compare)
        self._count(found * answer.size)  # what lies there need not be written
        for one in answer.copies:
            copy = self._copies[work.n, one.drive]
            for what in one.missed:
                copy.target.miss(what)
            if one.error is not None:
                self._fail(copy, one.error)
            else:
                written[one.drive] += answer.size

    def _fail(self, copy: CopyWork, error: Exception) -> None:
        if copy.failed:
            return
        discard(copy)
        if not copy.target.alive:  # said once of the drive, not of each of its files
            self._passage.copy_done(copy, well=False)
            return
        self._passage.copy_failed(copy, error)
        copy.work.paths.pop(copy.target.index, None)  # should the batch be begun again

    def _standing(self) -> list[CopyWork]:
        """Copies that nothing has happened to; those of drives that have failed are given up."""
        standing = []
        alive = set(self._passage.alive)
        for copy in self._copies.values():
            if copy.failed:
                continue
            if copy.target in alive and copy.work.trouble is None:
                standing.append(copy)
            else:
                discard(copy)
                self._passage.copy_done(copy, well=False)
        return standing

    # Safe

    def _sync(self) -> None:
        """One sync of each destination's file system, all at the same time."""

        def sync(target: Target) -> None:
            with target.folder.folder("") as fd:
                sync_file_system(fd)

        # What an earlier write lost is lost, and a second sync would lie: one failure detaches.
        flushed = {c.target for c in self._standing() if c.target.flush}
        self._on_all(flushed, sync, "a batch of small files")
        moment = now()
        for copy in self._copies.values():
            copy.written = moment

    def _on_all(self, targets: Iterable[Target], do: Callable[[Target], None], what: str) -> None:
        """Do something on several destinations at once; whoever fails is detached."""
        size = sum(copy.work.entry.size for copy in self._copies.values())
        seconds = watcher().patience.for_sync(size)

        def one(target: Target) -> None:
            try:
                target.ask(partial(do, target), seconds)
            except DestinationFault as fault:
                self._passage.detach(target, fault)
            except OSError as error:
                self._passage.detach(target, target.fault(error, what))
            except Exception as bug:  # nothing was made safe
                self._passage.broken(target, bug)

        threads = [threading.Thread(target=one, args=(target,), daemon=True) for target in targets]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._passage.fatal is not None:
            raise self._passage.fatal

    # Proven

    def _prove(self) -> None:
        passage = self._passage
        copies: dict[int, list[CopyWork]] = {}
        for copy in self._standing():
            copies.setdefault(copy.work.n, []).append(copy)
        items = [
            ToProve(
                work.n,
                work.source if passage.source_twice else None,
                tuple(map(self._to_see, copies.get(work.n, ()))),
            )
            for work in self._works.values()
            if work.trouble is None and work.digests.done()
        ]
        for answers in self._answers(items):
            moment = now()
            for answer in answers:
                assert isinstance(answer, Proven)
                self._proven(answer, moment)

    def _to_see(self, copy: CopyWork) -> tuple[int, str, bool, bool]:
        read = copy.compare or (self._passage.read_back and copy.target.flush)
        path = copy.path if copy.compare else copy.partial
        return copy.target.index, path, read, copy.compare

    def _proven(self, answer: Proven, moment: datetime) -> None:
        work = self._works[answer.n]
        self._check_source(work, answer)
        for seen in answer.copies:
            copy = self._copies[work.n, seen.drive]
            if work.trouble is not None:
                discard(copy)
                self._passage.copy_done(copy, well=False)
                continue
            try:
                copy.fact = self._judged(copy, seen, moment)
            except (ReelkeepError, OSError) as error:
                self._fail(copy, error)

    def _check_source(self, work: FileWork, answer: Proven) -> None:
        passage = self._passage
        if answer.fault is not None:
            passage.source_failed(work, answer.fault)
            return
        if passage.source_twice:
            first = work.digests.result()[passage.proof]
            self._count(work.entry.size)
            if answer.again != first:
                third = self._ask(ToProve(work.n, work.source, ()))
                fault = third.fault or unsteady(passage, work, first, answer.again, third.again)
                passage.source_failed(work, fault)
                return
        work.source_checked = True

    def _ask(self, item: ToProve) -> Proven:
        """Read something once more, by the batch's own hand."""
        (answer,) = self._careful().work([item])
        assert isinstance(answer, Proven)
        return answer

    def _judged(self, copy: CopyWork, seen: Seen, moment: datetime) -> CopyFact:
        """What a copy is known to be; raises what is wrong with it."""
        passage, target = self._passage, copy.target
        if isinstance(seen.error, FileNotFoundError) or (
            seen.error is None and seen.size != copy.work.entry.size
        ):
            raise not_as_written(copy)
        if seen.error is not None:
            raise seen.error
        if seen.digest or copy.work.expected is not None:
            expected = agreed(copy.work, passage.proof, passage.source.name)
            if seen.digest and seen.digest != expected:
                if target.trouble is not None:
                    raise target.trouble  # another batch has met it meanwhile
                item = ToProve(copy.work.n, None, (self._to_see(copy),))
                again = target.ask(partial(self._ask, item)).copies[0]
                raise again.error or differs(copy, expected, seen.digest, again.digest)
        if seen.digest:
            self._count(seen.size)
        return CopyFact(
            n=copy.work.n,
            destination=target.index,
            path=copy.path,
            state=proven_state(seen.way),
            way=seen.way,
            kind=passage.proof if seen.digest else "",
            written=copy.written or moment,
            read=moment if seen.digest else None,
            mtime_ns=seen.mtime_ns,
            found=copy.compare,
        )

    # Named, certain

    def _confirm(self) -> None:
        passage = self._passage
        works = self._works.values()
        passage.record_source([w for w in works if w.trouble is None and w.source_checked])
        proven = [copy for copy in self._standing() if copy.fact is not None]
        items = [
            ToName(c.work.n, c.target.index, c.partial, c.path) for c in proven if not c.compare
        ]
        self._name(items)
        named = [copy for copy in proven if not copy.failed]
        self._sync_folders(named)
        certain = [copy for copy in named if copy.target.alive]
        passage.record_copies([copy.fact for copy in certain if copy.fact is not None])
        for copy in named:
            verified = copy.fact is not None and copy.fact.state is CopyState.VERIFIED
            passage.copy_done(copy, well=verified and copy.target.alive)

    def _name(self, items: Sequence[ToName]) -> None:
        """What is proven gets its name, also while another drive hangs or a helper is lost."""
        left = {(item.n, item.drive): item for item in items}
        try:
            for answers in self._answers(items):
                for answer in answers:
                    assert isinstance(answer, Named)
                    del left[answer.n, answer.drive]
                    self._named(self._copies[answer.n, answer.drive], answer.error)
        except (NoAnswer, HelperLost) as error:
            if isinstance(error, NoAnswer):
                self._give_up(error)
            hand = self._careful()
            for item in left.values():
                copy = self._copies[item.n, item.drive]
                if copy.target.alive:
                    with contextlib.suppress(DestinationSilent):  # that is told of its drive
                        self._named(copy, copy.target.ask(partial(_name_anew, hand, copy, item)))

    def _named(self, copy: CopyWork, error: Exception | None) -> None:
        if error is not None:
            self._fail(copy, error)
            return
        copy.partial = copy.path  # from here on nothing of it may be dropped
        copy.compare = True

    def _sync_folders(self, copies: Sequence[CopyWork]) -> None:
        folders: dict[Target, set[str]] = {}
        for copy in copies:
            if copy.target.alive and copy.target.flush:
                folders.setdefault(copy.target, set()).add(copy.path.rpartition("/")[0])

        def sync(target: Target) -> None:
            if len(folders[target]) <= _FEW_FOLDERS:
                for folder in folders[target]:
                    target.folder.sync_folder(folder)
                return
            with target.folder.folder("") as fd:
                sync_file_system(fd)

        self._on_all(folders, sync, "a folder")


def _name_anew(hand: Hand, copy: CopyWork, item: ToName) -> Exception | None:
    """Name a copy whose name may have been given without an answer; what is wrong with it."""
    (answer,) = hand.work([item])
    assert isinstance(answer, Named)
    if not isinstance(answer.error, FileNotFoundError):
        return answer.error
    try:
        return None if copy.target.folder.is_file(copy.path) else answer.error
    except OSError as error:
        return error
