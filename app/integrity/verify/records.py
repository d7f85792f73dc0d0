"""What is recorded about a folder, read for a verify job: a history, or legacy manifests."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from app.errors import NotFound
from app.integrity.hashing import HashKind
from app.integrity.legacy_mhl import LegacyManifest, read_legacy
from app.integrity.mhl import (
    Action,
    Comparison,
    FileRecord,
    FoundFile,
    HashRecord,
    History,
    compare,
)
from app.integrity.mhl.timeline import Timeline
from app.integrity.verify.spec import Part
from app.places.silence import Silence, watcher

_QUICKEST = (
    HashKind.XXH3,
    HashKind.XXH128,
    HashKind.XXH64,
    HashKind.MD5,
    HashKind.SHA1,
    HashKind.C4,
)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What is recorded about one part."""

    part: Part
    history: History
    short: Mapping[str, int]
    """Files of legacy manifests of which only the 32-bit xxHash is known."""

    @classmethod
    def of(cls, part: Part, silence: Silence) -> Records:
        """Read them; raises HistoryFault in its kinds, NotFound when an interruption left none.

        DestinationSilent when the drive does not answer.
        """
        with silence.call(watcher().patience.sync) as call:
            if part.legacy:
                return _legacy_records(part)
            history = History.load(part.root, call.answered)
        if history is None:
            raise NotFound(f"{part.root} has no complete ASC MHL history.", path=part.root)
        return cls(part=part, history=history, short={})

    @property
    def against(self) -> str:
        """The manifests that the files are held against, by name."""
        if self.part.legacy:
            return ", ".join(path.name for path in self.part.legacy)
        return self.history.generations[-1].path.name

    def inside(self, path: str) -> bool:
        """Whether *path* lies in the folder that is checked."""
        below = self.part.below
        return not below or path == below or path.startswith(below + "/")

    def kinds(self, path: str, usual: tuple[HashKind, ...]) -> tuple[HashKind, ...]:
        """What to compute of a file: its quickest recorded kind and blake3; *usual* for new ones.

        One recorded kind is enough to prove a file; blake3 is how the rest of Reelkeep knows it.
        """
        known = self.history.known(path)
        recorded = next(((kind,) for kind in _QUICKEST if kind in known), usual)
        return (*recorded, HashKind.BLAKE3)

    def usual_kinds(self) -> tuple[HashKind, ...]:
        """The quickest kinds of all recorded files, so that a renamed file is known again."""
        found: set[HashKind] = set()
        for path in self.history.paths():
            known = self.history.known(path)
            found.update([next(kind for kind in _QUICKEST if kind in known)] if known else [])
        return tuple(kind for kind in _QUICKEST if kind in found) or (HashKind.XXH64,)

    def compare(self, found: Mapping[str, FoundFile], folders: Collection[str]) -> Comparison:
        """Hold what was found against what is recorded of the checked folder."""
        if not self.part.below:
            return compare(self.history, found, None if self.part.legacy else folders)
        outside = {
            path: FoundFile(size=known.size or 0 if known else 0, digests={})
            for path, known in ((p, self.history.find(p)) for p in self.history.paths())
            if not self.inside(path)
        }
        all_folders = {*folders, *(f for f in self.history.folders() if not self.inside(f))}
        whole = compare(self.history, {**outside, **found}, all_folders)
        return replace(
            whole,
            unproven=tuple(path for path in whole.unproven if self.inside(path)),
            lost=tuple(folder for folder in whole.lost if self.inside(folder)),
        )


def _legacy_records(part: Part) -> Records:
    """The newest manifest that lists a file says what it should be."""
    manifests = sorted((read_legacy(path) for path in part.legacy), key=_begun)
    newest = {record.path: record for manifest in manifests for record in manifest.records}
    timeline = Timeline()
    for record in newest.values():
        hashes = tuple(
            HashRecord(kind=kind, text=text, action=Action.ORIGINAL, at=record.at)
            for kind, text in record.digests.items()
        )
        known = FileRecord(path=record.path, size=record.size, mtime=record.mtime, hashes=hashes)
        timeline.take(known, 1)
    timeline.finish(1)
    short = {
        record.path: record.xxh32
        for record in newest.values()
        if record.xxh32 is not None and not record.digests
    }
    return Records(part=part, history=History(root=part.root, timeline=timeline), short=short)


def _begun(manifest: LegacyManifest) -> datetime:
    return manifest.started or manifest.finished or _LONG_AGO
