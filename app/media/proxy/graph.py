"""The arguments of one ffmpeg that makes all proxies of a clip from one decode.

Sizes are chained: each is scaled from the one above it, and what is drawn or looked up for one is
seen in that one only. Every frame is passed through with the time it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import ffmpeg

from app.media.facts.h273 import LINEAR, TRANSFERS
from app.media.facts.values import AudioTrack, ClipFacts, Colour, VideoTrack
from app.media.ffmpeg.feed import Feed
from app.media.products.pixels import is_rgb
from app.media.proxy.recipes import PictureCodec, ProxyRecipe, SoundCodec
from app.media.proxy.rungs import Rung
from app.timecode import Timecode

FONT = Path(__file__).parents[3] / "resources" / "fonts" / "Inter-Medium.ttf"
FINE_TICKS = 90_000
"""Parts of a second in which the times of unsteady clips are kept."""
_FORMATS = {
    PictureCodec.H264: "yuv420p",
    PictureCodec.PRORES: "yuv422p10le",
    PictureCodec.DNXHR: "yuv422p",
}
_ENCODERS = {PictureCodec.PRORES: "prores_ks", PictureCodec.DNXHR: "dnxhd"}
_AAC_CHANNELS = {1, 2, 6, 8}
"""Layouts that every decoder of AAC knows; others are mixed to stereo."""
_COLOURS = ("color_primaries", "color_trc", "colorspace")
_HD_HEIGHT = 576


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Which codecs do the work: those of a device, or plain software."""

    decoder: str = ""
    """What ffmpeg calls the device that decodes, `vaapi`; empty: the processor."""
    encoder: str = "libx264"

    @property
    def words(self) -> str:
        """For people."""
        return " and ".join(filter(None, [self.decoder, self.encoder]))

    @property
    def uploads(self) -> bool:
        """Whether pictures have to be carried to the device before it encodes them."""
        return self.encoder.endswith("_vaapi")

    def name_for(self, rung: Rung) -> str:
        """What made this proxy.

        Of a device that decodes only the trial is proven: in the work itself ffmpeg falls back to
        the processor, picture by picture and without a word.
        """
        codec = rung.recipe.picture.codec
        encoder = self.encoder if codec is PictureCodec.H264 else _ENCODERS[codec]
        return f"{encoder}, decoded by {self.decoder} where it could" if self.decoder else encoder


VAAPI_DEVICE = "/dev/dri/renderD128"
SOFTWARE = Way()


def arguments(
    name: str,
    facts: ClipFacts,
    feed: Feed,
    outputs: Mapping[Path, Rung],
    way: Way = SOFTWARE,
    *,
    filled: int = 0,
) -> list[str]:
    """Everything behind the program's name; *outputs* are partial names with what they hold.

    *name* is the clip's, to be burnt in. *filled*: so many frames there have to be, and in place of
    one that does not come the one before it is shown.
    """
    track = facts.picture
    assert track is not None
    picture = feed.from_zero()
    if filled:
        picture = _filled(picture, track.rate, filled)
    sound = feed.sound_for(sum(map(_sounds, outputs.values())))
    left = sorted(
        outputs.items(), key=lambda item: (-item[1].width * item[1].height, not item[1].whole)
    )
    made = []
    woven = track.interlaced
    while left:
        path, rung = left.pop(0)
        if woven and not _keeps_fields(rung, track):
            picture, woven = picture.filter("yadif", mode="send_frame", deint="interlaced"), False
        picture = _scaled(picture, rung, track)
        mine = picture
        if left:
            both = picture.filter_multi_output("split")
            mine, picture = both[0], both[1]
        heard = next(sound) if _sounds(rung) else ()
        made.append(_output(mine, heard, path, rung, facts, name, way))
    return list(ffmpeg.get_args(ffmpeg.merge_outputs(*made), overwrite_output=True))


def _filled(picture: Any, rate: Fraction, frames: int) -> Any:
    steady = picture.filter("fps", fps=f"{rate.numerator}/{rate.denominator}")
    longer = steady.filter("tpad", stop=frames, stop_mode="clone")
    return longer.filter("trim", end_frame=frames)


def decoding(way: Way) -> dict[str, str]:
    """What the input is told."""
    options = {"hwaccel": way.decoder} if way.decoder else {}
    return options | ({"vaapi_device": VAAPI_DEVICE} if way.uploads else {})


def _sounds(rung: Rung) -> bool:
    return rung.recipe.sound.codec is not SoundCodec.NONE


def _keeps_fields(rung: Rung, track: VideoTrack) -> bool:
    return rung.whole and (rung.width, rung.height) == (track.width, track.height)


def _scaled(picture: Any, rung: Rung, track: VideoTrack) -> Any:
    options: dict[str, Any] = {"flags": "area"}
    if track.colour.range == "full" or track.pixel_format.startswith("yuvj"):
        options |= {"in_range": "pc", "out_range": "tv"}
    if is_rgb(track.pixel_format):
        options |= {"out_color_matrix": "bt709", "out_range": "tv"}
    if len(options) == 1 and (rung.width, rung.height) == (track.width, track.height):
        return picture
    return picture.filter("scale", rung.width, rung.height, **options)


def _output(
    picture: Any,
    heard: tuple[Any, ...],
    path: Path,
    rung: Rung,
    facts: ClipFacts,
    clip: str,
    way: Way,
) -> Any:
    track = facts.picture
    assert track is not None
    recipe = rung.recipe
    picture, tags = _looked_up(picture, recipe, track)
    picture = _turned(picture, rung.turn)
    if not rung.whole:
        picture = picture.filter("setsar", 1)
    picture = _burnt_in(picture, rung, facts, clip)
    picture = picture.filter("format", _FORMATS[recipe.picture.codec])
    if tags:
        picture = picture.filter("setparams", **tags)
    if way.uploads and recipe.picture.codec is PictureCodec.H264:
        picture = picture.filter("format", "nv12").filter("hwupload")
    options = {
        "format": str(recipe.container),
        "fps_mode:v": "passthrough",
        "map_metadata": 0,
        "map_chapters": -1,
        **_picture_options(rung, track, way),
        **_sound_options(rung, list(facts.audio) if heard else []),
    }
    if facts.start is not None:
        options["timecode"] = str(facts.start)
    if carried_reel(facts) and rung.keeps_reel:
        options["metadata:s:v:0"] = f"reel_name={facts.reel}"
    if track.steady:  # FFmpeg's own guess is a little off: Matroska with 59.94, for one
        options["enc_time_base:v"] = f"{track.rate.denominator}:{track.rate.numerator}"
    else:
        options |= {"enc_time_base:v": f"1:{FINE_TICKS}", "video_track_timescale": FINE_TICKS}
    return ffmpeg.output(picture, *heard, str(path), **options)


def carried_reel(facts: ClipFacts) -> str:
    """The reel that the clip itself carries: one that was guessed from its name stays a guess."""
    return "" if facts.reel_from == "name" else facts.reel


def _picture_options(rung: Rung, track: VideoTrack, way: Way) -> dict[str, Any]:
    recipe = rung.recipe.picture
    if recipe.codec is PictureCodec.PRORES:
        # Without a fixed quantiser each slice is searched for one, in seven times the time.
        options = {
            "c:v": _ENCODERS[recipe.codec],
            "profile:v": 0,
            "q:v": recipe.quality,
            "vendor": "apl0",
        }
    elif recipe.codec is PictureCodec.DNXHR:
        options = {"c:v": _ENCODERS[recipe.codec], "profile:v": "dnxhr_lb"}
    else:
        return {**_h264(rung, way), "movflags": "+faststart"}
    if track.interlaced and _keeps_fields(rung, track):
        options["flags:v"] = "+ildct"
    return options


def _h264(rung: Rung, way: Way) -> dict[str, Any]:
    """Closed groups of one length, so that every size can be entered at the same frames."""
    recipe = rung.recipe.picture
    group: dict[str, Any] = {"c:v": way.encoder, "g": recipe.key_distance, "bf": 0}
    if way.encoder == "libx264":
        group |= {"preset": recipe.speed, "crf": recipe.quality}
        group |= {"keyint_min": recipe.key_distance, "sc_threshold": 0, "flags:v": "+cgop"}
    else:
        group |= HARDWARE_QUALITY.get(way.encoder, lambda quality: {})(recipe.quality)
    return group


HARDWARE_QUALITY = {
    "h264_nvenc": lambda quality: {"rc": "vbr", "cq": quality, "no-scenecut": 1, "forced-idr": 1},
    "h264_qsv": lambda quality: {"global_quality": quality},
    "h264_vaapi": lambda quality: {"qp": quality},
    "h264_amf": lambda quality: {"rc": "cqp", "qp_i": quality, "qp_p": quality},
    "h264_videotoolbox": lambda quality: {"q:v": max(1, 100 - 2 * quality)},
}
"""What each encoder of a device calls quality."""


def _sound_options(rung: Rung, sound: list[AudioTrack]) -> dict[str, Any]:
    recipe = rung.recipe.sound
    options: dict[str, Any] = {}
    if not sound:
        return options
    if recipe.codec is SoundCodec.AAC:
        options |= {"c:a": "aac", "b:a": recipe.bitrate, "ar": 48000}
        for n, track in enumerate(sound):
            if track.channels not in _AAC_CHANNELS:
                options[f"ac:a:{n}"] = 2
    else:
        options["c:a"] = "pcm_s24le"
    for n, track in enumerate(sound):
        if track.name:
            options[f"metadata:s:a:{n}"] = f"handler_name={track.name}"
    return options


def _assumed(colour: Colour, track: VideoTrack) -> dict[str, str]:
    """Tags for what the clip does not say: what its size suggests. Others are carried through."""
    if track.height > _HD_HEIGHT or track.width > 1024:
        names = ("bt709", "bt709", "bt709")
    elif track.height == _HD_HEIGHT:
        names = ("bt470bg", "smpte170m", "bt470bg")
    else:
        names = ("smpte170m", "smpte170m", "smpte170m")
    tags = {}
    if not colour.primaries:
        tags["color_primaries"] = names[0]
    if colour.transfer not in TRANSFERS.values():  # that of a film scan has no tag
        tags["color_trc"] = names[1]
    elif colour.transfer == LINEAR:  # not every ffmpeg says so of an EXR picture
        tags["color_trc"] = LINEAR
    if not colour.matrix or is_rgb(track.pixel_format):
        tags["colorspace"] = "bt709" if is_rgb(track.pixel_format) else names[2]
    if colour.range != "limited":
        tags["range"] = "tv"
    return tags


def _looked_up(picture: Any, recipe: ProxyRecipe, track: VideoTrack) -> tuple[Any, dict[str, str]]:
    """The picture through its LUT, if there is one, and the tags that it then lacks."""
    tags = _assumed(track.colour, track)
    if recipe.lut is None:
        return picture, tags
    if tags:  # the way to RGB and back depends on them
        picture = picture.filter("setparams", **tags)
    lut = _lut_filter(recipe.lut)
    picture = picture.filter("format", "gbrp10le").filter(lut, file=str(recipe.lut))
    picture = picture.filter("scale", out_color_matrix="bt709", out_range="tv", flags="area")
    return picture, {**dict.fromkeys(_COLOURS, "bt709"), "range": "tv"}


def _turned(picture: Any, turn: int) -> Any:
    if turn == 90:
        return picture.filter("transpose", "clock")
    if turn == 270:
        return picture.filter("transpose", "cclock")
    return picture.filter("hflip").filter("vflip") if turn == 180 else picture


def _lut_filter(path: Path) -> str:
    with path.open("rb") as file:
        return "lut1d" if b"LUT_1D_SIZE" in file.read(4096) else "lut3d"


def _counted_at(start: Timecode | None, track: VideoTrack) -> str:
    """The rate at which a burnt-in timecode counts: the mean of an unsteady clip is none."""
    rate = track.rate
    if not track.steady:
        rate = Fraction(ceil(rate)) * (Fraction(1000, 1001) if start and start.drop else 1)
    return f"{rate.numerator}/{rate.denominator}"


def _burnt_in(picture: Any, rung: Rung, facts: ClipFacts, clip: str) -> Any:
    burn_in, track = rung.recipe.burn_in, facts.picture
    assert track is not None
    height = rung.stored[1]
    size = max(8, height // 22)
    look = {
        "fontfile": str(FONT), "fontsize": size, "fontcolor": "white", "box": 1,
        "boxcolor": "black@0.6", "boxborderw": max(2, size // 4),
    }  # fmt: skip
    edge = size
    plain = {**look, "expansion": "none"}
    if burn_in.text:
        picture = picture.filter("drawtext", text=burn_in.text, x=edge, y=edge, **plain)
    if burn_in.clip:
        picture = picture.filter("drawtext", text=clip, x=edge, y=f"h-th-{edge}", **plain)
    if burn_in.timecode:
        picture = picture.filter(
            "drawtext",
            timecode=str(facts.start) if facts.start is not None else "00:00:00:00",
            rate=_counted_at(facts.start, track),
            tc24hmax=1,
            x=f"w-tw-{edge}",
            y=f"h-th-{edge}",
            **look,
        )
    return picture
