"""The clips below a folder, card by card: what the library shows while it has no catalog."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from operator import attrgetter
from pathlib import Path

from app.errors import NotFound
from app.media.facts.forms import look_at, recordings
from app.media.facts.stamp import Stamp
from app.places.cards.draft import ClipDraft
from app.places.cards.listing import MEDIA, MOVIES, SOUNDS, Found, arrange
from app.places.cards.plain import plain_clips
from app.places.cards.recognise import recognised
from app.places.cards.sidecars import Sidecars
from app.places.tree import EntryKind, each_entry

MOST = 250_000
"""Files and folders that are listed at most: a whole RAID is opened folder by folder."""
LOOSE = ""
"""The group of clips that lie in no camera's structure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundClip:
    """One recording in a folder: one file, or several that belong together."""

    name: str
    parts: tuple[Path, ...]
    """Its media, in order: spanned files, or the frames of a sequence."""
    beside: tuple[Path, ...] = ()
    """Its sidecars."""
    size: int = 0
    """Bytes of all its files."""
    stamp: str = ""
    """Another one as soon as any part is another file: for what is remembered of it."""
    group: str = LOOSE
    """The card that it lies on, in words: `A003 · ARRI ALEXA 35`."""
    missing: tuple[str, ...] = ()
    """What its camera would have written and is not there."""

    @property
    def path(self) -> Path:
        """The file that speaks for the clip."""
        return self.parts[0]

    @property
    def key(self) -> str:
        """Its name among all clips of a library."""
        return str(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFolder:
    """What lies below one folder."""

    root: Path
    clips: tuple[FoundClip, ...]
    unreadable: tuple[str, ...] = ()
    """Folders below that could not be read."""
    cut_short: bool = False
    """Whether there is more below than was listed."""


def clips_below(root: Path) -> ClipFolder:
    """Every clip below *root*, or the one that is the file *root*, without opening any.

    Raises NotFound when there is nothing at *root*.
    """
    if root.is_file():
        whole = clips_below(root.parent)
        wanted = [clip for clip in whole.clips if root in clip.parts]
        return ClipFolder(root=root.parent, clips=tuple(wanted))
    if not root.is_dir():
        raise NotFound(f"There is no folder {root}.", path=root)
    try:
        entries = list(islice(each_entry(root), MOST + 1))
    except OSError as error:
        raise NotFound(f"{root} cannot be read: {error.strerror}.", path=root) from error
    cut_short = len(entries) > MOST
    del entries[MOST:]
    top = arrange(sorted(entries, key=attrgetter("path")), root.name)
    clips: list[FoundClip] = []
    taken: set[str] = set()
    for draft in recognised(top, Sidecars(root)):
        group = " · ".join(filter(None, (draft.roll, draft.camera)))
        clips += [_clip(root, clip, group) for clip in draft.clips if clip.parts]
        taken |= {f.path for clip in draft.clips for f in (*clip.parts, *clip.sidecars)}
    clips += _loose(root, plain_clips(top, skip=taken, only=MEDIA))
    bad = tuple(e.path for e in entries if e.kind is EntryKind.UNREADABLE)
    return ClipFolder(root=root, clips=tuple(clips), unreadable=bad, cut_short=cut_short)


def _loose(root: Path, drafts: Iterable[ClipDraft]) -> Iterator[FoundClip]:
    """Clips that no camera's structure holds together: each file of picture or sound is its own.

    But for the small version that a camera has written beside its clip.
    """
    drafts = list(drafts)
    look_at(root / found.path for draft in drafts for found in _alike(draft))
    for draft in drafts:
        sounds = [found for found in draft.sidecars if found.ext in SOUNDS]
        left = [found for found in draft.sidecars if found not in sounds]
        of_one = [draft.parts]
        if movies := _alike(draft):
            by_path = {root / found.path: found for found in movies}
            of_one = [[by_path[path] for path in group] for group in recordings(list(by_path))]
        elif draft.parts[0].ext in SOUNDS:
            of_one = [[sound] for sound in draft.parts]
        for parts in of_one:
            name = draft.name if len(of_one) == 1 else parts[0].stem
            yield _clip(root, replace(draft, name=name, parts=parts, sidecars=left), LOOSE)
        for sound in sounds:
            yield _clip(root, ClipDraft(sound.stem, parts=[sound], first=draft.first), LOOSE)


def _alike(draft: ClipDraft) -> list[Found]:
    """Its parts, where those are several movies that only share a name."""
    several = len(draft.parts) > 1 and draft.parts[0].ext in MOVIES
    return draft.parts if several else []


def _clip(root: Path, draft: ClipDraft, group: str) -> FoundClip:
    made = draft.clip()
    entries = [found.entry for found in draft.parts]
    stamp = Stamp.together(Stamp(size=e.size, changed=e.mtime_ns) for e in entries)
    return FoundClip(
        name=made.name,
        parts=tuple(root / found.path for found in draft.parts),
        beside=tuple(root / found.path for found in draft.sidecars),
        size=made.size,
        stamp=stamp.text,
        group=group,
        missing=made.missing,
    )
