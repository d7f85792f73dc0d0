"""Every stream of a file: what it is, how large, and when each picture is shown."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from app.errors import MediaFault
from app.jobs.control import JobControl
from app.media.facts.probe import CONVERTER
from app.media.ffmpeg.process import Progress, run_reporting
from app.own_process import own_process

MODULE = "app.media.transcode.streams_process"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One stream as its packets are."""

    index: int
    kind: str
    """`video`, `audio`, `subtitle`, `data`, `attachment`, `cover`: a still picture beside."""
    codec: str = ""
    decodable: bool = True
    bytes: int = 0
    packets: int = 0
    """Of pictures: those that are shown."""
    time_base: Fraction = Fraction(1)
    start: Fraction = Fraction(0)
    """Seconds of its first picture or sound, as the file counts them."""
    end: Fraction = Fraction(0)
    rate: Fraction = Fraction(0)
    """Frames or samples a second."""
    width: int = 0
    height: int = 0
    channels: int = 0
    layout: str = ""
    rotation: int = 0
    """Degrees clockwise by which a player turns the picture."""
    interlaced: bool = False
    steady: bool = True
    """Whether all pictures are shown equally long."""
    gaps: bool = False
    """Whether sound is missing in between."""
    digest: str = ""
    """Of all its packets' bytes, one after the other."""
    disposition: tuple[str, ...] = ()
    name: str = ""
    """Of a sound track, as people gave it."""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def length(self) -> Fraction:
        """Seconds."""
        return max(self.end - self.start, Fraction(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """All streams of one file."""

    path: Path
    start: Fraction = Fraction(0)
    """Seconds at which the file begins."""
    streams: tuple[Stream, ...] = ()
    chapters: int = 0
    timecode: str = ""
    reel: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    quick: bool = False
    """Only what the header tells: packets were not read."""

    def of(self, kind: str) -> tuple[Stream, ...]:
        """The streams of one kind."""
        return tuple(one for one in self.streams if one.kind == kind)

    @property
    def length(self) -> Fraction:
        """Seconds of the longest stream."""
        return max((one.length for one in self.streams), default=Fraction(0))


def inventory(
    path: Path,
    control: JobControl,
    told: Callable[[Progress], None] = lambda _: None,
    *,
    times: Path | None = None,
    quick: bool = False,
) -> Inventory:
    """Read *path*, every packet of it, or its header only where it is to be *quick*.

    The times of all pictures go into the folder *times*. Raises MediaFault, JobCancelled.
    """
    arguments = (path.absolute(), "quick" if quick else times or "")
    command, environment = own_process(MODULE, *arguments)
    ended = run_reporting(command, control, told, environment=environment)
    if fault := ended.said.get("fault"):
        raise MediaFault(fault, path=path)
    if bug := ended.said.get("bug"):
        raise RuntimeError(f"Reading {path} failed:\n{json.loads(bug)}")
    if not ended.whole:
        why = "took too long" if ended.silent else "is damaged: the program that read it broke down"
        raise MediaFault(f"{path} {why}.", path=path)
    return CONVERTER.structure(json.loads(ended.said["streams"]), Inventory)


def times_file(folder: Path, index: int) -> Path:
    """Where the times of a picture stream are kept."""
    return folder / f"{index}.times"


def times_of(folder: Path, index: int) -> array[int]:
    """When each picture of a stream is shown, in its time base, in order."""
    return _numbers(times_file(folder, index))


def keys_of(folder: Path, index: int) -> array[int]:
    """When its key frames are shown, in order."""
    return _numbers(times_file(folder, index).with_suffix(".keys"))


def _numbers(path: Path) -> array[int]:
    found = array("q")
    found.frombytes(path.read_bytes())
    return found
