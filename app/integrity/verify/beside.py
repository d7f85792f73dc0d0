"""What a history cannot hold, links and names that XML cannot say, held against other records.

Whoever put such entries there may have written them down elsewhere (for offloads, the journal).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.integrity.hashing import Digests
from app.integrity.verdict import ReadWay
from app.integrity.verify.outcome import FileOutcome, FileState, SeenFile
from app.integrity.verify.read import Sweep, Wanted
from app.places.tree import Entry, EntryKind
from app.places.volumes import Volume
from app.units import now


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A link or a file as it was put there."""

    job: str
    """Who put it there."""
    digests: Digests = field(default_factory=dict)
    target: str | None = None
    """Where a link points; None for a file."""


RecordsOf = Callable[[Path, Volume], Mapping[str, Recorded]]
"""What is known of entries below a root, by path relative to it."""


def nothing_known(root: Path, volume: Volume) -> Mapping[str, Recorded]:
    """Where nobody keeps such records."""
    del root, volume
    return {}


@dataclass(slots=True, eq=False)
class Beside:
    """What was found of the entries that a history cannot hold."""

    differences: dict[str, FileOutcome] = field(default_factory=dict)
    seen: dict[str, SeenFile] = field(default_factory=dict)
    unchecked: tuple[str, ...] = ()
    """Entries that nobody has records of."""

    @property
    def verified(self) -> int:
        """Entries that are as they were put there."""
        return len(self.seen) - len(self.differences)


def look_beside(
    odd: Mapping[str, Entry],
    recorded: Mapping[str, Recorded],
    sweep: Sweep,
    *,
    provable: bool,
) -> Beside:
    """Hold the links and oddly named files *odd* against what is *recorded*."""
    found = Beside(unchecked=tuple(path for path in odd if path not in recorded))
    way = ReadWay.MEDIUM if provable else ReadWay.CACHE
    for path, known in recorded.items():
        entry = odd.get(path)
        if entry is None:
            seen = _gone()
        elif known.target is not None:
            seen = _link(sweep, entry, known.target, way)
        else:
            seen = _file(entry, known, sweep)
        found.seen[path] = seen
        if seen.state is not FileState.VERIFIED:
            found.differences[path] = FileOutcome(path=path, state=seen.state, trouble=seen.trouble)
    return found


def _gone() -> SeenFile:
    return SeenFile(
        state=FileState.MISSING, digests={}, way=ReadWay.NONE, mtime_ns=0, size=0, at=now()
    )


def _link(sweep: Sweep, entry: Entry, target: str, way: ReadWay) -> SeenFile:
    state, trouble, points = FileState.VERIFIED, "", None
    if entry.kind is not EntryKind.LINK:
        state, trouble = FileState.CHANGED, "it was a link and is none any more"
    else:
        try:
            points = sweep.read_link(entry.path)
        except OSError as error:
            state, trouble = FileState.UNREADABLE, error.strerror or str(error)
        else:
            if points != target:
                state, trouble = FileState.CHANGED, f"it points to {points} instead of {target}"
    return SeenFile(
        state=state, digests={}, way=way, mtime_ns=0, size=0, at=now(), trouble=trouble,
        points=points,
    )  # fmt: skip


def _file(entry: Entry, known: Recorded, sweep: Sweep) -> SeenFile:
    if entry.kind is not EntryKind.FILE:
        return SeenFile(
            state=FileState.CHANGED, digests={}, way=ReadWay.NONE, mtime_ns=0, size=0, at=now(),
            trouble="it was a file and is none any more",
        )  # fmt: skip
    wanted = Wanted(
        path=entry.path, size=entry.size, mtime_ns=entry.mtime_ns, kinds=tuple(known.digests)
    )
    reading = sweep.read([wanted])[entry.path]
    state, trouble = FileState.VERIFIED, ""
    digests = reading.file.digests if reading.file else {}
    if reading.file is None:
        state, trouble = FileState.UNREADABLE, reading.trouble
    elif any(digests.get(kind) != text for kind, text in known.digests.items()):
        state, trouble = FileState.CHANGED, f"not what job {known.job} had put there"
    return SeenFile(
        state=state,
        digests=dict(digests),
        way=reading.way,
        mtime_ns=reading.mtime_ns,
        size=reading.file.size if reading.file else 0,
        at=(reading.file.at if reading.file else None) or now(),
        trouble=trouble,
    )
