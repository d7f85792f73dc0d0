"""What is known of a card: its roll, camera and clips, and what seems to be missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path


class FindingKind(StrEnum):
    """What a look at the card's structure found wanting."""

    PART_MISSING = "part-missing"
    """A file that belongs to a clip is absent (a spanned part, a chapter, frames)."""
    SIDECAR_MISSING = "sidecar-missing"
    """A clip comes without the sidecar its camera writes."""
    CLIP_GAP = "clip-gap"
    """A number is missing in the row of clips."""
    ROLL_SEEN = "roll-seen"
    """This roll name was seen before with other content."""
    ROLL_GAP = "roll-gap"
    """A roll is missing in the row of rolls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a careful person would want to know before formatting the card."""

    kind: FindingKind
    text: str
    """One sentence that names what is missing."""
    clip: str = ""
    """Name of the clip concerned, "" for the card as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One recording with everything that belongs to it."""

    name: str
    files: tuple[str, ...]
    """Paths relative to the card's root: media parts first, in order, then sidecars."""
    size: int
    """Bytes of all its files."""
    missing: tuple[str, ...] = ()
    """What its camera would have written and is not there, in words or as paths."""
    first_recorded: datetime | None = None
    last_recorded: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A camera medium, or a folder that is copied like one."""

    root: Path
    structure: str
    """Key of the recognised structure: arri, red, sony-xdroot, …, or `folder`."""
    camera: str
    """For people: "ARRI ALEXA 35", "RED", "Sony XAVC", or "Folder"."""
    roll: str
    """Roll (reel) name, e.g. A003; the volume's label or folder name where nothing tells it."""
    label: str
    """Label of the volume, or the folder's name."""
    clips: tuple[Clip, ...]
    size: int
    """Bytes of all files on the card."""
    files: int
    first_recorded: datetime | None = None
    last_recorded: datetime | None = None
    findings: tuple[Finding, ...] = ()
