"""Whether a folder that was chosen as a destination is there, and on which drive it lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from app.places.patience import ask
from app.places.volumes import Volume

PATIENCE = 3.0
"""Seconds that a look at a destination may take; a disk that has to spin up is looked at again."""


def volume_of(path: Path, volumes: Sequence[Volume]) -> Volume | None:
    """The volume that *path* (absolute, links resolved) lies on, by the longest mount point."""
    parts = PurePath(path)
    found = [v for v in volumes if parts.is_relative_to(v.mount_point)]
    return max(found, key=lambda v: len(v.mount_point.parts), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the disk says of a folder that was chosen as a destination."""

    real: Path
    """The folder itself, all links resolved."""
    folder: bool = False
    there: bool = False
    empty: bool = False
    """Asked only where drives are mounted."""
    trouble: str = ""
    """Why it can't be read, in one sentence."""


def look_at(
    path: Path, volumes: Sequence[Volume], patience: float | None = None
) -> tuple[Volume | None, str]:
    """The volume behind a destination, or why there is none; reads the disk: worker only.

    A drive that leaves the look unanswered is not asked again before it has answered. A folder
    that is still to be made needs a mounted drive: where the drive is out, its folders would be
    made on the system's own disk.
    """
    name = path.name or path
    silent = Found(real=path, trouble=f"{name} does not answer. Check its cable, or remove it.")
    found = ask(("destination", path), lambda: _find(path), silent, patience or PATIENCE)
    volume = volume_of(found.real, volumes)
    if found.trouble:
        return (volume if found is silent else None), found.trouble
    if found.folder:
        if _is_bare(found, volume):
            return None, f"{name} is not connected. Connect its drive, or choose another folder."
        return volume, ""
    if found.there:
        return None, f"{name} is a file. Choose a folder."
    if volume is not None and ejectable(volume):
        return volume, ""
    return None, f"{name} is not there. Connect its drive, or choose another folder."


def _find(path: Path) -> Found:
    try:
        real = path.resolve()
        folder = real.is_dir()
        drive = folder and str(real).startswith(DRIVES)
        empty = drive and not any(real.iterdir())
        return Found(real=real, folder=folder, there=folder or real.exists(), empty=empty)
    except (OSError, RuntimeError) as error:  # RuntimeError: links that go round in a circle
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        return Found(real=path, trouble=f"{path.name or path} cannot be read: {why}.")


def ejectable(volume: Volume) -> bool:
    """Whether it looks like a drive that may be taken away; the engine has the last word."""
    return volume.removable or str(volume.mount_point) not in _SYSTEM


_SYSTEM = {
    *("/", "/home", "/usr", "/var", "/etc", "/opt", "/root", "/srv", "/nix", "/tmp"),
    *("/boot", "/boot/efi", "/efi", "/System/Volumes/Data", "C:\\"),
}
"""Where systems live, and where nobody plugs in a drive."""


DRIVES = ("/media/", "/run/media/", "/mnt/", "/Volumes/")
"""Where drives are mounted."""


def _is_bare(found: Found, volume: Volume | None) -> bool:
    """Whether a folder is where a drive was mounted, and nothing is now."""
    return found.empty and volume is not None and not ejectable(volume)
