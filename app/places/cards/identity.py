"""Telling a card again: the same card put back, or another one in its place."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from app.places.cards.card import Card
from app.places.cards.listing import is_clutter
from app.places.tree import Entry, EntryKind
from app.units import bytes_text, count_text


@dataclass(frozen=True, slots=True, kw_only=True)
class CardIdentity:
    """What a card is known by when it comes back, maybe under another mount point."""

    label: str
    structure: str
    roll: str
    first_clip: str
    last_clip: str
    clips: int
    size: int
    """Bytes of all files, the computer's own bookkeeping left out."""
    files: int
    digest: str
    """Over path and size of every one of these files, in hexadecimal."""


def identity_of(card: Card, entries: Sequence[Entry]) -> CardIdentity:
    """The identity of *card*, whose listing *entries* is.

    Bookkeeping that a computer leaves on a card it mounts (.DS_Store and the like) is left out,
    because a card that was in another machine for a minute is still the same card.
    """
    files = sorted(
        (entry.path, entry.size)
        for entry in entries
        if entry.kind is EntryKind.FILE and not is_clutter(entry.path)
    )
    digest = hashlib.blake2b(digest_size=16)
    for path, size in files:
        digest.update(path.encode("utf-8", "surrogateescape") + b"\0%d\0" % size)
    return CardIdentity(
        label=card.label,
        structure=card.structure,
        roll=card.roll,
        first_clip=card.clips[0].name if card.clips else "",
        last_clip=card.clips[-1].name if card.clips else "",
        clips=len(card.clips),
        size=sum(size for _, size in files),
        files=len(files),
        digest=digest.hexdigest(),
    )


def same_card(wanted: CardIdentity, found: CardIdentity) -> bool:
    """Whether *found* holds what *wanted* held; an empty card is told by its label alone.

    The label doesn't count otherwise: it follows the mount point on some systems.
    """
    if wanted.files == 0 or found.files == 0:
        return wanted.files == found.files and wanted.label == found.label
    return wanted.digest == found.digest and wanted.structure == found.structure


def difference(wanted: CardIdentity, found: CardIdentity) -> str:
    """One sentence why *found* is not the card that is waited for, "" when it is."""
    if same_card(wanted, found):
        return ""
    if found.roll != wanted.roll:
        return f"This is {found.roll}, the job waits for {wanted.roll}."
    if found.files == 0:
        return f"This card is empty, the job waits for {wanted.roll} with {_content(wanted)}."
    if (found.first_clip, found.last_clip) != (wanted.first_clip, wanted.last_clip):
        return (
            f"This card is called {found.roll} too, but holds {_clips(found)}; "
            f"the job waits for the one with {_clips(wanted)}."
        )
    if (found.files, found.size) == (wanted.files, wanted.size):
        return f"This card is called {found.roll} too, but its files have other names or sizes."
    return (
        f"This card is called {found.roll} too, but holds {_content(found)}; "
        f"the job waits for the one with {_content(wanted)}."
    )


def _content(identity: CardIdentity) -> str:
    return f"{count_text(identity.files, 'file')} and {bytes_text(identity.size)}"


def _clips(identity: CardIdentity) -> str:
    if identity.first_clip == identity.last_clip:
        return identity.first_clip or "no clip"
    return f"{identity.first_clip} to {identity.last_clip}"
