"""Sound recorders: Sound Devices, Zoom, and any card of Broadcast Wave files."""

from __future__ import annotations

import re
from collections import defaultdict

from app.places.cards.draft import CardDraft, ClipDraft
from app.places.cards.listing import MEDIA, SOUNDS, Folder, Found
from app.places.cards.rows import RowPlace, clip_gaps
from app.places.cards.sidecars import Sidecars, sound_note

_TRACK = re.compile(
    r"(.+?)_(?:Tr|TR)?(?:L_?R|M_?S|Mic\w*|In\w*|Tr\d+(?:_\d+)?(?:_D)?)(?:_BU)?",
    re.IGNORECASE | re.DOTALL,
)
_MONO = re.compile(r"(.+)_([1-9]\d?|[A-H])", re.DOTALL)
_TAKE = re.compile(r"(.*\D)?[T-](\d{2,4})[A-Z]?", re.IGNORECASE | re.DOTALL)
_BARE_TRACK = re.compile(r"(Tr|Mic|MS|LR|Mono|Stereo|STE)[-_]?[\w-]*", re.IGNORECASE)
_DAY_FOLDER = re.compile(r"\d\dY\d\dM\d\d|(20)?\d{6}|20\d\d-\d\d-\d\d", re.IGNORECASE)
_ZOOM_FOLDER = re.compile(r"zoom\d{4}")
_ZOOM_BANK = re.compile(r"folder\d\d|zoom\d{4}")
MOST_HEADS = 500


def takes(base: Folder) -> list[ClipDraft]:
    """One clip for each take: a polyphonic file, or all of its split tracks."""
    clips: list[ClipDraft] = []
    for folder in base.below():
        clips += _takes_in(folder)
    return clips


def _takes_in(folder: Folder) -> list[ClipDraft]:
    sounds = [found for found in folder.files if found.ext in SOUNDS]
    groups: dict[str, list[Found]] = defaultdict(list)
    for name, files in _monos(sounds).items():
        for found in files:
            match = _TRACK.fullmatch(found.stem)
            bare = folder.path and _BARE_TRACK.fullmatch(found.stem)
            # Some recorders name tracks Tr1.WAV in a folder of the take's name.
            groups[folder.name if bare else match[1] if match else name].append(found)
    clips = {}
    for name, files in groups.items():
        files.sort(key=lambda found: (len(found.stem), found.stem))
        clips[name.lower()] = ClipDraft(name, parts=files)
    for found in folder.files:
        owner = clips.get(found.stem.lower())
        if owner and found.ext not in SOUNDS:
            owner.sidecars.append(found)
    return list(clips.values())


def _monos(sounds: list[Found]) -> dict[str, list[Found]]:
    """Sounds by take; `_1 _2 _3` are tracks of one take only if all have the same length."""
    groups: dict[str, list[Found]] = defaultdict(list)
    alone: dict[str, list[Found]] = defaultdict(list)
    stems = {found.stem for found in sounds}
    for found in sounds:
        match = _MONO.fullmatch(found.stem)
        if match:
            groups[match[1]].append(found)
        else:
            alone[found.stem].append(found)
    for name, files in groups.items():
        sizes = {found.entry.size for found in files}
        if len(sizes) == 1 and (len(files) > 1 or name in stems):
            alone[name] += files
        else:
            for found in files:
                alone[found.stem].append(found)
    return alone


def _draft(key: str, camera: str, base: Folder, sidecars: Sidecars) -> CardDraft:
    clips = takes(base)
    for clip in clips[:MOST_HEADS]:
        note = sound_note(sidecars.read(clip.parts[0], head=True))
        clip.first = note.first
        if note.recorder and camera == "Sound recorder":
            camera = note.recorder
    draft = CardDraft(key, camera, clips=clips)
    days = [f.name for f in base.folders.values() if _DAY_FOLDER.fullmatch(f.name)]
    draft.roll = days[0] if len(days) == 1 else ""
    draft.findings += clip_gaps((clip.name for clip in clips), row_of=_row)
    return draft


def _row(name: str) -> RowPlace | None:
    match = _TAKE.fullmatch(name)
    if not match:
        return None
    return name[: match.start(2)], int(match[2]), f"#{len(match[2])}"


class SoundDevices:
    """7-Series, 6-Series, 8-Series and MixPre."""

    key = "sound-devices"
    nested = True

    def recognise(self, base: Folder, sidecars: Sidecars) -> CardDraft | None:
        """SDINFO.TXT, a SOUNDDEV folder, .SD_PROJECT files or FALSETAKES beside TRASH."""
        told = (
            base.sub("sounddev")
            or base.file("SDINFO.TXT")
            or (base.sub("falsetakes") and base.sub("trash"))
            or any(found.ext == "sd_project" for found in base.files)
            or any(name.endswith(".sd_project") for name in base.folders)
        )
        if not told:
            return None
        return _draft(self.key, "Sound Devices", base, sidecars)


class Zoom:
    """Zoom H and F series."""

    key = "zoom"
    nested = True

    def recognise(self, base: Folder, sidecars: Sidecars) -> CardDraft | None:
        """STEREO/FOLDER01, MULTI/FOLDER01, ZOOM0001 folders or Zoom's project files."""
        modes = [f for f in (base.sub("stereo"), base.sub("multi"), base.sub("4ch")) if f]
        named = any(_ZOOM_FOLDER.fullmatch(name) for name in base.folders) or any(
            _ZOOM_BANK.fullmatch(name) for mode in modes for name in mode.folders
        )
        projects = any(
            found.ext in ("hprj", "zdt") or re.fullmatch(r"[hf]\d+prj", found.ext)
            for folder in (base, *base.folders.values())
            for found in folder.files[:50]
        )
        wave = any(found.ext == "wav" for found in base.walk()) if named or projects else False
        return _draft(self.key, "Zoom", base, sidecars) if wave else None


class Waves:
    """Any other card on which all media are sound."""

    key = "sound"
    nested = False

    def recognise(self, base: Folder, sidecars: Sidecars) -> CardDraft | None:
        """At least one wave file, and no picture."""
        wave = False
        for found in base.walk():
            if found.ext in SOUNDS:
                wave = wave or found.ext in ("wav", "bwf", "rf64")
            elif found.ext in MEDIA:
                return None
        return _draft(self.key, "Sound recorder", base, sidecars) if wave else None
