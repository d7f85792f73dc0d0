"""The verify job: reads a copy again from its medium and says, by name, what differs.

What answers for a place: its own ASC MHL history, the nearest one above it (then only this folder
is checked, and its generation has no directory hashes), legacy manifests in it, or every history
below it. Interrupted, it begins again: only a whole reading says something.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.errors import DestinationSilent, JobCancelled
from app.integrity.verify.beside import RecordsOf, nothing_known
from app.integrity.verify.outcome import SeenFile, VerifyOutcome
from app.integrity.verify.part import PartCheck
from app.integrity.verify.signature import Signature
from app.integrity.verify.spec import VERIFY_HINT, Aim, VerifySpec, aim_of
from app.jobs.control import JobControl
from app.places.silence import Silence
from app.places.volumes import Volume

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was seen below one root: for those who keep records of these files."""

    root: Path
    volume: Volume
    files: Mapping[str, SeenFile]
    """By path relative to the root."""


class VerifyRun:
    """One verify job at work."""

    def __init__(
        self,
        spec: VerifySpec,
        control: JobControl,
        signature: Signature,
        declared: Mapping[str, str],
        others: RecordsOf = nothing_known,
    ) -> None:
        self._spec, self._control = spec, control
        self._signature = signature
        self._declared, self._others = declared, others
        self._checks: list[PartCheck] = []
        self._volume: Volume | None = None
        self._stage = ""

    def run(self) -> VerifyOutcome:
        """Do it; raises HistoryFault when a history is broken, DestinationGone, JobCancelled.

        DestinationSilent when the drive neither answers nor fails; then nothing is known of it.
        """
        self._say("Reading the history")
        self._control.show(work_done=0, copied=0, verified=0, files_done=0)
        with self._giving_up():
            aim = aim_of(self._spec, self._declared, hurried=self._hurried)
            self._volume = aim.volume
            silence = Silence(aim.drive, aim.file_system, hint=VERIFY_HINT)
            silence.hurried = self._hurried
            silence.mention = partial(self._mention, silence)
            outcome = silence.work(lambda: self._on(aim, silence))[0]
        self._control.show(current="", error="" if outcome.done else outcome.sentence)
        log.info("%s: %s", self._signature.job, outcome.sentence)
        return outcome

    def _hurried(self) -> bool:
        return self._control.cancelled

    @contextlib.contextmanager
    def _giving_up(self) -> Iterator[None]:
        try:
            yield
        except DestinationSilent:
            for check in self._checks:
                check.cut_off()
            if self._control.cancelled:
                raise JobCancelled from None
            raise

    def _say(self, stage: str) -> None:
        self._stage = stage
        self._control.show(stage=stage)

    def _mention(self, silence: Silence, seconds: float) -> None:
        """Say that the drive does not answer; go on as before once it has."""
        self._control.show(stage=silence.words(seconds, silence.at) if seconds else self._stage)

    def _on(self, aim: Aim, silence: Silence) -> VerifyOutcome:
        """The whole of it, by a thread of the drive's own."""
        try:
            for part in aim.parts:
                self._control.checkpoint()
                others = self._others(part.root, aim.volume)
                self._checks.append(
                    PartCheck(part, aim.volume, silence, self._control, self._signature, others)
                )
            self._show_totals()
            for check in self._checks:
                self._one(aim, check)
            return VerifyOutcome(
                title=aim.title,
                parts=tuple(check.outcome() for check in self._checks),
                outside=aim.outside,
            )
        finally:
            for check in self._checks:
                check.close()

    def _show_totals(self) -> None:
        files = sum(len(check.listing.wanted) for check in self._checks)
        size = sum(check.listing.size for check in self._checks)
        self._control.show(files_total=files, size=size, work_total=size)

    def _one(self, aim: Aim, check: PartCheck) -> None:
        self._say("Reading from the medium")
        check.read()
        self._say("Writing the history")
        check.record()
        if self._spec.repair_from is not None:
            self._say("Repairing from the other copy")
            check.repair(self._other(aim, check, self._spec.repair_from))
        self._control.advance(verified=sum(s.size for s in check.seen().values() if not s.trouble))

    def _other(self, aim: Aim, check: PartCheck, other: Path) -> Path:
        """The folder of the other copy that corresponds to a part."""
        path, place = aim.path, check.part.place
        if path != place and path in place.parents:
            return other / place.relative_to(path)
        return other

    def evidence(self) -> tuple[Evidence, ...]:
        """What every file gave; only after `run`."""
        assert self._volume is not None
        return tuple(
            Evidence(root=check.part.root, volume=self._volume, files=check.seen())
            for check in self._checks
        )
