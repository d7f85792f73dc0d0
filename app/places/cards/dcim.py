"""Cameras that follow the DCIM rule: GoPro, DJI, iPhone, Canon and others."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial

from app.places.cards.card import FindingKind
from app.places.cards.draft import CardDraft, ClipDraft, joined
from app.places.cards.listing import MEDIA, Folder, Found
from app.places.cards.moments import moment_in
from app.places.cards.plain import by_stem
from app.places.cards.rows import RowPlace, clip_gaps, gaps, roll_of
from app.places.cards.sidecars import Sidecars

_CHAPTER = re.compile(r"(G[XHSL])(\d\d)(\d{4})", re.IGNORECASE)
_OLD_CHAPTER = re.compile(r"(GP)(\d\d)(\d{4})", re.IGNORECASE)
_OLD_FIRST = re.compile(r"(GOPR)(\d{4})", re.IGNORECASE)
_BURST = re.compile(r"(G\d{3})(\d{4})", re.IGNORECASE)
_CAMERA_TYPE = re.compile(r'"camera type"\s*:\s*"([^"]+)"')
_DJI = re.compile(r"DJI_(?:\d{14}_)?(\d{4})(?:_.*)?", re.IGNORECASE)
_DJI_FOLDER = re.compile(r"dji_\d{3}|\d{3}_?media|\d{3}_\d{4}")
_MAKERS = (
    (re.compile(r"\d{3}(canon|eos.*|canonmsc)|eosmisc"), "Canon"),
    (re.compile(r"\d{3}(msdcf|msdcn)"), "Sony"),
    (re.compile(r"\d{3}_pana"), "Panasonic"),
    (re.compile(r"\d{3}(nikon|nd\d+|ncz.*|nz.*|nc_?d.*)"), "Nikon"),
    (re.compile(r"\d{3}_fuji"), "Fujifilm"),
    (re.compile(r"\d{3}(olymp|omsys)"), "OM System"),
    (re.compile(r"\d{3}leica"), "Leica"),
    (re.compile(r"\d{3}sigma"), "Sigma"),
    (re.compile(r"camera01"), "Insta360"),
    (re.compile(r"camera"), "Android"),
)


def _pictures(base: Folder) -> Folder | None:
    """The DCIM folder below *base*, or *base* where it is that folder."""
    return base.sub("dcim") or (base if base.name.lower() == "dcim" else None)


class GoPro:
    """GoPro HERO and MAX: chapters that belong to one recording."""

    key = "gopro"
    nested = True

    def recognise(self, base: Folder, sidecars: Sidecars) -> CardDraft | None:
        """`DCIM/100GOPRO`, GoPro's names in another folder of DCIM, or right in *base*."""
        top = _pictures(base)
        folders = [f for f in top.folders.values() if _is_gopro(f)] if top else []
        folders = folders or [base] * (base.name != "" and _is_gopro(base))
        if not folders:
            return None
        clips = _recordings([found for folder in folders for found in folder.walk()])
        misc = base.sub("misc")
        told = _CAMERA_TYPE.search(sidecars.text(misc.file("version.txt") if misc else None))
        draft = CardDraft(self.key, f"GoPro {told[1]}" if told else "GoPro", clips=clips)
        draft.findings += clip_gaps((clip.name for clip in clips), row_of=_gopro_row)
        return draft


def _is_gopro(folder: Folder) -> bool:
    named = re.fullmatch(r"\d{3}gopro", folder.name.lower()) is not None
    return named or any(
        found.ext in ("mp4", "360") and _chapter(found.stem) for found in folder.files[:50]
    )


def _chapter(stem: str) -> tuple[str, int, str] | None:
    """Family, chapter and file number of a GoPro movie's name."""
    if match := _CHAPTER.fullmatch(stem):
        # The small version of GX010001.MP4 and GH010001.MP4 is GL010001.LRV.
        return match[1].upper(), int(match[2]), match[3]
    if match := _OLD_CHAPTER.fullmatch(stem):
        return "GOPR", int(match[2]) + 1, match[3]
    if match := _OLD_FIRST.fullmatch(stem):
        return "GOPR", 1, match[2]
    return None


def _chapter_name(family: str, chapter: int, number: str) -> str:
    if family != "GOPR":
        return f"{family}{chapter:02d}{number}"
    return f"GOPR{number}" if chapter == 1 else f"GP{chapter - 1:02d}{number}"


def _chapter_file(family: str, number: str, ext: str, chapter: int) -> str:
    return f"{_chapter_name(family, chapter, number)}.{ext}"


def _recordings(files: list[Found]) -> list[ClipDraft]:
    movies: dict[tuple[str, str], list[tuple[int, Found]]] = defaultdict(list)
    rest: list[Found] = []
    for found in files:
        place = _chapter(found.stem) if found.ext in ("mp4", "360", "mov") else None
        if place:
            movies[place[2], place[0]].append((place[1], found))
        else:
            rest.append(found)
    clips: list[ClipDraft] = []
    owners: dict[tuple[str, str], ClipDraft] = {}
    for (number, family), chapters in movies.items():
        for span in _apart(chapters):
            clip = _recording(family, number, span)
            clips.append(clip)
            owners |= {(number, found.entry.parent): clip for found in clip.parts}
    others = []
    for found in rest:
        place = _chapter(found.stem) if found.ext in ("thm", "lrv", "wav") else None
        owner = owners.get((place[2], found.entry.parent)) if place else None
        if owner is None:
            others.append(found)
        else:
            owner.sidecars.append(found)
    return clips + _photos(others)


def _apart(chapters: list[tuple[int, Found]]) -> list[list[tuple[int, Found]]]:
    """One recording; or one for each folder where a number came round again in the next."""
    if len({chapter for chapter, _ in chapters}) == len(chapters):
        return [chapters]
    folders: dict[str, list[tuple[int, Found]]] = defaultdict(list)
    for chapter, found in chapters:
        folders[found.entry.parent].append((chapter, found))
    return list(folders.values())


def _recording(family: str, number: str, chapters: list[tuple[int, Found]]) -> ClipDraft:
    chapters.sort(key=lambda chapter: (chapter[0], chapter[1].path))
    name = _chapter_name(family, 1, number)
    clip = ClipDraft(name, parts=[found for _, found in chapters])
    ext = clip.parts[0].name.rpartition(".")[2]
    name_of = partial(_chapter_file, family, number, ext)
    _lacks_chapters(clip, [chapter for chapter, _ in chapters], name_of)
    return clip


def _lacks_chapters(clip: ClipDraft, chapters: list[int], name_of: Callable[[int], str]) -> None:
    for first, last in gaps(chapters, start=1):
        for chapter in range(first, last + 1):
            name = name_of(chapter)
            text = f"{clip.called} has no chapter {chapter} ({name})."
            clip.lacks(FindingKind.PART_MISSING, name, text)


def _photos(files: list[Found]) -> list[ClipDraft]:
    """Single photos, and bursts or time lapses (G0010001.JPG and on) as one clip each."""
    bursts: dict[str, ClipDraft] = {}
    rest = []
    for found in files:
        match = _BURST.fullmatch(found.stem)
        if match:
            name = match[1].upper()
            bursts.setdefault(name, ClipDraft(name)).parts.append(found)
        else:
            rest.append(found)
    return [*bursts.values(), *by_stem(rest)]


def _gopro_row(name: str) -> RowPlace | None:
    place = _chapter(name)
    return ("", int(place[2]), "#4") if place else None


class Dji:
    """DJI drones and hand-held cameras."""

    key = "dji"
    nested = True

    def recognise(self, base: Folder, sidecars: Sidecars) -> CardDraft | None:
        """`DCIM/100MEDIA` or `DCIM/DJI_001` with files named DJI_…"""
        top = _pictures(base)
        if top is None or not any(_is_dji(folder) for folder in top.folders.values()):
            return None
        clips = list(_by_folder(top))
        draft = CardDraft(self.key, "DJI", clips=clips)
        draft.findings += clip_gaps((clip.name for clip in clips), row_of=_dji_row)
        return draft


def _is_dji(folder: Folder) -> bool:
    named = folder.name.lower().startswith("dji_")
    return any(found.stem[:4].upper() == "DJI_" for found in folder.files[:50]) or (
        named and _DJI_FOLDER.fullmatch(folder.name.lower()) is not None
    )


def _dji_row(name: str) -> RowPlace | None:
    match = _DJI.fullmatch(name)
    return ("DJI_", int(match[1]), "#4") if match else None


def _by_folder(top: Folder) -> Iterator[ClipDraft]:
    for folder in top.below():
        yield from by_stem(folder.files)


class IPhone:
    """iPhone and iPad: `DCIM/100APPLE`; numbers are no row, people delete on their phones."""

    key = "iphone"
    nested = True

    def recognise(self, base: Folder, sidecars: Sidecars) -> CardDraft | None:
        """`DCIM/100APPLE` or `DCIM/202611__`, and the like."""
        top = _pictures(base)
        if top is None or not any(_is_apple(folder) for folder in top.folders.values()):
            return None
        return CardDraft(self.key, "Apple iPhone", clips=list(_by_folder(top)))


def _is_apple(folder: Folder) -> bool:
    return re.fullmatch(r"\d{3}apple|\d{6}_[_a-z]", folder.name.lower()) is not None


class Dcim:
    """Any other camera with a DCIM folder; the maker is told by the folders' names."""

    key = "dcim"
    nested = True

    def recognise(self, base: Folder, sidecars: Sidecars) -> CardDraft | None:
        """A DCIM folder with media, and Panasonic's PRIVATE/PANA_GRP beside it."""
        top = _pictures(base)
        tops = [top, base.sub("private", "pana_grp"), base.sub("pana_grp")]
        clips = [clip for folder in tops if folder for clip in _by_folder(folder)]
        maker = next(_makers(top), "") if top else ""
        if not clips and not maker and not any(tops[1:]):
            return None
        if not maker and any(tops[1:]):
            maker = "Panasonic"
        key = "canon-dcim" if maker == "Canon" else self.key
        draft = CardDraft(key, maker or "Camera (DCIM)", clips=clips)
        draft.roll = joined(roll_of(clip.name) for clip in clips)
        recorded = (c.name for c in clips if c.parts[0].ext in MEDIA and not moment_in(c.name))
        draft.findings += clip_gaps(recorded)
        return draft


def _makers(top: Folder) -> Iterator[str]:
    for name in top.folders:
        for pattern, maker in _MAKERS:
            if pattern.fullmatch(name):
                yield maker
                break
