"""Which programs hold a volume: open files, working folders, mapped files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.places.linux.mounts import covers, parse_mountinfo
from app.places.patience import ask

_DELETED = " (deleted)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A program that keeps a volume from being unmounted."""

    pid: int
    """0 where the kernel itself holds it, for a loop or another mount."""
    program: str
    path: str
    """The file or folder that it holds."""


def holders_below(points: Iterable[Path]) -> tuple[Holder, ...]:
    """The programs that hold something below *points*, one row for each program.

    Without root only one's own programs can be seen.
    """
    places = [os.fspath(point) for point in points]
    found: list[Holder] = []
    for process in psutil.process_iter():
        paths = _linux_paths(process.pid) if sys.platform == "linux" else _paths(process)
        for path in paths:
            if any(covers(place, path) and _is_on(place, path) for place in places):
                program = _program(process)
                found.append(Holder(pid=process.pid, program=program, path=path))
                break
    return tuple(found)


def mounted_elsewhere(number: tuple[int, int]) -> tuple[Holder, ...]:
    """The programs that see a file system mounted in a view of their own, on Linux."""
    found = []
    for process in psutil.process_iter():
        try:
            content = Path(f"/proc/{process.pid}/mountinfo").read_bytes()
        except OSError:
            continue
        for mount in parse_mountinfo(content):
            if mount.number == number:
                program = _program(process)
                found.append(Holder(pid=process.pid, program=program, path=mount.point))
                break
    return tuple(found)


def _linux_paths(pid: int) -> Iterator[str]:
    process = f"/proc/{pid}"
    try:
        names = os.listdir(f"{process}/fd")
    except OSError:
        names = []
    # Open files first: they say best what the program is doing there.
    for link in (*(f"fd/{name}" for name in names), "cwd", "root", "exe"):
        try:
            target = os.readlink(f"{process}/{link}")
        except OSError:
            continue
        if target.startswith("/") and target != "/":
            yield target.removesuffix(_DELETED)
    yield from _mapped(process)


def _mapped(process: str) -> Iterator[str]:
    try:
        content = Path(process, "maps").read_bytes()
    except OSError:
        return
    for line in content.split(b"\n"):
        fields = line.split(None, 5)
        if len(fields) == 6 and fields[5].startswith(b"/"):
            path = os.fsdecode(fields[5].replace(b"\\012", b"\n"))
            yield path.removesuffix(_DELETED)


def _paths(process: psutil.Process) -> Iterator[str]:
    try:
        yield from (file.path for file in process.open_files())
        yield process.cwd()
        yield process.exe()
    except (psutil.Error, OSError):
        return


def _is_on(place: str, path: str) -> bool:
    """Whether *path* lies on the volume at *place*, not on another one mounted below it."""

    def same() -> bool:
        existing = path
        while not os.path.lexists(existing):
            existing = os.path.dirname(existing)
        return os.lstat(existing).st_dev == os.stat(place).st_dev

    return ask(("holder", place, path), same, True)


def _program(process: psutil.Process) -> str:
    if process.pid == os.getpid():
        return "Reelkeep itself"
    try:
        return process.name()
    except psutil.Error:
        return f"process {process.pid}"
