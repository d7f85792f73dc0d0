"""Which mounted volumes are cards: a short look that never walks a large drive."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.places.cards.listing import MEDIA, arrange, is_clutter
from app.places.cards.recognise import STRUCTURES
from app.places.cards.sidecars import Sidecars
from app.places.patience import ask_all
from app.places.tree import Entry, EntryKind
from app.places.volumes import Volume

LEVELS = 3
"""Levels below a volume's root that are looked at."""
MOST_IN_FOLDER = 400
MOST_FOLDERS = 150
"""Folders opened in one look: on a cold disk each costs a seek."""
PATIENCE = 5.0
"""Seconds that the volumes together are waited for."""
_SYSTEM = Path("/")
FOLDER = "folder"
"""What a volume with media in no camera's structure is called."""
_WEAK = frozenset({FOLDER, "sound"})
"""Structures that a drive with films or music has as well: believed on removable media only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateCard:
    """A mounted volume that looks like a card."""

    volume: Volume
    structure: str
    """Key of the structure, `folder` for a removable volume with media in none."""


def looks_like_card(root: Path) -> str | None:
    """The structure at *root* after a look at its first levels; `folder` for mere media.

    None where there is neither, or where the place cannot be read.
    """
    entries = _shallow(root)
    top = arrange(entries, root.name)
    nothing = Sidecars(None)
    for structure in STRUCTURES:
        draft = structure.recognise(top, nothing)
        if draft is not None:
            return draft.key
    return FOLDER if any(found.ext in MEDIA for found in top.walk()) else None


def candidate_cards(volumes: Iterable[Volume]) -> tuple[CandidateCard, ...]:
    """The volumes that look like cards, in the order given.

    A volume with our own manifests at its top is a copy and no card. The system's volume and
    servers are not looked at; a volume that does not answer in time is none today.
    """
    looked_at = [
        v for v in volumes if not (v.remote or v.capacity <= 0 or v.mount_point == _SYSTEM)
    ]
    answers = ask_all(
        {("card", str(v.mount_point)): partial(_structure_of, v) for v in looked_at}, None, PATIENCE
    )
    found = []
    for volume in looked_at:
        structure = answers["card", str(volume.mount_point)]
        if structure is not None:
            found.append(CandidateCard(volume=volume, structure=structure))
    return tuple(found)


def _structure_of(volume: Volume) -> str | None:
    """The structure of a volume that may be a card."""
    if _is_copy(volume.mount_point):
        return None
    structure = looks_like_card(volume.mount_point)
    return structure if structure and (volume.removable or structure not in _WEAK) else None


def _is_copy(root: Path) -> bool:
    try:
        return (root / "ascmhl").is_dir()
    except OSError:
        return False


def _shallow(root: Path) -> list[Entry]:
    """The entries of the first levels, level by level and never more than the bounds."""
    entries: list[Entry] = []
    level = [""]
    left = MOST_FOLDERS
    for _ in range(LEVELS):
        below: list[str] = []
        for folder in level[:left]:
            left -= 1
            for path, kind in _names(root, folder):
                entries.append(Entry(path, kind))
                if kind is EntryKind.FOLDER and not is_clutter(path):
                    below.append(path)
        level = below
    return entries


def _names(root: Path, folder: str) -> list[tuple[str, EntryKind]]:
    names: list[tuple[str, EntryKind]] = []
    try:
        with os.scandir(root / folder) as found:
            for entry in found:
                is_folder = entry.is_dir(follow_symlinks=False)
                kind = EntryKind.FOLDER if is_folder else EntryKind.FILE
                if is_folder or entry.is_file(follow_symlinks=False):
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    names.append((path, kind))
                if len(names) >= MOST_IN_FOLDER:
                    break
    except OSError:
        return names
    return names
