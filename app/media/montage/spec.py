"""What a montage job is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from app.jobs.spec import Spec, job_kind

MOST_TILES = 20
"""Tiles in a row: with more of them a timecode could not be read any more."""
LEAST_WIDTH, USUAL_WIDTH, MOST_WIDTH = 480, 3840, 16384
"""Pixels of a sheet; what goes beside the pictures stays far below the 65,535 of a JPEG."""


class SheetForm(StrEnum):
    """What kind of file a contact sheet is."""

    PNG = "png"
    JPEG = "jpeg"
    PDF = "pdf"

    @property
    def suffix(self) -> str:
        """Of its file's name."""
        return ".jpg" if self is SheetForm.JPEG else f".{self}"


@job_kind
@dataclass(frozen=True, slots=True, kw_only=True)
class MontageSpec(Spec):
    """Make contact sheets of clips, one for each picture track."""

    kind: ClassVar[str] = "montage"

    files: tuple[Path, ...]
    """Clips, or folders: all clips below them."""
    to: Path
    """The folder of the sheets."""
    grid: int | None = None
    """Tiles in a row and in a column; None: as many as the clip's length asks for."""
    form: SheetForm = SheetForm.JPEG
    width: int = USUAL_WIDTH
    """Pixels that a sheet has in its width, and its pictures in their height, at the most."""
    apart: bool = False
    """Another clip beside it has its name: its ending belongs to the name of the sheet."""
    anew: bool = False
    """Make also those again that are finished."""


class SheetState(StrEnum):
    """What became of the sheets of one clip."""

    MADE = "made"
    KNOWN = "known"
    """All were there already."""
    GAPS = "gaps"
    """Made, but some of the frames could not be shown."""
    NO_PICTURE = "no picture"
    """Sound, found in a folder: there is nothing to show."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeSheet:
    """One contact sheet."""

    path: Path
    grid: int
    tiles: int
    """Pictures on it: fewer than the grid has room for where the clip has fewer frames."""
    width: int
    """Pixels; of a PDF those that its pictures were made for."""
    height: int
    bytes: int
    known: bool = False
    """It was there already, made of the same clip in the same way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetResult:
    """What became of one clip of a job."""

    source: Path
    state: SheetState
    sheets: tuple[MadeSheet, ...] = ()
    seconds: float = 0.0
    trouble: str = ""
    notes: tuple[str, ...] = ()
    """What is worth knowing: frames that could not be shown, a file that was cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSheet:
    """One sheet that a job would make, or has no need to."""

    path: Path
    grid: int
    known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedMontage:
    """What a job would do for one clip."""

    source: Path
    sheets: tuple[PlannedSheet, ...] = ()
    trouble: str = ""
    no_picture: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MontagePlan:
    """What a montage job would do; nothing is written."""

    clips: tuple[PlannedMontage, ...]
    unreadable: tuple[str, ...] = ()
    """Folders that cannot be listed."""
