"""Writes the chain of custody of one destination: an ASC MHL generation for the whole card."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app.integrity.hashing import CUSTODY_KINDS, Digests, HashKind
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
from app.integrity.verdict import Problem
from app.offload.card.selection import IgnoreList
from app.offload.copying.place import Place
from app.offload.evidence.rows import HeldFile, digests_from
from app.places.through import path_through
from app.places.tree import EntryKind, list_kinds
from app.units import now

if TYPE_CHECKING:
    from app.offload.job.run import OffloadRun

_SECOND = 1_000_000_000
"""Nanoseconds; manifests tell whole seconds, which many files have in common."""


def write_custody(run: OffloadRun, place: Place) -> str:
    """Append this offload's generation at *place*; the path of the manifest, "" if none was due.

    Raises HistoryFault when the history that lies there is broken, DestinationFault.
    """
    if not run.ledger.count_held(place.index):
        return ""
    # The older manifest first: the generation leaves it out by name, so it is never "new".
    legacy = _legacy(run, place) if run.spec.legacy_mhl else ""
    return _generation(run, place, legacy) if run.spec.manifests else ""


def _generation(run: OffloadRun, place: Place, legacy: str) -> str:
    history = History.load(place.root)
    earlier = run.ledger.journal.fact(run.job, f"manifest {place.index}")
    if earlier and not _anything_new(history, run.ledger.held_files(place.index)):
        return str(earlier)
    started = run.control.snapshot().started or now()
    records, left_out = [], []
    for file in run.ledger.held_files(place.index):
        if not holdable(file.path):
            left_out.append(file.path)
        elif _told_here(history, file, started):
            records.append(_record(history, file))
    if not records:
        return ""
    share = run.roster.share(place)
    for row in run.ledger.entries(EntryKind.LINK):
        if row.problem is not Problem.IGNORED and share.takes(row):
            left_out.append(share.put(row.entry.path, row.clip))
    if legacy:
        left_out.append(legacy)
    path = write_generation(
        place.root,
        records=records,
        folders=_folders(run, place, {legacy, *(record.path for record in records)}),
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


def _anything_new(history: History | None, files: Iterable[HeldFile]) -> bool:
    """Whether a resume or retry has copied something that the history lacks."""
    if history is None:
        return True
    return any(holdable(file.path) and history.find(file.path) is None for file in files)


def _told_here(history: History | None, file: HeldFile, started: datetime) -> bool:
    """Whether this job has something to say of a copy: it was made or read by it, or is unknown.

    A copy that an earlier job proved and this one only recognised is in that job's generation.
    """
    fresh = max(file.written, file.proven) >= started
    return fresh or history is None or history.find(file.path) is None


def _record(history: History | None, file: HeldFile) -> FileRecord:
    known = history.known(file.path) if history is not None else {}
    digests = digests_from(file.hashes)
    return FileRecord(
        path=file.path,
        size=file.size,
        mtime=file_moment(file.mtime_ns // _SECOND * _SECOND),
        hashes=tuple(
            [
                HashRecord(kind=kind, text=digests[kind], action=action, at=file.proven)
                for kind, action in _actions(known, digests)
            ]
        ),
    )


def _actions(known: Digests, digests: Digests) -> Sequence[tuple[HashKind, Action]]:
    """Each kind's action: first ever, or equal to what the history has."""
    mine = [kind for kind in CUSTODY_KINDS if kind in digests]
    if not known:
        return [(kind, Action.ORIGINAL) for kind in mine]
    matches = any(digests.get(kind) == text for kind, text in known.items())
    told = []
    for kind in mine:
        if matches and known.get(kind, digests[kind]) == digests[kind]:
            told.append((kind, Action.VERIFIED))
        elif kind in known:
            told.append((kind, Action.FAILED))
    return told


def _folders(run: OffloadRun, place: Place, recorded: set[str]) -> list[Folder] | None:
    """All folders of the copy; None when files lie there that this job did not copy.

    Directory hashes speak of everything in a directory, so they are only written for a whole.
    """
    share = run.roster.share(place)
    moments = {
        share.put(row.entry.path, row.clip): file_moment(row.entry.mtime_ns)
        for row in run.ledger.entries(EntryKind.FOLDER)
    }
    ignore = IgnoreList([*run.spec.ignore, ".reelkeep-*", HISTORY_FOLDER])
    folders = []
    for path, kind in list_kinds(place.root):
        if path in recorded or ignore.ignores(path) or not holdable(path):
            continue
        if kind is EntryKind.FOLDER:
            folders.append(Folder(path=path, mtime=moments.get(path)))
        elif kind is EntryKind.FILE:
            return None
    return folders


def _legacy(run: OffloadRun, place: Place) -> str:
    """The name of the older manifest, written beside the card's files once for the whole card."""
    fact = f"legacy {place.index}"
    if earlier := run.ledger.journal.fact(run.job, fact):
        return str(earlier)
    written = write_legacy(
        place.root,
        [_record(None, f) for f in run.ledger.held_files(place.index) if holdable(f.path)],
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
