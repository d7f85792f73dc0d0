"""Which structure a card has, and all its facts out of that: nothing is ever written to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from pathlib import Path

from app.places.cards.arri import Arri, Codex
from app.places.cards.blackmagic import Blackmagic
from app.places.cards.canon import CanonXf
from app.places.cards.card import Card, Clip, Finding, FindingKind
from app.places.cards.dcim import Dcim, Dji, GoPro, IPhone
from app.places.cards.draft import CardDraft, ClipDraft, Structure, joined
from app.places.cards.listing import MEDIA, MOVIES, SOUNDS, Folder, arrange, is_clutter
from app.places.cards.panasonic import P2, Avchd
from app.places.cards.plain import plain_clips
from app.places.cards.red import Red
from app.places.cards.sidecars import Sidecars
from app.places.cards.sony import Bpav, M4Root, XdRoot
from app.places.cards.sound import SoundDevices, Waves, Zoom
from app.places.tree import Entry, EntryKind, list_tree
from app.units import count_text

STRUCTURES: tuple[Structure, ...] = (
    Red(), Codex(), Arri(), M4Root(), XdRoot(), Bpav(), P2(), CanonXf(),
    GoPro(), Dji(), IPhone(), Avchd(), Dcim(), Blackmagic(), SoundDevices(), Zoom(), Waves(),
)  # fmt: skip
"""From the most telling to the least; a plain folder is what is left."""
_BY_FOLDER = frozenset({"folder", "sound", "gopro", "dji", "iphone", "dcim", "canon-dcim"})
DEEPEST = 3
"""Levels below the root at which a card in a sub-folder is looked for."""
MOST_FOLDERS = 2000


def recognise(
    root: Path, entries: Sequence[Entry] | None = None, *, label: str | None = None
) -> Card:
    """The card at *root*, out of *entries* where they were listed already.

    Never fails: what cannot be read is a finding.
    *label* is the volume's label; without it the folder's name stands for it.
    """
    listed = _listed(root) if entries is None else entries
    label = label if label is not None else (root.name or root.resolve().name or str(root))
    # One order whoever listed the card, so that its facts are the same each time.
    top = arrange(sorted(listed, key=attrgetter("path")), root.name)
    drafts = recognised(top, Sidecars(root))
    plain = not drafts
    if plain:
        drafts = [CardDraft("folder", "Folder")]
    taken = {
        f.path for draft in drafts for clip in draft.clips for f in (*clip.parts, *clip.sidecars)
    }
    rest = plain_clips(top, skip=taken, only=MEDIA if plain else MOVIES | SOUNDS)
    clips = [clip for draft in drafts for clip in _in_order(draft.key, draft.clips)]
    clips += _in_order("folder", rest)
    finished = tuple(clip.clip() for clip in clips)
    findings = [finding for clip in clips for finding in clip.findings]
    findings += [finding for draft in drafts for finding in draft.findings]
    first, last = _times(finished)
    files = [entry for entry in listed if entry.kind is EntryKind.FILE]
    return Card(
        root=root,
        structure=_one(draft.key for draft in drafts) or "folder",
        camera=_one(draft.camera for draft in drafts) or _several(drafts),
        roll=joined(draft.roll for draft in drafts) or label,
        label=label,
        clips=finished,
        size=sum(entry.size for entry in files),
        files=len(files),
        first_recorded=first,
        last_recorded=last,
        findings=(*findings, *_unreadable(listed)),
    )


def _listed(root: Path) -> list[Entry]:
    try:
        return list_tree(root)
    except OSError as error:
        return [Entry("", EntryKind.UNREADABLE, trouble=error.strerror or str(error))]


def recognised(top: Folder, sidecars: Sidecars) -> list[CardDraft]:
    """What every structure found at *top*, or below it, tells; empty for a plain folder."""
    for structure in STRUCTURES:
        draft = structure.recognise(top, sidecars)
        if draft is not None:
            return [draft]
    drafts: list[CardDraft] = []
    looked = 0
    level = list(top.folders.values())
    for _ in range(DEEPEST):
        below: list[Folder] = []
        for folder in level:
            looked += 1
            draft = _nested(folder, sidecars) if looked <= MOST_FOLDERS else None
            if draft is None:
                below += folder.folders.values()
            else:
                drafts.append(draft)
        level = below
    return drafts


def _nested(folder: Folder, sidecars: Sidecars) -> CardDraft | None:
    found = (s.recognise(folder, sidecars) for s in STRUCTURES if s.nested)
    return next((draft for draft in found if draft is not None), None)


def _in_order(key: str, clips: Sequence[ClipDraft]) -> list[ClipDraft]:
    """Clips as people count them: C9 before C10; by folder where names repeat across folders."""
    by_folder = key in _BY_FOLDER

    def place(clip: ClipDraft) -> tuple[str, list[str | int], str]:
        files = clip.parts or clip.sidecars
        folder = files[0].entry.parent if by_folder and files else ""
        pieces = re.split(r"(\d+)", clip.name.lower())
        natural = [int(piece) if at % 2 else piece for at, piece in enumerate(pieces)]
        return folder, natural, clip.name

    return sorted(clips, key=place)


def _one(words: Iterator[str]) -> str:
    """The word if it is always the same, else ""."""
    different = set(words)
    return different.pop() if len(different) == 1 else ""


def _several(drafts: list[CardDraft]) -> str:
    return f"Folder with {count_text(len(drafts), 'card')}"


def _times(clips: Sequence[Clip]) -> tuple[datetime | None, datetime | None]:
    first = [clip.first_recorded for clip in clips if clip.first_recorded]
    last = [clip.last_recorded for clip in clips if clip.last_recorded]
    return min(first, default=None), max(last, default=None)


def _unreadable(entries: Sequence[Entry]) -> list[Finding]:
    return [
        Finding(
            kind=FindingKind.PART_MISSING,
            text=f"{entry.path or 'The card'} could not be read ({entry.trouble}): "
            "what is in it is unknown.",
        )
        for entry in entries
        if entry.kind is EntryKind.UNREADABLE and not is_clutter(entry.path)
    ]
