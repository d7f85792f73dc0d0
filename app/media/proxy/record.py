"""What is remembered of the proxies of one clip: of what file, by which recipe.

A record is written before its proxy gets its final name, and it is believed only for a file of the
size and time that it names.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from app.jobs.spec import CONVERTER, to_json
from app.media.facts.stamp import Stamp
from app.media.products.partial import part_of, sync_folder
from app.media.proxy.spec import KeptProxy

RECORD = "clip.json"
"""Its name in the folder of the clip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRecord:
    """What is remembered of one clip."""

    source: Path
    stamp: Stamp
    """Of the file that speaks for it."""
    all_files: Stamp | None = None
    """Of all its files together, where it has more than that one."""
    proxies: tuple[KeptProxy, ...] = ()
    files: tuple[Path, ...] = ()
    """All its files in order, where they are several, but for a row of pictures."""

    @property
    def whole(self) -> Stamp:
        """Of all its files."""
        return self.all_files or self.stamp

    def named(self, name: str, path: Path) -> KeptProxy | None:
        """Its proxy *name* at *path*, if there is one."""
        return next((p for p in self.proxies if p.name == name and p.path == path), None)


def record_in(place: Path) -> ClipRecord | None:
    """The record in the folder of a clip; None for one that is damaged. OSError."""
    data = (place / RECORD).read_bytes()
    try:
        return CONVERTER.structure(json.loads(data), ClipRecord)
    except Exception:  # cattrs raises groups of anything
        return None


def write_record(place: Path, record: ClipRecord) -> None:
    """Have it survive a power cut. OSError."""
    path = place / RECORD
    part = part_of(path)
    with part.open("w", encoding="ascii") as file:
        file.write(to_json(record))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(place)


def is_there(proxy: KeptProxy, path: Path | None = None) -> bool:
    """Whether the very file that was made still lies there, or at *path*."""
    try:
        stat = (path or proxy.path).stat()
    except OSError:
        return False
    return (stat.st_size, stat.st_mtime_ns) == (proxy.bytes, proxy.changed)
