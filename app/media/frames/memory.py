"""What is remembered of clips, so that nobody waits for it twice: how much, and what goes first.

Frame indexes, facts with small pictures, trials, and frames that were dragged out of the window lie
in small files of the profile. All of them together have one limit.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDERS = ("indexes", "looks", "stills", "trials")
_FRESH = 3600.0
"""Seconds for which a file stays whatever the limit is: somebody may write or read it now."""
_A_DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What had to go, or would have to, so that the memory keeps to its limit."""

    limit: int
    before: int
    """Bytes of all its files."""
    files: int
    """How many went."""
    bytes: int

    @property
    def after(self) -> int:
        """Bytes that are left."""
        return self.before - self.bytes


@dataclass(frozen=True, slots=True, order=True)
class _Kept:
    used: float
    """When somebody last wanted it."""
    path: Path
    bytes: int


def wanted(path: Path) -> None:
    """Somebody needs what is kept at *path* now, so that it goes later than others."""
    with contextlib.suppress(OSError):
        os.utime(path)


def forget(media: Path, limit: int, *, dry_run: bool = False) -> Forgotten:
    """Remove from the memory in *media* what is half written, and the least recently used.

    That goes on until *limit* bytes are left; what was used in the last hour stays.
    """
    now = time.time()
    kept = sorted(_kept(media))
    before = left = sum(one.bytes for one in kept)
    count = 0
    for one in kept:
        old = now - one.used
        if (left > limit and old > _FRESH) or (old > _A_DAY and _is_partial(one.path.name)):
            with contextlib.suppress(OSError):
                if not dry_run:
                    one.path.unlink()
                count += 1
                left -= one.bytes
    return Forgotten(limit=limit, before=before, files=count, bytes=before - left)


def forget_daily(media: Path, limit: int) -> None:
    """The same, once a day at the most."""
    done = media / "tidied"
    with contextlib.suppress(OSError):
        if media.is_dir() and not (done.exists() and time.time() - done.stat().st_mtime < _A_DAY):
            done.touch()
            forget(media, limit)


def _is_partial(name: str) -> bool:
    return name.endswith(".part") or name.startswith("tmp")


def _kept(media: Path) -> Iterator[_Kept]:
    for folder in FOLDERS:
        with contextlib.suppress(OSError), os.scandir(media / folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    if entry.is_file(follow_symlinks=False):
                        stat = entry.stat(follow_symlinks=False)
                        yield _Kept(stat.st_mtime, Path(entry.path), stat.st_size)
