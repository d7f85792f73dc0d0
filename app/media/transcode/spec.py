"""What a transcode job is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from app.jobs.spec import Spec, job_kind
from app.media.transcode.recipe import TranscodeRecipe


@job_kind
@dataclass(frozen=True, slots=True, kw_only=True)
class TranscodeSpec(Spec):
    """Encode clips anew, each stream by itself; originals are only read."""

    kind: ClassVar[str] = "transcode"

    files: tuple[Path, ...]
    """Clips, or folders: all clips below them."""
    recipe: TranscodeRecipe
    to: Path
    """The folder for what is made."""
    under: Path | None = None
    """Paths of the clips below this folder are mirrored; None: as little as tells them apart."""
    apart: bool = False
    """Below *under*: another clip beside it has its name, so its ending belongs to the new name."""
    work: Path | None = None
    """A folder for streams in the making; None: beside what is made."""
    anew: bool = False
    """Make also those again that are finished."""


class Fate(StrEnum):
    """What becomes of one stream."""

    ENCODED = "encoded"
    RAW = "raw"
    """The very stream of the original."""
    MIXED = "mixed"
    """It went into one stream with the others of its kind."""
    CONVERTED = "converted"
    """Subtitles in another form."""
    TAG = "tag"
    """What it says is written into a tag."""
    DROPPED = "left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSheet:
    """What became of one stream."""

    index: int
    """In the original."""
    kind: str
    """`video`, `audio`, `subtitle`, `data`, `attachment`."""
    codec: str
    """Of the original, as FFmpeg calls it."""
    fate: Fate
    encoder: str = ""
    at: float | None = None
    """Seconds of output after which it was clear that the raw stream is to be used."""
    why: str = ""
    raw_bytes: int = 0
    bytes: int = 0
    """In the file that was made."""
    width: int = 0
    """Pixels of the picture that is encoded; 0 for whatever is not."""
    height: int = 0
    runs: int = 1
    """How often its encoding was begun or continued."""
    ssim: float | None = None
    """Mean over all frames, 0 to 1; of what was measured."""
    least_ssim: float | None = None
    """Of the worst frame."""
    vmaf: float | None = None
    """0 to 100, where the ffmpeg can tell."""


class ClipState(StrEnum):
    """What became of one clip."""

    MADE = "made"
    KNOWN = "known"
    """It was there already."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscodeSheet:
    """What became of one clip: the result sheet, also kept beside the file as JSON."""

    source: Path
    state: ClipState
    recipe: str = ""
    path: Path | None = None
    """Of the file that was made."""
    frames: int = 0
    """Of its first picture stream."""
    duration: float = 0.0
    """Seconds."""
    bytes: int = 0
    source_bytes: int = 0
    source_files: int = 1
    """How many files the original had: a spanned clip, or a row of pictures, may grow."""
    source_changed: int = 0
    """Nanoseconds of the original's last change."""
    source_head: str = ""
    """Stands for the beginning of the original: what has only grown begins alike."""
    changed: int = 0
    """The same of the file that was made."""
    digest: str = ""
    """Of everything that it was made by."""
    seconds: float = 0.0
    """Spent in this job."""
    program: str = ""
    streams: tuple[StreamSheet, ...] = ()
    trouble: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedClip:
    """What a job would do for one clip."""

    source: Path
    path: Path | None = None
    known: bool = False
    begun: bool = False
    """Some of it lies there from a job that was cut off."""
    frames: int = 0
    streams: tuple[StreamSheet, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscodePlan:
    """What a transcode job would do; nothing is written."""

    clips: tuple[PlannedClip, ...]
    program: str
    """The ffmpeg that would do it."""
    unreadable: tuple[str, ...] = ()
    """Folders that cannot be listed."""
