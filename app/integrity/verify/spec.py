"""What a verify job is asked, and which histories or manifests answer for the place it names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from app.errors import BadInput, NotFound
from app.integrity.mhl.history import manifests_in
from app.integrity.mhl.reading import NAMESPACE
from app.integrity.mhl.values import CHAIN_NAME, HISTORY_FOLDER, MANIFEST_SUFFIX
from app.jobs.spec import Spec, job_kind
from app.places.silence import Silence
from app.places.tree import Entry, EntryKind, each_entry
from app.places.volumes import Volume, volume_of

_HEAD = 4096
VERIFY_HINT = "Check its cable and power, then verify again."
REPAIR_HINT = "Check its cable and power, then repair again."


@job_kind
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifySpec(Spec):
    """Read a copy again from its medium and hold it against its history."""

    kind: ClassVar[str] = "verify"

    path: Path
    """A folder, or a manifest: all of what it lists is then checked."""
    repair_from: Path | None = None
    """Another copy of the same folder, from which damaged and missing files are replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A folder with one history (and those nested in it), or with legacy manifests."""

    root: Path
    """The folder that the records are relative to."""
    below: str = ""
    """Only this folder of it is checked; `""`: all."""
    legacy: tuple[Path, ...] = ()
    """Legacy manifests, where there is no history."""

    @property
    def place(self) -> Path:
        """The folder whose files are read."""
        return self.root / self.below if self.below else self.root


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Where a verify job goes; found without listing what it will read."""

    title: str
    path: Path
    """What was asked for, without links."""
    volume: Volume
    drive: str
    """The drive's name, for people."""
    file_system: int
    """Its number (`st_dev`)."""
    parts: tuple[Part, ...]
    lanes: frozenset[str]
    outside: int
    """Files of the folder that lie below no history; nobody can say anything about them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyPlan:
    """What a verify job would read; nothing is written."""

    aim: Aim
    files: int
    size: int
    """Bytes of all files below the parts, those on ignore lists included."""


def aim_of(
    spec: VerifySpec, declared: Mapping[str, str], hurried: Callable[[], bool] = lambda: False
) -> Aim:
    """Find what answers for *spec*; NotFound where nothing does, BadInput for nonsense.

    DestinationSilent when a drive does not answer; sooner once the look is *hurried*.
    """
    silence = _silence(spec.path, VERIFY_HINT, hurried)
    path, parts, number = silence.work(lambda: _parts(spec.path, silence))[0]
    volume = volume_of(parts[0].place, declared)
    lanes = {volume.device.id}
    if spec.repair_from is not None:
        other = partial(_other, spec.repair_from, parts)
        there = _silence(spec.repair_from, REPAIR_HINT, hurried).ask(other)
        lanes.add(volume_of(there, declared).device.id)
    return Aim(
        title=f"Verify {_title(path, volume)}",
        path=path,
        volume=volume,
        drive=drive_name(parts[0].root, volume),
        file_system=number,
        parts=parts,
        lanes=frozenset(lanes),
        outside=silence.work(lambda: _outside(path, parts, silence))[0],
    )


def _silence(path: Path, hint: str, hurried: Callable[[], bool]) -> Silence:
    silence = Silence(str(path), hint=hint)
    silence.hurried = hurried
    return silence


def _parts(given: Path, silence: Silence) -> tuple[Path, tuple[Part, ...], int]:
    """The real path of what was given, what answers for it, and its file system's number."""
    with silence.call():
        path = Path(os.path.realpath(given))
    parts = find_parts(path, silence)
    with silence.call():
        return path, parts, os.stat(parts[0].place).st_dev


def plan_verify(spec: VerifySpec, declared: Mapping[str, str]) -> VerifyPlan:
    """What *spec* would read; refuses as `aim_of` does."""
    aim = aim_of(spec, declared)
    silence = Silence(aim.drive, aim.file_system, hint=VERIFY_HINT)
    listed = silence.work(lambda: [e for part in aim.parts for e in _files(part.place, silence)])
    return VerifyPlan(aim=aim, files=len(listed[0]), size=sum(e.size for e in listed[0]))


def _files(folder: Path, silence: Silence) -> list[Entry]:
    """All files below *folder* but those of histories."""
    return [
        entry
        for entry in silence.each(each_entry(folder))
        if entry.kind is EntryKind.FILE and HISTORY_FOLDER not in entry.path.split("/")
    ]


def _outside(path: Path, parts: tuple[Part, ...], silence: Silence) -> int:
    """How many files of *path* lie beside *parts*; none where one part holds all of it."""
    if path not in parts[0].root.parents:
        return 0
    inside = tuple(f"{part.root.relative_to(path).as_posix()}/" for part in parts)
    return sum(1 for entry in _files(path, silence) if not entry.path.startswith(inside))


def _title(path: Path, volume: Volume) -> str:
    """`SHUTTLE-06`, `A003 on SHUTTLE-06`."""
    drive = drive_name(path, volume)
    return drive if path == volume.mount_point or drive == path.name else f"{path.name} on {drive}"


def drive_name(path: Path, volume: Volume) -> str:
    """The drive behind *path*, for people; on the system's own disk the folder's name."""
    if volume.mount_point == Path(volume.mount_point.anchor):
        return path.name or str(path)
    return volume.label or volume.mount_point.name


def _other(path: Path, parts: tuple[Part, ...]) -> Path:
    """The other copy, if it can be one."""
    if not path.is_dir():
        raise NotFound(f"There is no folder {path} to repair from.", path=path)
    for part in parts:
        mine, theirs = part.place.resolve(), path.resolve()
        if mine == theirs or mine in theirs.parents or theirs in mine.parents:
            raise BadInput(f"{path} is no other copy: it holds or is {part.place}.", path=path)
    return path


def find_parts(path: Path, silence: Silence) -> tuple[Part, ...]:
    """The histories or manifests that answer for *path*.

    Its own history; else the nearest one above it on the same volume, of which only this folder is
    checked; else the legacy manifests in it; else every history or manifest below it. Raises
    NotFound, BadInput, DestinationSilent.
    """
    with silence.call():
        if path.is_file():
            return (_of_manifest(path),)
        if not path.is_dir():
            raise NotFound(f"There is no folder or manifest at {path}.", path=path)
        if path.name == HISTORY_FOLDER and has_history(path.parent):
            path = path.parent
        found = _history_around(path) or _legacy_at(path)
    parts = (found,) if found else tuple(_below(path, silence))
    if not parts:
        raise NotFound(
            f"{path} has no ASC MHL history and no legacy manifest, and nothing in it has.",
            path=path,
            hint="Give the folder that holds the ascmhl folder, or a .mhl file.",
        )
    return parts


def has_history(folder: Path) -> bool:
    """Whether *folder* has an ASC MHL history of its own."""
    place = folder / HISTORY_FOLDER
    return (place / CHAIN_NAME).exists() or bool(manifests_in(place))


def _of_manifest(path: Path) -> Part:
    if path.parent.name == HISTORY_FOLDER and has_history(path.parent.parent):
        return Part(root=path.parent.parent)
    if path.suffix.lower() != MANIFEST_SUFFIX:
        raise BadInput(f"{path} is a file and no manifest.", path=path, hint="Give its folder.")
    if not _is_legacy(path):
        raise BadInput(
            f"{path} is an ASC MHL manifest outside of an ascmhl folder; what it lists lies"
            " somewhere else.",
            path=path,
            hint="Give the folder that holds the ascmhl folder.",
        )
    return Part(root=path.parent, legacy=(path,))


def _history_around(path: Path) -> Part | None:
    """The history of *path* itself or the nearest above it, on the same volume."""
    device = path.stat().st_dev
    for folder in (path, *path.parents):
        if folder.stat().st_dev != device:
            return None
        if has_history(folder):
            below = path.relative_to(folder).as_posix()
            return Part(root=folder, below="" if below == "." else below)
    return None


def _legacy_at(folder: Path) -> Part | None:
    names = manifests_in(folder)
    manifests = tuple(folder / name for name in names if _is_legacy(folder / name))
    return Part(root=folder, legacy=manifests) if manifests else None


def _below(path: Path, silence: Silence) -> Iterator[Part]:
    """Outermost histories and manifests below *path*."""
    taken: str | None = None
    for entry in silence.each(each_entry(path)):
        if entry.kind is not EntryKind.FOLDER:
            continue
        if taken is not None and entry.path.startswith(taken):
            continue
        folder = path / entry.path
        with silence.call():
            part = Part(root=folder) if has_history(folder) else _legacy_at(folder)
        if part is not None:
            taken = entry.path + "/"
            yield part


def _is_legacy(path: Path) -> bool:
    """Whether a manifest is none of ASC MHL; what it really is shows when it is read."""
    try:
        with path.open("rb") as file:
            return NAMESPACE.encode() not in file.read(_HEAD)
    except OSError:
        return False
