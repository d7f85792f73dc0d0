"""Which ffmpeg encodes, which puts together, and which measures."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from app.errors import NotFound
from app.media.ffmpeg.program import NoAnswer, Program, answered, programs
from app.media.transcode.recipe import TranscodeRecipe, encoders_of

_TURNS = (7, 0)
"""Since this version it writes into Matroska how a picture is to be turned."""
_LIGHT = (9, 0)
"""Since this version it can be told the display of a picture of high range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """The programs of one job."""

    encode: Program
    mux: Program
    """The newest one: it keeps most."""
    measure: Program
    vmaf: bool = False

    @property
    def turns(self) -> bool:
        """Whether a picture's turn can be written into any container."""
        return self.mux.version is None or self.mux.version >= _TURNS

    @property
    def light(self) -> bool:
        """Whether containers too can be told the display of a picture of high range."""
        return self.mux.version is not None and self.mux.version >= _LIGHT


def programs_for(recipe: TranscodeRecipe, chosen: str = "") -> Programs:
    """The programs for *recipe*; *chosen* is the ffmpeg of the settings.

    Raises NotFound that names the encoders that none of them has.
    """
    found = programs(chosen)
    needed = encoders_of(recipe)
    short = {one.path: _shortcoming(one, "-encoders", *needed) for one in found}
    able = [one for one in found if not short[one.path]]
    if not able:
        words = "; ".join(f"{path} {why}" for path, why in short.items())
        raise NotFound(
            f"No ffmpeg here can do what the recipe {recipe.name} asks: {words}.",
            hint="Name one that can: reelkeep settings set media.ffmpeg PROGRAM",
        )
    vmaf = [one for one in found if not _shortcoming(one, "-filters", "libvmaf")]
    newest = max(found, key=lambda one: one.version or (999, 0))
    return Programs(encode=able[0], mux=newest, measure=(vmaf or able)[0], vmaf=bool(vmaf))


def _shortcoming(program: Program, list_of: str, *names: str) -> str:
    """What it lacks, in words; "" where it has all of *names*."""
    stat = Path(program.path).stat()
    try:
        known = _listed(program.path, list_of, stat.st_size, stat.st_mtime_ns)
    except NoAnswer:
        return "did not tell what it can do"
    lacking = [name for name in names if name not in known]
    return f"lacks {', '.join(lacking)}" if lacking else ""


@functools.lru_cache(maxsize=16)
def _listed(path: str, list_of: str, _size: int, _changed: int) -> frozenset[str]:
    """The second word of each line: what the program calls its encoders, or filters."""
    lines = answered(path, "-hide_banner", list_of)
    return frozenset(words[1] for line in lines if len(words := line.split()) > 1)
