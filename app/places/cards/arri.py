"""ARRI cameras and Codex capture drives: reels with frame sequences, MXF or ProRes."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import islice

from app.places.cards.card import Finding, FindingKind
from app.places.cards.draft import CardDraft, ClipDraft, joined
from app.places.cards.listing import FRAMES, MOVIES, Folder, Found
from app.places.cards.moments import moment_in
from app.places.cards.plain import plain_clips
from app.places.cards.rows import clip_gaps, lacks_frames
from app.places.cards.sidecars import AleRow, Sidecars, ale_rows
from app.units import count_text

_REEL = re.compile(r"([A-Z]\d{3})[RLH][0-9A-Z]{3}|([A-Z][A-Z_]\d{4})_[0-9A-Z]{3,6}", re.IGNORECASE)
_CLASSIC = re.compile(r"(([A-Z]\d{3})([CD]\d{3}))_(\d{6}|\d{8})_[RLH][0-9A-Z]{3}", re.IGNORECASE)
_NEWER = re.compile(
    r"(([A-Z][A-Z_]\d{4})([CD]\d{3,4}))_(\d{6})_(\d{6})_[a-z]?[0-9A-Z]{3,6}", re.IGNORECASE
)
_OWN = frozenset({"ari", "arx", "mxf", "mov"})
_FRAME_TAIL = re.compile(r"(.+)[._](\d{3,})", re.DOTALL)
_VIEWS = frozenset({"ari", "arx", "hde", "dpx", "mxf", "mov", "arriraw"})
"""Top folders of a Codex drive's virtual file system, one for each form of the same clips."""
_LOOK_AT = 64


def _clip_match(stem: str) -> re.Match[str] | None:
    return _CLASSIC.match(stem) or _NEWER.match(stem)


def _holds_clips(folder: Folder) -> bool:
    """Whether the first files of a folder bear ARRI's names or are ARRIRAW frames."""
    return any(
        found.ext in ("ari", "arx") or (found.ext in _OWN and _clip_match(found.stem))
        for found in islice(folder.files, _LOOK_AT)
    )


def _is_reel(folder: Folder) -> bool:
    """Whether a folder holds ARRI clips as files or in folders of their own."""
    below = islice(folder.folders.values(), _LOOK_AT)
    return _holds_clips(folder) or any(_holds_clips(clip) for clip in below)


class Arri:
    """ALEXA classic to ALEXA 35, AMIRA, Mini, LF: reel folders at the top of the card."""

    key = "arri"
    nested = True

    def recognise(self, base: Folder, sidecars: Sidecars) -> CardDraft | None:
        """Reel folders below *base*, or *base* as one reel."""
        below = base.folders.values()
        reels = [f for f in below if _REEL.fullmatch(f.name) and (_is_reel(f) or not f.folders)]
        if not any(_is_reel(reel) for reel in reels):
            if not _is_reel(base):
                return None
            reels = [base]
        return read_reels(self.key, "ARRI", base, reels, sidecars)


class Codex:
    """A Codex capture drive: its virtual file system, or its own `}CLIPS{` folder."""

    key = "codex"
    nested = True

    def recognise(self, base: Folder, sidecars: Sidecars) -> CardDraft | None:
        """`}CLIPS{`, or views such as `ARI/A001R1JL/A001C001_…/`."""
        own = base.sub("}CLIPS{")
        if own is not None:
            return CardDraft(self.key, "Codex", clips=plain_clips(own))
        views = [f for name, f in base.folders.items() if name in _VIEWS]
        reels = [
            reel
            for view in views
            for reel in view.folders.values()
            if any(
                _holds_clips(clip) or _clip_match(clip.name)
                for clip in islice(reel.folders.values(), _LOOK_AT)
            )
            or (_REEL.fullmatch(reel.name) and _is_reel(reel))
        ]
        if not reels:
            return None
        return read_reels(self.key, "Codex", base, reels, sidecars)


def read_reels(
    key: str, camera: str, base: Folder, reels: list[Folder], sidecars: Sidecars
) -> CardDraft:
    """The clips of *reels* checked against the camera's own log, where it left one."""
    files = [found for reel in reels for found in reel.walk()]
    logs = [found for found in (*base.files, *files) if found.ext == "ale"]
    told = {row.name.lower(): row for log in {f.path: f for f in logs}.values()
            for row in ale_rows(sidecars.text(log))}  # fmt: skip
    clips = _clips(files)
    for clip in clips:
        _check(clip, told.get(clip.name.lower()))
    draft = CardDraft(key, _camera(camera, clips, told), roll=_roll(reels, clips, told))
    draft.clips = clips
    draft.findings += clip_gaps((clip.name for clip in clips), from_one=True)
    present = {clip.name.lower() for clip in clips}
    draft.findings += [
        Finding(
            kind=FindingKind.PART_MISSING,
            text=f"The camera's log lists {row.name}, which is not on the card.",
        )
        for name, row in told.items()
        if name not in present and _clip_match(row.name)
    ]
    return draft


def _clips(files: list[Found]) -> list[ClipDraft]:
    frames: dict[str, list[tuple[str, Found]]] = defaultdict(list)
    others: dict[str, list[Found]] = defaultdict(list)
    names: dict[str, str] = {}
    for found in files:
        name, number = found.stem, ""
        if found.ext in FRAMES:
            head, dot, tail = name.rpartition(".")
            if dot and tail.isdecimal():
                name, number = head, tail
            elif match := _FRAME_TAIL.fullmatch(name):
                name, number = match[1], match[2]
        key = name.lower()
        if number:
            frames[key].append((number, found))
            names.setdefault(key, name)
            continue
        match = _clip_match(name)
        if match:
            key = match[0].lower()
            others[key].append(found)
            names.setdefault(key, match[0])
        elif found.ext in _OWN:
            others[key].append(found)
            names.setdefault(key, name)
    return [
        clip
        for key, name in names.items()
        if (clip := _clip(name, frames.get(key, []), others.get(key, []))) is not None
    ]


def _clip(name: str, frames: list[tuple[str, Found]], others: list[Found]) -> ClipDraft | None:
    match = _clip_match(name)
    clip = ClipDraft(name, short=match[1] if match else "", first=moment_in(name))
    movies = [found for found in others if found.ext in MOVIES]
    if not frames and not movies:
        return None
    kinds = sorted({found.ext for _, found in frames}, key=lambda ext: (ext not in _OWN, ext))
    rows = {kind: [frame for frame in frames if frame[1].ext == kind] for kind in kinds}
    for place, row in enumerate(rows.values()):
        row.sort(key=lambda frame: (int(frame[0]), frame[1].path))
        (clip.sidecars if place else clip.parts).extend(found for _, found in row)
    if kinds:
        row = rows[kinds[0]]
        lacks_frames(clip, (int(number) for number, _ in row), width=len(row[0][0]))
    clip.parts += [] if kinds else movies
    clip.sidecars += [found for found in others if kinds or found not in movies]
    return clip


def _check(clip: ClipDraft, row: AleRow | None) -> None:
    """Compare a clip's frames with the length that the camera's log tells."""
    if row is None:
        return
    clip.first = clip.first or row.first
    present = len({found.name for found in clip.parts}) if clip.parts[0].ext in FRAMES else 0
    if not clip.missing and 0 < present < row.frames:
        what = count_text(row.frames - present, "frame")
        text = (
            f"{clip.called} has {present:,} frames on the card; "
            f"the camera's log tells {row.frames:,}."
        )
        clip.lacks(FindingKind.PART_MISSING, what, text)


def _camera(camera: str, clips: list[ClipDraft], told: dict[str, AleRow]) -> str:
    model = next((row.model for row in told.values() if row.model), "")
    if not model and any(_NEWER.match(clip.name) for clip in clips):
        model = "ALEXA 35"
    if not model:
        return camera
    model = model if model.upper().startswith("ARRI") else f"ARRI {model}"
    return model if camera == "ARRI" else f"{model}, {camera}"


def _roll(reels: list[Folder], clips: list[ClipDraft], told: dict[str, AleRow]) -> str:
    named = [match for reel in reels if (match := _REEL.fullmatch(reel.name))]
    found = joined((match[1] or match[2]).upper() for match in named)
    if not found:
        found = joined(
            match[2].upper() for clip in clips if (match := _clip_match(clip.name)) is not None
        )
    if not found:
        found = joined(
            (match[1] or match[2]).upper() if (match := _REEL.fullmatch(row.reel)) else row.reel
            for row in told.values()
        )
    return found
