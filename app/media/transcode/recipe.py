"""Recipes for transcodes: *compact* for what looks the same, *keepsake* for what is tiny."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from app.media.ffmpeg.recipe_file import RecipeKind


class Codec(StrEnum):
    """How pictures are encoded."""

    H264 = "h264"
    H265 = "h265"
    AV1 = "av1"
    COPY = "copy"
    """Not at all: the raw stream."""


class Sound(StrEnum):
    """How sound is encoded."""

    OPUS = "opus"
    AAC = "aac"
    FLAC = "flac"
    COPY = "copy"
    NONE = "none"


class Box(StrEnum):
    """What all streams are put into."""

    MKV = "mkv"
    MOV = "mov"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Encoding of every picture stream."""

    codec: Codec
    quality: int = 18
    """The encoder's crf; less is better and larger."""
    speed: str = "medium"
    """The encoder's preset: a word for H.264 and H.265, a number for AV1."""
    below: int = 0
    """Width and height are halved until both are below this; 0: as they are."""
    key_distance: int = 0
    """Frames from one key frame to the next at most; 0: as the encoder likes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundTracks:
    """Encoding of every sound stream."""

    codec: Sound
    bitrate: int = 128_000
    """Bits a second of one stream."""
    mixed: bool = False
    """All streams become one; a single one stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscodeRecipe:
    """How a clip is transcoded."""

    name: str
    container: Box = Box.MKV
    picture: Picture
    sound: SoundTracks
    others: bool = True
    """Whether subtitles, attachments, chapters and data are kept."""
    timecode: bool = True
    raw_from: int = 0
    """Per cent of a raw stream's size from which on it is kept as it is; 0: it never is."""
    raw_after: int = 10
    """Seconds of output from which on that is looked at."""
    measured: bool = False
    """Whether the pictures are compared with the original's afterwards."""

    @property
    def suffix(self) -> str:
        """Of its files."""
        return f".{self.container}"


ENCODERS = {Codec.H264: "libx264", Codec.H265: "libx265", Codec.AV1: "libsvtav1"}
SOUND_ENCODERS = {Sound.OPUS: "libopus", Sound.AAC: "aac", Sound.FLAC: "flac"}
_WORDS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower"),
    "veryslow",
)
_NUMBERS = tuple(map(str, range(14)))


def transcode_recipe(name: str, folder: Path | None = None) -> TranscodeRecipe:
    """The recipe *name* (or an older name), of the profile's *folder* or ours.

    Raises NotFound, and BadInput that names file and key for one that makes no sense.
    """
    return _KIND.named(name, folder)


def transcode_recipe_names(folder: Path | None = None) -> tuple[str, ...]:
    """Every recipe that can be named, ours first."""
    return _KIND.names(folder)


def encoders_of(recipe: TranscodeRecipe) -> tuple[str, ...]:
    """What ffmpeg calls the encoders that a recipe needs."""
    named = (ENCODERS.get(recipe.picture.codec), SOUND_ENCODERS.get(recipe.sound.codec))
    return tuple(name for name in named if name)


def misfits(recipe: TranscodeRecipe) -> Iterator[str]:
    """What a recipe encodes that its container cannot hold."""
    if recipe.container is Box.MOV:
        if recipe.picture.codec is Codec.AV1:
            yield 'MOV cannot hold picture.codec = "av1"; MKV can.'
        if recipe.sound.codec is Sound.FLAC:
            yield 'MOV cannot hold sound.codec = "flac"; MKV can.'


def _senseless(recipe: TranscodeRecipe) -> Iterator[str]:
    picture, sound = recipe.picture, recipe.sound
    yield from misfits(recipe)
    speeds = _NUMBERS if picture.codec is Codec.AV1 else _WORDS
    if picture.codec is not Codec.COPY and picture.speed not in speeds:
        yield f"picture.speed of {picture.codec} is one of: {', '.join(speeds)}."
    most = 63 if picture.codec is Codec.AV1 else 51
    if not 0 <= picture.quality <= most:
        yield f"picture.quality is from 0 to {most}."
    if picture.below and not 64 <= picture.below <= 16384:
        yield "picture.below is from 64 to 16384, or 0."
    if picture.below and picture.codec is Codec.COPY:
        yield 'picture.below needs another picture.codec than "copy".'
    if not 0 <= picture.key_distance <= 1000:
        yield "picture.key_distance is from 0 to 1000."
    if not 6_000 <= sound.bitrate <= 512_000:
        yield "sound.bitrate is from 6000 to 512000."
    if sound.mixed and sound.codec in {Sound.COPY, Sound.NONE}:
        yield f'sound.mixed makes no sense with sound.codec = "{sound.codec}".'
    if not 0 <= recipe.raw_from <= 1000:
        yield "raw_from is from 0 to 1000 per cent."
    if recipe.raw_from and (picture.below or sound.mixed):
        yield "raw_from needs whole streams: neither picture.below nor sound.mixed."
    if not 0 <= recipe.raw_after <= 3600:
        yield "raw_after is from 0 to 3600 seconds."


_KIND = RecipeKind(
    name="transcode",
    form=TranscodeRecipe,
    senseless=_senseless,
    first=("compact", "keepsake"),
    older={"archive": "compact", "preview": "keepsake"},
)
