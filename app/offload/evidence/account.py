"""Gives account of an offload: from the ledger's rows to the verdict's evidence and the report."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path

from app.integrity.mhl import file_moment
from app.integrity.verdict import (
    CopyEvidence,
    FileEvidence,
    Verdict,
    card_verdict,
)
from app.jobs.journal import Journal
from app.jobs.spec import CONVERTER, JobId
from app.offload.card.selection import Selection
from app.offload.copying.place import PlaceRecord
from app.offload.copying.work import CopyFact, CopyState
from app.offload.evidence.clip_states import ClipNames, ClipStates, worst
from app.offload.evidence.file_rows import kept
from app.offload.evidence.ledger import Ledger
from app.offload.evidence.rows import CopyWords, EntryRow
from app.offload.evidence.simply_made import simply_made
from app.offload.evidence.tally import Tally
from app.offload.naming import shooting_day
from app.offload.spec import OffloadSpec
from app.places.cards import Card
from app.places.tree import EntryKind
from app.places.volumes import Volume, device_of
from app.reports.model import CopyRow, DestinationRow, FileRow, TransferReport
from app.units import now


@cache
def lies_on_disk(path: Path) -> bool:
    """Whether what lies at *path* outlives the power: no memory file system holds it."""
    return device_of(path).counts


class LastVerdict:
    """The verdict that was found last: it stands while nothing that it rests on has changed."""

    def __init__(self) -> None:
        self._found: tuple[tuple[object, ...], Verdict] | None = None

    def of(self, rests_on: tuple[object, ...], find: Callable[[], Verdict]) -> Verdict:
        """The verdict for what it *rests_on*, found anew unless it is the last one's."""
        last = self._found  # read once: other threads ask for the verdicts of other jobs
        if last is None or last[0] != rests_on:
            last = self._found = rests_on, find()
        return last[1]


class Account:
    """What the journal holds about one offload; its rows are read as they are needed."""

    def __init__(
        self, journal: Journal, job: JobId, spec: OffloadSpec, last: LastVerdict | None = None
    ) -> None:
        """*last*: for whoever asks for the verdict again and again."""
        self.job, self.spec = job, spec
        self._last = last or LastVerdict()
        self._journal = journal
        self._ledger = Ledger(journal, job)
        self.places = CONVERTER.structure(journal.fact(job, "places", []), tuple[PlaceRecord, ...])
        listed = journal.fact(job, "listed_again")
        self.came_to_listing = listed is not None
        self.listed = bool(listed)
        """The card was listed again at the end, without a difference."""
        self.change: str = journal.fact(job, "card_change", "")
        """What was different, in words."""

    @cached_property
    def card(self) -> Card | None:
        """What was recognised on it; with its clips, so it is only loaded by who asks for them."""
        card = self._journal.fact(self.job, "card")
        return CONVERTER.structure(card, Card) if card else None

    @property
    def journal_on_disk(self) -> bool:
        """Whether the journal outlives the power; that it was written, reading from it shows."""
        return lies_on_disk(self._journal.path)

    @cached_property
    def has_rows(self) -> bool:
        """Whether the card has been listed."""
        return self._ledger.count_entries() > 0

    def wanted(self) -> tuple[int, int]:
        """How many files, links and special files are not on the ignore list, and their bytes."""
        return self._ledger.wanted()

    @cached_property
    def rows(self) -> tuple[EntryRow, ...]:
        """The card as it was listed, with what was read from it."""
        return tuple(self._ledger.entries())

    @cached_property
    def copies(self) -> Mapping[int, tuple[CopyFact, ...]]:
        """Every copy, by the number of its file."""
        return {row.n: facts for row, facts in self._ledger.with_copies() if facts}

    @cached_property
    def _clip_names(self) -> ClipNames:
        return ClipNames(self.card)

    @cached_property
    def verdict(self) -> Verdict:
        """May the card be formatted?"""
        rows = self._journal.evidence, self._journal.foreign_changes()  # of any job
        listing = self.came_to_listing, self.listed
        return self._last.of(
            (self.job, rows, listing, self.places, self.spec.wanted_copies), self._find_verdict
        )

    def _find_verdict(self) -> Verdict:
        return card_verdict(
            self.evidence(),
            wanted=self.spec.wanted_copies,
            listed=self.listed and self.has_rows,
            journal_on_disk=self.journal_on_disk,
            ended=self.came_to_listing,
            change=self.change,
        )

    def evidence(self) -> Iterator[FileEvidence]:
        """What is known of every file, link and special file of the card."""
        for some in self._ledger.alike():
            yield FileEvidence(
                path=some.path,
                problem=some.problem,
                copies=tuple([self.copy_evidence(copy) for copy in some.copies]),
                files=some.files,
            )

    def copy_evidence(self, copy: CopyFact | CopyWords) -> CopyEvidence:
        """What a row about a copy says for the verdict."""
        place = self.places[copy.destination]
        return CopyEvidence(
            device=place.device,
            counts=place.counts,
            identified=place.identified,
            equal=copy.state in {CopyState.VERIFIED, CopyState.CACHE},
            way=copy.way,
            written=copy.written,
            read=copy.read,
            journalled=True,  # the row itself was read from the journal
            flushed=place.flush or copy.found,
        )

    # The report

    def report(
        self,
        started: datetime,
        finished: datetime,
        *,
        every_file: bool = True,
        held: bool = True,
    ) -> TransferReport:
        """The model of the transfer report; or with only the files that are not simply done.

        Not *held*: the rows of a large card are read from the journal whenever they are wanted.
        """
        verdict, spec, card, fact = self.verdict, self.spec, self.card, self._journal.fact
        tally = Tally(self._ledger.known(), len(self.places))
        states = ClipStates(self._clip_names)
        every = states.seen(self.file_rows(tally, every_file=every_file))
        rows = tuple(every) if held else kept(every, self.file_rows)
        moment = spec.moment or started
        return TransferReport(
            job=self.job,
            title=f"Offload of {card.roll if card else spec.source.name}",
            verdict=verdict.sentence,
            safe=verdict.safe,
            reasons=verdict.reasons,
            wanted_copies=verdict.wanted_copies,
            verified_copies=verdict.verified_copies,
            project=spec.project,
            day=shooting_day(moment, spec.rollover_hour),
            camera=card.camera if card else "",
            roll=card.roll if card else "",
            card=str(spec.source),
            card_label=card.label if card else "",
            started=started,
            finished=finished,
            verify_mode=tally.proofs.words(spec.verify),
            hash_kinds=tuple(dict.fromkeys([*map(str, spec.hashes), "blake3"])),
            host=socket.gethostname(),
            operator=fact(self.job, "operator", ""),
            tool=fact(self.job, "tool", "Reelkeep"),
            files=rows,
            clips=tuple(states.rows()) if every_file else (),
            destinations=tuple(self._destination_rows(tally)),
            size=tally.size,
            wanted=tally.files,
            reads=tally.proofs.card_reads(),
            findings=tuple(f.text for f in card.findings) if card else (),
            ignored=tuple(tally.ignored),
            ignore_patterns=spec.ignore,
            not_kept=tuple(fact(self.job, "not_kept", [])),
            notes=tuple(fact(self.job, "notes", [])),
            extra=dict(spec.extra),
        )

    def file_rows(
        self, tally: Tally | None = None, *, every_file: bool = True
    ) -> Iterator[FileRow]:
        """Every file, link and special file as reports and the window show it."""
        selections = (
            [Selection(d.only, self.card) for d in self.spec.destinations] if self.card else []
        )
        if tally is None:
            tally = Tally(self._ledger.known(), len(self.places))
        # A file that a filter keeps from a drive is never simply done.
        in_sum = not every_file and bool(selections) and all(one.takes_all for one in selections)
        rows = self._not_simply_made(tally) if in_sum else self._ledger.with_copies()
        for row, facts in rows:
            takes = [one.takes(row.entry) for one in selections]
            tally.count(row, facts, takes)
            if row.entry.kind is EntryKind.FOLDER:
                continue
            if not every_file and _simply_done(row, facts, len(selections)):
                continue
            by_place = {fact.destination: fact for fact in facts}
            copies = tuple(
                [_copy_row(i, by_place.get(i), row, take, tally) for i, take in enumerate(takes)]
            )
            yield FileRow(
                path=row.entry.path,
                clip=self._clip_names.of(row),
                size=row.entry.size,
                modified=_moment(row.entry.mtime_ns),
                hashes=row.named_digests,
                state=_file_state(row, copies),
                copies=copies if row.problem is None else (),
                trouble=row.trouble,
            )

    def _not_simply_made(self, tally: Tally) -> Iterator[tuple[EntryRow, tuple[CopyFact, ...]]]:
        """Most files are made on every drive: they are counted in sum, the others one by one."""
        apart = set()
        for made in simply_made(self._journal, self.job, len(self.places)):
            if made.apart is None:
                tally.count_made(made)
            else:
                apart.add(made.apart)
        return self._ledger.with_copies(only=apart)

    def _destination_rows(self, tally: Tally) -> Iterator[DestinationRow]:
        figures = self._journal.fact(self.job, "destinations", {})
        for index, place in enumerate(self.places):
            told = figures.get(str(index), {})
            yield DestinationRow(
                name=place.name,
                path=told.get("root", place.root),
                device=place.device_name,
                file_system=place.file_system,
                files=tally.held[index],
                size=tally.sizes[index],
                verified=tally.verified[index],
                flushed=place.flush,
                seconds=told.get("seconds", 0.0),
                rate=told.get("rate", 0.0) if tally.proofs.made[index] else 0.0,
                wanted=tally.asked[index],
                known=tally.proofs.known(index),
                trouble=told.get("trouble", ""),
                not_kept=tuple(told.get("not_kept", ())),
                manifest=told.get("manifest", ""),
            )


def _simply_done(row: EntryRow, facts: Sequence[CopyFact], places: int) -> bool:
    """Whether a file without a problem is verified on every destination of the job."""
    if row.problem is not None or row.trouble or len(facts) != places:
        return False
    return all(fact.state is CopyState.VERIFIED and not fact.trouble for fact in facts)


def _copy_row(
    index: int, fact: CopyFact | None, row: EntryRow, take: bool, tally: Tally
) -> CopyRow:
    if fact is None:
        return CopyRow(index, "", "not copied" if take else "not asked for")
    state = str(fact.state)
    if fact.found and fact.state is CopyState.VERIFIED:
        state = "already there"
    # Most copies are named as on the card; of a large card each name is then kept once.
    path = row.entry.path if fact.path == row.entry.path else fact.path
    return CopyRow(index, path, state, fact.read, fact.trouble, tally.proofs.earlier(fact))


def _file_state(row: EntryRow, copies: tuple[CopyRow, ...]) -> str:
    if row.problem is not None:
        return str(row.problem)
    asked = {copy.state for copy in copies} - {"not asked for"}
    if asked and asked <= {"verified", "already there"}:
        return "verified"
    return worst(asked)


def _moment(nanoseconds: int) -> datetime:
    return file_moment(nanoseconds) or datetime.fromtimestamp(0, UTC)


def report_stem(account: Account, moment: datetime | None = None) -> str:
    """File name of a report, without its ending: `A003_2026-11-20_1704_AF1ADD`."""
    roll = account.card.roll if account.card else account.spec.source.name
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in roll)
    return f"{safe[:60] or 'card'}_{(moment or now()).strftime('%Y-%m-%d_%H%M')}_{account.job}"


def report_folder(
    journal: Journal, job: JobId, usual: Path, volume_of: Callable[[Path], Volume]
) -> Path:
    """Where the report of an offload goes: the folder that was named, or *usual*.

    While the drive of that folder is away, its path leads to an empty mount point.
    """
    spec = journal.job(job).spec
    assert isinstance(spec, OffloadSpec)
    if spec.report is None:
        return usual
    meant = journal.fact(job, "report volume")
    away = meant is not None and volume_of(spec.report).identity != meant
    return usual if away else spec.report


def written_elsewhere(job: JobId) -> str:
    """What to do about a report that could not be written."""
    return (
        f"The copies are not concerned. `reelkeep jobs report {job} --to DIR` writes it to another"
        " folder."
    )
