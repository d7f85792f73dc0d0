"""What one job read itself, and what it took over from earlier ones: in numbers and in words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.jobs.spec import JobId
from app.offload.copying.work import CopyFact, CopyState
from app.offload.evidence.rows import THE_CARD, EntryRow
from app.offload.evidence.simply_made import SimplyMade
from app.offload.plan import Remark, Weight
from app.offload.spec import OffloadSpec, VerifyMode
from app.reports.model import CardRead, KnownFiles
from app.units import count_text

_MODES = {
    VerifyMode.FULL: "card read twice, each drive read back from the medium",
    VerifyMode.READ_BACK: "card read once, each drive read back from the medium",
    VerifyMode.SOURCE: "card read twice, drives compared by size only",
    VerifyMode.TRANSFER: "compared by size only",
}


def known_remark(
    known: Sequence[KnownFiles], name: str, destination: int, spec: OffloadSpec
) -> list[Remark]:
    """What the plan says of the copies on *name* that earlier jobs verified, if there are any."""
    if not known:
        return []
    files = known_words(known)
    what = "They are not read again there, nor is the card for them; check-known reads both"
    if spec.check_known:
        what = "All are read again and compared with the card"
    return [
        Remark(
            weight=Weight.NOTE,
            text=f"{name}: {files}, by history, size and time. {what}.",
            destination=destination,
        )
    ]


def known_files(
    reads: Iterable[tuple[JobId, datetime | None]],
) -> tuple[KnownFiles, ...]:
    """Files by the job that read them, each given with its moment."""
    counts: Counter[JobId] = Counter()
    last: dict[JobId, datetime] = {}
    for job, moment in reads:
        counts[job] += 1
        if moment is not None:
            last[job] = max(moment, last.get(job, moment))
    return tuple(KnownFiles(job, count, last.get(job)) for job, count in counts.items())


def known_words(known: Sequence[KnownFiles]) -> str:
    """`6 files known from job AF1ADD (read on 2026-11-20 17:04)`; "" for none."""
    return ", ".join(
        f"{count_text(one.files, 'file')} known from job {one.job}{_when(one.read)}"
        for one in known
    )


def _when(moment: datetime | None) -> str:
    return f" (read on {moment:%Y-%m-%d %H:%M})" if moment else ""


@dataclass(slots=True)
class _Reads:
    """Files of the card that one job read, so many times each."""

    files: int = 0
    size: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def take(self, files: int, size: int, moment: datetime | None) -> None:
        """So many files more, that were read at one moment."""
        self.files += files
        self.size += size
        if moment is not None:
            self.first = min(self.first or moment, moment)
            self.last = max(self.last or moment, moment)


class Proofs:
    """Counts, while the rows of a job go by, who read what."""

    def __init__(self, known: Mapping[tuple[int, int], JobId], places: int) -> None:
        self._known = known
        self._reads: defaultdict[tuple[str, bool], _Reads] = defaultdict(_Reads)
        self._copies: list[list[tuple[JobId, datetime | None]]] = [[] for _ in range(places)]
        self.made = [0] * places
        """Bytes that were written to each destination."""

    def count(self, row: EntryRow, facts: Sequence[CopyFact]) -> None:
        """Take a row in."""
        if row.hashes:
            earlier = self._known.get((row.n, THE_CARD), "")
            self._reads[earlier, row.twice].take(1, row.entry.size, row.read_at)
        for fact in facts:
            if fact.state is CopyState.FAILED:
                continue
            if earlier := self.earlier(fact):
                self._copies[fact.destination].append((JobId(earlier), fact.read))
            elif not fact.found:
                self.made[fact.destination] += row.entry.size

    def count_made(self, made: SimplyMade) -> None:
        """Take files in that this job read, and wrote to every destination."""
        if made.read:
            self._reads["", made.twice].take(made.files, made.size, made.read_at)
        for index in range(len(self.made)):
            self.made[index] += made.size

    def earlier(self, fact: CopyFact) -> str:
        """The earlier job that had proven a copy; "" where this one did."""
        return self._known.get((fact.n, fact.destination), "")

    def known(self, destination: int) -> tuple[KnownFiles, ...]:
        """Copies on a destination that were not read in this job."""
        return known_files(self._copies[destination])

    def card_reads(self) -> tuple[CardRead, ...]:
        """What was read from the card, by whom and how often; this job first."""
        return tuple(
            _card_read(earlier, twice, reads)
            for (earlier, twice), reads in sorted(self._reads.items(), key=lambda item: item[0])
        )

    def words(self, mode: VerifyMode) -> str:
        """How the files were checked, and what was not read because an earlier job had."""
        earlier_jobs = dict.fromkeys(earlier for earlier, _ in self._reads if earlier)
        if not earlier_jobs:
            return _MODES[mode]
        known = f"{known_words([*map(self._read_by, earlier_jobs)])} and not read in this job"
        if any(not earlier for earlier, _ in self._reads):
            return f"{_MODES[mode]}; {known}"
        if any(self.made):
            return f"card not read in this job; {known}; new copies: {_MODES[mode]}"
        return f"nothing was read in this job; {known.removesuffix(' and not read in this job')}"

    def _read_by(self, job: str) -> KnownFiles:
        """What an earlier job had read of the card."""
        both = [reads for (earlier, _), reads in self._reads.items() if earlier == job]
        last = max((reads.last for reads in both if reads.last), default=None)
        return KnownFiles(JobId(job), sum(reads.files for reads in both), last)


def _card_read(earlier: str, twice: bool, reads: _Reads) -> CardRead:
    often = "twice" if twice else "once"
    return CardRead(
        read=f"read {often} by job {earlier}, not in this job" if earlier else f"read {often}",
        files=reads.files,
        size=reads.size,
        first=reads.first,
        last=reads.last,
        earlier=earlier,
    )
