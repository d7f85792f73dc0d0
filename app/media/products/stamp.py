"""By what a clip is known again: another size or time is another clip."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A source as it was: another size or time is another clip."""

    size: int
    changed: int
    """Nanoseconds."""

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """Of a file that is there; OSError."""
        stat = path.stat()
        return cls(size=stat.st_size, changed=stat.st_mtime_ns)

    @classmethod
    def of_all(cls, files: Iterable[Path]) -> Stamp:
        """Of all files of a clip together: their size, and when the last one changed. OSError."""
        stamps = [cls.of(path) for path in files]
        return cls(size=sum(one.size for one in stamps), changed=max(one.changed for one in stamps))
