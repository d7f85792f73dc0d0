"""Repairs one destination of an offload from its other verified copies; the card is not needed."""

from __future__ import annotations

import contextlib
import logging
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from app.errors import (
    BadInput,
    DestinationGone,
    DestinationSilent,
    EnvironmentFault,
    JobCancelled,
    ReelkeepError,
)
from app.integrity.hashing import HashKind
from app.integrity.mhl import (
    Comparison,
    FoundFile,
    History,
    Process,
    file_moment,
    holdable,
    next_records,
    write_generation,
)
from app.integrity.verdict import ReadWay
from app.integrity.verify.mend import CopyFolder, Mended, Repair, Wanted
from app.integrity.verify.other_copy import OtherCopy
from app.integrity.verify.outcome import FileState, SeenFile
from app.integrity.verify.run import Evidence
from app.integrity.verify.signature import Signature
from app.integrity.verify.spec import REPAIR_HINT
from app.jobs.control import JobControl
from app.jobs.journal import Journal
from app.jobs.kind import Task
from app.jobs.spec import CONVERTER, JobId, Spec, job_kind
from app.offload.card.surroundings import Surroundings
from app.offload.copying.place import Place, PlaceRecord
from app.offload.copying.work import CopyFact, CopyState
from app.offload.evidence.ledger import Ledger
from app.offload.evidence.reverify import settle_verdict, update_copies
from app.offload.evidence.rows import EntryRow
from app.offload.spec import OffloadSpec
from app.places.descriptors import let_files_go
from app.places.linux.calls import runs_in_user_space
from app.places.root import PinnedFolder
from app.places.silence import Silence, watcher
from app.places.through import path_through
from app.places.tree import EntryKind
from app.units import count_text, now

log = logging.getLogger(__name__)

_STAGE = "Repairing from the other copies"


@job_kind
@dataclass(frozen=True, slots=True, kw_only=True)
class RepairSpec(Spec):
    """Replace the failed and damaged files of one destination of an offload."""

    kind: ClassVar[str] = "repair"

    job: JobId
    destination: int
    """Its place in the offload's destinations, from 0."""


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A file that is to be brought back."""

    row: EntryRow
    fact: CopyFact
    sources: tuple[CopyFact, ...]


def plan_repair(spec: RepairSpec, journal: Journal) -> Task:
    """What the runner needs to know; BadInput when there is nothing to repair, or nothing with."""
    row = journal.job(spec.job)
    records = CONVERTER.structure(journal.fact(spec.job, "places", []), tuple[PlaceRecord, ...])
    if not isinstance(row.spec, OffloadSpec) or not 0 <= spec.destination < len(records):
        raise BadInput(f"Job {spec.job} has no destination {spec.destination + 1}.")
    if not row.state.ended:
        raise BadInput(f"Job {spec.job} is {row.state}; let it come to its end first.")
    if len(records) < 2:
        raise BadInput(f"Job {spec.job} has no other copy.", hint="Retry it from the card.")
    record = records[spec.destination]
    return Task(
        title=row.title.replace("Offload", "Repair", 1) + f" on {record.name}",
        lanes=frozenset(record.device for record in records),
        facts={},
        shown={"checked": record.root},
    )


class RepairRun:
    """One repair at work."""

    def __init__(
        self,
        job: JobId,
        spec: RepairSpec,
        control: JobControl,
        journal: Journal,
        around: Surroundings,
    ) -> None:
        self._job, self._spec, self._control, self._around = job, spec, control, around
        self._journal, self._ledger = journal, Ledger(journal, spec.job)
        self._signature = Signature(
            job=job, tool_version=around.tool_version, operator=around.operator
        )
        records = CONVERTER.structure(journal.fact(spec.job, "places"), tuple[PlaceRecord, ...])
        self._places = [Place(n, record, spec.job) for n, record in enumerate(records)]
        self._folder: PinnedFolder | None = None
        self._mended: dict[str, Mended] = {}

    def run(self) -> bool:
        """True when the destination has every file that it should have, as far as it was begun.

        DestinationSilent when it neither answers nor fails.
        """
        place = self._places[self._spec.destination]
        if not self._there(place):
            raise DestinationGone(
                f"{place.name} is not connected.", device=place.name,
                hint="Connect it, then repair again.",
            )  # fmt: skip
        volume = self._around.volume_of(place.root)
        silence = self._silence(place)
        try:
            troubles = silence.work(lambda: self._on(place, silence))[0]
        except DestinationSilent:
            if self._folder is not None:
                let_files_go(self._folder)
            if self._control.cancelled:
                raise JobCancelled from None
            raise
        finally:
            self._judge(Evidence(root=place.root, volume=volume, files=self._seen()))
        if troubles:
            more = f" And {len(troubles) - 1:,} more." if len(troubles) > 1 else ""
            self._control.show(error=troubles[0] + more)
        return not troubles

    def _silence(self, place: Place) -> Silence:
        silence = Silence(place.name, hint=REPAIR_HINT)
        silence.hurried = lambda: self._control.cancelled
        silence.mention = lambda seconds: self._control.show(
            stage=silence.words(seconds, silence.at) if seconds else _STAGE
        )
        return silence

    def _on(self, place: Place, silence: Silence) -> list[str]:
        """All of it, by a thread of the destination's own; what failed, in words."""
        wrong = self._wrong(place, silence)
        size = sum(one.row.entry.size for one in wrong)
        self._control.show(
            stage=_STAGE, size=size, work_total=2 * size,
            work_done=0, files_total=len(wrong), files_done=0, error="",
        )  # fmt: skip
        troubles: list[str] = []
        try:
            with self._others(place, silence) as others:
                for one in wrong:
                    self._control.checkpoint()
                    if trouble := self._bring_back(one, place, silence, others):
                        troubles.append(trouble)
        finally:
            if silence.fault is None:
                troubles += self._record(place, silence)
        return troubles

    def _there(self, place: Place) -> bool:
        return place.find(self._around.volumes, self._around.volume_of)

    def _wrong(self, place: Place, silence: Silence) -> list[_Wrong]:
        """Failed rows, and files that are not there as they were recorded."""
        rows = {row.n: row for row in self._ledger.entries()}
        verified: dict[int, list[CopyFact]] = defaultdict(list)
        for fact in self._ledger.copies():
            if fact.destination != place.index and fact.state is CopyState.VERIFIED:
                verified[fact.n].append(fact)
        found = []
        for fact in self._ledger.copies_on(place.index):
            self._control.checkpoint()
            row = rows[fact.n]
            if row.entry.kind is not EntryKind.FILE:
                continue
            if row.problem is not None or (
                fact.state is not CopyState.FAILED and _lies_there(place, silence, fact, row)
            ):
                continue
            found.append(_Wrong(row, fact, tuple(verified[fact.n])))
        return found

    @contextlib.contextmanager
    def _others(self, place: Place, silence: Silence) -> Iterator[dict[int, OtherCopy]]:
        """Each other destination that is connected and answers, by its index."""
        with contextlib.ExitStack() as stack:
            with silence.call(watcher().patience.sync):
                folder = self._folder = place.pin(self._around.volume_of, make=True)
            stack.callback(folder.close)
            with silence.call(), folder.folder("") as fd:
                provable = not runs_in_user_space(fd) and not place.record.memory
            others = {}
            for other in self._places:
                source = self._source(other) if other is not place else None
                if source is None:
                    continue
                target = CopyFolder(folder, silence)
                copy = OtherCopy(
                    Repair(target=target, source=source, provable=provable, tick=self._tick)
                )
                others[other.index] = copy
                stack.callback(copy.close)
            yield others

    def _source(self, other: Place) -> CopyFolder | None:
        if not self._there(other):
            return None
        silence = self._silence(other)

        def pinned() -> PinnedFolder:
            return other.pin(self._around.volume_of)

        try:
            return CopyFolder(silence.ask(pinned, watcher().patience.sync), silence)
        except EnvironmentFault as error:
            log.info("Nothing can be repaired from %s: %s", other.name, error)
            return None  # its files are not there to repair from

    def _tick(self, count: int) -> None:
        self._control.checkpoint()
        self._control.advance(count)

    def _bring_back(
        self, one: _Wrong, place: Place, silence: Silence, others: dict[int, OtherCopy]
    ) -> str:
        """Repair one file; why that cannot be, "" when it is done."""
        path, row = one.fact.path, one.row
        self._control.show(current=path)
        if not row.digests:
            return f"{path} was never read from the card as a whole; retry it from the card."
        away = ", ".join(self._places[source.destination].name for source in one.sources)
        trouble = f"No other verified copy of {path} is connected." + (
            f" Connect {away}, then repair again." if away else ""
        )
        for source in one.sources:
            other = others.get(source.destination)
            if other is None:
                continue
            if other.fault is not None:
                trouble = f"{path} could not be repaired: {other.fault}"
                continue
            try:
                mended = other.mend(
                    Wanted(
                        path=path,
                        source_path=source.path,
                        expected=row.digests,
                        foreign=one.fact.mtime_ns == 0,
                    )
                )
            except ReelkeepError as error:
                if silence.fault is not None:
                    raise
                trouble = error.message
                continue
            self._mended[path] = mended
            self._ledger.confirm([_confirmed(one, mended)])
            self._control.advance(files=1)
            log.info("%s was repaired on %s", path, place.name)
            return ""
        return trouble

    def _judge(self, evidence: Evidence) -> None:
        """Bring the verdict of this offload and of all others that know the files up to date."""
        news = list(settle_verdict(self._journal, self._journal.job(self._spec.job)))
        news += update_copies(self._journal, [evidence]).verdicts
        self._journal.set_fact(self._job, "verdicts", news)

    def _seen(self) -> dict[str, SeenFile]:
        return {
            path: SeenFile(
                state=FileState.VERIFIED,
                digests=dict(mended.read.digests),
                way=mended.read.way,
                mtime_ns=mended.mtime_ns,
                size=mended.read.size,
                at=now(),
            )
            for path, mended in self._mended.items()
        }

    def _record(self, place: Place, silence: Silence) -> list[str]:
        """A generation about the repaired files; what stands against it, in words."""
        spec = self._journal.job(self._spec.job).spec
        assert isinstance(spec, OffloadSpec)
        found = {p: _found(m) for p, m in self._mended.items() if holdable(p)}
        if not found or not spec.manifests:
            return []
        self._control.show(stage="Writing the history")
        try:
            with silence.call(watcher().patience.for_entries(len(found))) as call:
                self._write_generation(place, spec, found, call.answered)
        except DestinationSilent:
            raise
        except (EnvironmentFault, BadInput) as error:
            return [f"The repair was not added to the history: {error.message}"]
        return []

    def _write_generation(
        self,
        place: Place,
        spec: OffloadSpec,
        found: Mapping[str, FoundFile],
        answered: Callable[[], None],
    ) -> None:
        with contextlib.closing(place.pin(self._around.volume_of)) as folder:
            history = History.beneath(place.root, answered)
            known = tuple(path for path in found if history.find(path) is not None)
            compared = Comparison(
                missing=(), changed=(), renamed=(), unproven=(),
                verified=known, new=tuple(path for path in found if path not in known),
            )  # fmt: skip
            write_generation(
                place.root,
                records=next_records(history, compared, found),
                folders=None,
                process=Process.TRANSFER,
                creator=self._signature.creator(
                    f"{count_text(len(found), 'file')} repaired from other copies of job"
                    f" {self._spec.job}"
                ),
                started=now(),
                previous=history,
                ignore=[*spec.ignore, ".reelkeep-*"],
                left_out=[mended.aside for mended in self._mended.values() if mended.aside],
                through=path_through(folder, place.root),
            )


def _lies_there(place: Place, silence: Silence, fact: CopyFact, row: EntryRow) -> bool:
    try:
        with silence.call(at=fact.path):
            found = os.lstat(place.root / fact.path)
    except OSError:
        return False
    return (found.st_size, found.st_mtime_ns) == (row.entry.size, fact.mtime_ns)


def _confirmed(one: _Wrong, mended: Mended) -> CopyFact:
    """The row of a copy that was made again and read back."""
    proven = mended.read.way is ReadWay.MEDIUM
    moment = now()
    return one.fact._replace(
        state=CopyState.VERIFIED if proven else CopyState.CACHE,
        way=mended.read.way,
        kind=str(next(iter(one.row.digests), HashKind.BLAKE3)),
        written=moment,
        read=moment,
        mtime_ns=mended.mtime_ns,
        found=False,
        trouble="",
    )


def _found(mended: Mended) -> FoundFile:
    return FoundFile(
        size=mended.read.size,
        digests=mended.read.digests,
        mtime=file_moment(mended.mtime_ns),
        at=now(),
    )
