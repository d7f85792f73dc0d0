"""The verdict: evidence in, sentence out. One pure function, the most careful of the product.

SAFE TO FORMAT only if every file of the card was verified by reading the medium back, after its
last write, on at least the wanted number of different devices, and the journal that says so is
on disk. Whatever was not copied for a reason other than the person's own ignore list forces KEEP.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ReadWay(StrEnum):
    """How a copy's bytes were read again."""

    MEDIUM = "medium"
    """Past the cache: direct I/O, or after proof that no page of the file was cached."""
    CACHE = "cache"
    """Equal, but the cache could not be shown to be out of the way."""
    NONE = "none"
    """Not read again."""


class Problem(StrEnum):
    """Why a file of the card is not simply copied."""

    IGNORED = "ignored"
    """On the visible ignore list: left out by the person's word."""
    FILTERED = "filtered"
    """A destination's filter left it out; it may still be complete elsewhere."""
    UNREADABLE = "unreadable"
    CHANGED = "changed"
    UNSTEADY = "unsteady"
    SPECIAL = "special"
    UNREPRESENTABLE = "unrepresentable"
    SKIPPED = "skipped"
    MISSING = "missing"
    """Listed by the plan and gone when its turn came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyEvidence:
    """What is known of one copy of one file."""

    device: str
    """Id of the device that would fail as one."""
    counts: bool
    """False for memory file systems, whatever was read from them."""
    equal: bool
    """Whether the bytes read back had the digest of the bytes read from the card."""
    way: ReadWay
    written: datetime
    """When its last byte was written (or, for a copy that was there before, found)."""
    read: datetime | None
    """When it was read back."""
    journalled: bool
    """Whether the journal's row for it is on disk."""
    flushed: bool = True
    identified: bool = True
    """Whether the device could be told from others; if not, it may be any of them."""

    @property
    def verified(self) -> bool:
        """Whether this copy counts."""
        return (
            self.equal
            and self.counts
            and self.way is ReadWay.MEDIUM
            and self.flushed
            and self.journalled
            and self.read is not None
            and self.read >= self.written
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEvidence:
    """What is known of one file (or link) of the card, or of several that are alike in it."""

    path: str
    """Of the first one."""
    problem: Problem | None = None
    copies: tuple[CopyEvidence, ...] = ()
    files: int = 1

    def __post_init__(self) -> None:
        if self.files < 1:
            raise ValueError("There is no evidence about no file.")


class Answer(StrEnum):
    """What a person may do."""

    SAFE = "SAFE TO FORMAT"
    KEEP = "KEEP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The sentence people act on, and why."""

    answer: Answer
    verified_copies: int
    """On how many certainly different devices the least copied file is verified."""
    wanted_copies: int
    files: int
    """Files that had to be safe."""
    ignored: int
    """Files left out by the person's ignore list."""
    reasons: tuple[str, ...] = ()
    """Why it is not SAFE, most serious first; at most a handful, with counts."""

    @property
    def safe(self) -> bool:
        """Whether the card may be formatted."""
        return self.answer is Answer.SAFE

    @property
    def sentence(self) -> str:
        """E.g. `KEEP, 1 of 2 copies verified`."""
        if self.safe:
            return str(self.answer)
        return f"{self.answer}, {self.verified_copies} of {self.wanted_copies} copies verified"


_WORDS = {
    Problem.UNREADABLE: "could not be read",
    Problem.CHANGED: "changed while being copied",
    Problem.UNSTEADY: "gave different bytes at each read",
    Problem.SPECIAL: "is no regular file and was not copied",
    Problem.UNREPRESENTABLE: "has a name that no destination can hold",
    Problem.SKIPPED: "was skipped",
    Problem.MISSING: "was gone when its turn came",
}
_CHANGED = "The card could not be listed completely, or it changed meanwhile."
_STOPPED = "The job did not come to its end, so the card was not listed again."


@dataclass(slots=True)
class _Reason:
    """Why a card is to be kept, and how many files say so."""

    words: str
    first: str
    files: int = 0

    @property
    def sentence(self) -> str:
        if self.files == 1:
            return f"{self.first} {self.words}."
        plural = self.words.replace("is ", "are ", 1).replace("has a name", "have names", 1)
        return f"{self.files:,} files {plural.replace('was ', 'were ', 1)}, e.g. {self.first}."


def card_verdict(
    files: Iterable[FileEvidence],
    *,
    wanted: int,
    listed: bool,
    journal_on_disk: bool,
    ended: bool = True,
    change: str = "",
) -> Verdict:
    """May this card be formatted?

    *listed*: the card was listed completely, and listed again at the end without a difference.
    *ended*: it came to that second listing; if not, nothing is said against the card.
    *change*: what was different then, in a sentence.
    """
    reasons: dict[str, _Reason] = {}
    total = ignored = 0
    fewest: int | None = None
    for file in files:
        if file.problem is Problem.IGNORED:
            ignored += file.files
            continue
        total += file.files
        devices = _devices(file)
        words = ""
        if file.problem is not None and file.problem is not Problem.FILTERED:
            words = _WORDS[file.problem]
            devices = 0
        elif devices < wanted:
            words = _shortfall(file, devices, wanted)
        if words:
            reason = reasons.setdefault(words, _Reason(words, file.path))
            reason.files += file.files
        fewest = devices if fewest is None else min(fewest, devices)
    verified = fewest or 0
    sentences = [reason.sentence for reason in reasons.values()]
    if not listed:
        sentences.insert(0, (change or _CHANGED) if ended else _STOPPED)
    if not journal_on_disk:
        sentences.insert(
            0, "The journal is not on a disk, so nothing would be left to show for it."
        )
    if total == 0:
        sentences.append("There was nothing on the card to copy.")
    safe = not sentences and wanted >= 1 and verified >= wanted
    return Verdict(
        answer=Answer.SAFE if safe else Answer.KEEP,
        verified_copies=verified,
        wanted_copies=wanted,
        files=total,
        ignored=ignored,
        reasons=tuple(sentences),
    )


def _devices(file: FileEvidence) -> int:
    """On how many different devices a file is verified for certain.

    All that could not be identified may be one, and the same as one that was.
    """
    good = [copy for copy in file.copies if copy.verified]
    return len({copy.device for copy in good if copy.identified}) or min(1, len(good))


def _shortfall(file: FileEvidence, devices: int, wanted: int) -> str:
    words = f"is verified on {devices} of {wanted} devices"
    if any(c.equal and c.way is ReadWay.CACHE for c in file.copies):
        return f"{words} (a read through the cache does not count)"
    good = [copy for copy in file.copies if copy.verified]
    if len({copy.device for copy in good}) > devices:
        return f"{words} (what could not be identified may be the same device)"
    return words
