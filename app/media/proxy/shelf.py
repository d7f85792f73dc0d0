"""Where proxies are kept, and what is remembered of each: of what file, by which recipe.

One folder for each clip, by the path of its original, with a record in it; proxies that went to
another place are remembered there too. A record is written before its proxy gets its final name,
and it is believed only for a file of the size and time that it names.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path

from blake3 import blake3

from app.jobs.spec import CONVERTER, to_json
from app.media.facts.stamp import Stamp
from app.media.products.partial import PART, sync_folder
from app.media.proxy.spec import KeptProxy
from app.places.online import is_online

_RECORD = "clip.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRecord:
    """What is remembered of one clip."""

    source: Path
    stamp: Stamp
    """Of the file that speaks for it."""
    all_files: Stamp | None = None
    """Of all its files together, where it has more than that one."""
    proxies: tuple[KeptProxy, ...] = ()

    @property
    def whole(self) -> Stamp:
        """Of all its files."""
        return self.all_files or self.stamp

    def named(self, name: str, path: Path) -> KeptProxy | None:
        """Its proxy *name* at *path*, if there is one."""
        return next((p for p in self.proxies if p.name == name and p.path == path), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidied:
    """What had to go, or would have to, so that the cache keeps to its limit."""

    limit: int
    before: int
    """Bytes of all proxies in the cache."""
    gone: tuple[KeptProxy, ...]
    """Least recently used first."""
    clips: tuple[Path, ...]
    """For each of them the clip that it was made of."""
    pinned: int
    """Bytes that stay whatever the limit is, because their originals are offline."""

    @property
    def after(self) -> int:
        """Bytes that are left."""
        return self.before - sum(proxy.bytes for proxy in self.gone)


class ProxyShelf:
    """The cache of a profile, and the memory of all its proxies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, source: Path) -> Path:
        """The folder of one clip."""
        key = blake3(os.fsencode(source)).hexdigest(12)
        return self.folder / key[:2] / key

    def record(self, source: Path) -> ClipRecord | None:
        """What is remembered of the clip *source*; None where there is nothing, or damaged."""
        return _read(self.place(source) / _RECORD)

    def versions(self, source: Path) -> tuple[KeptProxy, ...]:
        """Its proxies that are there, also while the clip itself is offline.

        Those of an earlier state of any of its files are left out.
        """
        from app.media.products.sources import source_of  # what looks at clips takes a while

        record = self.record(source)
        if record is None:
            return ()
        with contextlib.suppress(OSError):
            if Stamp.of_all(source_of(source).files) != record.whole:
                return ()
        return tuple(proxy for proxy in record.proxies if is_there(proxy))

    def offline_below(self, folder: Path) -> tuple[ClipRecord, ...]:
        """Clips below *folder* that are not there now, and have proxies that are."""
        records = (_read(path) for path in sorted(self.folder.glob(f"??/*/{_RECORD}")))
        return tuple(
            record
            for record in records
            if record is not None
            and record.source.is_relative_to(folder)
            and not is_online(record.source)
            and any(map(is_there, record.proxies))
        )

    def remember(
        self,
        source: Path,
        stamp: Stamp,
        proxies: Iterable[KeptProxy],
        *,
        whole: Stamp | None = None,
    ) -> None:
        """Keep what is known of finished proxies, beside what was known. OSError.

        *whole* is the stamp of all the clip's files.
        """
        record = self.record(source)
        new = {proxy.path: proxy for proxy in proxies}
        all_files = None if whole == stamp else whole
        same = record is not None and (record.stamp, record.all_files) == (stamp, all_files)
        old = record.proxies if record is not None and same else ()
        kept = {proxy.path: proxy for proxy in old} | new
        place = self.place(source)
        place.mkdir(parents=True, exist_ok=True)
        made = ClipRecord(
            source=source, stamp=stamp, all_files=all_files, proxies=tuple(kept.values())
        )
        _write(place / _RECORD, made)

    def used(self, source: Path) -> None:
        """Somebody looks at this clip's proxies now."""
        with contextlib.suppress(OSError):
            os.utime(self.place(source) / _RECORD)

    def tidy(
        self,
        limit: int,
        *,
        busy: Callable[[], Collection[str]] = frozenset,
        dry_run: bool = False,
    ) -> Tidied:
        """Remove the least recently used proxies until the cache is no larger than *limit* bytes.

        Those of clips that are offline stay: nobody could make them again. So do those of a clip
        that gets others now, by one of the jobs that are *busy*.
        """
        clips = sorted(self._clips(), key=attrgetter("used"))
        before = sum(clip.bytes for clip in clips)
        gone: list[KeptProxy] = []
        sources: list[Path] = []
        left, pinned = before, 0
        for clip in clips:
            if not is_online(clip.record.source):
                pinned += clip.bytes
            elif left > limit and not _is_being_made(clip.place, busy()):
                gone += clip.mine
                sources += [clip.record.source] * len(clip.mine)
                left -= clip.bytes
                if not dry_run:
                    self._drop(clip)
        return Tidied(
            limit=limit, before=before, gone=tuple(gone), clips=tuple(sources), pinned=pinned
        )

    def _clips(self) -> Iterator[_Shelved]:
        for path in sorted(self.folder.glob(f"??/*/{_RECORD}")):
            record = _read(path)
            if record is None:
                continue
            mine = [p for p in record.proxies if p.path.parent == path.parent and is_there(p)]
            with contextlib.suppress(OSError):
                used = path.stat().st_mtime_ns
                yield _Shelved(record=record, place=path.parent, mine=tuple(mine), used=used)

    def _drop(self, clip: _Shelved) -> None:
        """Remove a clip's proxies from the cache; what lies elsewhere is still remembered."""
        for path in clip.place.iterdir():
            if path.name != _RECORD:
                path.unlink(missing_ok=True)
        kept = tuple(p for p in clip.record.proxies if p not in clip.mine)
        if kept:
            _write(clip.place / _RECORD, replace(clip.record, proxies=kept))
            os.utime(clip.place / _RECORD, ns=(clip.used, clip.used))
            return
        (clip.place / _RECORD).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            clip.place.rmdir()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shelved:
    """A clip in the cache."""

    record: ClipRecord
    place: Path
    mine: tuple[KeptProxy, ...]
    """Those that lie in the cache."""
    used: int

    @property
    def bytes(self) -> int:
        return sum(proxy.bytes for proxy in self.mine)


def _is_being_made(place: Path, jobs: Collection[str]) -> bool:
    """Whether one of *jobs* has a partial file in the folder *place*."""
    with contextlib.suppress(OSError):
        parts = [path.name for path in place.iterdir() if path.name.endswith(PART)]
        return any(name.endswith(f".{job}{PART}") for name in parts for job in jobs)
    return True


def is_there(proxy: KeptProxy) -> bool:
    """Whether the very file that was made still lies there."""
    try:
        stat = proxy.path.stat()
    except OSError:
        return False
    return (stat.st_size, stat.st_mtime_ns) == (proxy.bytes, proxy.changed)


def _read(path: Path) -> ClipRecord | None:
    try:
        return CONVERTER.structure(json.loads(path.read_bytes()), ClipRecord)
    except Exception:  # cattrs raises groups of anything: a damaged record is none
        return None


def _write(path: Path, record: ClipRecord) -> None:
    part = path.with_name(path.name + PART)
    with part.open("w", encoding="ascii") as file:
        file.write(to_json(record))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)
