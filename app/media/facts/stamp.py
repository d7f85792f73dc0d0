"""By what a clip is known again: another size or time of any of its files is another clip."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A source as it was: another size or time is another clip."""

    size: int
    changed: int
    """Nanoseconds."""
    each: str = ""
    """Of several files: stands for the size and time of each, in order."""

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """Of a file that is there; OSError."""
        stat = path.stat()
        return cls(size=stat.st_size, changed=stat.st_mtime_ns)

    @classmethod
    def of_all(cls, files: Iterable[Path]) -> Stamp:
        """Of all files of a clip together, in their order. OSError."""
        return cls.together(map(cls.of, files))

    @classmethod
    def together(cls, stamps: Iterable[Stamp]) -> Stamp:
        """One of those of all files of a clip: their size, and when the last one changed."""
        stamps = list(stamps)
        if len(stamps) == 1:
            return stamps[0]
        each = "\0".join(one.text for one in stamps)
        return cls(
            size=sum(one.size for one in stamps),
            changed=max(one.changed for one in stamps),
            each=blake3(each.encode()).hexdigest(12),
        )

    @property
    def text(self) -> str:
        """As one word, for what is remembered of a clip."""
        return f"{self.size}-{self.changed}" + (f"-{self.each}" if self.each else "")
