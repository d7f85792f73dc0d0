"""What one picture track tells: its own header, its first picture, and where key frames stand."""

from __future__ import annotations

import contextlib
import re
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
from av.container import InputContainer

from app.media.facts import h273
from app.media.facts.atoms import Sample
from app.media.facts.guess import has_times, said_rate
from app.media.facts.packets import packets_of
from app.media.facts.shown import shown_frames
from app.media.facts.values import Colour, KeyFrames, VideoTrack
from app.timecode import frame_rate

_LOOKED_AT = 600
"""Packets that are read to see how far key frames are apart, where the file has no index."""
_SLOWEST = 10
"""So many times longer than by its rate may a clip be shown, by an edit list for one."""
_AT_THE_END = 3000
"""Packets of a picture that are read at most to see when it ends."""
_DURATION = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")
_WAITING = 16
"""Frames that may be stored before one that is shown earlier."""


def video_track(
    container: InputContainer, stream: Any, sample: Sample | None, first: Any = None
) -> VideoTrack:
    """What a picture track and its *first* picture tell; decodes that where it is not given."""
    codec = stream.codec_context
    rate = said_rate(container, stream)
    told, duration = told_length(container, stream, rate)
    if codec is None:
        return _undecoded(stream, sample, rate, told, duration)
    every, distance, even = _key_frames(container, stream)
    first = first or _first_frame(container, stream)
    return VideoTrack(
        index=stream.index,
        codec=codec.name,
        codec_name=_codec_name(codec, stream.profile or ""),
        profile=stream.profile or "",
        width=codec.width,
        height=codec.height,
        pixel_format=codec.pix_fmt or "",
        bits=codec.format.components[0].bits if codec.format else 0,
        pixel_aspect=Fraction(stream.sample_aspect_ratio or 1),
        colour=_colour(codec),
        rate=rate,
        steady=even and _is_steady(container, stream, rate),
        frames=told or round(duration * rate),
        counted=bool(told),
        duration=duration,
        rotation=-first.rotation % 360 if first is not None else 0,
        interlaced=bool(first is not None and first.interlaced_frame),
        key_frames=every,
        key_distance=distance,
        language=stream.language or "",
    )


def picture_streams(container: InputContainer) -> list[Any]:
    """The streams of moving pictures; a cover is none."""
    cover = av.stream.Disposition.attached_pic
    return [stream for stream in container.streams.video if not stream.disposition & cover]


def told_length(container: InputContainer, stream: Any, rate: Fraction) -> tuple[int, Fraction]:
    """Frames of a picture track, 0 where the file does not count them, and seconds."""
    in_frames = container.format.name == "mxf" and stream.time_base and stream.time_base * rate == 1
    frames = stream.frames or (stream.duration if in_frames and stream.duration else 0)
    duration = seconds_of(stream.duration, stream.time_base)
    shown = shown_frames(container, stream, rate)
    if shown.frames and shown.frames != frames:
        frames = shown.frames
        duration = frames / rate if shown.even else duration
    # A header may lie: what is shorter than a frame, or longer than its frames can be, is not so.
    if stream.frames and rate and not 1 <= duration * rate <= stream.frames * _SLOWEST:
        duration = stream.frames / rate
    if not duration:
        duration = _tagged(container, stream) or _measured(container, stream, rate)
    return frames, duration or Fraction(container.duration or 0, av.time_base)


def _tagged(container: InputContainer, stream: Any) -> Fraction:
    """What Matroska's tag says of one track; 0 where it has none, or cannot be so long."""
    said = next((v for k, v in stream.metadata.items() if k.startswith("DURATION")), "")
    if "matroska" not in container.format.name or not (found := _DURATION.match(said)):
        return Fraction(0)
    hours, minutes, seconds = (Fraction(part) for part in found.groups())
    duration = 3600 * hours + 60 * minutes + seconds
    whole = Fraction(container.duration or 0, av.time_base)
    duration -= seconds_of(max(0, stream.start_time or 0), stream.time_base)
    return duration if 0 < duration <= whole + 1 else Fraction(0)


def _measured(container: InputContainer, stream: Any, rate: Fraction) -> Fraction:
    """Where a picture ends before the file does, by its last packets; 0 where that is not found."""
    if "mpeg" not in container.format.name or not rate or stream.start_time is None:
        return Fraction(0)
    last, read = None, 0
    end = stream.start_time + int(
        Fraction(container.duration or 0, av.time_base) / stream.time_base
    )
    with contextlib.suppress(av.FFmpegError):
        container.seek(end, stream=stream)
        for packet in packets_of(container, stream):
            read += 1
            if packet.pts is not None:
                last = max(last or packet.pts, packet.pts)
            if read > _AT_THE_END:
                return Fraction(0)
    with contextlib.suppress(av.FFmpegError):
        container.seek(0)
    if last is None or last < stream.start_time:
        return Fraction(0)
    return Fraction((last - stream.start_time) * stream.time_base) + 1 / rate


def _colour(codec: Any) -> Colour:
    return Colour(
        primaries=h273.PRIMARIES.get(int(codec.color_primaries), ""),
        transfer=h273.TRANSFERS.get(int(codec.color_trc), ""),
        matrix=h273.MATRICES.get(int(codec.colorspace), ""),
        range=h273.RANGES.get(int(codec.color_range), ""),
    )


def _is_steady(container: InputContainer, stream: Any, rate: Fraction) -> bool:
    """Whether the rate of its first frames is that of all."""
    told = has_times(container) and stream.base_rate and stream.average_rate
    return not told or frame_rate(stream.base_rate) == rate


def _undecoded(
    stream: Any, sample: Sample | None, rate: Fraction, told: int, duration: Fraction
) -> VideoTrack:
    """A track that nobody here can decode is told as far as its container goes."""
    return VideoTrack(
        index=stream.index,
        codec=sample.code if sample else "",
        codec_name=sample.name if sample else "unknown",
        width=sample.width if sample else 0,
        height=sample.height if sample else 0,
        rate=rate,
        frames=told or round(duration * rate),
        counted=bool(told),
        duration=duration,
        decodable=False,
    )


def _first_frame(container: InputContainer, stream: Any) -> Any:
    """The first picture, for what only pictures tell; None where none can be decoded."""
    # One picture is wanted: threads for each processor would only take memory for theirs.
    stream.codec_context.thread_count = 1
    try:
        return next(container.decode(stream), None)
    except av.FFmpegError:
        return None


def _key_frames(container: InputContainer, stream: Any) -> tuple[KeyFrames, int, bool]:
    """Which frames are key frames, how far they are apart, and whether all are shown equally long.

    The last is looked at only where the file has no index that the rates were told from.
    """
    if stream.codec_context.codec.intra_only:
        return KeyFrames.EVERY, 1, True
    keys = [n for n, entry in enumerate(stream.index_entries) if entry.is_keyframe]
    count, even = len(stream.index_entries), True
    if count < 2:
        keys, count, even = _packets(container, stream)
    if not count or not keys:
        return KeyFrames.UNKNOWN, 0, even
    ways = [b - a for a, b in zip(keys, [*keys[1:], count], strict=True)]
    longest = max(ways, default=0)
    return (KeyFrames.EVERY if longest == 1 else KeyFrames.SOME), longest, even


def _packets(container: InputContainer, stream: Any) -> tuple[list[int], int, bool]:
    """Numbers of the key frames among the first packets, how many those are, and whether even."""
    keys, count, shown = [], 0, []
    with contextlib.suppress(av.FFmpegError):  # what is whole before the damage tells enough
        for packet in packets_of(container, stream):
            if packet.is_keyframe:
                keys.append(count)
            count += 1
            shown.append(packet.pts)
            if count >= _LOOKED_AT:
                break
    with contextlib.suppress(av.FFmpegError):
        container.seek(0)
    return keys, count, _even(shown)


def _even(shown: list[int | None]) -> bool:
    """Whether moments follow each other at equal steps, but for rounding by one."""
    if None in shown:
        return True  # as far as the file says
    moments = sorted(moment for moment in shown if moment is not None)
    # Those at the end may wait for others behind them that were not looked at.
    steps = [b - a for a, b in pairwise(moments[: max(2, len(moments) - _WAITING)])]
    return not steps or max(steps) - min(steps) <= 1


def _codec_name(codec: Any, profile: str) -> str:
    name = codec.codec.long_name.partition(" (")[0].partition(" / ")[0]
    if codec.name == "prores":
        words = {"Standard": "422", "HQ": "422 HQ", "LT": "422 LT", "Proxy": "422 Proxy"}
        return f"Apple ProRes {words.get(profile, profile)}".strip()
    return f"{name} {profile}".strip()


def seconds_of(duration: int | None, base: Fraction | None) -> Fraction:
    """A duration in a stream's own time base; 0 where it is not told."""
    return duration * base if duration and base else Fraction(0)
