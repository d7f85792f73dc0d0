"""Recipes: named ways to make proxies, in TOML; ours are in `resources/recipes`.

A recipe of the same name in the profile's folder `recipes` replaces ours, one of another name adds
to them. docs/recipes.md describes every key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from app.media.ffmpeg.recipe_file import RecipeKind


class ProxySize(StrEnum):
    """What a proxy is for."""

    THUMBNAIL = "thumbnail"
    """All frames, small; poster and strip derive from it."""
    PREVIEW = "preview"
    """A ladder of heights that any browser plays."""
    EDITORIAL = "editorial"
    """Takes the original's place while a film is edited."""


class PictureCodec(StrEnum):
    """How pictures are encoded."""

    H264 = "h264"
    PRORES = "prores"
    DNXHR = "dnxhr"


class SoundCodec(StrEnum):
    """How sound is encoded."""

    AAC = "aac"
    PCM = "pcm"
    NONE = "none"


class Container(StrEnum):
    """What both are put into."""

    MP4 = "mp4"
    MOV = "mov"


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRecipe:
    """Size and encoding of the picture."""

    codec: PictureCodec
    heights: tuple[int, ...] = ()
    """A proxy of each, as shown; those above the clip's own are left out. Empty: see `widest`."""
    widest: int = 0
    """Without heights: halved until it is no wider, so that an editor scales by whole numbers."""
    quality: int = 23
    """x264's crf, or the quantiser of ProRes; less is better and larger. DNxHR has none."""
    speed: str = "ultrafast"
    """x264's preset."""
    key_distance: int = 12
    """Frames from one key frame to the next, for H.264."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundRecipe:
    """Encoding of each sound track."""

    codec: SoundCodec = SoundCodec.NONE
    bitrate: int = 128_000
    """Bits a second of one track, for AAC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnIn:
    """What is drawn into the picture."""

    timecode: bool = False
    clip: bool = False
    """The clip's name."""
    text: str = ""

    def __bool__(self) -> bool:
        return self.timecode or self.clip or bool(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyRecipe:
    """How proxies of one size are made."""

    name: str
    size: ProxySize
    container: Container
    picture: PictureRecipe
    sound: SoundRecipe = field(default_factory=SoundRecipe)
    burn_in: BurnIn = field(default_factory=BurnIn)
    lut: Path | None = None
    """A .cube file; relative paths begin at the recipe's folder."""


def recipe_named(name: str, folder: Path | None = None) -> ProxyRecipe:
    """The recipe *name*, of the profile's *folder* or ours.

    Raises NotFound, and BadInput that names file and key for one that makes no sense.
    """
    return _PROXIES.named(name, folder)


def recipe_names(folder: Path | None = None) -> tuple[str, ...]:
    """Every recipe that can be named, ours first."""
    return _PROXIES.names(folder)


_SPEEDS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower"),
    "veryslow",
)


def _senseless(recipe: ProxyRecipe) -> Iterator[str]:
    """What is well-formed and yet cannot be done."""
    picture = recipe.picture
    if any(not 16 <= height <= 8192 for height in picture.heights):
        yield "picture.heights are from 16 to 8192."
    if picture.codec is not PictureCodec.H264 and recipe.container is not Container.MOV:
        yield f'{picture.codec} needs container = "mov".'
    if recipe.sound.codec is SoundCodec.PCM and recipe.container is not Container.MOV:
        yield 'sound.codec = "pcm" needs container = "mov".'
    if picture.speed not in _SPEEDS:
        yield f"picture.speed is one of: {', '.join(_SPEEDS)}."
    most = 51 if picture.codec is PictureCodec.H264 else 200
    if not 1 <= picture.quality <= most:
        yield f"picture.quality is from 1 to {most}."
    if not 1 <= picture.key_distance <= 600:
        yield "picture.key_distance is from 1 to 600."
    if not 16_000 <= recipe.sound.bitrate <= 512_000:
        yield "sound.bitrate is from 16000 to 512000."
    if picture.widest and not 256 <= picture.widest <= 16384:
        yield "picture.widest is from 256 to 16384."


_PROXIES = RecipeKind(
    name="proxy", form=ProxyRecipe, senseless=_senseless, first=tuple(map(str, ProxySize))
)
