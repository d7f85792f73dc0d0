"""Real trees and their records."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from app.integrity.hashing import HashKind, MultiHash
from app.integrity.mhl import (
    Creator,
    Folder,
    FoundFile,
    History,
    Process,
    compare,
    file_moment,
    next_records,
    write_generation,
)

STARTED = datetime(2026, 11, 20, 12, 4, 31, tzinfo=UTC)
CREATOR = Creator(
    tool="Reelkeep",
    version="0.1.0",
    hostname="cart-1",
    created=STARTED,
    comment="card /Volumes/A003 & <two> drives\nsecond line",
)


def digests_of(path: Path, kinds: Iterable[HashKind]) -> dict[HashKind, str]:
    """Digests of a real file."""
    hasher = MultiHash(kinds)
    hasher.update(path.read_bytes())
    return hasher.digests()


def found_in(
    root: Path, kinds: Iterable[HashKind], leave: Iterable[str] = ()
) -> tuple[dict[str, FoundFile], list[Folder]]:
    """All files and folders below *root* but those of histories and those to *leave* out."""
    files, folders = {}, []
    for folder, names, leaves in os.walk(root):
        names[:] = [n for n in names if n != "ascmhl"]
        for name in [*names, *leaves]:
            path = Path(folder) / name
            said = path.relative_to(root).as_posix()
            if said in leave or name == ".DS_Store":
                continue
            mtime = file_moment(path.lstat().st_mtime_ns)
            if name in names:
                folders.append(Folder(path=said, mtime=mtime))
            else:
                digests = digests_of(path, kinds)
                size = path.stat().st_size
                files[said] = FoundFile(size=size, digests=digests, mtime=mtime, at=STARTED)
    return files, folders


def seal(
    root: Path,
    kinds: Iterable[HashKind] = (HashKind.XXH64,),
    *,
    left_out: Iterable[str] = (),
    ignore: Iterable[str] = (),
    started: datetime = STARTED,
) -> Path:
    """Read the tree and append a generation, as a verify job does."""
    history = History.beneath(root)
    left_out = tuple(left_out)
    found, folders = found_in(root, tuple(kinds), left_out)
    found = {path: file for path, file in found.items() if not history.ignores(path)}
    comparison = compare(history, found)
    return write_generation(
        root,
        records=next_records(history, comparison, found),
        folders=folders,
        process=Process.IN_PLACE,
        creator=CREATOR,
        started=started,
        previous=history,
        ignore=ignore,
        left_out=left_out,
    )


def make_files(root: Path, files: dict[str, bytes]) -> None:
    """Write files below *root*."""
    for path, data in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
