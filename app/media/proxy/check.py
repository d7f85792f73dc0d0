"""Whether a proxy is what it has to be, frame for frame. What does not match is no proxy."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from app.media.facts.h273 import TRANSFERS
from app.media.facts.values import ClipFacts, VideoTrack
from app.media.ffmpeg.tally import Tally
from app.media.proxy.graph import carried_reel
from app.media.proxy.recipes import PictureCodec, SoundCodec
from app.media.proxy.rungs import Rung
from app.timecode import rate_text


def differences(source: Tally, rung: Rung, made: Tally) -> Iterator[str]:
    """In what *made* differs from its *source*; nothing where all is right."""
    clip, frames = source.facts, source.frames
    before, after = clip.picture, made.facts.picture
    assert before is not None
    if after is None or not after.decodable:
        yield "it has no picture"
        return
    if made.frames != frames:
        yield f"it has {made.frames:,} frames, the clip has {frames:,}"
    if before.steady and after.rate != before.rate:
        rates = f"{rate_text(after.rate)} frames a second, the clip has {rate_text(before.rate)}"
        yield f"it has {rates}"
    if abs(made.span - source.span) > 2 / before.rate:  # times of packets, not of pictures
        yield (
            f"from its first frame to its last one it is {float(made.span):.3f} s,"
            f" the clip {float(source.span):.3f} s"
        )
    if clip.start is not None and str(made.facts.start) != str(clip.start):
        yield f"it begins at {made.facts.start or 'no timecode'}, the clip at {clip.start}"
    reel = carried_reel(clip) if rung.keeps_reel else ""
    if reel and made.facts.reel != reel:
        yield f'its reel is "{made.facts.reel}", that of the clip is "{reel}"'
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


def _colour(before: VideoTrack, after: VideoTrack, rung: Rung) -> Iterator[str]:
    """Tags are carried through, or assumed where there were none; never lost."""
    names = ("primaries", "transfer", "matrix")
    for name in names:
        said, wanted = getattr(after.colour, name), getattr(before.colour, name)
        if rung.recipe.lut is not None:
            wanted = "BT.709"
        elif name == "transfer" and wanted not in TRANSFERS.values():
            wanted = ""  # no film can say it
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
