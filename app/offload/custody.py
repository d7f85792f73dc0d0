"""Writes the chain of custody of one destination: an ASC MHL generation for the whole card."""

from __future__ import annotations

import socket
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app.integrity.hashing import CUSTODY_KINDS, Digests
from app.integrity.legacy_mhl import write_legacy
from app.integrity.mhl import (
    Action,
    Author,
    Creator,
    FileRecord,
    Folder,
    HashRecord,
    History,
    Process,
    file_moment,
    holdable,
    write_generation,
)
from app.integrity.mhl.values import HISTORY_FOLDER
from app.offload.ledger import EntryRow
from app.offload.place import Place
from app.offload.selection import IgnoreList
from app.offload.work import CopyFact, CopyState
from app.places.through import path_through
from app.places.tree import EntryKind, list_tree
from app.units import now

if TYPE_CHECKING:
    from app.offload.run import OffloadRun


def write_custody(run: OffloadRun, place: Place, rows: list[EntryRow]) -> str:
    """Append this offload's generation at *place*; the path of the manifest, "" if none was due.

    Raises HistoryFault when the history that lies there is broken, DestinationFault.
    """
    confirmed = {
        fact.n: fact
        for fact in run.ledger.copies_on(place.index)
        if fact.state is not CopyState.FAILED
    }
    files = [r for r in rows if r.entry.kind is EntryKind.FILE and r.n in confirmed]
    if not files:
        return ""
    # The older manifest first: the generation leaves it out by name, so it is never "new".
    legacy = _legacy(run, place, files, confirmed) if run.spec.legacy_mhl else ""
    if not run.spec.manifests:
        return ""
    return _generation(run, place, rows, confirmed, legacy)


def _generation(
    run: OffloadRun,
    place: Place,
    rows: list[EntryRow],
    confirmed: dict[int, CopyFact],
    legacy: str,
) -> str:
    files = [r for r in rows if r.entry.kind is EntryKind.FILE and r.n in confirmed]
    history = History.load(place.root)
    earlier = run.ledger.journal.fact(run.job, f"manifest {place.index}")
    if earlier and not _anything_new(history, files, confirmed):
        return str(earlier)
    started = run.control.snapshot().started or now()
    records = [
        _record(history, row, confirmed[row.n])
        for row in files
        if holdable(confirmed[row.n].path) and _told_here(history, confirmed[row.n], started)
    ]
    if not records:
        return ""
    left_out = [confirmed[r.n].path for r in files if not holdable(confirmed[r.n].path)]
    share = run.roster.share(place)
    for row in rows:
        if row.entry.kind is EntryKind.LINK and share.takes(row):
            left_out.append(share.put(row.entry.path, row.clip))
    if legacy:
        left_out.append(legacy)
    path = write_generation(
        place.root,
        records=records,
        folders=_folders(run, place, rows, {legacy, *(record.path for record in records)}),
        process=Process.TRANSFER,
        creator=_creator(run, place),
        started=started,
        previous=history,
        ignore=[*run.spec.ignore, ".reelkeep-*"],
        left_out=left_out,
        through=_through(place),
    )
    run.ledger.journal.set_fact(run.job, f"manifest {place.index}", str(path))
    return str(path)


def _anything_new(
    history: History | None, files: list[EntryRow], confirmed: dict[int, CopyFact]
) -> bool:
    """Whether a resume or retry has copied something that the history lacks."""
    if history is None:
        return True
    return any(
        holdable(confirmed[row.n].path) and history.find(confirmed[row.n].path) is None
        for row in files
    )


def _told_here(history: History | None, fact: CopyFact, started: datetime) -> bool:
    """Whether this job has something to say of a copy: it was made or read by it, or is unknown.

    A copy that an earlier job proved and this one only recognised is in that job's generation.
    """
    fresh = max(fact.written, fact.read or fact.written) >= started
    return fresh or history is None or history.find(fact.path) is None


def _record(history: History | None, row: EntryRow, fact: CopyFact) -> FileRecord:
    known = history.known(fact.path) if history is not None else {}
    return FileRecord(
        path=fact.path,
        size=row.entry.size,
        mtime=file_moment(fact.mtime_ns),
        hashes=tuple(_hashes(known, row, fact.read or fact.written)),
    )


def _hashes(known: Digests, row: EntryRow, at: datetime) -> list[HashRecord]:
    """Each kind's action: first ever, or equal to what the history has."""
    matches = any(row.digests.get(kind) == text for kind, text in known.items())
    records = []
    for kind in CUSTODY_KINDS:
        text = row.digests.get(kind)
        if text is None:
            continue
        if not known:
            action = Action.ORIGINAL
        elif matches and known.get(kind, text) == text:
            action = Action.VERIFIED
        elif kind in known:
            action = Action.FAILED
        else:
            continue
        records.append(HashRecord(kind=kind, text=text, action=action, at=at))
    return records


def _folders(
    run: OffloadRun, place: Place, rows: list[EntryRow], recorded: set[str]
) -> list[Folder] | None:
    """All folders of the copy; None when files lie there that this job did not copy.

    Directory hashes speak of everything in a directory, so they are only written for a whole.
    """
    share = run.roster.share(place)
    moments = {
        share.put(row.entry.path, row.clip): file_moment(row.entry.mtime_ns)
        for row in rows
        if row.entry.kind is EntryKind.FOLDER
    }
    ignore = IgnoreList([*run.spec.ignore, ".reelkeep-*", HISTORY_FOLDER])
    folders = []
    for entry in list_tree(place.root):
        if ignore.ignores(entry.path) or not holdable(entry.path):
            continue
        if entry.kind is EntryKind.FOLDER:
            folders.append(Folder(path=entry.path, mtime=moments.get(entry.path)))
        elif entry.kind is EntryKind.FILE and entry.path not in recorded:
            return None
    return folders


def _legacy(
    run: OffloadRun, place: Place, files: list[EntryRow], confirmed: dict[int, CopyFact]
) -> str:
    """The name of the older manifest, written beside the card's files once for the whole card."""
    fact = f"legacy {place.index}"
    if earlier := run.ledger.journal.fact(run.job, fact):
        return str(earlier)
    written = write_legacy(
        place.root,
        [_record(None, r, confirmed[r.n]) for r in files if holdable(confirmed[r.n].path)],
        _creator(run, place),
        run.control.snapshot().started or now(),
        now(),
        through=_through(place),
    )
    run.ledger.journal.set_fact(run.job, fact, written.name)
    return written.name


def _through(place: Place) -> Path:
    """The way to the copy that does not lead to an empty mount point once the drive is pulled."""
    assert place.target is not None
    return path_through(place.target.folder, place.root)


def _creator(run: OffloadRun, place: Place) -> Creator:
    others = ", ".join(str(p.root) for p in run.places if p is not place)
    beside = f"; parallel copies: {others}" if others else ""
    return Creator(
        tool="Reelkeep",
        version=run.around.tool_version,
        hostname=socket.gethostname(),
        created=now(),
        authors=(Author(name=run.around.operator),) if run.around.operator else (),
        comment=f"Reelkeep job {run.job}; from {run.roster.card_root} to {place.root}{beside}",
    )
