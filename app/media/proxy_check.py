"""Whether a proxy is what it has to be, frame for frame. What does not match is no proxy."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from app.media.facts import ClipFacts, VideoTrack
from app.media.recipes import PictureCodec, SoundCodec
from app.media.rungs import Rung
from app.media.tally import Tally
from app.timecode import rate_text

_CLOSE = Fraction(5, 1000)
"""Share by which the mean rate of an unsteady clip may differ."""


def differences(clip: ClipFacts, frames: int, rung: Rung, made: Tally) -> Iterator[str]:
    """In what *made* differs from the *clip* of so many *frames*; nothing where all is right."""
    before, after = clip.picture, made.facts.picture
    assert before is not None
    if after is None or not after.decodable:
        yield "it has no picture"
        return
    if made.frames != frames:
        yield f"it has {made.frames:,} frames, the clip has {frames:,}"
    if trouble := _rate_differs(before, after):
        yield trouble
    if clip.start is not None and str(made.facts.start) != str(clip.start):
        yield f"it begins at {made.facts.start or 'no timecode'}, the clip at {clip.start}"
    if rung.keeps_reel and clip.reel and made.facts.reel != clip.reel:
        yield f'its reel is "{made.facts.reel}", that of the clip is "{clip.reel}"'
    if (after.width, after.height) != rung.stored:
        yield f"it has {after.width}×{after.height} pixels, not {rung.stored[0]}×{rung.stored[1]}"
    if after.rotation != rung.marked:
        yield f"it is to be turned by {after.rotation}°, not {rung.marked}°"
    yield from _colour(before, after, rung)
    yield from _sound(clip, rung, made.facts)
    if rung.recipe.picture.codec is PictureCodec.H264:
        wanted = min(rung.recipe.picture.key_distance, frames)
        if made.key_every != wanted:
            yield f"not every frame number that {wanted} divides is a key frame"


def _rate_differs(before: VideoTrack, after: VideoTrack) -> str:
    same = after.rate == before.rate
    if not before.steady:
        same = abs(after.rate - before.rate) <= before.rate * _CLOSE
    if same:
        return ""
    return f"it has {rate_text(after.rate)} frames a second, the clip has {rate_text(before.rate)}"


def _colour(before: VideoTrack, after: VideoTrack, rung: Rung) -> Iterator[str]:
    """Tags are carried through, or assumed where there were none; never lost."""
    names = ("primaries", "transfer", "matrix")
    for name in names:
        said, wanted = getattr(after.colour, name), getattr(before.colour, name)
        if rung.recipe.lut is not None:
            wanted = "BT.709"
        if not said or (wanted and wanted not in {"RGB", said}):
            yield f"its colour {name} is {said or 'untold'}, not {wanted or 'told'}"


def _sound(clip: ClipFacts, rung: Rung, made: ClipFacts) -> Iterator[str]:
    wanted = () if rung.recipe.sound.codec is SoundCodec.NONE else clip.audio
    if len(made.audio) != len(wanted):
        yield f"it has {len(made.audio)} sound tracks, not {len(wanted)}"
        return
    for n, (before, after) in enumerate(zip(wanted, made.audio, strict=True), 1):
        if before.name and after.name != before.name:
            yield f'its sound track {n} is called "{after.name}", not "{before.name}"'
        if before.duration and after.duration < before.duration - Fraction(1, 10):
            lengths = f"{float(after.duration):.1f} s long, not {float(before.duration):.1f} s"
            yield f"its sound track {n} is {lengths}"
