"""By what a file is known again: another size or time is another clip."""

from __future__ import annotations

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
