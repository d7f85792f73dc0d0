"""What the child that draws the sheets of one clip is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath

from app.media.facts.external import decoder_for
from app.media.facts.whole import Whole
from app.media.montage.mark import Mark, clip_mark, mark_for
from app.media.montage.spec import MadeSheet, MontageSpec, SheetForm, SheetState


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetOrder:
    """The sheets of one clip."""

    source: Path
    to: Path
    name: str
    """Of the sheet without its suffix, below *to*."""
    grid: int | None
    form: SheetForm
    width: int
    anew: bool
    indexes: Path | None = None
    """Where frame indexes are kept."""
    decoder: tuple[str, ...] = ()
    """The program of the settings for such clips."""

    @classmethod
    def of(
        cls,
        spec: MontageSpec,
        source: Path,
        name: PurePath,
        indexes: Path | None = None,
        decoders: Mapping[str, str] | None = None,
    ) -> SheetOrder:
        """What *spec* asks for one clip. Raises BadInput for a program that makes no sense."""
        program = decoder_for(source, decoders or {})
        return cls(
            source=source,
            to=spec.to,
            name=str(name),
            grid=spec.grid,
            form=spec.form,
            width=spec.width,
            anew=spec.anew,
            indexes=indexes,
            decoder=program.words if program else (),
        )

    def paths(self, tracks: int) -> tuple[Path, ...]:
        """The sheet of each picture track; several have a folder of the clip's name."""
        place = self.to / self.name
        if tracks == 1:
            return (place.with_name(place.name + self.form.suffix),)
        return tuple(place / f"{place.name}-{n}{self.form.suffix}" for n in range(1, tracks + 1))

    def mark(self, whole: Whole, track: int) -> Mark:
        """What the sheet of a track will bear. OSError."""
        files = files_of(whole)
        return mark_for(self.source, files, track, [self.grid, self.form, self.width])

    def is_of(self, there: Mark, whole: Whole, track: int) -> bool:
        """Whether a sheet shows this clip: of one that has grown another file may be the first."""
        return any(there.clip == clip_mark(path, track) for path in (self.source, *files_of(whole)))


def files_of(whole: Whole) -> Sequence[Path]:
    """The files by whose size and time a changed clip is noticed."""
    row = whole.pictures
    return [row.folder / name for name in row.names] if row else whole.parts


class Obstacle(StrEnum):
    """Why there are no sheets, where that is not the clip's fault."""

    TAKEN = "taken"
    """Another file has the name."""
    FULL = "full"
    NO_PICTURE = "no picture"
    WRITING = "writing"


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetAnswer:
    """What the child has done; sheets that are not known are still under their partial names."""

    state: SheetState
    sheets: tuple[MadeSheet, ...] = ()
    notes: tuple[str, ...] = ()
    trouble: str = ""
    obstacle: Obstacle | None = None
    path: Path | None = None
    """What stands in the way."""
