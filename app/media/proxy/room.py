"""How much room the cache of proxies takes on its disk, and what goes when that is too much.

Files count, not what is remembered of them: what a killed job left half written, what a clip had
before it became another one, and what belongs to no clip any more.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.errors import WriteFailed
from app.media.products.partial import PART
from app.media.proxy.record import RECORD, ClipRecord, is_there, record_in, write_record
from app.media.proxy.spec import KeptProxy
from app.places.online import is_online

AtWork = Callable[[str], bool | None]
"""Whether the job of this id may still write; None where nobody here knows that job."""
_A_DAY = 86_400
"""Seconds for which a partial file may be that of a job which another profile runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """A file in the cache that is no proxy of any clip."""

    path: Path
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidied:
    """What had to go, or would have to, so that the cache keeps to its limit."""

    limit: int
    before: int
    """Bytes of all files in the cache, but for what is remembered of the clips."""
    gone: tuple[KeptProxy, ...]
    """Least recently used first."""
    clips: tuple[Path, ...]
    """For each of them the clip that it was made of."""
    pinned: int
    """Bytes that stay whatever the limit is, because their originals are offline."""
    remains: tuple[Remains, ...] = ()
    """What went besides, of no use to anybody: half written, or of no clip."""

    @property
    def after(self) -> int:
        """Bytes that are left."""
        proxies = sum(proxy.bytes for proxy in self.gone)
        return self.before - proxies - sum(one.bytes for one in self.remains)


def tidy(cache: Path, limit: int, at_work: AtWork, *, dry_run: bool = False) -> Tidied:
    """Remove what is of no use, then the least recently used, until *limit* bytes are left.

    Proxies of clips that are offline stay: nobody could make them again. So does everything of a
    clip that gets others now. Raises WriteFailed.
    """
    places = sorted(_places(cache, at_work), key=lambda one: (one.record is not None, one.used))
    before = left = sum(place.bytes for place in places)
    gone: list[KeptProxy] = []
    clips: list[Path] = []
    remains: list[Remains] = []
    pinned = 0
    for place in places:
        left -= sum(one.bytes for one in place.scraps)
        remains += place.scraps
    for place in places:
        record = place.record
        drop = left > limit and not place.busy
        if record is not None and not is_online(record.source):
            pinned += sum(proxy.bytes for proxy in place.mine)
            drop = False
        elif drop and record is not None:
            gone += place.mine
            clips += [record.source] * len(place.mine)
            left -= sum(proxy.bytes for proxy in place.mine)
        elif drop:
            remains += place.unknown
            left -= sum(one.bytes for one in place.unknown)
        if not dry_run:
            place.clear(all_of_it=drop)
    return Tidied(
        limit=limit,
        before=before,
        gone=tuple(gone),
        clips=tuple(clips),
        pinned=pinned,
        remains=tuple(remains),
    )


@dataclass(slots=True, kw_only=True)
class _Place:
    """The folder of a clip in the cache."""

    folder: Path
    record: ClipRecord | None = None
    """None where it is damaged, or gone."""
    used: int = 0
    """When somebody last wanted it, in nanoseconds."""
    busy: bool = False
    """A job writes into it, or may do so: nothing here is touched."""
    mine: list[KeptProxy] = field(default_factory=list)
    scraps: list[Remains] = field(default_factory=list)
    """What nobody can have any use for."""
    unknown: list[Remains] = field(default_factory=list)
    """What may be whole; but no record tells of what clip."""
    bytes: int = 0
    stats: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def clear(self, *, all_of_it: bool) -> None:
        """Remove the scraps, or *all_of_it*; what lies elsewhere is still remembered."""
        scraps = [one.path for one in self.scraps]
        more = [self.folder / proxy.path.name for proxy in self.mine]
        more += [one.path for one in self.unknown]
        try:
            for path in scraps + more * all_of_it:
                if _stamp(path) == self.stats[path]:  # else a job has put a new one there
                    path.unlink(missing_ok=True)
            if all_of_it:
                self._forget()
        except OSError as error:
            raise WriteFailed(
                f"{error.filename or self.folder} could not be removed from the cache of proxies:"
                f" {error.strerror}.",
                path=self.folder,
            ) from error
        if scraps or all_of_it:
            with contextlib.suppress(OSError):
                self.folder.rmdir()

    def _forget(self) -> None:
        mine = {proxy.path for proxy in self.mine}
        proxies = self.record.proxies if self.record is not None else ()
        kept = tuple(proxy for proxy in proxies if proxy.path not in mine)
        if kept and self.record is not None:
            write_record(self.folder, replace(self.record, proxies=kept))
            os.utime(self.folder / RECORD, ns=(self.used, self.used))
        else:
            (self.folder / RECORD).unlink(missing_ok=True)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.lstat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns


def _places(cache: Path, at_work: AtWork) -> Iterator[_Place]:
    for folder in sorted(cache.glob("??/*")):
        if len(folder.name) == 24 and folder.name.startswith(folder.parent.name):
            with contextlib.suppress(OSError):  # of a disk that fails nothing is removed
                yield _place(folder, at_work)


def _place(folder: Path, at_work: AtWork) -> _Place:
    """What lies in the folder of a clip. OSError."""
    place = _Place(folder=folder)
    with contextlib.suppress(FileNotFoundError):
        place.used = (folder / RECORD).stat().st_mtime_ns
        place.record = record_in(folder)
    proxies = place.record.proxies if place.record is not None else ()
    with os.scandir(folder) as entries:
        found = [entry for entry in entries if entry.is_file(follow_symlinks=False)]
    for entry in found:
        if entry.name == RECORD:
            continue
        path, stat = Path(entry.path), entry.stat(follow_symlinks=False)
        place.stats[path] = stat.st_size, stat.st_mtime_ns
        place.bytes += stat.st_size
        one = Remains(path=path, bytes=stat.st_size)
        if entry.name.endswith(PART):
            writing = _is_written(entry.name, stat.st_mtime, at_work)
            place.busy |= writing
            place.scraps += [] if writing else [one]
        elif (proxy := _proxy_at(path, proxies)) is not None:
            place.mine.append(proxy)
        else:
            (place.unknown if place.record is None else place.scraps).append(one)
    if place.busy:
        place.scraps = []
    return place


def _proxy_at(path: Path, proxies: Iterable[KeptProxy]) -> KeptProxy | None:
    """Which of *proxies* it is; also where the whole cache was moved meanwhile."""
    alike = [one for one in proxies if one.path.name == path.name and is_there(one, path)]
    return next((one for one in alike if one.path == path), alike[0] if alike else None)


def _is_written(name: str, changed: float, at_work: AtWork) -> bool:
    """Whether a job may still write to the partial file *name*."""
    known = at_work(name.removesuffix(PART).rpartition(".")[2])
    return time.time() - changed < _A_DAY if known is None else known
