"""What ffmpeg reads of a clip: one file, several in a row, a row of pictures, sound beside it.

Made for one run; what is written for it, a list of files, is removed again.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from app.errors import MediaFault
from app.media.ffmpeg.tally import Part, Tally

PACE = 24
"""Frames a second of a row of pictures that does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """The streams of one run of ffmpeg."""

    picture: Any
    sound: tuple[Any, ...]
    """One for each track of the clip's facts."""
    shifted: bool = False
    """Whether picture and sound have to be brought to zero each: a list of files has one zero."""

    def from_zero(self) -> Any:
        """The picture, from the moment of its first frame on."""
        return self.picture.filter("setpts", "PTS-STARTPTS") if self.shifted else self.picture

    def sound_for(self, outputs: int) -> Iterator[tuple[Any, ...]]:
        """The sound, once for each of so many outputs."""
        if not self.shifted or not outputs:
            yield from (self.sound for _ in range(outputs))
            return
        shifted = [one.filter("asetpts", "PTS-STARTPTS") for one in self.sound]
        split = [one.filter_multi_output("asplit", outputs) for one in shifted]
        yield from (tuple(one[n] for one in split) for n in range(outputs))


def at_pace(clip: Tally) -> Tally:
    """*clip* with a rate, also where it is a row of pictures that tells none."""
    track, row = clip.facts.picture, clip.facts.row
    if track is None or track.rate or row is None:
        return clip
    track = replace(track, rate=Fraction(PACE))
    facts = replace(clip.facts, video=(track, *clip.facts.video[1:]))
    return replace(clip, facts=facts, span=Fraction(clip.frames - 1, PACE))


@contextlib.contextmanager
def feed_of(source: Path, clip: Tally, options: Mapping[str, Any]) -> Iterator[Feed]:
    """What there is to read of *clip*; *options* go in front of the picture's input.

    Raises MediaFault for a row in which pictures are missing.
    """
    track = clip.facts.picture
    assert track is not None
    with contextlib.ExitStack() as left:
        name, how = str(source), dict(options)
        if clip.facts.row is not None:
            name, more = row_input(source, clip)
            how |= more
        elif clip.parts:
            name = left.enter_context(_listed(clip.parts))
            how |= PARTS
        read = ffmpeg.input(name, noautorotate=None, **how)
        yield Feed(
            picture=read[str(track.index)],
            sound=tuple(_sound(read, clip)),
            shifted=bool(clip.parts),
        )


def _sound(read: Any, clip: Tally) -> Iterator[Any]:
    beside = sum(one.tracks for one in clip.sounds)
    for track in clip.facts.audio[: len(clip.facts.audio) - beside]:
        yield read[str(track.index)]
    for one in clip.sounds:
        heard = ffmpeg.input(str(one.path))
        for n in range(one.tracks):
            yield heard[f"a:{n}"]


def row_input(source: Path, clip: Tally) -> tuple[str, dict[str, str]]:
    """What a row of pictures is opened by, and how; MediaFault where some are missing."""
    row, track = clip.facts.row, clip.facts.picture
    assert row is not None
    assert track is not None
    if row.missing or row.last < row.first:
        raise MediaFault(f"{source} belongs to a row with missing pictures.", path=source)
    name = f"{str(source.parent).replace('%', '%%')}/{row.pattern}"
    how = {"format": "image2", "start_number": str(row.first), "framerate": str(track.rate)}
    return name, how


PARTS = {"format": "concat", "safe": "0"}
"""How a list of files is opened."""


def list_of_parts(parts: Iterable[Part]) -> str:
    """Files that go on; each begins where the picture of the one before it ends."""
    lines = ["ffconcat version 1.0"]
    for part in parts:
        quoted = str(part.path.absolute()).replace("'", r"'\''")
        lines += [f"file '{quoted}'", f"duration {float(part.seconds):.6f}"]
    return "\n".join([*lines, ""])


@contextlib.contextmanager
def _listed(parts: tuple[Part, ...]) -> Iterator[str]:
    with tempfile.NamedTemporaryFile("w", suffix=".ffconcat", errors="surrogateescape") as file:
        file.write(list_of_parts(parts))
        file.flush()
        yield file.name
