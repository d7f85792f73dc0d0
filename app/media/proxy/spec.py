"""What a proxy job is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from app.jobs.spec import Spec, job_kind
from app.media.proxy.recipes import BurnIn, ProxyRecipe, ProxySize


@job_kind
@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySpec(Spec):
    """Make proxies of clips, frame for frame."""

    kind: ClassVar[str] = "proxy"

    files: tuple[Path, ...]
    """Clips, or folders: all clips below them."""
    recipes: tuple[ProxyRecipe, ...]
    heights: tuple[int, ...] = ()
    """Of previews, in the place of their recipe's own; empty: those."""
    to: Path | None = None
    """A folder that gets one folder for each size; None: the profile's cache."""
    beside: tuple[ProxyRecipe, ...] = ()
    """Made from the same decode, and these go into the cache also where there is a folder."""
    anew: bool = False
    """Make also those again that are finished."""


def with_looks(
    recipes: Iterable[ProxyRecipe], burn_in: BurnIn | None = None, lut: Path | None = None
) -> tuple[ProxyRecipe, ...]:
    """*recipes* with what is drawn in and looked up; a thumbnail is too small to be drawn into."""

    def looked(recipe: ProxyRecipe) -> ProxyRecipe:
        drawn = burn_in if burn_in and recipe.size is not ProxySize.THUMBNAIL else recipe.burn_in
        return replace(recipe, burn_in=drawn, lut=lut or recipe.lut)

    return tuple(map(looked, recipes))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptProxy:
    """A finished proxy, as it is remembered."""

    name: str
    """`preview-360`, `editorial`."""
    size: ProxySize
    path: Path
    width: int
    """Pixels as shown: after turning."""
    height: int
    frames: int
    bytes: int
    changed: int
    """Nanoseconds of its last change: another file under its name is none of ours."""
    peak: int
    """Bits a second in its worst two seconds."""
    digest: str
    """Of everything that it was made by."""
    way: str
    """Which encoder made it, `libx264`; and the decoder, where a device did that."""
    damage: str = ""
    """At which frames the original is damaged, `frames 29 to 32`; "" for a sound one."""


class ClipState(StrEnum):
    """What became of one clip."""

    MADE = "made"
    KNOWN = "known"
    """All was there already."""
    FAILED = "failed"
    LEFT_OUT = "left out"
    """Found in a folder, and without a picture: sound, for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipResult:
    """What became of one clip of a job."""

    source: Path
    state: ClipState
    frames: int = 0
    seconds: float = 0.0
    """From its first frame to the end of the check."""
    made: tuple[str, ...] = ()
    """Names of those that were made now."""
    proxies: tuple[KeptProxy, ...] = ()
    """All that were asked for and are there."""
    trouble: str = ""
    notes: tuple[str, ...] = ()
    """What is worth knowing although it ended well: a device that failed, what ffmpeg said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedProxy:
    """One proxy that a job would make, or has no need to."""

    name: str
    path: Path
    width: int
    height: int
    known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedClip:
    """What a job would do for one clip."""

    source: Path
    frames: int = 0
    """As its container tells."""
    counted: bool = True
    """Whether it tells the number, and not only how long the picture is."""
    proxies: tuple[PlannedProxy, ...] = ()
    trouble: str = ""
    notes: tuple[str, ...] = ()
    """What is worth knowing before: pictures of a row that are missing, what gets no proxy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyPlan:
    """What a proxy job would do; nothing is written."""

    clips: tuple[PlannedClip, ...]
    unreadable: tuple[str, ...] = ()
    """Folders that cannot be listed."""
