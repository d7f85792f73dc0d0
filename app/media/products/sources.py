"""The clips that a job was asked for, named by themselves or found in a folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import ReelkeepError
from app.media.facts.folder import FoundClip, clips_below
from app.media.facts.row import PICTURES, ending
from app.media.facts.whole import whole_clip


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One clip with all its files."""

    path: Path
    """The file that speaks for it: its first one."""
    name: str
    """For people, and for what is made of it."""
    files: tuple[Path, ...]
    """All that hold picture or sound of it, in order."""
    found: bool = False
    """Nobody has named it: it was in a folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The clips of a job."""

    clips: Mapping[Path, Source] = field(default_factory=dict)
    """By the file that speaks for each."""
    unreadable: tuple[str, ...] = ()
    """Folders that cannot be listed."""

    @property
    def names(self) -> dict[Path, str]:
        """What each clip is called."""
        return {path: clip.name for path, clip in self.clips.items()}


def sources_of(paths: Iterable[Path], *, every_form: bool = False) -> Sources:
    """Every clip that *paths* name, by any of its files or by a folder; each only once.

    Some cameras write a recording in several forms: of those in a folder the first one counts, or
    *every_form*. NotFound for what is not there.
    """
    clips: dict[Path, Source] = {}
    covered: set[Path] = set()
    unreadable: list[str] = []
    for path in paths:
        if path.is_dir():
            folder = clips_below(path)
            unreadable += folder.unreadable
            some = [one for clip in folder.clips for one in _found(clip, every_form=every_form)]
        else:
            some = [] if path in covered else [source_of(path)]
        for one in some:
            if one.path not in clips or not one.found:
                clips[one.path] = one
            covered.update(one.files)
    return Sources(clips=clips, unreadable=tuple(unreadable))


def source_of(path: Path, *, found: bool = False) -> Source:
    """The clip that a file belongs to; the file by itself where nobody can say."""
    try:
        whole = whole_clip(path)
    except (ReelkeepError, OSError):  # said when its turn comes
        return Source(path=path, name=path.stem, files=(path,), found=found)
    if whole.pictures is not None:
        row = whole.pictures
        files = tuple(row.folder / name for name in row.names)
        return Source(path=row.first, name=whole.name, files=files, found=found)
    several = len(whole.parts) > 1
    return Source(
        path=whole.first,
        name=whole.name if several else path.stem,
        files=(*whole.parts, *whole.sounds),
        found=found,
    )


def _found(clip: FoundClip, *, every_form: bool) -> Iterator[Source]:
    if len(clip.parts) == 1 or ending(clip.path.name) in PICTURES:
        name = clip.path.stem if len(clip.parts) == 1 else clip.name  # as where it is named
        yield Source(path=clip.path, name=name, files=clip.parts, found=True)
        return
    left = list(clip.parts)
    while left:
        whole = source_of(left[0], found=True)
        yield whole
        left = [part for part in left if part not in {*whole.files, left[0]}]
        if not every_form:
            return
