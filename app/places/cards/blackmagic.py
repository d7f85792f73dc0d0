"""Blackmagic Design cameras: flat .braw or ProRes files, or folders of CinemaDNG."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import islice

from app.places.cards.draft import CardDraft, ClipDraft, joined
from app.places.cards.listing import MOVIES, Folder
from app.places.cards.moments import moment_in, moment_without_year, written_at
from app.places.cards.plain import plain_clips
from app.places.cards.rows import RowPlace, clip_gaps
from app.places.cards.sidecars import Sidecars

_NAME = re.compile(r"([A-Z]\d{3})_(\d{8})_([CS])(\d{3,4})", re.IGNORECASE)
_OLDER = re.compile(r"(\w+_\d+)_\d{4}-\d{2}-\d{2}_\d{4}_([CS])(\d{4})", re.IGNORECASE)
_LOOK_AT = 200


def _named(name: str) -> re.Match[str] | None:
    return _NAME.match(name) or _OLDER.match(name)


class Blackmagic:
    """URSA, Pocket Cinema Camera, PYXIS and their like."""

    key = "blackmagic"
    nested = True

    def recognise(self, base: Folder, sidecars: Sidecars) -> CardDraft | None:
        """.braw files, or movies and DNG folders of Blackmagic's names, right in *base*."""
        files = islice(base.files, _LOOK_AT)
        folders = islice(base.folders.values(), _LOOK_AT)
        flat = any(f.ext == "braw" or (f.ext in MOVIES and _named(f.stem)) for f in files)
        dng = any(
            _named(folder.name) and any(found.ext == "dng" for found in folder.files[:_LOOK_AT])
            for folder in folders
        )
        if not flat and not dng:
            return None
        clips = _with_proxies(plain_clips(base))
        for clip in clips:
            clip.first = _moment(clip)
        rolls = joined(m[1].upper() for clip in clips if (m := _NAME.match(clip.name)) is not None)
        draft = CardDraft(self.key, "Blackmagic Design", roll=rolls, clips=clips)
        draft.findings += clip_gaps((clip.name for clip in clips), row_of=_row)
        return draft


def _with_proxies(clips: list[ClipDraft]) -> list[ClipDraft]:
    """Give each movie in a `Proxy` folder to the clip of its name."""
    originals = {clip.name.lower(): clip for clip in clips if not _is_proxy(clip)}
    kept = []
    for clip in clips:
        owner = originals.get(clip.name.lower()) if _is_proxy(clip) else None
        if owner is None:
            kept.append(clip)
        else:
            owner.sidecars += [*clip.parts, *clip.sidecars]
    return kept


def _is_proxy(clip: ClipDraft) -> bool:
    return clip.parts[0].entry.parent.lower().rpartition("/")[2] in ("proxy", "proxies")


def _row(name: str) -> RowPlace | None:
    match = _NAME.match(name)
    if match:
        return match[1].upper(), int(match[4]), "C3" if match[3].upper() == "C" else "S"
    match = _OLDER.match(name)
    return (match[1], int(match[3]), "C4" if match[2].upper() == "C" else "S") if match else None


def _moment(clip: ClipDraft) -> datetime | None:
    """When it began: newer names tell month to minute only, the file's time tells the year."""
    match = _NAME.match(clip.name)
    written = written_at(clip.parts[0])
    if match and written:
        return moment_without_year(match[2], written)
    return moment_in(clip.name)
