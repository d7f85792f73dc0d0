"""What is really in a file, packet by packet: how many frames, where its key frames are.

A program that wrote it may have ended well and yet stopped half-way; only this tells.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

from app.errors import MediaFault
from app.jobs.control import JobControl
from app.media.facts.probe import CONVERTER
from app.media.facts.values import ClipFacts
from app.media.ffmpeg.process import Ended, Progress, run_reporting
from app.own_process import own_process

PATIENCE = 60.0
"""Seconds without any progress after which a file is given up."""
_AT_ONCE = 50
"""Files that one child looks at: its start costs more than most of them."""


class Care(StrEnum):
    """How closely it is looked at, and at what."""

    FACTS = "facts"
    """A whole clip, at once: frames by the container's index, 0 where it has none."""
    FRAMES = "frames"
    """A whole clip: by the index of a QuickTime or MP4 file, else by reading every packet."""
    PICTURES = "pictures"
    """A whole clip, by decoding it: where one picture may be stored as two fields."""
    PACKETS = "packets"
    """One file: every packet, for key frames and peak; and the last picture is decoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of several files of a clip that go on one after the other."""

    path: Path
    seconds: Fraction
    """Of its picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A file that holds only sound of a clip, beside its picture."""

    path: Path
    tracks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One clip as it was counted, with all its files."""

    facts: ClipFacts
    parts: tuple[Part, ...] = ()
    """Where its picture spans several files."""
    sounds: tuple[Sound, ...] = ()
    frames: int = 0
    """Pictures of its first picture track that are shown."""
    span: Fraction = Fraction(0)
    """Seconds from the first picture to the last one; 0 where the look at FACTS cannot tell."""
    key_every: int = 0
    """Exactly every so many frames is a key frame; 0 where they are not evenly spaced."""
    peak: int = 0
    """Bits a second of all tracks, in the worst two seconds; 0 where it was not looked for."""


def tally(
    path: Path,
    control: JobControl,
    told: Callable[[Progress], None] = lambda _: None,
    *,
    care: Care = Care.FRAMES,
) -> Tally:
    """Count the clip that *path* belongs to. Raises MediaFault, JobCancelled."""
    (found,) = tallies([path], control, told, care=care).values()
    if isinstance(found, MediaFault):
        raise found
    return found


def tallies(
    paths: Sequence[Path],
    control: JobControl,
    told: Callable[[Progress], None] = lambda _: None,
    *,
    care: Care = Care.FRAMES,
) -> dict[Path, Tally | MediaFault]:
    """Count what is in each of *paths*. Raises JobCancelled."""
    found: dict[Path, Tally | MediaFault] = {}
    for first in range(0, len(paths), _AT_ONCE):
        some = paths[first : first + _AT_ONCE]
        ended = _asked(some, control, told, care)
        if ended.whole:
            answers = json.loads(ended.said["answers"])
            found |= {path: _read(path, one) for path, one in zip(some, answers, strict=True)}
        elif len(some) > 1:  # one of them is the child's ruin, and only one
            for path in some:
                found |= tallies([path], control, told, care=care)
        else:
            found[some[0]] = _ruined(some[0], ended)
    return found


def _asked(
    paths: Sequence[Path], control: JobControl, told: Callable[[Progress], None], care: Care
) -> Ended:
    absolute = [path.absolute() for path in paths]
    command, environment = own_process("app.media.ffmpeg.tally_process", care, *absolute)
    return run_reporting(command, control, told, environment=environment, patience=PATIENCE)


def _ruined(path: Path, ended: Ended) -> MediaFault:
    if ended.silent:
        words = f"{path} did not tell what it is within {PATIENCE:.0f} seconds."
    else:
        words = f"{path} is damaged: the program that read it broke down."
    return MediaFault(words, path=path)


def _read(path: Path, answer: Mapping[str, Any]) -> Tally | MediaFault:
    if "bug" in answer:
        raise RuntimeError(f"Counting the frames of {path} failed:\n{answer['bug']}")
    if "fault" in answer:
        return MediaFault(str(answer["fault"]), path=path)
    return CONVERTER.structure(answer, Tally)
