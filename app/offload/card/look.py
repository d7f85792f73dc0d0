"""The look at a card, and whether drives answer at all: what a plan begins with."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.errors import BadInput, DestinationSilent, NotFound, PlanRefused
from app.offload.card.listing import bare, listing
from app.offload.card.selection import IgnoreList
from app.offload.spec import OffloadSpec
from app.places.cards import Card, recognise
from app.places.patience import ask
from app.places.silence import Silence, watcher
from app.places.tree import Entry, each_entry
from app.places.volumes import Volume, volume_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look at the card has shown."""

    card: Card
    entries: Sequence[Entry]
    ignored: frozenset[str]

    def wanted(self) -> Iterator[Entry]:
        """What is to be copied: files, folders and links that are not on the ignore list."""
        return (e for e in self.entries if e.path not in self.ignored)


def look_at(spec: OffloadSpec) -> Look:
    """List and recognise the card; NotFound or BadInput when there is none.

    PlanRefused when it does not answer.
    """
    source = spec.source
    silence = Silence(source.name or str(source))
    try:
        root, card, entries = silence.work(lambda: _looked_at(source, silence))[0]
    except DestinationSilent as silent:
        raise PlanRefused(
            f"{silence.name} does not answer, so nothing can be planned for it.",
            path=source,
            device=silence.name,
            hint="Check the reader and its cable, or leave this card out.",
        ) from silent
    just_seen.keep(source, root, card, entries)
    return sorted_out(card, entries, spec)


RootFacts = tuple[int, int, int]
"""What tells whether a path still leads to the same folder."""


def root_facts(found: os.stat_result) -> RootFacts:
    """Of the root of a card: its file system, its number there, and when it was changed."""
    return found.st_dev, found.st_ino, found.st_mtime_ns


class JustSeen:
    """The card that was looked at last, for a few seconds.

    A job that begins at once takes its plan's look for its own listing: whatever changes after
    either is found out when files are read, and by the second listing.
    """

    def __init__(self, seconds: float = 3.0) -> None:
        self._seconds = seconds
        self._seen: tuple[Path, RootFacts, Card, Sequence[Entry]] | None = None
        self._forget: threading.Timer | None = None

    def keep(self, source: Path, root: RootFacts, card: Card, entries: Sequence[Entry]) -> None:
        """Remember a look; the memory it takes is given back soon."""
        if self._forget is not None:
            self._forget.cancel()
        self._seen = (source, root, card, entries)
        self._forget = threading.Timer(self._seconds, self._drop)
        self._forget.daemon = True
        self._forget.start()

    def take(self, source: Path, root: RootFacts) -> tuple[Card, Sequence[Entry]] | None:
        """What a look at *source* showed a moment ago, if it is the same; given only once."""
        seen, self._seen = self._seen, None
        if self._forget is not None:
            self._forget.cancel()
        return seen[2:] if seen is not None and seen[:2] == (source, root) else None

    def _drop(self) -> None:
        self._seen = None


just_seen = JustSeen()
"""Of this process."""


def _looked_at(source: Path, silence: Silence) -> tuple[RootFacts, Card, Sequence[Entry]]:
    try:
        with silence.call():
            found = os.stat(source)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"There is no card or folder at {source}.", path=source) from error
    except OSError as error:
        raise BadInput(f"{source} cannot be looked at: {error.strerror}.", path=source) from error
    if not stat.S_ISDIR(found.st_mode):
        raise BadInput(f"{source} is a file, and an offload takes a card or a folder.", path=source)
    entries = listing(silence.each(each_entry(source)))
    with silence.call(watcher().patience.for_entries(len(entries))):
        label = volume_of(source).label if os.path.ismount(source) else None
        return root_facts(found), recognise(source, bare(entries), label=label), entries


def sorted_out(card: Card, entries: Sequence[Entry], spec: OffloadSpec) -> Look:
    """A card that was listed and recognised, with what is on the ignore list."""
    ignore = IgnoreList(spec.ignore)
    return Look(
        card=card,
        entries=entries,
        ignored=frozenset(e.path for e in entries if ignore.ignores(e.path)),
    )


def clips_by_path(card: Card) -> dict[str, str]:
    """The name of the clip that each file of the card belongs to."""
    return {path: clip.name for clip in card.clips for path in clip.files}


def must_answer(path: Path, volume: Volume, name: str) -> None:
    """PlanRefused when a destination neither answers nor fails; any further look would hang."""

    def look() -> bool:
        with contextlib.suppress(OSError):  # that will be told where it matters
            os.statvfs(volume.mount_point)
        return os.path.lexists(path) or True

    if not ask(("answers", path), look, False, watcher().patience.answer):
        raise PlanRefused(
            f"{name} does not answer, so nothing can be planned for it.",
            path=path,
            device=name,
            hint="Check its cable and power, or leave it out.",
        )
