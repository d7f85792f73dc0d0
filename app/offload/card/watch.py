"""Watches over a card that hangs: no error, no answer. Nothing can take its place, so it is waited
for; the job says so, goes on once it answers, and can be cancelled at once.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from app.errors import DestinationSilent, JobCancelled, SourceFault
from app.integrity.hashing import HashKind
from app.integrity.medium import BLOCK, MediumReader
from app.jobs.control import JobControl
from app.offload.card.facts import Attributes
from app.offload.card.source import Source
from app.places.descriptors import let_files_go
from app.places.root import PinnedFolder
from app.places.silence import Silence, watcher
from app.places.tree import Entry

T = TypeVar("T")


class CardWatch:
    """Has what a job asks of its card done by threads of the card's own."""

    def __init__(self, control: JobControl, name: str) -> None:
        self._control = control
        self._said = self._stage = self._asked = ""
        self._folder: PinnedFolder | None = None
        self.silence = Silence(name, endless=True)
        self.silence.hurried = lambda: control.cancelled
        self.silence.mention = self.mention

    @property
    def given_up(self) -> bool:
        """Whether it hung when the person cancelled: a thread may be held by it for ever."""
        return self.silence.fault is not None

    def open(self, root: Path) -> PinnedFolder:
        """Hold the card open where it was found."""

        def opened() -> PinnedFolder:
            with self.silence.call():
                return PinnedFolder(root)

        self._folder = self.ask(opened)
        self.silence.lies_on(self._folder.device)
        return self._folder

    def ask(self, do: Callable[[], T]) -> T:
        """Have *do* done, which says with `silence.call` what it asks the card for."""
        try:
            return self.silence.work(do)[0]
        except DestinationSilent:
            if self._folder is not None:
                let_files_go(self._folder)
            raise JobCancelled from None  # only then it is given up

    def ask_at_length(self, do: Callable[[Callable[[], None]], T]) -> T:
        """Have *do* done, which calls what it is given whenever the card has answered."""

        def done() -> T:
            with self.silence.call() as call:
                return do(call.answered)

        return self.ask(done)

    def source(self, folder: PinnedFolder, name: str) -> Source:
        """The card as the source of a pass."""
        return watched_source(folder, name, self.silence)

    def mention(self, seconds: float, at: str = "") -> None:
        """It has not answered for so long, 0 once it has; after the usual patience people are asked
        to look. *at* is the file, where those who are watched over do not tell."""
        if not seconds and not self._said:
            return
        shown, silence, patience = self._control.snapshot(), self.silence, watcher().patience
        if seconds >= patience.mention:
            if shown.stage != self._said:
                self._stage = shown.stage
            at = at or silence.at
            self._said = silence.words(seconds, at)
            self._control.show(stage=self._said)
            if seconds >= patience.answer and not shown.wants:
                self._asked = self._please_look(at)
                self._control.show(wants=self._asked)
        elif not seconds and self._said:
            if shown.stage == self._said:
                self._control.show(stage=self._stage)
            if shown.wants == self._asked:
                self._control.show(wants="")
            self._said = self._asked = ""

    def _please_look(self, at: str) -> str:
        where = f", at {at}" if at else ""
        return (
            f"The card {self.silence.name} does not answer{where}. Check the reader and its cable;"
            " the job goes on by itself."
        )


def watched_source(folder: PinnedFolder, name: str, silence: Silence) -> Source:
    """A source whose every call is watched over; DestinationSilent once it is given up."""
    return _Watched(folder, name, silence)


class _Watched(Source):
    def __init__(self, folder: PinnedFolder, name: str, silence: Silence) -> None:
        super().__init__(folder, name)
        self._silence = silence

    def open(self, path: str) -> tuple[int, bool]:
        with self._silence.call(at=path):
            return super().open(path)

    def close(self, fd: int) -> None:
        call = self._silence.call()
        try:
            self._silence.begin(call)
        except DestinationSilent:  # this thread has come back from a card that was given up
            super().close(fd)
            return
        super().close(fd)
        self._silence.end(call)

    def read(self, fd: int, path: str, buffer: mmap.mmap | memoryview, offset: int) -> int:
        with self._silence.transfer(len(buffer), at=path):
            return super().read(fd, path, buffer, offset)

    def read_again(
        self, reader: MediumReader, path: str, kind: HashKind, tick: Callable[[int], None]
    ) -> str:
        with self._silence.transfer(BLOCK, at=path) as call:
            return super().read_again(
                reader, path, kind, lambda count: call.answered(lambda: tick(count))
            )

    def attributes(self, fd: int, path: str) -> Attributes:
        with self._silence.call(at=path):
            return super().attributes(fd, path)

    def is_hole(self, fd: int, path: str, offset: int, length: int) -> bool:
        with self._silence.call(at=path):
            return super().is_hole(fd, path, offset, length)

    def same(self, fd: int, entry: Entry, before: os.stat_result | None = None) -> os.stat_result:
        with self._silence.call(at=entry.path):
            return super().same(fd, entry, before)

    def fault(self, error: OSError, path: str) -> SourceFault:
        with self._silence.call(at=path):
            return super().fault(error, path)
