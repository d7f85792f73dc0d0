"""Canon cinema and XF cameras: `CONTENTS/CLIPS001`, `PRIVATE/XFVC`, Cinema RAW Light."""

from __future__ import annotations

import re
from collections import defaultdict

from app.places.cards.card import FindingKind
from app.places.cards.draft import CardDraft, ClipDraft, joined
from app.places.cards.listing import MOVIES, Folder, Found
from app.places.cards.moments import moment_in
from app.places.cards.rows import clip_gaps, lacks_numbered, roll_of, short_of
from app.places.cards.sidecars import Sidecars

_CANON = re.compile(r"(.+?_CANON)(?:_(\d{2,3}))?(?:_Proxy)?", re.IGNORECASE | re.DOTALL)
_XF = re.compile(r"([A-Z0-9_]{2}\d{4})(\d{2})?", re.IGNORECASE)
_PROXY = re.compile(r"_proxy$", re.IGNORECASE)


class CanonXf:
    """XF, XF-AVC and Cinema RAW Light."""

    key = "canon-xf"
    nested = True

    def recognise(self, base: Folder, sidecars: Sidecars) -> CardDraft | None:
        """`CONTENTS/CLIPS…`, `PRIVATE/XFVC`, a `CRM` folder or .CRM files at the top."""
        contents = base.sub("contents") or base
        numbered = [f for name, f in contents.folders.items() if re.fullmatch(r"clips\d+", name)]
        tops = [
            folder
            for names in (("private", "xfvc"), ("xfvc",), ("crm",))
            if (folder := base.sub(*names)) is not None
        ]
        files = [found for top in tops for found in top.walk()]
        loose = [found for found in base.files if _CANON.fullmatch(found.stem)]
        raw_light = any(found.ext == "crm" for found in (*loose, *base.files))
        if not (numbered or tops or raw_light):
            return None
        # A full CLIPS001 is followed by CLIPS002, where names may come again for other clips.
        clips = [clip for folder in numbered for clip in _clips(list(folder.walk()))]
        clips += _clips([*files, *(loose or [f for f in base.files if f.ext == "crm"])])
        raw = any(found.ext == "crm" for clip in clips for found in clip.parts)
        draft = CardDraft(self.key, "Canon Cinema RAW Light" if raw else "Canon XF", clips=clips)
        draft.roll = joined(roll_of(clip.name) for clip in clips)
        draft.findings += clip_gaps(clip.name for clip in clips)
        return draft


def _clips(files: list[Found]) -> list[ClipDraft]:
    groups: dict[str, list[tuple[int, Found]]] = defaultdict(list)
    names: dict[str, str] = {}
    for found in files:
        match = _CANON.fullmatch(found.stem) or _XF.fullmatch(found.stem)
        name = match[1] if match else found.stem
        groups[name.lower()].append((int(match[2] or 0) if match else 0, found))
        names.setdefault(name.lower(), name)
    clips = []
    for key, group in groups.items():
        clip = ClipDraft(names[key], short=short_of(names[key]), first=moment_in(names[key]))
        parts = [p for p in group if p[1].ext in MOVIES and not _PROXY.search(p[1].stem)]
        parts.sort(key=lambda part: (part[0], part[1].path))
        clip.parts = [found for _, found in parts]
        chosen = {found.path for found in clip.parts}
        clip.sidecars = [found for _, found in group if found.path not in chosen]
        proxies = [found for _, found in group if _PROXY.search(found.stem)]
        if parts:
            _check_span(clip, [part for part in parts if part[0]])
        elif proxies:
            text = f"{clip.called} has a proxy, but no original."
            clip.lacks(FindingKind.PART_MISSING, names[key], text)
        if parts or proxies:
            clips.append(clip)
    return clips


def _check_span(clip: ClipDraft, parts: list[tuple[int, Found]]) -> None:
    if not parts:
        return
    stem, ext = parts[0][1].stem, parts[0][1].ext.upper()
    tail = stem[len(clip.name) :]
    joint, width = ("_", len(tail) - 1) if tail.startswith("_") else ("", len(tail))
    lacks_numbered(
        clip, [n for n, _ in parts], lambda number: f"{clip.name}{joint}{number:0{width}d}.{ext}"
    )
