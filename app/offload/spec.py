"""What an offload is asked to do: one card, several destinations, how to prove it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from app.integrity.hashing import HashKind
from app.jobs.spec import Spec, job_kind
from app.settings.keys import IGNORED_NAMES

LEAST_BUFFER, MOST_BUFFER = 128 << 10, 64 << 20
"""Bytes of one block: less slows the hashes down, more only costs memory."""


class VerifyMode(StrEnum):
    """How an offload proves its copies."""

    FULL = "full"
    """The source is read twice and every destination is read back from the medium."""
    SOURCE = "source"
    """The source is read twice; destinations are compared by size. Nothing counts as verified."""
    TRANSFER = "transfer"
    """Sizes only. Nothing counts as verified."""
    READ_BACK = "read-back"
    """Every destination is read back from the medium; the source is read once."""

    @property
    def reads_back(self) -> bool:
        """Whether destinations are read back."""
        return self in {VerifyMode.FULL, VerifyMode.READ_BACK}

    @property
    def reads_source_twice(self) -> bool:
        """Whether the card is read a second time."""
        return self in {VerifyMode.FULL, VerifyMode.SOURCE}


class OnCollision(StrEnum):
    """What to do where a file of the same name lies on a destination already."""

    SKIP_IDENTICAL = "skip-identical"
    """Equal by hash: verified and left as it is. Different: the file fails, nothing is touched."""
    KEEP_BOTH = "keep-both"
    """Equal by hash: left as it is. Different: the new one gets a number."""
    REFUSE = "refuse"
    """Nothing is copied while a different file of that name lies there."""


DEFAULT_IGNORE = tuple(IGNORED_NAMES)
"""Names (shell patterns) that computers strew about and no camera writes; visible, editable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationSpec:
    """A folder on a drive that is to receive a copy."""

    path: Path
    flush: bool = True
    """An unflushed destination is never verified, and its row says so."""
    template: str | None = None
    """Its own naming template; None: the job's."""
    only: tuple[str, ...] = ()
    """What it gets: shell patterns, or the words `sound`, `camera`, `sidecars`; empty: all."""
    stage: int = 0
    """0 is fed from the card; a later stage from a verified copy of an earlier one."""
    proxies: tuple[str, ...] = ()
    """Recipes of proxies that are made on it, in a folder beside its copies, once all is done."""


@job_kind
@dataclass(frozen=True, slots=True, kw_only=True)
class OffloadSpec(Spec):
    """Copy one card to several destinations and prove every file."""

    kind: ClassVar[str] = "offload"

    source: Path
    destinations: tuple[DestinationSpec, ...]
    hashes: tuple[HashKind, ...] = (HashKind.XXH64,)
    """Custody hashes; the first one is the leading one. blake3 is always added for identity."""
    verify: VerifyMode = VerifyMode.FULL
    template: str = "{roll}"
    """Folder below each destination, with tokens; see `offload.naming`."""
    wanted_copies: int = 2
    on_collision: OnCollision = OnCollision.SKIP_IDENTICAL
    check_known: bool = False
    """Read copies that earlier jobs verified again, and the card's files with them; otherwise they
    are known by history, size and time."""
    ignore: tuple[str, ...] = DEFAULT_IGNORE
    legacy_mhl: bool = False
    proxies: tuple[str, ...] = ()
    """Recipes of proxies that are made into the profile's cache once all is done."""
    manifests: bool = True
    """Whether an ASC MHL generation is written to each destination."""
    report: Path | None = None
    """Folder for the report; None: the profile's."""
    preset: str = ""
    project: str = ""
    text: str = ""
    """Free text for the template's {text}."""
    counter: int = 1
    buffer_size: int = 8 << 20
    """Bytes of one block of the pool, `LEAST_BUFFER` to `MOST_BUFFER`."""
    rollover_hour: int = 6
    """Shooting days begin at this hour: what is offloaded at 02:00 belongs to the day before."""
    moment: datetime | None = None
    """When it was asked for; fixes dates in names. None: the moment of the plan."""
    extra: tuple[tuple[str, str], ...] = field(default=())
    """The project's own data for the report: production, unit, operator, …"""
