"""How offloads ended: what failed on stderr, the verdict last, and all of it as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from app.cli.ending import Ending
from app.cli.output import Output
from app.engine import Engine
from app.integrity.verdict import Answer
from app.jobs.snapshot import JobSnapshot, JobState
from app.offload.evidence.proofs import known_words
from app.offload.spec import OffloadSpec
from app.reports.model import DestinationRow, FileRow, TransferReport
from app.units import bytes_text, count_text, duration_text

_NAMED = 20
"""Files that are named one by one; the report has all."""
_FEW = 3
"""Files that a sentence names."""
_CACHE = "verified through the cache"
_FINE = {"verified", "already there", "not asked for", "ignored"}


def show_outcome(engine: Engine, ended: Sequence[JobSnapshot], output: Output) -> int:
    """Say how *ended* jobs ended; answers the exit code."""
    code = exit_code(ended)
    facts: list[dict[str, Any]] = []
    last = []
    several = sum(job.kind == OffloadSpec.kind for job in ended) > 1
    for job in ended:
        if job.kind != OffloadSpec.kind:
            facts.append(_show_other(job, output))
            continue
        report = engine.report(job.id, every_file=False)
        trouble = list(_trouble(job, report))
        for sentence in trouble:
            output.warn(f"{report.roll or job.title}: {sentence}")
        for line in _lines(job, report):
            output.say(line)
        facts.append({**_facts(job, report), "trouble": trouble})
        last.append(f"{report.roll}: {report.verdict}" if several else report.verdict)
    for line in last:
        output.say(line)
    offloads = [fact for fact in facts if "safe" in fact]
    safe = bool(offloads) and all(fact["safe"] for fact in offloads)
    worst = next((fact for fact in offloads if not fact["safe"]), {})
    output.result(
        ok=code is Ending.DONE,
        exit_code=int(code),
        safe=safe,
        verdict=str(Answer.SAFE) if safe else worst.get("verdict", str(Answer.KEEP)),
        jobs=facts,
    )
    return int(code)


def _show_other(job: JobSnapshot, output: Output) -> dict[str, Any]:
    """A job that has no verdict: verify, repair."""
    words = f"{job.error} {job.hint}".strip()
    if job.state is JobState.DONE:
        where = f" in {job.goes_to}" if job.goes_to else ""
        output.say(f"{job.title}, job {job.id}: done{where}")
    else:
        output.warn(f"{job.title}, job {job.id}: {words or job.state}")
    return {"job": job.id, "kind": job.kind, "state": str(job.state), "error": words}


def exit_code(ended: Sequence[JobSnapshot]) -> Ending:
    """What a script is told of several jobs: the most serious of their endings."""
    states = {job.state for job in ended}
    if states & {JobState.CANCELLED, JobState.INTERRUPTED}:
        return Ending.CANCELLED
    # A job that is done and speaks of an error could not write its report.
    well = states <= {JobState.DONE} and not any(job.error for job in ended)
    return Ending.DONE if well else Ending.FAILED


def _trouble(job: JobSnapshot, report: TransferReport) -> Iterator[str]:
    """What failed, in sentences that name drive and file; each only once."""
    told: set[str] = set()
    if job.state is JobState.INTERRUPTED:
        yield f"Interrupted. `reelkeep jobs resume {job.id}` goes on with it."
    elif job.state is JobState.CANCELLED:
        yield (
            "Cancelled. What is confirmed stays."
            f" `reelkeep jobs resume {job.id}` goes on with it after all."
        )
    for sentence in (*_places(job, report), *_files(report, job.state)):
        if sentence and sentence not in told:
            told.add(sentence)
            yield sentence
    if job.error and not any(job.error in sentence for sentence in told):
        yield f"{job.error} {job.hint}".strip()


def _places(job: JobSnapshot, report: TransferReport) -> Iterator[str]:
    for index, row in enumerate(report.destinations):
        if row.trouble:
            yield row.trouble
            if short := row.asked - row.files:
                names = _missing(report, index, short)
                told = f"{count_text(short, 'file')} did not get to {row.name}"
                yield f"{told}: {names}." if names else f"{told}."
    for place in job.places:
        if place.trouble:
            yield place.trouble


def _files(report: TransferReport, state: JobState) -> Iterator[str]:
    bad = [file for file in report.files if file.state not in _FINE]
    if state in {JobState.CANCELLED, JobState.INTERRUPTED}:
        bad = [file for file in bad if _said(file)]  # the rest simply was not reached
    sentences = [said for file in bad if (said := _said(file))]
    yield from sentences[:_NAMED]
    if len(sentences) > _NAMED:
        yield f"And {len(sentences) - _NAMED:,} more files; the report names them."


def _missing(report: TransferReport, destination: int, count: int) -> str:
    """Some of the *count* files that a destination lacks, by name."""
    lacking = (f.path for f in report.files if f.state != "ignored" and _lacks(f, destination))
    names = list(islice(lacking, _FEW))
    more = count - len(names)
    return ", ".join(names) + (f" and {more:,} more" if names and more else "")


def _lacks(file: FileRow, destination: int) -> bool:
    there = (c for c in file.copies if c.destination == destination and c.state != "failed")
    return next(there, None) is None


def _said(file: FileRow) -> str:
    return file.trouble or next((copy.trouble for copy in file.copies if copy.trouble), "")


def _lines(job: JobSnapshot, report: TransferReport) -> Iterator[str]:
    seconds = (report.finished - report.started).total_seconds()
    yield (
        f"{report.roll}  {count_text(report.wanted, 'file')}, {bytes_text(report.size)},"
        f" {duration_text(seconds)}, job {job.id}"
    )
    cached = Counter(c.destination for f in report.files for c in f.copies if c.state == _CACHE)
    for index, row in enumerate(report.destinations):
        yield f"  {row.name}  {row.path}: {_place(row, cached[index])}"
        if row.manifest:
            yield f"    manifest {row.manifest}"
        for what in row.not_kept:
            yield f"    not kept: {what}"
    if job.report:
        yield f"  report {job.report}"
    for reason in report.reasons:
        yield f"  {reason}"


def _place(row: DestinationRow, cached: int) -> str:
    text = f"{row.verified:,} of {count_text(row.asked, 'file')} verified, {bytes_text(row.size)}"
    if cached:
        text += f"; {count_text(cached, 'file')} {_CACHE}, which does not count"
    if row.known:
        text += f"; {known_words(row.known)}, not read now"
    return text if row.flushed else f"{text}, not flushed"


def _facts(job: JobSnapshot, report: TransferReport) -> dict[str, Any]:
    return {
        "job": job.id,
        "state": str(job.state),
        "card": report.card,
        "roll": report.roll,
        "verdict": report.verdict,
        "safe": report.safe,
        "reasons": list(report.reasons),
        "wanted_copies": report.wanted_copies,
        "verified_copies": report.verified_copies,
        "files": report.wanted,
        "ignored": len(report.ignored),
        "size": report.size,
        "report": job.report,
        "error": job.error,
        "hint": job.hint,
        "manifests": [row.manifest for row in report.destinations if row.manifest],
        "destinations": list(_destinations(job, report)),
    }


def _destinations(job: JobSnapshot, report: TransferReport) -> Iterator[dict[str, Any]]:
    for n, row in enumerate(report.destinations):
        place = job.places[n] if n < len(job.places) else None
        yield {
            "name": row.name,
            "path": row.path,
            "device": row.device,
            "state": str(place.state) if place else "waiting",
            "safe_to_eject": bool(place and place.safe_to_eject),
            "files": row.asked,
            "known": [{"job": one.job, "files": one.files} for one in row.known],
            "verified": row.verified,
            "size": row.size,
            "flushed": row.flushed,
            "manifest": row.manifest,
            "trouble": row.trouble or (place.trouble if place else ""),
        }
