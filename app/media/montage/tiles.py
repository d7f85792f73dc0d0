"""Which frames a contact sheet shows, and what is written beside them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import floor, isqrt, log
from typing import TYPE_CHECKING

from app.media.facts.values import ClipFacts, VideoTrack
from app.timecode import Timecode, rate_text
from app.units import bytes_text, count_text, rotation_text

if TYPE_CHECKING:  # the window and copies do not wait for decoders to be loaded
    from app.media.frames.footage import Footage

_MOST = 10
"""Tiles in a row unless more are asked for."""


def grid_for(seconds: Fraction) -> int:
    """How many tiles in a row and in a column suit a clip: floor(ln(seconds/2 + 1)), 1 to 10."""
    return min(max(floor(log(seconds / 2 + 1)), 1), _MOST)


def grid_of(footage: Footage, asked: int | None) -> int:
    """The grid that was asked for, else the one that suits; never with a frame shown twice."""
    return asked or min(grid_for(footage.duration), max(isqrt(footage.frames), 1))


def numbers_for(footage: Footage, grid: int) -> tuple[int, ...]:
    """The frames on a sheet, in their order, each once.

    One tile has the middle frame; several begin with the first and go on in equal steps.
    """
    tiles = grid * grid
    if tiles == 1:
        return (footage.number_at(footage.duration / 2),)
    if footage.frames <= tiles:
        first = footage.number_at(Fraction(0))
        return tuple(range(first, footage.frames))
    step = footage.duration / tiles
    return tuple(dict.fromkeys(footage.number_at(n * step) for n in range(tiles)))


def timecode_of(footage: Footage, start: Timecode | None, n: int) -> str:
    """What is written for frame *n*: its timecode, or the time since the first frame."""
    return clock_text(start, footage.rate, footage.steady, n, footage.seconds(n))


def clock_text(
    start: Timecode | None, rate: Fraction, steady: bool, n: int, seconds: Fraction
) -> str:
    """The timecode of frame *n*, shown *seconds* after the first, of a clip that begins at *start*.

    A clip without one counts from zero; where its frames differ in length, in milliseconds.
    """
    if start is None and steady:
        return str(Timecode(n, rate))
    if start is None:
        whole, thousandths = divmod(floor(seconds * 1000), 1000)
        return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{thousandths:03}"
    if steady and start.rate == rate:
        return str(start + n)
    return str(replace(start, frame=start.frame + floor(seconds * start.rate)))


def heading(facts: ClipFacts, track: VideoTrack, footage: Footage, number: int) -> str:
    """The line of facts above the tiles; *number* counts the tracks of the clip from 1 on."""
    begins = f"TC {facts.start}" if facts.start else "no timecode, counted from 0"
    rate = f"{rate_text(footage.rate)} fps" if footage.steady else "frames of unequal length"
    if not track.rate:
        rate += " assumed"
    length = f"{_length(footage.duration)}, {count_text(footage.frames, 'frame')}"
    several = f"picture {number} of {len(facts.video)}" if len(facts.video) > 1 else ""
    codec = track.codec_name or track.codec
    pixels = f"{track.width}×{track.height}" + _turned(track)
    reel = f"reel {facts.reel}" if facts.reel else ""
    said = (several, reel, begins, length, rate, pixels, codec, bytes_text(facts.size))
    return "  ·  ".join(part for part in said if part)


def _turned(track: VideoTrack) -> str:
    turned = f", turned {rotation_text(track.rotation)}" if track.rotation else ""
    squeezed = f", pixels {_ratio(track.pixel_aspect)}" if track.pixel_aspect != 1 else ""
    return turned + squeezed


def _ratio(aspect: Fraction) -> str:
    return f"{aspect.numerator}:{aspect.denominator}"


def _length(seconds: Fraction) -> str:
    """`4.2 s`, `12:05.3 min`, `1:02:05 h`."""
    if seconds < 60:
        return f"{float(seconds):.2f} s"
    tenths = floor(seconds * 10)
    whole = tenths // 10
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02}.{tenths % 10} min"
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02} h"
