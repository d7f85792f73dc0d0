"""The verify job: reads a copy again from its medium and says, by name, what differs.

What answers for a place: its own ASC MHL history, the nearest one above it (then only this folder
is checked, and its generation has no directory hashes), legacy manifests in it, or every history
below it. Interrupted, it begins again: only a whole reading says something.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.integrity.verify.beside import RecordsOf, nothing_known
from app.integrity.verify.outcome import SeenFile, VerifyOutcome
from app.integrity.verify.part import PartCheck, Signature
from app.integrity.verify.spec import VerifySpec, aim_of
from app.jobs.control import JobControl
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

    def run(self) -> VerifyOutcome:
        """Do it; raises HistoryFault when a history is broken, DestinationGone, JobCancelled."""
        control = self._control
        control.show(stage="Reading the history", work_done=0, copied=0, verified=0, files_done=0)
        aim = aim_of(self._spec, self._declared)
        self._volume = aim.volume
        try:
            for part in aim.parts:
                control.checkpoint()
                others = self._others(part.root, aim.volume)
                check = PartCheck(part, aim.volume, control, self._signature, others)
                self._checks.append(check)
            self._show_totals()
            for check in self._checks:
                self._one(check)
            outcome = VerifyOutcome(
                title=aim.title,
                parts=tuple(check.outcome() for check in self._checks),
                outside=aim.outside,
            )
        finally:
            for check in self._checks:
                check.close()
        control.show(current="", error="" if outcome.done else outcome.sentence)
        log.info("%s: %s", self._signature.job, outcome.sentence)
        return outcome

    def _show_totals(self) -> None:
        files = sum(len(check.listing.wanted) for check in self._checks)
        size = sum(check.listing.size for check in self._checks)
        self._control.show(files_total=files, size=size, work_total=size)

    def _one(self, check: PartCheck) -> None:
        self._control.show(stage="Reading from the medium")
        check.read()
        self._control.show(stage="Writing the history")
        check.record()
        if self._spec.repair_from is not None:
            self._control.show(stage="Repairing from the other copy")
            check.repair(self._other(check, self._spec.repair_from))
        self._control.advance(verified=sum(s.size for s in check.seen().values() if not s.trouble))

    def _other(self, check: PartCheck, other: Path) -> Path:
        """The folder of the other copy that corresponds to a part."""
        path, place = Path(os.path.realpath(self._spec.path)), check.part.place
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
