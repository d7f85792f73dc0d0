"""The places that the library offers while there is no catalog."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.places.volumes import Volume
from ui.models.clips import groups_of
from ui.models.folder_clips import FolderClips
from ui.widgets.place_list import Place

OPEN, GROUP = "open", "group"
_SYSTEM = (Path("/"), Path("/boot"), Path("/boot/efi"))


def places_of(
    recent: Sequence[Path], clips: FolderClips, group: str | None, volumes: Sequence[Volume]
) -> list[Place]:
    """Headings and places: folders opened last, cards in the open one, drives."""
    places: list[Place] = []
    if recent:
        places.append(Place(key="", name="Folders"))
        total = f"{len(clips.model.rows):,}"
        for path in recent:
            here = path == clips.root
            places.append(
                Place(
                    key=f"{OPEN}:{path}",
                    name=path.name or str(path),
                    figure=total if here else "",
                    here=here and group is None,
                    hint=str(path),
                )
            )
    places += _cards(clips, group)
    drives = [v for v in volumes if v.mount_point not in _SYSTEM and v.capacity > 0]
    if drives:
        places.append(Place(key="", name="Drives"))
        for volume in drives:
            path = volume.mount_point
            name = volume.label or path.name
            places.append(Place(key=f"{OPEN}:{path}", name=name, hint=str(path)))
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
