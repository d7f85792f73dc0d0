"""What is really in a file, packet by packet: how many frames, where its key frames are.

A program that wrote it may have ended well and yet stopped half-way; only this tells.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from app.errors import MediaFault
from app.jobs.control import JobControl
from app.media.facts import ClipFacts
from app.media.probe import CONVERTER
from app.media.process import Progress, run_reporting
from app.own_process import own_process


class Care(StrEnum):
    """How closely a file is looked at."""

    FACTS = "facts"
    """At once: frames by the container's index, 0 where it has none."""
    FRAMES = "frames"
    """By the index of a QuickTime or MP4 file, else by reading every packet."""
    PACKETS = "packets"
    """Every packet, for key frames and peak too; and the last picture is decoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One file as it was counted."""

    facts: ClipFacts
    frames: int
    """Pictures of its first picture track that are shown."""
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
    """Count what is in *path*. Raises MediaFault, JobCancelled."""
    command, environment = own_process("app.media.tally_process", path.absolute(), care)
    ended = run_reporting(command, control, told, environment=environment)
    if fault := ended.said.get("fault"):
        raise MediaFault(fault, path=path)
    if bug := ended.said.get("bug"):
        raise RuntimeError(f"Counting the frames of {path} failed:\n{json.loads(bug)}")
    if not ended.whole:
        why = "took too long" if ended.silent else "is damaged: the program that read it broke down"
        raise MediaFault(f"{path} {why}.", path=path)
    return Tally(
        facts=CONVERTER.structure(json.loads(ended.said["facts"]), ClipFacts),
        frames=int(ended.said["frame"]),
        key_every=int(ended.said["key_every"]),
        peak=int(ended.said["peak"]),
    )
