"""What the parts of one pass over a card share: how to prove, whom to tell, what was counted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from app.errors import (
    DestinationFault,
    JournalFault,
    NameTaken,
    ReadBackDiffers,
    ReelkeepError,
    SourceFault,
    SourceGone,
    WriteFailed,
)
from app.integrity.hashing import HashKind
from app.jobs.control import JobControl
from app.jobs.snapshot import PlaceState
from app.log import JobLog, job_log
from app.offload.card.source import Source
from app.offload.copying.target import Target
from app.offload.copying.work import CopyFact, CopyWork, FileWork

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Passage:
    """One pass: from one source to the destinations that still want something."""

    source: Source
    targets: dict[int, Target]
    control: JobControl
    kinds: tuple[HashKind, ...]
    """Hashes computed in flight; the first custody kind leads."""
    read_back: bool
    source_twice: bool
    block_size: int
    record_source: Callable[[Sequence[FileWork]], None]
    """Writes down what was read from the source: digests, or why not."""
    record_copies: Callable[[Sequence[CopyFact]], None]
    """Writes down copies that are certain; the last step of a safe write."""
    record_failure: Callable[[CopyWork, ReelkeepError], None]
    card_waits: Callable[[float, str], None] = lambda *_: None
    """Told for how many seconds a hand has waited for the source, 0 once that has answered, and
    at which file."""
    source_gone: SourceGone | None = None
    fatal: ReelkeepError | None = None
    """Why nothing more would be certain: the journal could not be written, or a bug of ours."""

    def __post_init__(self) -> None:
        for target in self.targets.values():
            target.silence.hurried = lambda: self.control.cancelled
            target.silence.mention = partial(self._mention, target)

    @property
    def proof(self) -> HashKind:
        """The hash that read-backs are compared by: the leading one unless it would be slow."""
        lead = self.kinds[0]
        return HashKind.BLAKE3 if lead.slow else lead

    @property
    def log(self) -> JobLog:
        """The job's log: the threads of a pass are not the job's own."""
        return job_log(self.control.snapshot().id, log)

    @property
    def alive(self) -> list[Target]:
        """Destinations still in the pass."""
        return [target for target in self.targets.values() if target.alive]

    def wrote(self, index: int, count: int) -> None:
        """Count bytes written to a destination."""
        self.control.place(index, written=count)
        self.control.advance(count)

    def copy_failed(self, copy: CopyWork, error: Exception) -> None:
        """One file failed on one destination; detach the drive unless it is about this file."""
        target, work = copy.target, copy.work
        if target.silent:
            self.copy_done(copy, well=False)  # the row of the drive says why
            return
        if isinstance(error, ReelkeepError):
            trouble: ReelkeepError = error
        elif isinstance(error, OSError):
            trouble = target.fault(error, copy.path, work.entry.size)
        else:
            self.log.error("Copying %s failed by an internal error", copy.path, exc_info=error)
            trouble = WriteFailed("Internal error, see the log.", device=target.name)
        alone = isinstance(trouble, NameTaken | ReadBackDiffers) or (
            isinstance(error, OSError) and target.only_this_file(error)
        )
        if isinstance(trouble, DestinationFault) and not alone:
            self.detach(target, trouble)
        if isinstance(trouble, JournalFault):
            self.fatal = trouble
        elif not target.gone:
            try:
                self.record_failure(copy, trouble)
            except JournalFault as fault:
                self.fatal = fault
        self.copy_done(copy, well=False)

    def detach(self, target: Target, trouble: DestinationFault) -> None:
        """Take a destination out of the pass and say why on its row."""
        target.detach(trouble)
        state = PlaceState.GONE if target.gone else PlaceState.FAILED
        self.control.place(target.index, state=state, trouble=str(target.trouble))
        self.log.info("%s was detached: %s", target.name, trouble)

    def fell_silent(self, target: Target) -> None:
        """A destination was given up: nothing more will come of what was on its way there."""
        if not self.control.cancelled and target.silence.fault is not None:
            self.detach(target, target.silence.fault)
        for copy in target.unfinished():
            self.copy_done(copy, well=False)

    def _mention(self, target: Target, seconds: float) -> None:
        """Say on the row of a destination that it does not answer; "" once it has again."""
        if not target.alive:
            return
        words = f"{target.name} has not answered for {seconds:.0f} seconds." if seconds else ""
        self.control.place(target.index, trouble=words)

    def broken(self, target: Target, error: Exception) -> None:
        """A bug of ours: what is not certain by now stays so, and the job fails."""
        self.log.error("Copying to %s failed by an internal error", target.name, exc_info=error)
        self.fatal = self.fatal or ReelkeepError(
            f"Internal error while copying to {target.name}; the job was stopped.",
            device=target.name,
            hint="`reelkeep log` shows it. What was confirmed until then is safe.",
        )

    def detach_gone(self) -> None:
        """Detach every destination whose folder is no longer where it was."""
        for target in self.alive:
            try:
                target.ask(target.check)
            except DestinationFault as fault:
                self.detach(target, fault)

    def copy_done(self, copy: CopyWork, *, well: bool) -> None:
        """A destination is done with a file; the last one counts the file."""
        if not copy.target.finish(copy):
            return
        if well:
            self.control.place(copy.target.index, verified=copy.work.entry.size)
        if copy.work.finished() and copy.work.trouble is None:
            self.control.advance(verified=copy.work.entry.size, files=1)

    def source_failed(self, work: FileWork, error: SourceFault) -> None:
        """The card's side of a file failed; a card that was pulled ends the pass."""
        work.trouble = error
        if isinstance(error, SourceGone):
            self.source_gone = error
        else:
            self.record_source([work])
