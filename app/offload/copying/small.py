"""Copies small files in batches: what costs here is system calls, not bytes.

collect ── batch k+1: copy ─────── sync ── prove ── name ── journal
           batch k:   … sync ── prove ── name ── journal
                          └─ a crew of hands does the system calls of both

Some batches are under way at a time, so that the drives have work while one of them is being made
safe or written down.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from app.offload.copying.batch import Batch
from app.offload.copying.crew import MANY, Crew, HelperLost, NoAnswer, can_help
from app.offload.copying.hand import Equipment, Hand
from app.offload.copying.passage import Passage
from app.offload.copying.work import FileWork
from app.places.root import PinnedFolder
from app.places.silence import watcher

BATCH_FILES = 2000
BATCH_BYTES = 256 << 20
_AT_ONCE = 3


class SmallFiles:
    """Collects small files and copies them a batch at a time."""

    def __init__(self, passage: Passage, expected: int) -> None:
        """*expected*: about how many small files there will be; many are worth helpers."""
        self._passage = passage
        self._helpers = expected >= MANY and can_help()
        self._crew: Crew | None = None
        self._again: list[Sequence[FileWork]] = []
        self._runners = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="batch")
        self._under_way: deque[Future[None]] = deque()
        self._turns = itertools.count()
        self._batch: list[FileWork] = []
        self._bytes = 0
        if self._helpers:
            self._crew = self._new_crew()  # it starts while the first batch is collected

    def close(self) -> None:
        """Let everything under way come to its end, and the hands go."""
        for future in self._under_way:
            future.exception()
        self._runners.shutdown()
        if self._crew is not None:
            self._crew.close()

    def add(self, work: FileWork) -> None:
        """Take a file into the batch; a full batch is copied while the next one is collected."""
        self._batch.append(work)
        self._bytes += work.entry.size
        if len(self._batch) >= BATCH_FILES or self._bytes >= BATCH_BYTES:
            self._begin()

    def finish(self) -> None:
        """Copy and prove what has been collected; return when all of it is certain."""
        self._begin()
        self._settle(0)

    def _begin(self) -> None:
        batch, self._batch, self._bytes = self._batch, [], 0
        if batch:
            self._settle(_AT_ONCE - 1)
            self._submit(batch)

    def _run(self, batch: Sequence[FileWork], turn: int) -> None:
        crew = self._crew
        assert crew is not None
        try:
            Batch(self._passage, crew, self._hand, batch, turn).run()
        except (NoAnswer, HelperLost) as error:
            self._passage.log.info("A batch of small files is begun again: %s", error)
            self._again.append(batch)

    def _settle(self, at_most: int) -> None:
        """Wait until no more than so many batches are under way; begin those again that must."""
        while len(self._under_way) > at_most:
            self._under_way.popleft().result()
            if self._crew is not None and self._crew.broken:
                self._replace_crew()

    def _replace_crew(self) -> None:
        """A hand hangs or is lost: what is under way ends, and goes on with hands of our own."""
        for future in self._under_way:
            future.result()
        self._under_way.clear()
        if self._crew is not None:
            self._crew.close()
        self._crew = None
        self._helpers = False
        again, self._again = self._again, []
        for batch in again:
            for work in batch:
                work.begin_again()
            self._submit([work for work in batch if work.trouble is None])

    def _submit(self, batch: Sequence[FileWork]) -> None:
        if self._crew is None:
            self._crew = self._new_crew()
        self._under_way.append(self._runners.submit(self._run, batch, next(self._turns)))

    def _new_crew(self) -> Crew:
        """Helper processes where they are worth it; threads where none can be started."""
        crew = partial(
            Crew,
            self._equipment(),
            self._passage.source.folder,
            self._drives(),
            patience=watcher().patience.answer,
            done=lambda drive: self._passage.targets[drive].silence.device_has_done(),
            card_waits=self._passage.card_waits,
        )
        if self._helpers:
            try:
                return crew(helpers=True)
            except OSError as error:
                self._helpers = False
                self._passage.log.warning("No helper for small files could be started: %s", error)
        return crew(helpers=False)

    def _hand(self) -> Hand:
        return Hand(self._equipment(), self._passage.source.folder, self._drives())

    def _equipment(self) -> Equipment:
        passage = self._passage
        provable = frozenset(t.index for t in passage.alive if t.provable)
        return Equipment(passage.kinds, passage.proof, passage.source.name, provable)

    def _drives(self) -> dict[int, PinnedFolder]:
        return {target.index: target.folder for target in self._passage.targets.values()}
