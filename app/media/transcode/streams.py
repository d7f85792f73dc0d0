"""Every stream of a clip: what it is, how large, and when each picture is shown."""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from app.errors import EnvironmentFault, MediaFault
from app.jobs.control import JobControl
from app.media.facts.probe import CONVERTER
from app.media.ffmpeg.process import run_reporting
from app.media.transcode.original import Reading
from app.own_process import own_process
from app.units import count_text

MODULE = "app.media.transcode.streams_process"
_STEADY = "Look after its drive and cable, then retry: what is encoded stays."


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One stream as its packets are."""

    index: int
    """Among all streams of the clip."""
    kind: str
    """`video`, `audio`, `subtitle`, `data`, `attachment`, `cover`: a still picture beside."""
    reading: int = 0
    """Which of the clip's readings it is in."""
    number: int = 0
    """Of the stream in that reading."""
    codec: str = ""
    decodable: bool = True
    bytes: int = 0
    packets: int = 0
    """Of pictures: those that are shown."""
    time_base: Fraction = Fraction(1)
    start: Fraction = Fraction(0)
    """Seconds of its first picture or sound, from the beginning of its file on."""
    end: Fraction = Fraction(0)
    rate: Fraction = Fraction(0)
    """Frames or samples a second."""
    width: int = 0
    height: int = 0
    channels: int = 0
    layout: str = ""
    pixel_format: str = ""
    mastering: str = ""
    """The display on which a picture of high range was finished, as ffmpeg and x265 write it."""
    light: str = ""
    """Its brightest pixel and brightest frame in nits, `1000,400`."""
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
    """All streams of one clip."""

    path: Path
    """The file that speaks for the clip."""
    readings: tuple[Reading, ...] = ()
    """What was opened for it."""
    streams: tuple[Stream, ...] = ()
    missing: tuple[str, ...] = ()
    """What its camera has written and is not there."""
    cut_off: str = ""
    """How a sentence goes on about a clip whose file ends before its picture does."""
    left_out: int = 0
    """Frames of its picture that are shown, by its tables, and not in the file."""
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
    def remarks(self) -> tuple[str, ...]:
        """What of it is not there, in whole sentences."""
        said = [f"{name} is missing: the clip goes on without it." for name in self.missing]
        if self.left_out:
            said.append(
                f"{self.path} lacks {count_text(self.left_out, 'frame')} near its end, as copied"
                " parts of clips may: the frame before stays on instead."
            )
        return tuple(said)

    def reading(self, stream: Stream) -> Reading:
        """What a stream is read from."""
        return self.readings[stream.reading]

    @property
    def length(self) -> Fraction:
        """Seconds of the longest stream."""
        return max((one.length for one in self.streams), default=Fraction(0))


def inventory(
    path: Path, control: JobControl, readings: tuple[Reading, ...], times: Path
) -> Inventory:
    """Read every packet of the clip that *path* speaks for, through its *readings*.

    The times of all pictures go into the folder *times*. Raises MediaFault, EnvironmentFault for
    what may pass, JobCancelled.
    """
    said = CONVERTER.unstructure(readings)
    return _asked(path, control, {"readings": said, "times": os.fspath(times)})


def inventory_of_file(path: Path, control: JobControl) -> Inventory:
    """The same of one file, whatever lies beside it."""
    said = CONVERTER.unstructure((Reading(name=os.fspath(path.absolute())),))
    return _asked(path, control, {"readings": said, "times": ""})


def prove_readable(clip: Inventory, control: JobControl) -> None:
    """Raise EnvironmentFault where its files no longer give what they gave when it was made.

    What went wrong in between may then be a drive's doing.
    """
    said = CONVERTER.unstructure(clip.readings)
    try:
        again = _asked(clip.path, control, {"readings": said, "times": ""})
    except MediaFault as fault:
        raise EnvironmentFault(fault.message, path=clip.path, hint=_STEADY) from fault
    if [one.digest for one in again.streams] != [one.digest for one in clip.streams]:
        raise EnvironmentFault(
            f"{clip.path} gives other bytes at each read.", path=clip.path, hint=_STEADY
        )


def headers(path: Path, control: JobControl) -> Inventory:
    """The same as the headers of its files tell it. Raises MediaFault, JobCancelled."""
    return _asked(path, control, {"readings": [], "times": ""})


def _asked(path: Path, control: JobControl, order: Mapping[str, object]) -> Inventory:
    command, environment = own_process(MODULE, path.absolute(), json.dumps(order))
    ended = run_reporting(command, control, environment=environment)
    if fault := ended.said.get("fault"):
        passing = json.loads(ended.said["passing"])
        raise (EnvironmentFault if passing else MediaFault)(json.loads(fault), path=path)
    if bug := ended.said.get("bug"):
        raise RuntimeError(f"Reading {path} failed:\n{json.loads(bug)}")
    ended.refuse_torn("read", path)
    if not ended.whole:
        raise MediaFault(f"{path} is damaged: the program that read it broke down.", path=path)
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
