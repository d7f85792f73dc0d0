"""What a verify job found: every difference by name, and the sentence that sums it up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.integrity.hashing import HashKind
from app.integrity.verdict import ReadWay
from app.units import count_text

_NAMED = 3


class FileState(StrEnum):
    """How one file stands against its history."""

    VERIFIED = "verified"
    CHANGED = "changed"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    RENAMED = "renamed"
    NEW = "new"
    UNPROVEN = "unproven"
    """There and of the right size, but nothing that is recorded could prove its bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOutcome:
    """One difference."""

    path: str
    """Relative to the root of its part."""
    state: FileState
    trouble: str = ""
    """What differs, in words."""
    previous: str = ""
    """Its earlier name, when it was renamed."""
    repaired: bool = False
    """It was replaced from another copy and is proven now."""
    aside: str = ""
    """Where its damaged bytes lie now, relative to the root."""

    @property
    def words(self) -> str:
        """`CLIPS/A.mov is changed`, for sentences."""
        if self.state is FileState.RENAMED:
            return f"{self.previous} is now called {self.path}"
        return f"{self.path} is {self.state}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFile:
    """What a file gave that was read; the evidence, not only the differences."""

    state: FileState
    digests: dict[HashKind, str]
    way: ReadWay
    mtime_ns: int
    size: int
    at: datetime
    trouble: str = ""
    points: str | None = None
    """Of a link: where it points."""
    renamed_to: str = ""
    """Of a file that is not under this name any more: where it lies now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOutcome:
    """What was found in one folder with its history."""

    root: str
    below: str = ""
    """The folder of it that was checked; `""`: all."""
    against: str
    """The last generation, or the legacy manifests, that it was held against."""
    files: int = 0
    """Files that were read."""
    size: int = 0
    """Bytes that were read."""
    asked: int = 0
    """Files that should be there or are: those read, and those missing."""
    verified: int = 0
    cached: int = 0
    """Of those verified, how many only through the cache."""
    differences: tuple[FileOutcome, ...] = ()
    generation: str = ""
    """The manifest that was written, "" where none could be."""
    notes: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    """Links and names that the history cannot hold, and of which nothing else is known."""
    unwritten: str = ""
    """Why no generation could be written although the medium can be written to."""

    @property
    def clean(self) -> bool:
        """Whether nothing differs (any more)."""
        return all(difference.repaired for difference in self.differences)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOutcome:
    """What a whole verify job found."""

    title: str
    parts: tuple[PartOutcome, ...]
    outside: int = 0
    """Files that lie below no history."""
    remarks: tuple[str, ...] = ()
    """What others know of these files."""

    @property
    def clean(self) -> bool:
        """Whether every recorded file is there, verified, under its name, and nothing else."""
        return bool(self.parts) and all(part.clean for part in self.parts)

    @property
    def done(self) -> bool:
        """Whether it is clean and the histories that could be written say so."""
        return self.clean and not any(part.unwritten for part in self.parts)

    @property
    def verified(self) -> int:
        """Files that are proven."""
        return sum(part.verified for part in self.parts)

    @property
    def cached(self) -> int:
        """Files that could only be read through the cache."""
        return sum(part.cached for part in self.parts)

    def differences(self) -> Iterator[FileOutcome]:
        """All differences, also repaired ones."""
        for part in self.parts:
            yield from part.differences

    @property
    def notes(self) -> tuple[str, ...]:
        """What else is to be said, each once."""
        said = [note for part in self.parts for note in part.notes]
        said += [_unchecked(part.unchecked) for part in self.parts if part.unchecked]
        said += self.remarks
        if self.outside:
            said.append(
                f"{count_text(self.outside, 'file')} beside them lie below no history and were"
                " not read."
            )
        return tuple(dict.fromkeys(said))

    @property
    def sentence(self) -> str:
        """The result in one sentence or two, with the names of what is most serious."""
        return self._sentence(named=True)

    @property
    def brief(self) -> str:
        """The same in counts only, where the names stand below."""
        return self._sentence(named=False)

    def _sentence(self, *, named: bool) -> str:
        open_ones = [d for d in self.differences() if not d.repaired]
        repaired = sum(1 for d in self.differences() if d.repaired)
        mended = f" {count_text(repaired, 'file')} repaired." if repaired else ""
        cached = (
            f" {count_text(self.cached, 'file')} verified through the cache only:"
            " the medium itself could not be shown."
            if self.cached
            else ""
        )
        if unchecked := sum(len(part.unchecked) for part in self.parts):
            cached += f" {count_text(unchecked, 'entry', 'entries')} could not be checked."
        if open_ones:
            return f"{_difference_words(open_ones, named=named)}{mended}{cached}"
        trouble = next((part.unwritten for part in self.parts if part.unwritten), "")
        head = f"{count_text(self.verified, 'file')} verified, nothing differs."
        return f"{head}{mended}{cached} {trouble}".strip()


def _unchecked(paths: tuple[str, ...]) -> str:
    """Which entries nobody could check, and why."""
    more = f" and {len(paths) - _NAMED:,} more" if len(paths) > _NAMED else ""
    return (
        f"Not checked, for an ASC MHL history cannot hold links and such names, and no job of this"
        f" profile had put them there: {', '.join(paths[:_NAMED])}{more}."
    )


def _difference_words(found: list[FileOutcome], *, named: bool) -> str:
    """`3 files differ: A is changed, B is missing, C is new.`; or only how many of each."""
    serious = sorted(found, key=lambda d: list(FileState).index(d.state))
    names = ", ".join(d.words for d in serious[:_NAMED])
    verb = "differs" if len(found) == 1 else "differ"
    head = f"{count_text(len(found), 'file')} {verb}"
    counts = Counter(str(d.state) for d in serious)
    summed = ", ".join(f"{n:,} {state}" for state, n in counts.items())
    if not named:
        return f"{head}: {summed}."
    rest = len(found) - _NAMED
    if rest <= 0:
        return f"{head}: {names}."
    return f"{head} ({summed}): {names} and {rest:,} more."
