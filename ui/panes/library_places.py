"""The places that the library offers while there is no catalog."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.media.watch.state import WatchState
from app.places.volumes import Volume
from ui.models.clips import groups_of
from ui.models.folder_clips import FolderClips
from ui.models.watch_words import watch_figure, watch_sign
from ui.widgets.place_list import Place

OPEN, GROUP, WATCH = "open", "group", "watch"
_TELLING = 4
"""Letters of a name that may say too little: raw, DCIM, A003."""
_SYSTEM = (Path("/"), Path("/boot"), Path("/boot/efi"))


def places_of(
    recent: Sequence[Path],
    clips: FolderClips,
    group: str | None,
    volumes: Sequence[Volume],
    watches: Sequence[WatchState],
) -> list[Place]:
    """Headings and places: folders opened last, cards in the open one, watch folders, drives."""
    places: list[Place] = []
    if recent:
        places.append(Place(key="", name="Folders"))
        total = f"{len(clips.model.rows):,}"
        for path in recent:
            here = path == clips.root
            places.append(
                Place(
                    key=f"{OPEN}:{path}",
                    name=_told_apart(path, recent),
                    figure=total if here else "",
                    here=here and group is None,
                    hint=str(path),
                )
            )
    places += _cards(clips, group)
    places += _watched(watches, clips.root)
    drives = [v for v in volumes if v.mount_point not in _SYSTEM and v.capacity > 0]
    if drives:
        places.append(Place(key="", name="Drives"))
        for volume in drives:
            path = volume.mount_point
            name = volume.label or path.name
            places.append(Place(key=f"{OPEN}:{path}", name=name, hint=str(path)))
    return places


def _told_apart(path: Path, others: Sequence[Path]) -> str:
    """The name of a folder, with the one above it where its own says too little."""
    alone = sum(other.name == path.name for other in others) == 1
    if alone and len(path.name) > _TELLING:
        return path.name
    return "/".join(filter(None, (path.parent.name, path.name))) or str(path)


def _watched(watches: Sequence[WatchState], shown: Path | None) -> list[Place]:
    """The watch folders that are switched on, and how each stands."""
    places = [Place(key="", name="Watch folders")] if watches else []
    for state in watches:
        sign = watch_sign(state)
        places.append(
            Place(
                key=f"{WATCH}:{state.root}",
                name=state.root.name or str(state.root),
                figure=watch_figure(state),
                tone=sign.tone,
                spoken=sign.word,
                here=shown is not None and shown.is_relative_to(state.root),
                hint=f"{state.root}\n{sign.word}. {state.trouble}".rstrip(". ") + ".",
            )
        )
    return places


def _cards(clips: FolderClips, group: str | None) -> list[Place]:
    """The cards in the folder, where there is one."""
    groups = groups_of(clips.model.rows)
    if not any(name for name, _ in groups):
        return []
    rows = [("*", "All clips", len(clips.model.rows), group is None)]
    rows += [(name, name or "On no card", count, name == group) for name, count in groups]
    places = [Place(key="", name="Cards")]
    for value, name, count, here in rows:
        key = f"{GROUP}:{value}"
        places.append(Place(key=key, name=name, figure=f"{count:,}", here=here, hint=name))
    return places
