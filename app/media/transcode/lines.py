"""The arguments of the ffmpeg that encodes one stream, or looks where it would go on."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from app.media.products.pixels import even, is_rgb
from app.media.transcode.high_range import for_svt, for_x264, for_x265
from app.media.transcode.original import Reading
from app.media.transcode.recipe import ENCODERS, SOUND_ENCODERS, Codec, Sound, TranscodeRecipe
from app.media.transcode.sound_frames import SoundFrames
from app.media.transcode.streams import Inventory, Stream

_FINE = "1:90000"
_VORBIS_LAYOUTS = {"mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Where the encoding of a picture stream goes on."""

    frame: int = 0
    """The first one that is encoded."""
    at: Fraction = Fraction(0)
    """When it is shown, as the file counts seconds."""
    seek: Fraction | None = None
    """Where decoding begins, in seconds from the file's beginning; None: at the beginning."""
    close: Fraction = Fraction(0)
    """A quarter of a frame, in seconds."""


def picture_line(
    reading: Reading,
    stream: Stream,
    recipe: TranscodeRecipe,
    entry: Entry,
    *,
    steady: bool,
    out: Path,
) -> list[str]:
    """Encode a picture stream from *entry* to its end."""
    options: dict[str, Any] = {
        "format": "nut",
        "flush_packets": 1,
        "fps_mode:v": "passthrough",
        "map_metadata": -1,
        "map_chapters": -1,
        **_encoder(recipe, stream),
    }
    if not steady:
        options["enc_time_base:v"] = _FINE
    picture = with_matrix(_entered(reading, stream, entry), stream)
    size = size_of(stream, recipe)
    if size != (stream.width, stream.height):
        picture = picture.filter("scale", *size, flags="area")
    return _args(ffmpeg.output(picture, str(out), **options))


def entry_line(reading: Reading, stream: Stream, entry: Entry, out: Path) -> list[str]:
    """Decode the one picture at *entry*, and write down when it is shown."""
    picture = _entered(reading, stream, entry)
    options = {"format": "framecrc", "frames:v": 1, "enc_time_base:v": _FINE}
    return _args(ffmpeg.output(picture, str(out), **{"fps_mode:v": "passthrough", **options}))


def with_matrix(picture: Any, stream: Stream) -> Any:
    """A picture of RGB as encoders take it, by the matrix that it is then said to have."""
    if not is_rgb(stream.pixel_format):
        return picture
    picture = picture.filter("scale", out_color_matrix="bt709", out_range="tv")
    return picture.filter("setparams", colorspace="bt709", range="tv")


def _entered(reading: Reading, stream: Stream, entry: Entry) -> Any:
    read: dict[str, Any] = {"noautorotate": None, "copyts": None}
    if entry.seek is not None:
        read |= {"noaccurate_seek": None, "ss": f"{float(entry.seek):.6f}"}
    picture = reading.input(**read)[str(stream.number)]
    if entry.frame and entry.seek is not None:
        return picture.filter("select", f"gte(t,{float(entry.at - entry.close):.6f})")
    return picture.filter("select", f"gte(n,{entry.frame})") if entry.frame else picture


def _encoder(recipe: TranscodeRecipe, stream: Stream) -> dict[str, Any]:
    picture = recipe.picture
    options: dict[str, Any] = {
        "c:v": ENCODERS[picture.codec],
        "crf": picture.quality,
        "preset": picture.speed,
    }
    if picture.key_distance:
        options["g"] = picture.key_distance
    told = stream.mastering, stream.light
    if picture.codec is Codec.H264:
        woven = "+ildct+ilme" if stream.interlaced else ""
        options["flags:v"] = f"+cgop{woven}"
        if words := for_x264(*told):
            options["x264-params"] = words
    if picture.codec is Codec.H265:
        more = for_x265(*told)
        options["x265-params"] = ":".join(filter(None, ("open-gop=0:log-level=error", more)))
    if picture.codec is Codec.AV1 and (words := for_svt(*told)):
        options["svtav1-params"] = words
    return options


def size_of(stream: Stream, recipe: TranscodeRecipe) -> tuple[int, int]:
    """Pixels of the encoded picture: halved until both sides are below the recipe's number."""
    width, height, below = stream.width, stream.height, recipe.picture.below
    if not below:
        return width, height
    while width >= below or height >= below:
        width, height = width // 2, height // 2
    return even(width), even(height)


def sound_line(
    clip: Inventory,
    streams: tuple[Stream, ...],
    recipe: TranscodeRecipe,
    frames: SoundFrames,
    *,
    drop: int,
    out: Path,
) -> list[str]:
    """Encode one sound stream, or several mixed to one, without its first *drop* samples."""
    read = {one.reading: clip.reading(one).input() for one in streams}
    opus = recipe.sound.codec is Sound.OPUS
    parts = [_even_sound(read[one.reading][str(one.number)], one, frames.rate) for one in streams]
    sound = parts[0]
    if len(parts) > 1:
        sound = ffmpeg.filter(_aligned(parts, streams, frames.rate), "amix", inputs=len(parts))
    if drop:
        sound = sound.filter("atrim", start_sample=drop)
    sound = sound.filter("asetpts", "N/SR/TB")
    options: dict[str, Any] = {
        "c:a": SOUND_ENCODERS[recipe.sound.codec],
        "map_metadata": -1,
        "map_chapters": -1,
        "flush_packets": 1,
        "format": frames.form,
    }
    if recipe.sound.codec is Sound.FLAC:
        options["frame_size"] = frames.samples
    else:
        options["b:a"] = recipe.sound.bitrate
    if opus:
        options["page_duration"] = 20_000
    many = streams[0].channels
    if recipe.sound.mixed and max(one.channels for one in streams) > 2:
        options["ac"] = 2
    elif opus and streams[0].layout not in _VORBIS_LAYOUTS and many > 2:
        options["mapping_family"] = 255
    return _args(ffmpeg.output(sound, str(out), **options))


def _even_sound(sound: Any, stream: Stream, rate: int) -> Any:
    options: dict[str, Any] = {"async": 1} if stream.gaps else {}
    if options or stream.rate != rate:
        return sound.filter("aresample", rate, **options)
    return sound


def _aligned(parts: list[Any], streams: tuple[Stream, ...], rate: int) -> list[Any]:
    """Streams that begin later get silence in front, so that they stay where they were."""
    first = min(one.start for one in streams)
    aligned = []
    for part, one in zip(parts, streams, strict=True):
        late = round((one.start - first) * rate)
        begun = part.filter("asetpts", "N/SR/TB")
        aligned.append(begun.filter("adelay", delays=f"{late}S", all=1) if late else begun)
    return aligned


def _args(output: Any) -> list[str]:
    return list(ffmpeg.get_args(output, overwrite_output=True))
