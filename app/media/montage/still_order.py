"""A still of a clip by timecode or number, exported by a child that may die of the clip."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import BadInput, MediaFault, ReelkeepError, WriteFailed
from app.jobs.control import JobControl
from app.jobs.spec import CONVERTER, to_json
from app.media.ffmpeg.process import run_reporting
from app.own_process import own_process
from app.timecode import Timecode

if TYPE_CHECKING:
    from app.media.frames.footage import Footage


class StillForm(StrEnum):
    """What kind of file a still is."""

    PNG = "png"
    TIFF = "tiff"

    @property
    def suffix(self) -> str:
        """Of its file's name."""
        return ".tif" if self is StillForm.TIFF else ".png"


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """One exported frame."""

    path: Path
    frame: int
    timecode: str
    width: int
    height: int
    bits: int
    """Of one colour: 8 or 16."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StillOrder:
    """One frame of one clip as a picture file."""

    source: Path
    at: str
    """A timecode, or the number of a frame, counted from 0."""
    to: Path
    form: StillForm = StillForm.PNG
    track: int = 0
    indexes: Path | None = None
    """Where frame indexes are kept."""
    decoder: tuple[str, ...] = ()
    """The program of the settings for such clips."""
    dry_run: bool = False
    """Find the frame, and write nothing."""
    name: str = ""
    """What its file's name begins with; "" for the clip's own."""
    timecode: str = ""
    """What stands behind it; "" for that of the frame."""


def make_still(order: StillOrder, control: JobControl) -> Still:
    """Export it. Raises BadInput, MediaFault, WriteFailed."""
    command, environment = own_process("app.media.montage.still_process", to_json(order))
    ended = run_reporting(command, control, environment=environment)
    if bug := ended.said.get("bug"):
        raise RuntimeError(f"The still of {order.source} failed:\n{json.loads(bug)}")
    if fault := ended.said.get("fault"):
        raise _fault(json.loads(fault), order)
    if not ended.whole or "still" not in ended.said:
        why = "took too long" if ended.silent else "is damaged: the program that read it broke down"
        raise MediaFault(f"{order.source} {why}.", path=order.source)
    return CONVERTER.structure(json.loads(ended.said["still"]), Still)


def _fault(told: dict[str, str], order: StillOrder) -> ReelkeepError:
    words, hint = told["words"], told["hint"]
    if told["kind"] == "input":
        return BadInput(words, hint=hint, path=order.source)
    if told["kind"] == "writing":
        return WriteFailed(words, hint=hint, path=order.to)
    return MediaFault(words, hint=hint, path=order.source)


def number_of(footage: Footage, start: Timecode | None, text: str, name: str) -> int:
    """The frame that *text* means: a timecode of the clip *name*, or a number from 0 on.

    Raises BadInput for what is neither, and for a frame that the clip doesn't have.
    """
    bare = text.strip().removeprefix("#")
    if bare.isdecimal():
        n = int(bare)
    else:
        n = _by_clock(footage, start, text.strip())
    if 0 <= n < footage.frames + footage.missing_at_end:
        return n
    from app.media.montage.tiles import timecode_of

    first, last = (timecode_of(footage, start, one) for one in (0, footage.frames - 1))
    raise BadInput(
        f"{text} is not in {name}, which runs from {first} to {last}.",
        hint=f"By number it has the frames 0 to {footage.frames - 1:,}.",
    )


def _by_clock(footage: Footage, start: Timecode | None, text: str) -> int:
    """By the clock that stands below the tiles of a contact sheet; -1 for no frame of the clip."""
    from app.media.montage.tiles import timecode_of  # it takes a while to load

    rate = start.rate if start else footage.rate
    if start is None and not footage.steady:
        return _by_time(footage, text)
    begins = start or Timecode(0, rate)
    asked = Timecode.parse(text, rate, begins.drop)
    away = asked.after(begins).frames_since(begins)
    if footage.steady and rate == footage.rate:
        return away
    n = footage.number_at((away + Fraction(1, 2)) / rate)
    return n if timecode_of(footage, start, n) == str(asked) else -1


def _by_time(footage: Footage, text: str) -> int:
    try:
        hours, minutes, seconds = text.split(":")
        since = Fraction(int(hours) * 3600 + int(minutes) * 60) + Fraction(seconds)
    except ValueError as error:
        raise BadInput(f'"{text}" is no time.', hint="It looks like 00:00:04.080.") from error
    n = footage.number_at(since + Fraction(1, 2000))
    return n if abs(footage.seconds(n) - since) <= Fraction(1, 1000) else -1
