"""Where proxies are kept, and what is remembered of each: of what file, by which recipe.

One folder for each clip, by the path of its original, with a record in it; proxies that went to
another place are remembered there too. A record is written before its proxy gets its final name,
and it is believed only for a file of the size and time that it names.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from blake3 import blake3

from app.media.facts.stamp import Stamp
from app.media.proxy.record import RECORD, ClipRecord, is_there, record_in, write_record
from app.media.proxy.spec import KeptProxy
from app.places.online import is_online


class ProxyShelf:
    """The cache of a profile, and the memory of all its proxies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sources: dict[Path, tuple[tuple[int, int], Path]] = {}
        """Of which clip each folder is, by the state of its record."""

    def place(self, source: Path) -> Path:
        """The folder of one clip."""
        key = blake3(os.fsencode(source)).hexdigest(12)
        return self.folder / key[:2] / key

    def record(self, source: Path) -> ClipRecord | None:
        """What is remembered of the clip *source*; None where there is nothing, or damaged."""
        with contextlib.suppress(OSError):
            return record_in(self.place(source))
        return None

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
        return tuple(self._offline_below(folder))

    def _offline_below(self, folder: Path) -> Iterator[ClipRecord]:
        for place, source in self._by_source():
            if source.is_relative_to(folder) and not is_online(source):
                with contextlib.suppress(OSError):
                    record = record_in(place)
                    if record is not None and any(map(is_there, record.proxies)):
                        yield record

    def _by_source(self) -> Iterator[tuple[Path, Path]]:
        """The folder of each clip in the cache, and the clip; what was read once is known."""
        for path in sorted(self.folder.glob(f"??/*/{RECORD}")):
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                stat = path.stat()
                state = stat.st_mtime_ns, stat.st_ino
                known = self._sources.get(path.parent)
                if known is None or known[0] != state:
                    source = Path(json.loads(path.read_bytes())["source"])
                    known = self._sources[path.parent] = state, source
                yield path.parent, known[1]

    def remember(
        self,
        source: Path,
        stamp: Stamp,
        proxies: Iterable[KeptProxy],
        *,
        whole: Stamp | None = None,
        files: tuple[Path, ...] = (),
    ) -> None:
        """Keep what is known of finished proxies, beside what was known. OSError.

        *whole* is the stamp of all the clip's *files*, where it has several.
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
            source=source,
            stamp=stamp,
            all_files=all_files,
            proxies=tuple(kept.values()),
            files=files,
        )
        write_record(place, made)

    def used(self, source: Path) -> None:
        """Somebody looks at this clip's proxies now."""
        with contextlib.suppress(OSError):
            os.utime(self.place(source) / RECORD)
