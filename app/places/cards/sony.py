"""Sony: XDROOT (XDCAM, XAVC, X-OCN), M4ROOT (XAVC S), BPAV (XDCAM EX)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial

from app.places.cards.card import Finding, FindingKind
from app.places.cards.draft import CardDraft, ClipDraft, joined
from app.places.cards.listing import MOVIES, Folder, Found
from app.places.cards.moments import moment_in
from app.places.cards.rows import clip_gaps, lacks_numbered, roll_of, short_of
from app.places.cards.sidecars import ClipNote, Sidecars, clip_note, elements
from app.units import count_text

_TAIL = re.compile(r"(.+)([A-Z])(\d\d)", re.IGNORECASE | re.DOTALL)
_PART = re.compile(r"(.+)_(\d{2,3})", re.DOTALL)
_ROLL = re.compile(r"[A-Z]{1,2}_?\d{3,4}", re.IGNORECASE)
_MODELS = {
    "MPC-3610": "VENICE",
    "MPC-3626": "VENICE 2",
    "MPC-3628": "VENICE 2",
    "MPC-2610": "BURANO",
}
"""Cameras that people don't call by the model name in their XML."""


class XdRoot:
    """XDCAM, XAVC and X-OCN: `XDROOT/Clip` with an XML beside each MXF."""

    key = "sony-xdroot"
    nested = True

    def recognise(self, base: Folder, sidecars: Sidecars) -> CardDraft | None:
        """`XDROOT` below *base*, or *base* as such a folder (a Professional Disc has no other)."""
        top = base.sub("xdroot") or base
        if top.sub("clip") is None or (top is base and not _is_disc(base)):
            return None
        return _read(self.key, "XAVC", top, "MXF", sidecars)


class M4Root:
    """XAVC S and XAVC HS: `PRIVATE/M4ROOT/CLIP` with an XML beside each MP4."""

    key = "sony-m4root"
    nested = True

    def recognise(self, base: Folder, sidecars: Sidecars) -> CardDraft | None:
        """`M4ROOT` below *base* with or without `PRIVATE`, or *base* as such a folder."""
        top = base.sub("private", "m4root") or base.sub("m4root")
        if top is None and _is_m4root(base):
            top = base
        if top is None or top.sub("clip") is None:
            return None
        return _read(self.key, "XAVC S", top, "MP4", sidecars)


class Bpav:
    """XDCAM EX: `BPAV/CLPR` with a folder for each file of a take."""

    key = "sony-bpav"
    nested = True

    def recognise(self, base: Folder, sidecars: Sidecars) -> CardDraft | None:
        """`BPAV` below *base*, or *base* as that folder."""
        top = base.sub("bpav") or base
        folders = top.sub("clpr")
        if folders is None:
            return None
        clips = _takes(folders, top.sub("takr"))
        models = [_tell(clip, _clip_xmls(clip), sidecars) for clip in clips]
        media = MediaList(sidecars, top.file("MEDIAPRO.XML"))
        draft = CardDraft(self.key, _camera("XDCAM EX", media, models), roll=media.roll)
        draft.clips = clips
        draft.findings += clip_gaps(clip.name for clip in clips)
        draft.findings += media.absent(found.name for clip in clips for found in clip.parts)
        return draft


class MediaList:
    """What MEDIAPRO.XML tells: the camera, the card's name, and the clips it should hold."""

    def __init__(self, sidecars: Sidecars, found: Found | None) -> None:
        root = sidecars.xml(found)
        system = next(elements(root, "System"), None)
        card = next(elements(root, "Attached"), None)
        kind = "" if system is None else system.get("systemKind", "")
        self.model = re.sub(r"\s+ver\..*", "", kind, flags=re.IGNORECASE).strip()
        name = "" if card is None else card.get("mediaName", "").strip()
        self.roll = name.upper() if _ROLL.fullmatch(name) else name
        self.codecs = {material.get("videoType", "") for material in elements(root, "Material")}
        uris = [material.get("uri", "") for material in elements(root, "Material")]
        self.listed = [uri.replace("\\", "/").rpartition("/")[2] for uri in uris if uri]

    def absent(self, present: Iterable[str]) -> list[Finding]:
        """A finding for each listed clip that is not *present*."""
        there = {name.lower() for name in present}
        return [
            Finding(
                kind=FindingKind.PART_MISSING,
                text=f"MEDIAPRO.XML lists {name}, which is not on the card.",
            )
            for name in self.listed
            if name.lower() not in there
        ]


def _is_m4root(folder: Folder) -> bool:
    clips = folder.sub("clip")
    kinds = {found.ext for found in clips.files} if clips else set()
    told = folder.name.lower() == "m4root" or (_is_disc(folder) and "mp4" in kinds)
    return told and "mxf" not in kinds


def _is_disc(folder: Folder) -> bool:
    return any(folder.file(name) for name in ("MEDIAPRO.XML", "DISCMETA.XML", "INDEX.XML"))


def _read(key: str, form: str, top: Folder, ext: str, sidecars: Sidecars) -> CardDraft:
    clips = _clips(top)
    for clip in clips:
        if not clip.parts:
            what = f"{clip.name}.{ext}"
            clip.lacks(
                FindingKind.PART_MISSING,
                what,
                f"{clip.called} has {_other(clip)}, but no {ext}.",
            )
    whole = [clip for clip in clips if clip.parts]
    findings = _without_xml(whole)
    notes = [_tell(clip, _clip_xmls(clip), sidecars) for clip in clips]
    media = MediaList(sidecars, top.file("MEDIAPRO.XML"))
    codecs = media.codecs | {note.codec for note in notes}
    if any("OCN" in codec.upper() for codec in codecs):
        form = "X-OCN"
    roll = media.roll or joined(roll_of(clip.name) for clip in clips)
    draft = CardDraft(key, _camera(form, media, notes), roll=roll, clips=clips, findings=findings)
    draft.findings += clip_gaps(clip.name for clip in clips)
    named = {clip.name.lower() for clip in clips}
    draft.findings += [
        finding
        for name, finding in zip(media.listed, media.absent(()), strict=True)
        if name.rpartition(".")[0].lower() not in named | _stems(whole)
    ]
    return draft


def _stems(clips: list[ClipDraft]) -> set[str]:
    return {found.stem.lower() for clip in clips for found in clip.parts}


def _clips(top: Folder) -> list[ClipDraft]:
    """Clips of `Clip`, and what belongs to them in it and in the folders beside it."""
    folder = top.sub("clip")
    clips: dict[str, ClipDraft] = {}
    spans: dict[str, list[tuple[int, Found]]] = {}
    for found in folder.walk() if folder else ():
        if found.ext not in MOVIES:
            continue
        name, match = found.stem, _PART.fullmatch(found.stem)
        above = found.entry.parent.rpartition("/")[2].lower()
        if match and above == match[1].lower():
            # RAW recorders span a clip over _001, _002 in a folder of the clip's name.
            name = match[1]
            spans.setdefault(name.lower(), []).append((int(match[2]), found))
        _clip(clips, name).parts.append(found)
    taken = {found.path for clip in clips.values() for found in clip.parts}
    for found in top.walk():
        if found.path in taken:
            continue
        owner = _owner(found, clips)
        if owner:
            _clip(clips, owner).sidecars.append(found)
    for key, parts in spans.items():
        parts.sort(key=lambda part: part[0])
        clip, ext = clips[key], parts[0][1].ext.upper()
        digits = len(parts[0][1].stem) - len(clip.name) - 1
        lacks_numbered(
            clip, [number for number, _ in parts], partial(_part_name, clip.name, digits, ext)
        )
    return list(clips.values())


def _part_name(name: str, digits: int, ext: str, number: int) -> str:
    return f"{name}_{number:0{digits}d}.{ext}"


def _clip(clips: dict[str, ClipDraft], name: str) -> ClipDraft:
    if name.lower() not in clips:
        clips[name.lower()] = ClipDraft(name, short=short_of(name), first=moment_in(name))
    return clips[name.lower()]


def _owner(found: Found, clips: dict[str, ClipDraft]) -> str:
    """Name of the clip that a sidecar, proxy or thumbnail belongs to, "" for none."""
    if found.stem.lower() in clips:
        return found.stem
    match = _TAIL.fullmatch(found.stem)
    if not match:
        return ""
    known = match[1].lower() in clips
    orphan = (match[2].upper(), found.ext) in {("M", "xml"), ("S", "mp4"), ("S", "mxf")}
    edited = re.fullmatch(r"E\d{4}", match[1], re.IGNORECASE)
    return match[1] if known or (orphan and not edited) else ""


def _clip_xmls(clip: ClipDraft) -> list[Found]:
    stems = {clip.name.lower(), *(found.stem.lower() for found in clip.parts)}
    return [
        found
        for found in clip.sidecars
        if found.ext == "xml" and (found.stem.lower() in stems or found.stem.lower()[:-3] in stems)
    ]


def _other(clip: ClipDraft) -> str:
    return "its XML" if _clip_xmls(clip) else "a proxy"


def _without_xml(clips: list[ClipDraft]) -> list[Finding]:
    """Note clips without their XML; one sentence where no clip of the card has one."""
    bare = [clip for clip in clips if not _clip_xmls(clip)]
    if len(bare) > 1 and len(bare) == len(clips):
        text = f"None of the {count_text(len(clips), 'clip')} comes with its XML."
        for clip in bare:
            clip.missing.append(f"{clip.name}M01.XML")
        return [Finding(kind=FindingKind.SIDECAR_MISSING, text=text)]
    for clip in bare:
        text = f"{clip.called} comes without its XML."
        clip.lacks(FindingKind.SIDECAR_MISSING, f"{clip.name}M01.XML", text)
    return []


def _tell(clip: ClipDraft, xmls: list[Found], sidecars: Sidecars) -> ClipNote:
    """Give a clip its times out of its XML, and hand back what else that tells."""
    notes = [clip_note(sidecars.xml(found)) for found in xmls]
    # What the XML tells is better than what the name tells, so the name's moment is replaced.
    clip.first = min((note.first for note in notes if note.first), default=clip.first)
    clip.last = max((note.last for note in notes if note.last), default=clip.last)
    return next((note for note in notes if note.model), notes[0] if notes else ClipNote())


def _camera(form: str, media: MediaList, notes: list[ClipNote]) -> str:
    model = next((note.model for note in notes if note.model), "") or media.model
    model = _MODELS.get(model.upper(), model)
    if not model:
        return f"Sony {form}"
    return f"Sony {model.removeprefix('Sony ')}" + (", X-OCN" if form == "X-OCN" else "")


def _takes(folders: Folder, takes: Folder | None) -> list[ClipDraft]:
    clips: dict[str, ClipDraft] = {}
    spans: dict[str, list[tuple[int, Folder]]] = {}
    for folder in folders.folders.values():
        match = _PART.fullmatch(folder.name)
        name, number = (match[1], int(match[2])) if match else (folder.name, 1)
        spans.setdefault(name, []).append((number, folder))
    for name, span in spans.items():
        clip = _clip(clips, name)
        span.sort(key=lambda part: part[0])
        for _, folder in span:
            files = sorted(folder.walk(), key=lambda found: found.name)
            clip.parts += [found for found in files if found.ext in MOVIES]
            clip.sidecars += [found for found in files if found.ext not in MOVIES]
            _check_part(clip, folder)
        lacks_numbered(clip, [number for number, _ in span], partial(_part_name, name, 2, "MP4"))
        own = takes.folders.get(name.lower()) if takes else None
        clip.sidecars += list(own.walk()) if own else []
    return list(clips.values())


def _check_part(clip: ClipDraft, folder: Folder) -> None:
    names = {found.ext for found in folder.files}
    if not names & MOVIES:
        what, text = f"{folder.name}.MP4", f"{folder.name} has no MP4."
        clip.lacks(FindingKind.PART_MISSING, what, text)
    elif "xml" not in names:
        what, text = f"{folder.name}M01.XML", f"{folder.name} comes without its XML."
        clip.lacks(FindingKind.SIDECAR_MISSING, what, text)
