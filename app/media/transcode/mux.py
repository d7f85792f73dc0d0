"""Puts encoded and raw streams into one file, in the order of the original, with all it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from app.errors import DestinationFull, MediaFault
from app.media.ffmpeg.process import Wishes, run_ffmpeg
from app.media.transcode.programs import Programs
from app.media.transcode.recipe import Box, TranscodeRecipe
from app.media.transcode.spec import Fate
from app.media.transcode.streams import Inventory, Stream
from app.media.transcode.task import Made
from app.media.transcode.work import counted

FORMATS = {Box.MKV: "matroska", Box.MOV: "mov"}
_SECOND = 1
_DISPOSITIONS = {
    *("default", "dub", "original", "comment", "lyrics", "karaoke", "forced", "attached_pic"),
    *("hearing_impaired", "visual_impaired", "clean_effects", "captions", "descriptions"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One stream of the file that is made."""

    stream: Stream
    """Of the original; the first one of those that were mixed."""
    fate: Fate
    made: Made | None = None
    encoder: str = ""
    """In words: what it was encoded by."""
    beside: Path | None = None
    """A file that is attached: a still picture."""


def holds(
    program: str,
    clip: Inventory,
    stream: Stream,
    box: Box,
    trial: Path,
    control: Wishes,
    *words: str,
) -> bool:
    """Whether a container takes a stream as it is (or converted by *words*): it is tried."""
    line = ["-t", str(_SECOND), *clip.reading(stream).words, "-map", f"0:{stream.number}"]
    line += ["-c", "copy"]
    ended = run_ffmpeg(program, [*line, *words, "-f", FORMATS[box], "-y", str(trial)], control)
    trial.unlink(missing_ok=True)
    ended.refuse_torn("looked at", clip.path)
    return ended.whole


_STILLS = {"mjpeg": ("image/jpeg", "jpg"), "png": ("image/png", "png"), "bmp": ("image/bmp", "bmp")}


def cover_of(program: str, clip: Inventory, stream: Stream, out: Path, control: Wishes) -> bool:
    """Write a still picture into a file of its own; False where nobody knows its form."""
    if stream.codec not in _STILLS:
        return False
    line = [*clip.reading(stream).words, "-map", f"0:{stream.number}", "-c", "copy"]
    line += ["-frames:v", "1"]
    ended = run_ffmpeg(program, [*line, "-f", "image2pipe", "-y", str(out)], control)
    ended.refuse_torn("looked at", clip.path)
    return ended.whole


def mux(
    programs: Programs,
    clip: Inventory,
    places: tuple[Place, ...],
    recipe: TranscodeRecipe,
    out: Path,
    control: Wishes,
) -> None:
    """Write *out*. Raises MediaFault, DestinationFull, JobCancelled."""
    line = [*_line(clip, places, recipe, control, light=programs.light), "-y", str(out)]
    ended = run_ffmpeg(programs.mux.path, line, control)
    if ended.full:
        raise DestinationFull(
            f"There is no room for {out}.",
            path=out,
            hint="Free some space, then resume the job: what is encoded stays.",
        )
    ended.refuse_torn("put together", out)
    if not ended.whole:
        raise MediaFault(f"{clip.path} cannot be put together: {ended.trouble}", path=clip.path)


def _line(
    clip: Inventory,
    places: tuple[Place, ...],
    recipe: TranscodeRecipe,
    control: Wishes,
    *,
    light: bool,
) -> list[str]:
    inputs = ["-copyts"]
    for reading in clip.readings:
        inputs += ["-itsoffset", _seconds(-reading.start), *reading.words]
    files = len(clip.readings)
    about = 0
    if clip.readings[0].options:  # a list, or a row, says nothing of itself: its first file does
        about, files = files, files + 1
        inputs += ["-i", str(clip.path)]
    maps: list[str] = []
    said: list[str] = []
    apart = [place for place in places if place.beside is not None]
    for n, place in enumerate(place for place in places if place.beside is None):
        stream = place.stream
        if place.made is None:
            maps += ["-map", f"{stream.reading}:{stream.number}"]
        else:
            late = _offset(place, control)
            shown = _shown(stream, light=light)
            inputs += ["-itsoffset", _seconds(late), *shown, "-i", str(place.made.path)]
            maps += ["-map", f"{files}:0"]
            files += 1
        # Once it is said for one stream, it has to be said for all of them.
        said += [f"-map_metadata:s:{n}", f"{stream.reading}:s:{stream.number}"]
        said += _said_of(n, place, recipe)
    chapters = "0" if recipe.others else "-1"
    return [
        *(*inputs, *maps, "-c", "copy", "-map_metadata", str(about), "-map_chapters", chapters),
        *said,
        *_timecode(clip, places, recipe),
        *_attached(apart, len(places) - len(apart)),
        *("-max_interleave_delta", "0", "-f", FORMATS[recipe.container]),
    ]


def _attached(places: list[Place], first: int) -> Iterator[str]:
    for n, place in enumerate(places, first):
        kind, ending = _STILLS[place.stream.codec]
        name = place.stream.tags.get("filename") or f"cover.{ending}"
        yield from ("-attach", str(place.beside))
        yield from (f"-metadata:s:{n}", f"mimetype={kind}", f"-metadata:s:{n}", f"filename={name}")


def _shown(stream: Stream, *, light: bool) -> list[str]:
    """How a player is to show an encoded picture, which its own file does not tell."""
    words = ["-display_rotation", str(-stream.rotation)] if stream.rotation else []
    if light and stream.mastering:
        words += ["-mastering_display", stream.mastering]
    if light and stream.light:
        words += ["-content_light", stream.light]
    return words


def _offset(place: Place, control: Wishes) -> Fraction:
    """Seconds by which a stream's own times are moved, so that it begins where it did."""
    assert place.made is not None
    first = Fraction(counted(place.made.path, control).first).limit_denominator(1_000_000)
    return place.made.first - first - place.made.head


def _said_of(n: int, place: Place, recipe: TranscodeRecipe) -> Iterator[str]:
    stream = place.stream
    if stream.kind == "attachment":
        return
    yield from (f"-disposition:{n}", "+".join(_dispositions(stream)) or "0")
    tags: dict[str, str] = {}
    if place.fate is Fate.CONVERTED:
        yield from (f"-c:{n}", "ass")
    if place.made is not None:
        tags["encoder"] = place.encoder
    if stream.name and recipe.container is Box.MKV:
        tags["title"] = stream.name
    if place.fate is Fate.MIXED:  # it is all tracks, and bears the name of none
        tags |= dict.fromkeys(("title", "handler_name", "name"), "")
    if not recipe.timecode:
        tags["timecode"] = ""
    for name, value in tags.items():
        yield from (f"-metadata:s:{n}", f"{name}={value}")


def _dispositions(stream: Stream) -> list[str]:
    return [one for one in stream.disposition if one in _DISPOSITIONS]


def _timecode(clip: Inventory, places: tuple[Place, ...], recipe: TranscodeRecipe) -> Iterator[str]:
    if not recipe.timecode:
        yield from ("-metadata", "timecode=")
    elif clip.timecode and recipe.container is Box.MOV:
        yield from ("-timecode", clip.timecode)
    elif clip.timecode:
        yield from ("-metadata", f"timecode={clip.timecode}")
    picture = next((n for n, one in enumerate(places) if one.stream.kind == "video"), None)
    if clip.reel and recipe.others and picture is not None:
        yield from (f"-metadata:s:{picture}", f"reel_name={clip.reel}")


def _seconds(value: Fraction) -> str:
    return f"{float(value):.6f}"
