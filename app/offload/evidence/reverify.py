"""What a verify job saw changes what offloads know of their copies, and so their verdicts.

A copy is found by its volume's identity and its path below the mount point, wherever the volume is
mounted. What counts is the digest that the card gave, not only the history on the drive.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.errors import ReelkeepError
from app.integrity.verdict import ReadWay
from app.integrity.verify.outcome import FileState, SeenFile
from app.integrity.verify.run import Evidence, VerifyRun
from app.integrity.verify.signature import Signature
from app.integrity.verify.spec import VerifySpec
from app.jobs.control import JobControl
from app.jobs.journal import JobRow, Journal
from app.jobs.snapshot import PlaceState
from app.jobs.spec import CONVERTER, JobId
from app.offload.card.surroundings import Surroundings
from app.offload.copying.place import PlaceRecord
from app.offload.copying.work import CopyFact, CopyState
from app.offload.evidence.account import Account, written_elsewhere
from app.offload.evidence.beside import join, may_meet, records_beside, remarks_on, tidy, within
from app.offload.evidence.ledger import Ledger
from app.offload.evidence.rows import EntryRow
from app.offload.evidence.verify_report import write_verify_report
from app.offload.spec import OffloadSpec
from app.places.tree import EntryKind
from app.units import moment_text, now

log = logging.getLogger(__name__)


def run_verify(
    job: JobId, spec: VerifySpec, control: JobControl, journal: Journal, around: Surroundings
) -> bool:
    """Do a verify job, keep what it found, and bring the verdicts of offloads up to date."""
    signature = Signature(job=job, tool_version=around.tool_version, operator=around.operator)
    run = VerifyRun(spec, control, signature, around.declared, records_beside(journal))
    outcome = run.run()
    control.show(verdict=outcome.sentence)
    evidence = run.evidence()
    update = update_copies(journal, evidence)
    outcome = replace(outcome, remarks=tuple(remarks_on(journal, evidence)))
    journal.set_fact(job, "outcome", CONVERTER.unstructure(outcome))
    journal.set_fact(job, "verdicts", list(update.verdicts))
    good = outcome.done and not update.lost
    _write_report(job, control, journal, around, good=good)
    if good:
        return True
    # A history may have taken other bytes for right; what the card gave decides.
    said = update.lost[:1] if outcome.done else [outcome.sentence]
    control.show(error=" ".join([*said, *update.verdicts]))
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What became of offloads' copies."""

    lost: tuple[str, ...] = ()
    """Copies that no longer count, each in a sentence."""
    verdicts: tuple[str, ...] = ()
    """Verdicts that are others now, each in a sentence."""


def _write_report(
    job: JobId, control: JobControl, journal: Journal, around: Surroundings, *, good: bool
) -> None:
    """Write the job's report; one that cannot be written takes nothing from the result."""
    started, finished = control.snapshot().started or now(), now()
    journal.set_fact(
        job,
        "read",
        {
            "started": started.isoformat(),
            "finished": finished.isoformat(),
            "operator": around.operator,
            "tool": f"Reelkeep {around.tool_version}",
            "good": good,
        },
    )
    if around.report_folder is None:
        return
    control.show(stage="Writing the report")
    try:
        written = write_verify_report(journal, job, around.report_folder)
    except ReelkeepError as error:
        control.show(error=error.message, hint=written_elsewhere(job))
        log.info("%s: the report could not be written: %s", job, error)
        return
    control.show(report=str(written.html))


def update_copies(journal: Journal, evidence: Iterable[Evidence]) -> Update:
    """Take what was seen into every offload's rows, and its verdict along."""
    seen = tuple(evidence)
    lost: list[str] = []
    verdicts: list[str] = []
    for row in journal.jobs(hidden=True):
        if row.kind != OffloadSpec.kind:
            continue
        facts = [fact for one in seen for fact in _news(journal, row, one)]
        if facts:
            Ledger(journal, row.id).confirm(facts)
            lost += [fact.trouble for fact in facts if fact.state is CopyState.FAILED]
            verdicts += settle_verdict(journal, row)
    return Update(lost=tuple(lost), verdicts=tuple(verdicts))


def _news(journal: Journal, row: JobRow, evidence: Evidence) -> Iterator[CopyFact]:
    """Rows of one offload that are others now."""
    records = journal.fact(row.id, "places", [])
    places = CONVERTER.structure(records, tuple[PlaceRecord, ...])
    volume = evidence.volume
    mine = {n: p for n, p in enumerate(places) if volume.may_be(p.identity, p.device)}
    root = tidy(os.path.relpath(evidence.root, evidence.volume.mount_point))
    mine = {n: p for n, p in mine.items() if may_meet(root, tidy(p.below))}
    if not mine:
        return
    ledger = Ledger(journal, row.id)
    entries = {entry.n: entry for entry in ledger.entries()}
    for fact in ledger.copies():
        place, entry = mine.get(fact.destination), entries.get(fact.n)
        if place is None or entry is None:
            continue
        path = within(join(tidy(place.below), fact.path), root)
        seen = evidence.files.get(path) if path is not None else None
        if seen is None:
            continue
        if entry.entry.kind is EntryKind.LINK:
            fresh = _link_now(fact, entry, seen, place)
        else:
            fresh = _now_known(fact, entry, seen, evidence.files, place, root)
        if fresh is None or fresh == fact:
            continue
        # Good news is taken from the very drive only, bad news also from what may be that drive.
        if fresh.state is CopyState.FAILED or volume.is_surely(place.identity, place.device):
            yield fresh


def _now_known(
    fact: CopyFact,
    entry: EntryRow,
    seen: SeenFile,
    files: Mapping[str, SeenFile],
    place: PlaceRecord,
    root: str,
) -> CopyFact | None:
    """*fact* after the file was looked at again; None when that told nothing."""
    if seen.renamed_to:
        path = within(join(root, seen.renamed_to), tidy(place.below))
        if path is None:
            return _failed(fact, seen, f"was moved away to {seen.renamed_to}", place)
        return _now_known(
            fact._replace(path=path), entry, files[seen.renamed_to], files, place, root
        )
    common = [kind for kind in entry.digests if kind in seen.digests]
    if trouble := _trouble(entry, seen):
        return _failed(fact, seen, trouble, place)
    if not common:
        return None
    if seen.way is not ReadWay.MEDIUM and fact.state is CopyState.VERIFIED:
        return None  # what is known already is more
    return fact._replace(
        state=CopyState.VERIFIED if seen.way is ReadWay.MEDIUM else CopyState.CACHE,
        way=seen.way,
        kind=str(common[0]),
        read=seen.at,
        mtime_ns=seen.mtime_ns,
        trouble="",
    )


def _link_now(
    fact: CopyFact, entry: EntryRow, seen: SeenFile, place: PlaceRecord
) -> CopyFact | None:
    """The same for a link, which is compared by where it points."""
    if seen.state is FileState.MISSING:
        return _failed(fact, seen, "is no longer there", place)
    if seen.points is None:
        return _failed(fact, seen, seen.trouble or "is no link any more", place)
    if seen.points != entry.entry.target:
        what = f"points to {seen.points} instead of {entry.entry.target}"
        return _failed(fact, seen, what, place)
    if fact.state is not CopyState.FAILED:
        return None  # it is as it was
    state = CopyState.VERIFIED if seen.way is ReadWay.MEDIUM else CopyState.CACHE
    return fact._replace(state=state, way=seen.way, read=seen.at, trouble="")


def _trouble(entry: EntryRow, seen: SeenFile) -> str:
    """What is wrong with a copy, "" when nothing is known to be."""
    if seen.state is FileState.MISSING:
        return "is no longer there"
    if not seen.digests:
        return f"cannot be read: {seen.trouble}"
    if any(seen.digests.get(kind, text) != text for kind, text in entry.digests.items()):
        return "is no longer what the card gave"
    return ""


def _failed(fact: CopyFact, seen: SeenFile, what: str, place: PlaceRecord) -> CopyFact | None:
    """A row that no longer counts; it keeps the time by which the file is known as ours."""
    if fact.state is CopyState.FAILED:
        return None
    return fact._replace(
        state=CopyState.FAILED,
        way=seen.way,
        read=seen.at,
        trouble=f"{fact.path} on {place.name} {what}; seen on {moment_text(seen.at)}.",
    )


# Verdicts


def settle_verdict(journal: Journal, row: JobRow) -> Iterator[str]:
    """Bring what the journal says of an offload's end in line with its rows; the news in words."""
    if not row.state.ended or not isinstance(row.spec, OffloadSpec):
        return
    account = Account(journal, row.id, row.spec)
    verdict = account.verdict
    before = row.ending.get("verdict", "")
    failed = [f for facts in account.copies.values() for f in facts if f.state is CopyState.FAILED]
    journal.amend_ending(
        row.id,
        {
            "verdict": verdict.sentence,
            "safe": verdict.safe,
            "places": [
                _place(place, account.places[n], [f for f in failed if f.destination == n])
                for n, place in enumerate(row.ending.get("places", []))
            ],
        },
    )
    if verdict.sentence == before:
        return
    name = account.card.roll if account.card else row.title
    news = f"{name}, job {row.id}: {verdict.sentence} now, {before or 'nothing'} before."
    notes = journal.fact(row.id, "notes", [])
    journal.set_fact(row.id, "notes", [*notes, f"{moment_text(now())}: {news}"])
    log.info(news)
    yield news


def _place(kept: dict[str, Any], record: PlaceRecord, failed: list[CopyFact]) -> dict[str, Any]:
    """How a destination stands now."""
    if failed:
        more = f" And {len(failed) - 1:,} more files." if len(failed) > 1 else ""
        trouble = failed[0].trouble + more
        return {**kept, "state": PlaceState.FAILED, "trouble": trouble, "safe_to_eject": False}
    if kept.get("state") == PlaceState.FAILED and kept.get("written") == kept.get("total"):
        return {
            **kept, "state": PlaceState.DONE, "trouble": "", "safe_to_eject": record.flush,
        }  # fmt: skip
    return kept
