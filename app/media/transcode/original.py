"""What is opened of a clip: a file, files that go on one after the other, a row of pictures."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from app.jobs.control import JobControl
from app.media.facts.row import PICTURES, ending
from app.media.facts.whole import whole_clip
from app.media.ffmpeg.feed import PARTS, at_pace, list_of_parts, refuse_gaps, row_input
from app.media.ffmpeg.tally import tally
from app.media.products.sources import Source

_LIST, _LINKS = "parts.ffconcat", "row"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One thing that is opened."""

    name: str
    options: Mapping[str, str] = field(default_factory=dict)
    """How, by ffmpeg's names; `format` among them."""
    start: Fraction = Fraction(0)
    """Seconds at which it begins, as it counts them itself."""

    @property
    def words(self) -> list[str]:
        """For the command line of ffmpeg."""
        said = [word for name, value in self.options.items() for word in (f"-{name}", value)]
        return ["-f" if word == "-format" else word for word in [*said, "-i", self.name]]

    def input(self, **options: Any) -> Any:
        """For ffmpeg-python."""
        return ffmpeg.input(self.name, **self.options, **options)


def refuse_what_cannot_be_read(source: Source) -> None:
    """Raise MediaFault for what `readings_of` does not give: a row with gaps. OSError."""
    if len(source.files) > 1 and ending(source.path.name) in PICTURES:
        pictures = whole_clip(source.path).pictures
        if pictures is not None:
            refuse_gaps(source.path, pictures.row)


def readings_of(source: Source, folder: Path, control: JobControl) -> tuple[Reading, ...]:
    """Everything that is opened of a clip, its picture first.

    *folder* takes a list of its files, or links to them.
    Raises MediaFault, JobCancelled, OSError.
    """
    alone = (Reading(name=os.fspath(source.path)),)
    if len(source.files) == 1:
        return alone
    clip = at_pace(tally(source.path, control))
    beside = tuple(Reading(name=os.fspath(one.path)) for one in clip.sounds)
    if clip.facts.row is not None:
        name, how = row_input(source.path, clip, folder / _LINKS)
        return (Reading(name=name, options=how),)
    if not clip.parts:
        return (*alone, *beside)
    listed = folder / _LIST
    listed.write_text(list_of_parts(clip.parts), errors="surrogateescape")
    return (Reading(name=os.fspath(listed), options=PARTS), *beside)
