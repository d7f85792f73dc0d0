"""What a plan has to say of the folder that was chosen on a drive, before it is looked into."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from app.offload.plan import Remark, Weight
from app.places.limits import rules_of
from app.places.linux.mounts import KERNEL_TYPES, unescaped
from app.places.volumes import Volume

LONGEST_PATH = 4000
"""Bytes: systems take 4,095, and a file has a longer name until it is verified."""
_MADE_ON_DRIVES = 2
"""So many folders are made on a drive: more of them missing means that the path is wrong."""
_MADE_ON_SYSTEM_DISK = 1
"""There a missing folder is likely that of a drive that is not mounted."""
_PEOPLES_MOUNTS = tuple(map(Path, ("/media", "/run/media", "/mnt", "/Volumes")))
"""Below these, drives are mounted."""


def choice_remarks(
    index: int, name: str, path: Path, volume: Volume, source: Path, root: Path
) -> Iterator[Remark]:
    """Whether *path*, destination number *index*, can take the card's folder *root* at all."""

    def remark(weight: Weight, text: str, brief: str = "") -> Remark:
        return Remark(weight=weight, text=text, destination=index, brief=brief)

    real_source, target = source.resolve(), Path(os.path.realpath(path))
    if _lies_in(target, real_source):
        yield remark(Weight.REFUSAL, f"{path} lies inside the card {real_source}. Nothing is ever"
                                     " written to a card; choose another folder.")  # fmt: skip
    elif _lies_in(real_source, target):
        yield remark(Weight.REFUSAL, f"The card {real_source} lies inside the destination {path}."
                                     " Choose a folder beside it.")  # fmt: skip
    if trouble := _trouble(path):
        yield remark(Weight.REFUSAL, trouble)
    if volume.read_only or (os.path.isdir(path) and not os.access(path, os.W_OK)):
        yield remark(Weight.REFUSAL, f"{name} is read-only; nothing can be written to {path}.")
    if trouble := name_trouble(path, volume, name) or name_trouble(root, volume, name):
        yield remark(Weight.REFUSAL, trouble, "Name not possible there")
    elif trouble := _missing(path, volume):
        yield remark(Weight.REFUSAL, trouble, "Folder not there")
    elif trouble := _not_mounted(path, target, volume):
        yield remark(Weight.ATTENTION, trouble, "Lies on the system disk")


def report_remarks(report: Path, volume: Volume, source: Path) -> Iterator[Remark]:
    """Whether the folder for the report can be made and written to."""
    nearest = next(p for p in (report, *report.parents) if os.path.lexists(p))
    trouble = _trouble(report) or name_trouble(report, volume, volume.label)
    if _lies_in(Path(os.path.realpath(report)), source.resolve()):
        trouble = f"{report} lies inside the card, and nothing is ever written to a card."
    elif not trouble and volume.file_system in KERNEL_TYPES:
        trouble = f"{volume.mount_point} holds no files of people."
    elif not trouble and (volume.read_only or not os.access(nearest, os.W_OK)):
        trouble = f"{nearest} is read-only."
    if trouble:
        words = f"The report cannot be written to {report}: {trouble}"
        hint = "" if "Choose" in trouble else " Choose another folder for it."
        yield Remark(weight=Weight.REFUSAL, text=words + hint)


def _trouble(path: Path) -> str:
    """Why nothing can be asked of *path*, in a sentence; "" where it is, or can be, a folder."""
    try:
        os.listdir(path)
    except FileNotFoundError:
        return ""
    except NotADirectoryError:
        above = next(p for p in (path, *path.parents) if os.path.lexists(p))
        return f"{above} is a file. Choose a folder."
    except OSError as error:
        if os.path.lexists(path) and not isinstance(error, PermissionError):
            return f"{path} cannot be read: {error.strerror}. Check the drive."
    return ""


def name_trouble(root: Path, volume: Volume, name: str) -> str:
    """Why the folders of *root* that are not there yet cannot be made, in a sentence; or ""."""
    rules = rules_of(volume)
    for place in _to_make(root):
        if reason := rules.refuses(place.name):
            shown = place.name if len(place.name) <= 60 else f"{place.name[:57]}…"
            return (
                f"The folder {shown} cannot be made on {name}: {reason}."
                " Choose another name for it."
            )
    return ""


def length_trouble(root: Path, longest: str) -> str:
    """Whether the *longest* path of the card is longer there than systems take, in a sentence."""
    length = len(os.fsencode(root / longest))
    if length <= LONGEST_PATH:
        return ""
    return (
        f"The path of {Path(longest).name} would have {length:,} bytes there, and at most"
        f" {LONGEST_PATH:,} are possible. Choose a folder with a shorter path."
    )


def _to_make(path: Path) -> list[Path]:
    """*path* and the folders above it that are not there yet, topmost first."""
    missing: list[Path] = []
    for place in (path, *path.parents):
        if os.path.lexists(place):
            break
        missing.insert(0, place)
    return missing


def _missing(path: Path, volume: Volume) -> str:
    missing = _to_make(path)
    on_system = volume.mount_point == Path("/")
    if len(missing) <= (_MADE_ON_SYSTEM_DISK if on_system else _MADE_ON_DRIVES):
        return ""
    return (
        f"{missing[0]} is not there, so {path} is not made. Is the drive mounted, and the path"
        f" right? Otherwise make {path.parent} first."
    )


def _not_mounted(path: Path, target: Path, volume: Volume) -> str:
    """What to say of a folder that seems to be meant for a drive which is not there; or ""."""
    above = {volume.mount_point, *volume.mount_point.parents}
    meant = [place for place in _PEOPLES_MOUNTS if place in target.parents]
    meant += [point for point in fstab_points() if point in (target, *target.parents)]
    on_system = volume.mount_point == Path("/")
    new = not os.path.lexists(path)
    if all(place in above for place in meant) and not (on_system and (new or _is_empty(path))):
        return ""
    where = "the system disk" if on_system else volume.label
    lies = "is not there and would be made" if new else "lies"
    return f"{path} {lies} on {where}, {volume.device.name}; is the drive mounted?"


def _is_empty(path: Path) -> bool:
    """Whether the folder *path* holds nothing, as a mount point does."""
    try:
        return not os.listdir(path)
    except OSError:
        return False


def fstab_points(table: Path = Path("/etc/fstab")) -> list[Path]:
    """Where this machine is told to mount its drives."""
    try:
        lines = table.read_bytes().splitlines()
    except OSError:
        return []
    fields = [line.split() for line in lines if not line.lstrip().startswith(b"#")]
    return [Path(unescaped(f[1])) for f in fields if len(f) > 1 and f[1].startswith(b"/")]


def _lies_in(inner: Path, outer: Path) -> bool:
    """Whether *inner* is *outer* or below it, also as another mount of the same file system."""
    if inner == outer or outer in inner.parents:
        return True
    try:
        held = os.stat(outer)
    except OSError:
        return False
    for place in (inner, *inner.parents):
        try:
            found = os.stat(place)
        except OSError:
            continue
        if (found.st_dev, found.st_ino) == (held.st_dev, held.st_ino):
            return True
    return False
