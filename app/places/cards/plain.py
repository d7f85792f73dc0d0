"""A plain folder: a clip for each media file or row of frames, with what has the same name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Set

from app.places.cards.draft import ClipDraft
from app.places.cards.listing import FRAMES, MEDIA, MOVIES, SOUNDS, STILLS, Folder, Found
from app.places.cards.moments import moment_in
from app.places.cards.rows import lacks_frames

_FRAME = re.compile(r"(.*?)(\d{3,})", re.DOTALL)
_SONY_TAIL = re.compile(r"(.+)[MRCSTI]\d\d", re.IGNORECASE | re.DOTALL)
_RANK = {
    ext: rank
    for rank, group in enumerate((MOVIES, FRAMES, SOUNDS, STILLS), start=1)
    for ext in group
}
FEWEST_FRAMES = 3


def media_first(files: Iterable[Found]) -> tuple[list[Found], list[Found]]:
    """The best kind of media among files of one name, in order, and all else as sidecars."""
    listed = sorted(files, key=lambda found: (_RANK.get(found.ext, 9), found.name))
    best = _RANK.get(listed[0].ext) if listed else None
    if best is None:
        return [], listed
    parts = [found for found in listed if _RANK.get(found.ext) == best]
    return parts, [found for found in listed if _RANK.get(found.ext) != best]


def plain_clips(
    base: Folder, *, skip: Collection[str] = (), only: Set[str] = MEDIA
) -> list[ClipDraft]:
    """Clips out of every folder below *base*, of media with an extension in *only*."""
    clips: list[ClipDraft] = []
    for folder in base.below():
        files = [found for found in folder.files if found.path not in skip]
        rows, rest = _rows(files if only & FRAMES else [], folder) if files else ([], [])
        clips += rows
        clips += by_stem(rest if only & FRAMES else files, only=only)
    return clips


def by_stem(files: Iterable[Found], *, only: Set[str] = MEDIA) -> list[ClipDraft]:
    """One clip for each name that a media file has, with its sidecars."""
    groups: dict[str, list[Found]] = defaultdict(list)
    for found in files:
        groups[found.stem.lower()].append(found)
    for stem in [stem for stem in groups if _SONY_TAIL.fullmatch(stem)]:
        match = _SONY_TAIL.fullmatch(stem)
        if match and match[1] in groups and not any(f.ext in MOVIES for f in groups[stem]):
            groups[match[1]] += groups.pop(stem)
    clips = []
    for group in groups.values():
        parts, sidecars = media_first(group)
        if parts and parts[0].ext in only:
            name = parts[0].stem
            clips.append(ClipDraft(name, parts=parts, sidecars=sidecars, first=moment_in(name)))
    return clips


def _rows(files: list[Found], folder: Folder) -> tuple[list[ClipDraft], list[Found]]:
    rows: dict[tuple[str, str], list[tuple[int, Found]]] = defaultdict(list)
    rest: list[Found] = []
    for found in files:
        match = _FRAME.fullmatch(found.stem) if found.ext in FRAMES else None
        if match:
            rows[match[1].lower(), found.ext].append((int(match[2]), found))
        else:
            rest.append(found)
    clips = []
    for frames in rows.values():
        if len(frames) < FEWEST_FRAMES:
            rest += [found for _, found in frames]
        else:
            clips.append(frame_clip(frames, _row_name(frames[0][1], folder)))
    named = {clip.name.lower(): clip for clip in clips}
    for found in rest:
        if found.stem.lower() in named:
            named[found.stem.lower()].sidecars.append(found)
    return clips, [found for found in rest if found.stem.lower() not in named]


def _row_name(found: Found, folder: Folder) -> str:
    match = _FRAME.fullmatch(found.stem)
    return (match[1].rstrip("._- ") if match else "") or folder.name or found.stem


def frame_clip(frames: list[tuple[int, Found]], name: str) -> ClipDraft:
    """One clip out of numbered frames, with a note of each gap."""
    frames.sort(key=lambda frame: frame[0])
    clip = ClipDraft(name, parts=[found for _, found in frames], first=moment_in(name))
    match = _FRAME.fullmatch(frames[0][1].stem)
    lacks_frames(clip, (number for number, _ in frames), width=len(match[2]) if match else 1)
    return clip
