"""The report of a verify job: from what the journal keeps of it to HTML, PDF and CSV."""

from __future__ import annotations

import socket
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import BadInput
from app.integrity.verify.outcome import FileOutcome, VerifyOutcome
from app.integrity.verify.spec import VerifySpec
from app.jobs.journal import Journal
from app.jobs.spec import CONVERTER, JobId
from app.places.silence import Silence, watcher
from app.reports.model import VerifyPart, VerifyReport, VerifyRow

if TYPE_CHECKING:
    from app.reports.write import WrittenReport


def outcome_of(journal: Journal, job: JobId) -> VerifyOutcome:
    """What a verify job found; BadInput when it has not come to an end."""
    kept = journal.fact(job, "outcome")
    if kept is None:
        raise BadInput(f"Job {job} has verified nothing yet.")
    return CONVERTER.structure(kept, VerifyOutcome)


def verify_report(journal: Journal, job: JobId) -> VerifyReport:
    """The model of a verify job's report; BadInput when it has not come to an end."""
    outcome, read = outcome_of(journal, job), journal.fact(job, "read", {})
    row = journal.job(job)
    spec = row.spec
    assert isinstance(spec, VerifySpec)
    started = datetime.fromisoformat(read["started"]) if read else row.started or row.created
    finished = datetime.fromisoformat(read["finished"]) if read else row.finished or started
    return VerifyReport(
        job=job,
        title=outcome.title,
        sentence=outcome.sentence,
        brief=outcome.brief,
        good=bool(read.get("good", outcome.done)),
        started=started,
        finished=finished,
        repaired_from=str(spec.repair_from or ""),
        host=socket.gethostname(),
        operator=read.get("operator", ""),
        tool=read.get("tool", "Reelkeep"),
        parts=tuple(
            VerifyPart(
                path=str(Path(part.root, part.below)),
                against=part.against,
                asked=part.asked,
                files=part.files,
                size=part.size,
                verified=part.verified,
                cached=part.cached,
                generation=part.generation,
                rows=tuple(map(_row, part.differences)),
            )
            for part in outcome.parts
        ),
        verdicts=tuple(journal.fact(job, "verdicts", [])),
        notes=outcome.notes,
    )


def _row(found: FileOutcome) -> VerifyRow:
    return VerifyRow(
        path=found.path,
        state=f"{found.state}, repaired" if found.repaired else str(found.state),
        trouble=found.trouble,
        previous=found.previous,
        aside=found.aside,
    )


def write_verify_report(journal: Journal, job: JobId, folder: Path) -> WrittenReport:
    """Write it into *folder*; raises DestinationFault."""
    from app.reports.write import write_verify

    report = verify_report(journal, job)
    name = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in report.title)
    stem = f"{name[:60]}_{report.started.strftime('%Y-%m-%d_%H%M')}_{job}"
    silence = Silence(f"The folder of the report, {folder},")
    return silence.ask(partial(write_verify, report, folder, stem), watcher().patience.sync)
