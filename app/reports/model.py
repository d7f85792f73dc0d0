"""What a report says, before it has a form. HTML, PDF and CSV are made from nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple


class CopyRow(NamedTuple):
    """One copy of one file, as the report tells it."""

    destination: int
    """Index into the report's destinations."""
    path: str
    """Relative to the destination's folder."""
    state: str
    """verified | verified through the cache | written, not verified | already there | failed
    | not asked for"""
    read_back: datetime | None = None
    trouble: str = ""
    earlier: str = ""
    """The earlier job that had read the copy back, where this one took its word."""


class KnownFiles(NamedTuple):
    """Files that a job took over from an earlier one without reading them."""

    job: str
    files: int
    read: datetime | None
    """When the earlier job had read the last of them."""


class CardRead(NamedTuple):
    """What was read from the card in one way."""

    read: str
    """`read twice`, `read once by job AF1ADD, not in this job`."""
    files: int
    size: int
    first: datetime | None
    last: datetime | None
    earlier: str = ""
    """The earlier job that read it, "" for the report's own."""


class FileRow(NamedTuple):
    """One file of the card."""

    path: str
    clip: str
    """Name of its clip, "" where it belongs to none."""
    size: int
    modified: datetime
    hashes: Mapping[str, str]
    """Written digests by kind, e.g. {"xxh64": "…", "blake3": "…"}."""
    state: str
    """verified | ignored | failed | written | … as one word or two."""
    copies: tuple[CopyRow, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRow:
    """One clip of the card."""

    name: str
    """No other clip of the report has it."""
    files: int
    size: int
    recorded: datetime | None
    state: str
    missing: tuple[str, ...] = ()
    poster: bytes = b""
    """A small JPEG to recognise it by, empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationRow:
    """One destination of the job."""

    name: str
    path: str
    device: str
    """The device's name; a declared one says that it was declared."""
    file_system: str
    files: int
    size: int
    verified: int
    """Files verified by read-back."""
    flushed: bool
    seconds: float
    rate: float
    """Bytes per second while it was written to; 0 where nothing was."""
    trouble: str = ""
    not_kept: tuple[str, ...] = ()
    """What this destination could not keep: "extended attributes of 12 files", …"""
    manifest: str = ""
    """Path of the ASC MHL generation written there."""
    wanted: int | None = None
    """Files it was to get; None: as many as it has."""
    known: tuple[KnownFiles, ...] = ()
    """Files verified by earlier jobs and not read in this one."""

    @property
    def asked(self) -> int:
        """Files it was to get."""
        return self.files if self.wanted is None else self.wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferReport:
    """One offload (or verification) and its verdict."""

    job: str
    title: str
    """E.g. "Offload of A003"."""
    verdict: str
    safe: bool
    reasons: tuple[str, ...]
    wanted_copies: int
    verified_copies: int
    project: str
    day: date
    """The shooting day it belongs to."""
    camera: str
    roll: str
    card: str
    """Where the card was mounted."""
    card_label: str
    started: datetime
    finished: datetime
    verify_mode: str
    """For people: "card read twice, each drive read back from the medium"."""
    hash_kinds: tuple[str, ...]
    host: str
    operator: str
    tool: str
    files: Sequence[FileRow]
    """Gone through as often as a form needs; those of a large card are never in memory at once."""
    clips: tuple[ClipRow, ...]
    destinations: tuple[DestinationRow, ...]
    size: int
    wanted: int = 0
    """Files that were to be copied."""
    reads: tuple[CardRead, ...] = ()
    """What was read from the card, by this job and by those whose word it took."""
    findings: tuple[str, ...] = ()
    """What the look at the card's structure found wanting."""
    ignored: tuple[str, ...] = ()
    """Every path left out by the ignore list."""
    ignore_patterns: tuple[str, ...] = ()
    not_kept: tuple[str, ...] = ()
    """Links, special files, names and metadata that could not be kept everywhere, one each."""
    notes: tuple[str, ...] = ()
    """Further facts: a resume, a third read, a drive that came up as USB 2."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """The project's own data: production, unit, director, …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCard:
    """One card in a day report."""

    roll: str
    camera: str
    clips: int
    files: int
    size: int
    first_recorded: datetime | None
    last_recorded: datetime | None
    verdict: str
    safe: bool
    copies: tuple[str, ...]
    """Names of the devices that hold a complete verified copy."""
    offloaded: datetime
    job: str
    open: tuple[str, ...] = ()
    """What is still to do, in sentences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayReport:
    """All cards of one shooting day."""

    day: date
    number: int | None
    """The number of the shooting day, where the project tells its first."""
    project: str
    cards: tuple[DayCard, ...]
    made: datetime
    extra: Mapping[str, str] = field(default_factory=dict)


class VerifyRow(NamedTuple):
    """One file that is not as it is recorded."""

    path: str
    """Relative to its folder's root."""
    state: str
    """changed | missing | unreadable | renamed | new | unproven, and `, repaired`"""
    trouble: str = ""
    previous: str = ""
    """Its earlier name, where it was renamed."""
    aside: str = ""
    """Where the damaged file lies now, where it was repaired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyPart:
    """One folder with its history, as it was found."""

    path: str
    against: str
    """The last generation, or the legacy manifests, that it was held against."""
    asked: int
    """Files and links that should be there or are: those read, and those missing."""
    files: int
    """Files that were read."""
    size: int
    """Bytes that were read."""
    verified: int
    cached: int
    """Of those verified, how many only through the cache."""
    generation: str
    """The manifest that was written, "" where none could be."""
    rows: tuple[VerifyRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """One verification of a copy, and what it found."""

    job: str
    title: str
    """E.g. "Verify A003 on SHUTTLE-06"."""
    sentence: str
    """The result: "1,204 files verified, nothing differs."."""
    brief: str
    """The same without names, for where they stand below."""
    good: bool
    """Whether nothing differs any more."""
    started: datetime
    finished: datetime
    repaired_from: str
    """The other copy that it was repaired from, "" where it was not."""
    host: str
    operator: str
    tool: str
    parts: tuple[VerifyPart, ...]
    verdicts: tuple[str, ...] = ()
    """Verdicts about cards that are others now, in sentences."""
    notes: tuple[str, ...] = ()
