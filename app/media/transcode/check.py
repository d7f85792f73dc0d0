"""Whether a file that was put together is what it has to be. What is not is no transcode."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fractions import Fraction
from pathlib import Path

from app.media.ffmpeg.process import Wishes, run_ffmpeg
from app.media.transcode.lines import size_of
from app.media.transcode.mux import Place
from app.media.transcode.recipe import TranscodeRecipe
from app.media.transcode.spec import Fate
from app.media.transcode.streams import Inventory, Stream

_CLOSE = Fraction(15, 1000)
"""Seconds by which beginnings may differ: Matroska counts milliseconds."""
_LENGTHS = Fraction(1, 10)


def differences(
    clip: Inventory, made: Inventory, places: tuple[Place, ...], recipe: TranscodeRecipe
) -> Iterator[str]:
    """In what *made* is not as it has to be; nothing where all is right."""
    wanted = [one for one in places if one.stream.kind not in {"attachment", "cover"}]
    there = [one for one in made.streams if one.kind not in {"attachment", "cover", "data"}]
    if [one.stream.kind for one in wanted if one.stream.kind != "data"] != [
        one.kind for one in there
    ]:
        yield f"it has the streams {', '.join(one.kind for one in there) or 'none'}"
        return
    pairs = [one for one in wanted if one.stream.kind != "data"]
    for place, stream in zip(pairs, there, strict=True):
        yield from (
            f"stream {stream.index} {trouble}" for trouble in _stream(place, stream, recipe)
        )
    yield from _beside(clip, made, places, recipe)
    if recipe.timecode and clip.timecode and made.timecode != clip.timecode:
        yield f"it begins at {made.timecode or 'no timecode'}, the clip at {clip.timecode}"


def _beside(
    clip: Inventory, made: Inventory, places: tuple[Place, ...], recipe: TranscodeRecipe
) -> Iterator[str]:
    if recipe.others and made.chapters != clip.chapters:
        yield f"it has {made.chapters} chapters, the clip has {clip.chapters}"
    for kind in ("attachment", "cover"):
        wanted = sum(1 for one in places if one.stream.kind == kind)
        found = len(made.of("cover")) if kind == "cover" else len(made.of(kind))
        if found < wanted:
            yield f"it has {found} of {wanted} streams of the kind {kind}"


def _stream(place: Place, made: Stream, recipe: TranscodeRecipe) -> Iterator[str]:
    before = place.stream
    if place.stream.kind == "video":
        if made.packets != before.packets:
            yield f"has {made.packets:,} frames, that of the clip has {before.packets:,}"
        size = (before.width, before.height)
        wanted = size if place.made is None else size_of(before, recipe)
        if (made.width, made.height) != wanted:
            yield f"has {made.width}×{made.height} pixels, not {wanted[0]}×{wanted[1]}"
        if made.rotation != before.rotation:
            yield f"is to be turned by {made.rotation}°, not {before.rotation}°"
    elif place.made is not None and made.packets != place.made.packets:
        yield f"has {made.packets:,} packets, {place.made.packets:,} were encoded"
    if before.kind == "audio" and made.end < before.end - before.start - _LENGTHS:
        yield f"is {float(made.length):.2f} s long, that of the clip {float(before.length):.2f} s"


def begins_apart(clip: Inventory, made: Inventory, places: tuple[Place, ...]) -> Iterator[str]:
    """Streams that are not where they were among the others."""
    pairs = [
        (place.made.first if place.made is not None else place.stream.start, stream)
        for place, stream in zip(
            [one for one in places if one.stream.kind in {"video", "audio"}],
            [one for one in made.streams if one.kind in {"video", "audio"}],
            strict=False,
        )
    ]
    if not pairs:
        return
    before, after = pairs[0]
    for one, other in pairs[1:]:
        moved = (other.start - after.start) - (one - before)
        if abs(moved) > _CLOSE:
            yield f"stream {other.index} begins {float(moved):+.3f} s from where it was"


def undecodable(
    program: str, path: Path, made: Inventory, control: Wishes, of: Collection[int]
) -> Iterator[str]:
    """Decode every picture and sound *of* some streams; what is damaged is named."""
    for stream in made.streams:
        if stream.index not in of:
            continue
        line = ["-err_detect", "explode", "-noautorotate", "-i", str(path)]
        line += ["-map", f"0:{stream.index}", "-xerror"]
        ended = run_ffmpeg(program, [*line, "-fps_mode", "passthrough", "-f", "null", "-"], control)
        ended.refuse_torn("checked", path)
        if not ended.whole:
            yield f"stream {stream.index} cannot be decoded: {ended.trouble}"
        elif stream.kind == "video" and ended.progress.frames != stream.packets:
            yield (
                f"of stream {stream.index} {ended.progress.frames:,} of {stream.packets:,}"
                " frames can be decoded"
            )


def stored_otherwise(made: Inventory, places: tuple[Place, ...]) -> Iterator[tuple[Stream, Stream]]:
    """Raw streams, before and after, whose bytes differ: containers write headers elsewhere."""
    there = [one for one in made.streams if one.kind in {"video", "audio"}]
    wanted = [one for one in places if one.stream.kind in {"video", "audio"}]
    for place, stream in zip(wanted, there, strict=False):
        if place.fate is Fate.RAW and stream.digest != place.stream.digest:
            yield place.stream, stream


def decoded_digest(
    program: str, clip: Inventory, stream: Stream, folder: Path, control: Wishes
) -> str:
    """Of everything that a stream shows or sounds like; "" where it cannot be decoded."""
    out = folder / "digest"
    line = ["-noautorotate", *clip.reading(stream).words, "-map", f"0:{stream.number}"]
    line += ["-fps_mode", "passthrough", "-f", "hash", "-hash", "md5", "-y", str(out)]
    ended = run_ffmpeg(program, line, control)
    ended.refuse_torn("decoded", clip.path)
    found = out.read_text("ascii", "replace").strip() if ended.whole and out.exists() else ""
    out.unlink(missing_ok=True)
    return found
