"""Panasonic P2, and the AVCHD layout that several makers share."""

from __future__ import annotations

import re
from collections import defaultdict

from app.places.cards.card import FindingKind
from app.places.cards.draft import CardDraft, ClipDraft
from app.places.cards.listing import Folder, Found
from app.places.cards.moments import moment
from app.places.cards.rows import RowPlace, clip_gaps
from app.places.cards.sidecars import Sidecars, elements, value_of

_FIRST_DIGITS = re.compile(r"(\d{4})[0-9A-Z]{2}", re.IGNORECASE)


class P2:
    """P2: `CONTENTS` with VIDEO, AUDIO, CLIP and more, one clip across all of them."""

    key = "panasonic-p2"
    nested = True

    def recognise(self, base: Folder, sidecars: Sidecars) -> CardDraft | None:
        """`CONTENTS` below *base*, or *base* as that folder."""
        top = base.sub("contents") or base
        kinds = {"clip", "video", "audio", "avclip"} & top.folders.keys()
        if "clip" not in kinds or len(kinds) < 2 or (top is base and not _is_p2(base)):
            return None
        clips = _clips(top)
        models = [_tell(clip, sidecars) for clip in clips.values()]
        model = next((model for model in models if model), "P2")
        draft = CardDraft(self.key, f"Panasonic {model}", clips=list(clips.values()))
        draft.findings += clip_gaps(clips, row_of=_row)
        return draft


def _is_p2(folder: Folder) -> bool:
    """Whether a folder not called CONTENTS is one: people too have folders `Video` and `Clip`."""
    if folder.name.lower() == "contents":
        return True
    telling = {("clip", "xml"), ("video", "mxf"), ("avclip", "mxf")}
    return any(
        (name, found.ext) in telling
        for name, below in folder.folders.items()
        for found in below.files
    )


def _row(name: str) -> RowPlace | None:
    match = _FIRST_DIGITS.fullmatch(name)
    return ("", int(match[1]), "#4") if match else None


def _clips(top: Folder) -> dict[str, ClipDraft]:
    clips: dict[str, ClipDraft] = {}
    for kind, ext in (("video", "mxf"), ("avclip", "mxf"), ("clip", "xml")):
        folder = top.sub(kind)
        for found in folder.walk() if folder else ():
            if found.ext == ext:
                clip = clips.setdefault(found.stem.upper(), ClipDraft(found.stem))
                (clip.sidecars if ext == "xml" else clip.parts).append(found)
    taken = {found.path for clip in clips.values() for found in (*clip.parts, *clip.sidecars)}
    for found in top.walk():
        stem = found.stem.upper()
        # Sound and voice memos carry two digits of a track behind the clip's name.
        name = stem if stem in clips else stem[:-2]
        if found.path not in taken and name in clips:
            sound = found.ext == "mxf" and _in(found, "audio")
            (clips[name].parts if sound else clips[name].sidecars).append(found)
    return clips


def _tell(clip: ClipDraft, sidecars: Sidecars) -> str:
    """Read the clip's XML: its times, what it should have; hand back the camera's model."""
    note = next((f for f in clip.sidecars if f.ext == "xml" and _in(f, "clip")), None)
    sounds = [found for found in clip.parts if _in(found, "audio")]
    pictures = len(clip.parts) - len(sounds)
    if note is None:
        text = f"{clip.name} comes without its XML."
        clip.lacks(FindingKind.SIDECAR_MISSING, f"{clip.name}.XML", text)
        return ""
    root = sidecars.xml(note)
    told = sum(1 for _ in elements(root, "Audio"))
    if not pictures and (root is None or not told or any(True for _ in elements(root, "Video"))):
        text = f"{clip.name} has its XML, but no MXF."
        clip.lacks(FindingKind.PART_MISSING, f"{clip.name}.MXF", text)
    if pictures and told > len(sounds) and not _in(clip.parts[0], "avclip"):
        what = f"{told - len(sounds)} of {told} audio files"
        text = f"{clip.name} has {len(sounds)} of its {told} audio files."
        clip.lacks(FindingKind.PART_MISSING, what, text)
    for shoot in elements(root, "Shoot"):
        clip.first = moment(value_of(shoot, "StartDate"))
        clip.last = moment(value_of(shoot, "EndDate"))
        break
    return value_of(next(elements(root, "Device"), None), "ModelName")


def _in(found: Found, folder: str) -> bool:
    return found.entry.parent.lower().rpartition("/")[2] == folder


class Avchd:
    """AVCHD: `BDMV/STREAM` with its clip information, below PRIVATE or not."""

    key = "avchd"
    nested = True

    def recognise(self, base: Folder, sidecars: Sidecars) -> CardDraft | None:
        """`PRIVATE/AVCHD/BDMV`, `AVCHD/BDMV` or `BDMV` below *base*."""
        top = base.sub("private", "avchd", "bdmv") or base.sub("avchd", "bdmv") or base.sub("bdmv")
        if top is None:
            return None
        clips: dict[str, ClipDraft] = {}
        others: dict[str, list[Found]] = defaultdict(list)
        for found in top.walk():
            if found.ext in ("mts", "m2ts"):
                clip = clips.setdefault(found.stem, ClipDraft(found.stem))
                clip.parts.append(found)
            elif found.ext in ("cpi", "clpi", "tdt", "tid"):
                others[found.stem].append(found)
        for stem, files in others.items():
            clip = clips.setdefault(stem, ClipDraft(stem))
            clip.sidecars += files
            if not clip.parts and any(found.ext in ("cpi", "clpi") for found in files):
                text = f"{stem} has its clip information, but no MTS."
                clip.lacks(FindingKind.PART_MISSING, f"{stem}.MTS", text)
        for clip in clips.values():
            if not any(found.ext in ("cpi", "clpi") for found in clip.sidecars):
                text = f"{clip.name} comes without its clip information (CPI)."
                clip.lacks(FindingKind.SIDECAR_MISSING, f"{clip.name}.CPI", text)
        draft = CardDraft(self.key, "AVCHD", clips=list(clips.values()))
        draft.findings += clip_gaps(clips)
        return draft
