"""Which of a card's files are left out, and which a destination is to get."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase, translate

from app.errors import BadInput
from app.places.cards import Card
from app.places.tree import Entry

SOUND = ("wav", "bwf", "w64", "rf64", "aif", "aiff", "mp3", "flac", "caf")
WORDS = ("sound", "camera", "sidecars")


class IgnoreList:
    """The person's list of names (shell patterns) that are not copied."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = tuple(patterns)
        self._any = re.compile("|".join(map(translate, self.patterns)) or "(?!)")
        self._known: dict[str, bool] = {}

    def ignores(self, path: str) -> bool:
        """Whether an entry, or a folder above it, is on the list."""
        parent, _, name = path.rpartition("/")
        if parent:
            above = self._known.get(parent)
            if above is None:
                above = self._known[parent] = self.ignores(parent)
            if above:
                return True
        return self._any.match(name) is not None


class Selection:
    """What one destination gets of a card."""

    def __init__(self, only: Sequence[str], card: Card) -> None:
        self._words = {word for word in only if word in WORDS}
        self._patterns = tuple(word for word in only if word not in WORDS)
        if any(not pattern for pattern in self._patterns):
            raise BadInput("A destination's filter may not be empty.")
        self.takes_all = not only
        clips = () if self.takes_all else card.clips
        self._media = {clip.files[0] for clip in clips if clip.files}
        self._in_clips = {path for clip in clips for path in clip.files}

    def takes(self, entry: Entry) -> bool:
        """Whether the destination gets *entry*."""
        return self.takes_all or self.takes_path(entry.path)

    def takes_path(self, path: str) -> bool:
        """Whether the destination gets what has this path on the card."""
        if self.takes_all:
            return True
        name = path.rpartition("/")[2]
        ending = name.rpartition(".")[2].lower()
        sound = ending in SOUND
        if "sound" in self._words and sound:
            return True
        in_clip = path in self._in_clips
        if "camera" in self._words and in_clip and not sound:
            return True
        if "sidecars" in self._words and not sound and path not in self._media:
            return True
        return any(fnmatchcase(name, p) or fnmatchcase(path, p) for p in self._patterns)
