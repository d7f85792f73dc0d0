"""RED: magazines (.RDM) with clip folders (.RDC) of spanned .R3D files."""

from __future__ import annotations

import re
from collections import defaultdict

from app.places.cards.card import FindingKind
from app.places.cards.draft import CardDraft, ClipDraft, joined
from app.places.cards.listing import MOVIES, Folder, Found
from app.places.cards.plain import media_first
from app.places.cards.rows import clip_gaps, lacks_numbered, roll_of
from app.places.cards.sidecars import Sidecars

_PART = re.compile(r"(.+)_(\d{3})", re.DOTALL)
_CALLED = re.compile(r"[A-Z]\d{3}_?[A-Z]\d{3,4}", re.IGNORECASE)
_ROLL = re.compile(r"[A-Z]\d{3}", re.IGNORECASE)


class Red:
    """RED DSMC and later, RED ONE, KOMODO, V-RAPTOR."""

    key = "red"
    nested = True

    def recognise(self, base: Folder, sidecars: Sidecars) -> CardDraft | None:
        """Magazines below *base*, or *base* as a magazine or one clip's folder."""
        magazines = [f for name, f in base.folders.items() if name.endswith(".rdm")]
        holders = magazines or [base]
        folders = [
            folder
            for holder in holders
            for name, folder in holder.folders.items()
            if name.endswith(".rdc")
        ]
        loose = [found for holder in holders for found in holder.files if found.ext == "r3d"]
        if not magazines and not folders and not loose:
            return None
        clips = [clip for folder in folders for clip in [_clip(folder.name[:-4], folder)]]
        clips += _loose_clips(loose)
        roll = joined(
            (match[0].upper() if (match := _ROLL.match(m.name)) else m.name[:-4]) for m in magazines
        ) or joined(roll_of(clip.name) for clip in clips)
        draft = CardDraft(self.key, "RED", roll=roll, clips=clips)
        draft.findings += clip_gaps((clip.name for clip in clips), from_one=True)
        return draft


def _clip(name: str, folder: Folder) -> ClipDraft:
    files = list(folder.walk())
    raw = [found for found in files if found.ext == "r3d"]
    clip = _draft(name)
    if not raw:
        # ProRes or DNx alone: the camera writes no R3D then.
        clip.parts, clip.sidecars = media_first(files)
        if not any(found.ext in MOVIES for found in files):
            clip.lacks(
                FindingKind.PART_MISSING, f"{name}_001.R3D", f"{clip.called} has no R3D at all."
            )
        return clip
    _span(clip, raw)
    clip.sidecars = sorted((f for f in files if f.ext != "r3d"), key=lambda f: f.path)
    return clip


def _loose_clips(loose: list[Found]) -> list[ClipDraft]:
    groups: dict[str, list[Found]] = defaultdict(list)
    for found in loose:
        match = _PART.fullmatch(found.stem)
        groups[match[1] if match else found.stem].append(found)
    clips = []
    for name, files in groups.items():
        clip = _draft(name)
        _span(clip, files)
        clips.append(clip)
    return clips


def _draft(name: str) -> ClipDraft:
    match = _CALLED.match(name)
    return ClipDraft(name, short=match[0] if match else "")


def _span(clip: ClipDraft, files: list[Found]) -> None:
    numbered: list[tuple[int, Found]] = []
    for found in files:
        match = _PART.fullmatch(found.stem)
        if match:
            numbered.append((int(match[2]), found))
        else:
            clip.parts.append(found)
    numbered.sort(key=lambda part: (part[0], part[1].path))
    clip.parts = [found for _, found in numbered] + clip.parts
    lacks_numbered(clip, [n for n, _ in numbered], lambda number: f"{clip.name}_{number:03d}.R3D")
