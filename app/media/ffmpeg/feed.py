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
from app.media.facts.values import FrameRow
from app.media.facts.whole import whole_clip
from app.media.ffmpeg.tally import Part, Tally

_NAMED = 5
"""Gaps of a row that are named one by one."""
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

    Where a picture of a row is missing, the one before it is read in its place.
    """
    track = clip.facts.picture
    assert track is not None
    with contextlib.ExitStack() as left:
        name, how = str(source), dict(options)
        if clip.facts.row is not None:
            name, more = left.enter_context(_whole_row(source, clip))
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


def row_input(source: Path, clip: Tally, folder: Path) -> tuple[str, dict[str, str]]:
    """What a row of pictures is opened by, and how; *folder* takes links to one past midnight.

    Raises MediaFault where some are missing, OSError.
    """
    row = clip.facts.row
    assert row is not None
    refuse_gaps(source, row)
    return _in_place(source, clip) or _linked(source, clip, folder)


def refuse_gaps(source: Path, row: FrameRow) -> None:
    """Raise MediaFault for a row that is not whole; what it lacks is named."""
    if row.missing:
        raise MediaFault(
            f"The row of pictures that begins with {source} lacks {missing_pictures(row)}.",
            path=source,
            hint="Copy what is missing there, then try again; proxies are made without it, too.",
        )


def missing_pictures(row: FrameRow) -> str:
    """Which files a row lacks, `a.0005.dpx to a.0007.dpx, a.0011.dpx`; "" for a whole one."""
    names = [
        row.pattern % first + (f" to {row.pattern % last}" if last > first else "")
        for first, last in row.missing
    ]
    more = len(names) - _NAMED
    return ", ".join([*names[:_NAMED], *([f"and more in {more} places"] if more > 0 else [])])


def _numbered(folder: Path, pattern: str, first: int, rate: Fraction) -> tuple[str, dict[str, str]]:
    name = f"{str(folder).replace('%', '%%')}/{pattern}"
    return name, {"format": "image2", "start_number": str(first), "framerate": str(rate)}


@contextlib.contextmanager
def _whole_row(source: Path, clip: Tally) -> Iterator[tuple[str, dict[str, str]]]:
    """The same for a row that may have gaps, or count past midnight: by links in their order."""
    if found := _in_place(source, clip):
        yield found
        return
    with tempfile.TemporaryDirectory() as folder:
        yield _linked(source, clip, Path(folder))


def _in_place(source: Path, clip: Tally) -> tuple[str, dict[str, str]] | None:
    """A row as it lies there; None where numbers are missing or begin anew in it."""
    row, track = clip.facts.row, clip.facts.picture
    assert row is not None
    assert track is not None
    if row.missing or row.last < row.first:
        return None
    return _numbered(source.parent, row.pattern, row.first, track.rate)


def _linked(source: Path, clip: Tally, folder: Path) -> tuple[str, dict[str, str]]:
    pictures, track = whole_clip(source).pictures, clip.facts.picture
    assert pictures is not None
    assert track is not None
    places, held = pictures.places, ""
    folder.mkdir(exist_ok=True)
    for n in range(pictures.frames):
        held = places.get(n, held)
        link = folder / f"{n:08d}{source.suffix}"
        link.unlink(missing_ok=True)
        link.symlink_to((pictures.folder / held).absolute())
    return _numbered(folder, f"%08d{source.suffix}", 0, track.rate)


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
