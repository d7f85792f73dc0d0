"""What is to become of each stream of a clip by a recipe; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.errors import MediaFault
from app.media.transcode.recipe import (
    ENCODERS,
    SOUND_ENCODERS,
    Box,
    Codec,
    Sound,
    TranscodeRecipe,
)
from app.media.transcode.spec import Fate
from app.media.transcode.streams import Inventory, Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is to become of one stream, before anything was tried."""

    stream: Stream
    fate: Fate
    encoder: str = ""
    why: str = ""


def intents(clip: Inventory, recipe: TranscodeRecipe) -> tuple[Intent, ...]:
    """For each stream in its order. Raises MediaFault for a clip that the recipe can't take."""
    found = tuple(_intent(one, clip, recipe) for one in clip.streams)
    if not any(one.fate in {Fate.ENCODED, Fate.MIXED, Fate.RAW} for one in found):
        raise MediaFault(f"Nothing would be left of {clip.path}.", path=clip.path)
    return found


def _intent(stream: Stream, clip: Inventory, recipe: TranscodeRecipe) -> Intent:
    if stream.kind == "video":
        return _picture(stream, clip, recipe)
    if stream.kind == "audio":
        return _sound(stream, clip, recipe)
    if stream.kind == "data" and "timecode" in stream.tags:
        if recipe.timecode and clip.timecode:
            return Intent(stream=stream, fate=Fate.TAG, why=f"timecode {clip.timecode}")
        return Intent(stream=stream, fate=Fate.DROPPED, why="the recipe keeps no timecode")
    if not recipe.others:
        return Intent(stream=stream, fate=Fate.DROPPED, why="the recipe keeps picture and sound")
    return Intent(stream=stream, fate=Fate.RAW)


def _picture(stream: Stream, clip: Inventory, recipe: TranscodeRecipe) -> Intent:
    codec = recipe.picture.codec
    if codec is Codec.COPY:
        return Intent(stream=stream, fate=Fate.RAW)
    if stream.decodable and stream.width and stream.height:
        return Intent(stream=stream, fate=Fate.ENCODED, encoder=ENCODERS[codec])
    return _undecodable(stream, clip, recipe)


def _sound(stream: Stream, clip: Inventory, recipe: TranscodeRecipe) -> Intent:
    codec = recipe.sound.codec
    if codec is Sound.NONE:
        return Intent(stream=stream, fate=Fate.DROPPED, why="the recipe keeps no sound")
    if codec is Sound.COPY:
        return Intent(stream=stream, fate=Fate.RAW)
    if codec is Sound.OPUS and recipe.container is Box.MOV:
        return Intent(stream=stream, fate=Fate.RAW, why="MOV has no place for Opus")
    if not (stream.decodable and stream.rate and stream.channels):
        return _undecodable(stream, clip, recipe)
    several = recipe.sound.mixed and len(clip.of("audio")) > 1
    return Intent(
        stream=stream,
        fate=Fate.MIXED if several else Fate.ENCODED,
        encoder=SOUND_ENCODERS[codec],
    )


def _undecodable(stream: Stream, clip: Inventory, recipe: TranscodeRecipe) -> Intent:
    """What nobody can look at is kept as it is where a recipe keeps what cannot be bettered."""
    codec = stream.codec or "of an unknown kind"
    if recipe.raw_from:
        return Intent(stream=stream, fate=Fate.RAW, why=f"{codec} cannot be decoded here")
    raise MediaFault(
        f"Stream {stream.index} of {clip.path} is {codec} and cannot be decoded here.",
        path=clip.path,
    )


def in_order(intended: tuple[Intent, ...], recipe: TranscodeRecipe) -> Iterator[Intent]:
    """As they come into the file: as they were; but what was mixed comes last, once."""
    kept = [one for one in intended if one.fate not in {Fate.DROPPED, Fate.TAG}]
    if recipe.sound.mixed:
        kept.sort(key=lambda one: one.stream.kind == "audio")
    mixed = False
    for one in kept:
        if one.fate is not Fate.MIXED:
            yield one
        elif not mixed:
            mixed = True
            yield one


def words_of(recipe: TranscodeRecipe, encoder: str, kind: str) -> str:
    """What a stream is encoded by, for its tag and the sheet."""
    if kind == "video":
        speed = recipe.picture.speed
        preset = f"preset {speed}" if speed.isdigit() else speed
        return f"{encoder} crf {recipe.picture.quality} {preset}"
    if recipe.sound.codec is Sound.FLAC:
        return encoder
    return f"{encoder} {recipe.sound.bitrate // 1000} kb/s"
