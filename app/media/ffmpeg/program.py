"""Which ffmpeg does the work: the one of the settings, else of the PATH, else the one we bring."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from app.errors import BadInput, NotFound

BROUGHT = "imageio-ffmpeg"
"""The package that brings one along."""
LEAST = (5, 1)
"""The oldest version that is taken from the PATH: `-fps_mode` came with it."""
SECONDS = 20.0
"""A program that does not answer within this time does not work."""
_VERSION = re.compile(r"version n?(\d+)\.(\d+)")


class NoAnswer(Exception):
    """A program failed, or took too long, this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """An ffmpeg that starts."""

    path: str
    version: tuple[int, int] | None
    """None for a build that has no number, such as one of a development day."""
    words: str
    """The first line it says of itself."""
    origin: str
    """`settings`, `PATH`, or `BROUGHT`."""


def find_program(chosen: str = "") -> Program:
    """The ffmpeg to use; *chosen* is the one of the settings, a name or a path.

    Raises BadInput when that is no program, and NotFound where there is none at all.
    """
    if chosen:
        return _chosen(chosen)
    on_path = shutil.which("ffmpeg")
    found = _looked_at(on_path, "PATH") if on_path else None
    if found is not None and (found.version is None or found.version >= LEAST):
        return found
    brought = _brought()
    found = _looked_at(brought, BROUGHT) if brought else None
    if found is None:
        old = f"The ffmpeg at {on_path} is too old or does not start" if on_path else ""
        raise NotFound(
            f"{old or 'There is no ffmpeg on the PATH'}, and none is installed with Reelkeep.",
            hint="Install ffmpeg, or name it: reelkeep settings set media.ffmpeg PROGRAM",
        )
    return found


def programs(chosen: str = "") -> tuple[Program, ...]:
    """The ffmpeg to use, and behind it the one that we bring, where that is another.

    Raises as `find_program` does.
    """
    first = find_program(chosen)
    brought = _brought() if first.origin != "imageio-ffmpeg" else ""
    other = _looked_at(brought, "imageio-ffmpeg") if brought else None
    return (first,) if other is None else (first, other)


def usable_program(chosen: str = "") -> Program:
    """The same for work that needs all of it; BadInput where the chosen one is too old."""
    found = find_program(chosen)
    if found.version is not None and found.version < LEAST:
        numbers = ".".join(map(str, found.version))
        raise BadInput(
            f"{found.path}, of the settings, is ffmpeg {numbers}, and 5.1 or newer is needed.",
            hint="Name another: reelkeep settings set media.ffmpeg PROGRAM",
        )
    return found


def _chosen(name: str) -> Program:
    path = shutil.which(os.path.expanduser(name))  # noqa: PTH111 - a name too
    hint = "Name another: reelkeep settings set media.ffmpeg PROGRAM"
    if path is None:
        raise BadInput(f"{name}, of the settings, is no program.", hint=hint)
    found = _looked_at(path, "settings")
    if found is None:
        raise BadInput(f"{path}, of the settings, does not start as ffmpeg.", hint=hint)
    return found


def _brought() -> str:
    """The program inside of the imageio-ffmpeg package, "" where it has none for this machine."""
    import imageio_ffmpeg

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:
        return ""


def _looked_at(path: str, origin: str) -> Program | None:
    try:
        stat = Path(path).stat()
    except OSError:
        return None
    try:
        words = _first_line(path, stat.st_size, stat.st_mtime_ns)
    except NoAnswer:
        return None
    if not words.startswith("ffmpeg"):
        return None
    found = _VERSION.search(words)
    version = (int(found[1]), int(found[2])) if found else None
    return Program(path=path, version=version, words=words, origin=origin)


@functools.lru_cache(maxsize=16)
def _first_line(path: str, _size: int, _changed: int) -> str:
    """What a program says of itself; another file under its name is asked anew.

    So is one that did not answer: the machine may only have been busy. Raises NoAnswer.
    """
    return next(iter(answered(path, "-hide_banner", "-version")), "")


def answered(program: str, *arguments: str) -> list[str]:
    """As `said`; raises NoAnswer, so that a failure is not remembered."""
    lines = said(program, *arguments)
    if lines is None:
        raise NoAnswer
    return lines


def said(program: str, *arguments: str, seconds: float | None = None) -> list[str] | None:
    """The lines that a short call gives; None when it fails, or does not end in time."""
    try:
        done = subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS if seconds is None else seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else done.stdout.decode("utf-8", "replace").splitlines()
