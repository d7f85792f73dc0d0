"""Gives account of an offload: from the ledger's rows to the verdict's evidence and the report."""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.integrity.verdict import (
    CopyEvidence,
    FileEvidence,
    Problem,
    Verdict,
    card_verdict,
)
from app.jobs.journal import Journal
from app.jobs.spec import CONVERTER, JobId
from app.offload.ledger import EntryRow, Ledger
from app.offload.naming import shooting_day
from app.offload.place import PlaceRecord
from app.offload.selection import Selection
from app.offload.spec import OffloadSpec, VerifyMode
from app.offload.work import CopyFact, CopyState
from app.places.cards import Card
from app.places.tree import EntryKind
from app.reports.model import ClipRow, CopyRow, DestinationRow, FileRow, TransferReport
from app.units import count_text, now

_MODES = {
    VerifyMode.FULL: "card read twice, each drive read back from the medium",
    VerifyMode.READ_BACK: "card read once, each drive read back from the medium",
    VerifyMode.SOURCE: "card read twice, drives compared by size only",
    VerifyMode.TRANSFER: "compared by size only",
}


@dataclass(frozen=True, slots=True)
class Account:
    """Everything the journal holds about one offload."""

    job: JobId
    spec: OffloadSpec
    card: Card | None
    places: tuple[PlaceRecord, ...]
    rows: tuple[EntryRow, ...]
    copies: Mapping[int, tuple[CopyFact, ...]]
    listed: bool
    """The card was listed again at the end, without a difference."""

    @classmethod
    def of(cls, journal: Journal, job: JobId, spec: OffloadSpec) -> Account:
        """Read it from the journal."""
        ledger = Ledger(journal, job)
        copies: dict[int, list[CopyFact]] = defaultdict(list)
        for fact in ledger.copies():
            copies[fact.n].append(fact)
        card = journal.fact(job, "card")
        return cls(
            job,
            spec,
            CONVERTER.structure(card, Card) if card else None,
            CONVERTER.structure(journal.fact(job, "places", []), tuple[PlaceRecord, ...]),
            tuple(ledger.entries()),
            {n: tuple(facts) for n, facts in copies.items()},
            bool(journal.fact(job, "listed_again", False)),
        )

    def verdict(self, *, journal_on_disk: bool = True) -> Verdict:
        """May the card be formatted?"""
        return card_verdict(
            self.evidence(),
            wanted=self.spec.wanted_copies,
            listed=self.listed and bool(self.rows),
            journal_on_disk=journal_on_disk,
        )

    def evidence(self) -> Iterator[FileEvidence]:
        """What is known of every file, link and special file of the card."""
        for row in self.rows:
            if row.entry.kind is EntryKind.FOLDER and row.problem is not Problem.UNREADABLE:
                continue
            yield FileEvidence(
                path=row.entry.path,
                problem=row.problem,
                copies=tuple(self.copy_evidence(fact) for fact in self.copies.get(row.n, ())),
            )

    def copy_evidence(self, fact: CopyFact) -> CopyEvidence:
        """What one row about a copy says for the verdict."""
        place = self.places[fact.destination]
        return CopyEvidence(
            device=place.device,
            counts=place.counts,
            identified=place.identified,
            equal=fact.state in {CopyState.VERIFIED, CopyState.CACHE},
            way=fact.way,
            written=fact.written,
            read=fact.read,
            journalled=True,  # the row itself was read from the journal
            flushed=place.flush or fact.found,
        )

    # The report

    def report(self, journal: Journal, started: datetime, finished: datetime) -> TransferReport:
        """The model of the transfer report."""
        verdict, spec, card = self.verdict(), self.spec, self.card
        files = [row for row in self.rows if row.entry.kind is not EntryKind.FOLDER]
        rows = tuple(self.file_rows())
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
            verify_mode=self._check_words(),
            hash_kinds=tuple(dict.fromkeys([*map(str, spec.hashes), "blake3"])),
            host=socket.gethostname(),
            operator=journal.fact(self.job, "operator", ""),
            tool=journal.fact(self.job, "tool", "Reelkeep"),
            files=rows,
            clips=tuple(self._clip_rows(rows)),
            destinations=tuple(self._destination_rows(journal)),
            size=sum(r.entry.size for r in files if r.problem is not Problem.IGNORED),
            findings=tuple(f.text for f in card.findings) if card else (),
            ignored=tuple(r.entry.path for r in self.rows if r.problem is Problem.IGNORED),
            ignore_patterns=spec.ignore,
            not_kept=tuple(journal.fact(self.job, "not_kept", [])),
            notes=tuple(journal.fact(self.job, "notes", [])),
            extra=dict(spec.extra),
        )

    def _check_words(self) -> str:
        """How it was checked; what an earlier job had read from the card stands as it was then."""
        words = _MODES[self.spec.verify]
        if not self.spec.verify.reads_source_twice:
            return words
        once = sum(1 for row in self.rows if row.digests and not row.twice)
        known = f"{count_text(once, 'file')} known from an earlier job, read once then"
        return f"{words}; {known}" if once else words

    def file_rows(self) -> Iterator[FileRow]:
        """Every file, link and special file as reports and the window show it."""
        selections = (
            [Selection(d.only, self.card) for d in self.spec.destinations] if self.card else []
        )
        for row in self.rows:
            if row.entry.kind is EntryKind.FOLDER:
                continue
            facts = {fact.destination: fact for fact in self.copies.get(row.n, ())}
            copies = tuple(
                self._copy_row(i, facts.get(i), s.takes(row.entry))
                for i, s in enumerate(selections)
            )
            yield FileRow(
                path=row.entry.path,
                clip=row.clip,
                size=row.entry.size,
                modified=_moment(row.entry.mtime_ns),
                hashes={str(kind): text for kind, text in row.digests.items()},
                state=_file_state(row, copies),
                copies=copies if row.problem is None else (),
                trouble=row.trouble,
            )

    def _copy_row(self, index: int, fact: CopyFact | None, asked: bool) -> CopyRow:
        if fact is None:
            state = "not copied" if asked else "not asked for"
            return CopyRow(destination=index, path="", state=state)
        state = str(fact.state)
        if fact.found and fact.state is CopyState.VERIFIED:
            state = "already there"
        return CopyRow(
            destination=index,
            path=fact.path,
            state=state,
            read_back=fact.read,
            trouble=fact.trouble,
        )

    def _clip_rows(self, files: Iterable[FileRow]) -> Iterator[ClipRow]:
        if self.card is None:
            return
        states: dict[str, set[str]] = defaultdict(set)
        for file in files:
            states[file.clip].add(file.state)
        for clip in self.card.clips:
            found = states[clip.name] - {"ignored"}
            state = "verified" if found == {"verified"} else _worst(found)
            yield ClipRow(
                name=clip.name,
                files=len(clip.files),
                size=clip.size,
                recorded=clip.first_recorded,
                state=state,
                missing=clip.missing,
            )

    def _destination_rows(self, journal: Journal) -> Iterator[DestinationRow]:
        figures = journal.fact(self.job, "destinations", {})
        sizes = {row.n: row.entry.size for row in self.rows}
        for index, place in enumerate(self.places):
            mine = [f for facts in self.copies.values() for f in facts if f.destination == index]
            good = [f for f in mine if f.state is not CopyState.FAILED]
            told = figures.get(str(index), {})
            yield DestinationRow(
                name=place.name,
                path=told.get("root", place.root),
                device=place.device_name,
                file_system=place.file_system,
                files=len(good),
                size=sum(sizes[f.n] for f in good),
                verified=sum(1 for f in mine if f.state is CopyState.VERIFIED),
                flushed=place.flush,
                seconds=told.get("seconds", 0.0),
                rate=told.get("rate", 0.0),
                trouble=told.get("trouble", ""),
                not_kept=tuple(told.get("not_kept", ())),
                manifest=told.get("manifest", ""),
            )


def _file_state(row: EntryRow, copies: tuple[CopyRow, ...]) -> str:
    if row.problem is not None:
        return str(row.problem)
    asked = {copy.state for copy in copies} - {"not asked for"}
    if asked and asked <= {"verified", "already there"}:
        return "verified"
    return _worst(asked)


def _worst(states: set[str]) -> str:
    order = ("unreadable", "changed", "unsteady", "special", "failed", "not copied",
             str(CopyState.WRITTEN), str(CopyState.CACHE))  # fmt: skip
    return next((state for state in order if state in states), "not copied")


def _moment(nanoseconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(nanoseconds / 1e9, UTC).astimezone()
    except (OverflowError, OSError, ValueError):
        return datetime.fromtimestamp(0, UTC)


def report_stem(account: Account, moment: datetime | None = None) -> str:
    """File name of a report, without its ending: `A003_2026-11-20_1704_AF1ADD`."""
    roll = account.card.roll if account.card else account.spec.source.name
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in roll)
    return f"{safe[:60] or 'card'}_{(moment or now()).strftime('%Y-%m-%d_%H%M')}_{account.job}"


def report_folder(spec: OffloadSpec, usual: Path) -> Path:
    """Where the reports of an offload go."""
    return spec.report or usual
