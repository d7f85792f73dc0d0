"""Reads what a clip's container says of it, with PyAV. Runs in a child process: see `probe`."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from app.errors import BadInput, MediaFault
from app.media import h273
from app.media.atoms import Sample, picture_samples
from app.media.facts import AudioTrack, ClipFacts, Colour, KeyFrames, VideoTrack
from app.media.sound import SoundFacts, sound_facts
from app.timecode import Timecode, frame_rate
from app.units import count_text

_NAMES = {
    "mov,mp4,m4a,3gp,3g2,mj2": "MP4",
    "matroska,webm": "Matroska",
    "mxf": "MXF",
    "mpegts": "MPEG-TS",
    "wav": "WAV",
    "avi": "AVI",
}
_QUICKTIME = "mov,mp4"
_PCM_BITS = re.compile(r"pcm_[suf](\d+)")
_LOOKED_AT = 600
"""Packets that are read to see how far key frames are apart, where the file has no index."""
_SLOWEST = 10
"""So many times longer than by its rate may a clip be shown, by an edit list for one."""
_WAITING = 16
"""Frames that may be stored before one that is shown earlier."""
_NO_CLIPS = {"tty", "ico"}
"""What FFmpeg takes for a moving picture, and nobody else does: any text, for one."""
_RAW = {
    "h261", "h263", "h264", "hevc", "vvc", "evc", "obu", "m4v", "mpegvideo", "mjpeg", "dirac",
    "vc1", "dnxhd", "cavsvideo", "avs2", "avs3", "ingenient", "rawvideo", "aac", "ac3", "eac3",
    "mp3", "loas", "dts", "dtshd", "mlp", "truehd", "aptx", "sbc", "g722", "g729",
}  # fmt: skip
"""Streams without a container: noise passes for one, so that the name must speak for it too."""
_PATIENCE = (12.0, 6.0)
"""Seconds for opening a file, and for each further read that looks for something in it."""
_CAMERA = ("com.apple.quicktime.", "com.apple.proapps.", "com.arri.", "com.sony.", "com.panasonic.")
_PLAIN = {"make", "model", "lens", "artist", "software", "firmware", "product_name", "company_name"}


def read_facts(path: Path) -> ClipFacts:
    """Everything that the file tells of itself. Raises av.FFmpegError, OSError, MediaFault."""
    sound = sound_facts(path)
    with av.open(os.fspath(path), metadata_errors="replace", timeout=_PATIENCE) as container:
        if _is_guess(container, path):
            raise MediaFault(f"{path} is no clip.", path=path)
        samples = iter(picture_samples(path) if _QUICKTIME in container.format.name else ())
        video = tuple(
            video_track(container, stream, next(samples, None))
            for stream in container.streams.video
            if not stream.disposition & av.stream.Disposition.attached_pic
        )
        audio = tuple(
            _audio(stream, sound) for stream in container.streams.audio if stream.codec_context
        )
        tags = {key.lower(): value for key, value in container.metadata.items()}
        start, start_from = _start(container, video)
        reel = _reel(container)
        size = path.stat().st_size
        facts = ClipFacts(
            container=_container(container, tags),
            name=tags.get("material_package_name", ""),
            size=size,
            duration=_duration(container, video, audio),
            start=start,
            start_from=start_from,
            reel=reel,
            reel_from=_where(container) if reel else "",
            recorded=tags.get("creation_time", ""),
            video=video,
            audio=audio,
            other=tuple(_other(container)),
            camera=_camera(tags),
            remarks=tuple(_cut_off(path, container, size)),
        )
    return facts if sound is None else with_sound(facts, sound)


def _is_guess(container: InputContainer, path: Path) -> bool:
    """Whether nothing but FFmpeg's guess says that this is a clip."""
    kind = container.format
    ext = path.suffix[1:].lower()
    return kind.name in _NO_CLIPS or (kind.name in _RAW and ext not in kind.extensions)


def with_sound(facts: ClipFacts, sound: SoundFacts) -> ClipFacts:
    """The facts of a recorder's file, with what its bext and iXML chunks say."""
    since = start = None
    samples = sound.samples_since_midnight
    if samples is not None and facts.audio and facts.audio[0].rate:
        since = Fraction(samples, facts.audio[0].rate)
        if sound.timecode_rate is not None:
            start = Timecode.at(since, sound.timecode_rate, sound.drop)
    return replace(
        facts,
        start=start,
        start_from="BWF" if start else "",
        since_midnight=since,
        reel=sound.tape or facts.reel,
        reel_from="iXML" if sound.tape else facts.reel_from,
        scene=sound.scene,
        take=sound.take,
        project=sound.project,
        note=sound.note,
        recorded=sound.recorded or facts.recorded,
    )


def _container(container: InputContainer, tags: Mapping[str, str]) -> str:
    if tags.get("major_brand", "").strip() == "qt":
        return "QuickTime"
    return _NAMES.get(container.format.name, container.format.long_name)


# Picture


def video_track(
    container: InputContainer, stream: Any, sample: Sample | None, first: Any = None
) -> VideoTrack:
    """What a picture track and its *first* picture tell; decodes that where it is not given."""
    codec = stream.codec_context
    rate = _rate(stream)
    duration = _seconds(stream.duration, stream.time_base)
    # A header may lie: what is shorter than a frame, or longer than its frames can be, is not so.
    if stream.frames and rate and not 1 <= duration * rate <= stream.frames * _SLOWEST:
        duration = stream.frames / rate
    duration = duration or Fraction(container.duration or 0, av.time_base)
    if codec is None:
        return _undecoded(stream, sample, rate, duration)
    every, distance, even = _key_frames(container, stream)
    frames = stream.frames or round(duration * rate)
    # An MXF file's duration is a number of frames.
    told = container.format.name == "mxf" and stream.duration and stream.time_base * rate == 1
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
        colour=Colour(
            primaries=h273.PRIMARIES.get(int(codec.color_primaries), ""),
            transfer=h273.TRANSFERS.get(int(codec.color_trc), ""),
            matrix=h273.MATRICES.get(int(codec.colorspace), ""),
            range=h273.RANGES.get(int(codec.color_range), ""),
        ),
        rate=rate,
        steady=even
        and (
            not stream.base_rate
            or not stream.average_rate
            or frame_rate(stream.base_rate) == frame_rate(stream.average_rate)
        ),
        frames=frames,
        counted=bool(stream.frames or told),
        duration=duration,
        rotation=-first.rotation % 360 if first is not None else 0,
        interlaced=bool(first is not None and first.interlaced_frame),
        key_frames=every,
        key_distance=distance,
        language=stream.language or "",
    )


def _undecoded(
    stream: Any, sample: Sample | None, rate: Fraction, duration: Fraction
) -> VideoTrack:
    """A track that nobody here can decode is told as far as its container goes."""
    return VideoTrack(
        index=stream.index,
        codec=sample.code if sample else "",
        codec_name=sample.name if sample else "unknown",
        width=sample.width if sample else 0,
        height=sample.height if sample else 0,
        rate=rate,
        frames=stream.frames or round(duration * rate),
        counted=bool(stream.frames),
        duration=duration,
        decodable=False,
    )


def _rate(stream: Any) -> Fraction:
    rate = stream.average_rate or stream.guessed_rate or stream.base_rate
    return frame_rate(Fraction(rate)) if rate else Fraction(0)


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
        for packet in container.demux(stream):
            if packet.size:  # the last one is empty and says that there are no more
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


# Sound


def _audio(stream: Any, sound: SoundFacts | None) -> AudioTrack:
    codec = stream.codec_context
    return AudioTrack(
        index=stream.index,
        codec=codec.name,
        codec_name=codec.codec.long_name,
        channels=codec.layout.nb_channels,
        layout=_layout(codec.layout),
        rate=codec.sample_rate,
        bits=_bits(codec),
        name=_track_name(stream.metadata),
        channel_names=sound.channel_names if sound else (),
        duration=_seconds(stream.duration, stream.time_base),
        language=stream.language or "",
    )


def _layout(layout: Any) -> str:
    """FFmpeg's word for it, or how many channels there are where their places are not told."""
    if layout.name.endswith(" channels"):
        return "mono" if layout.nb_channels == 1 else str(layout.name)
    return str(layout.name)


def _bits(codec: Any) -> int:
    """Of a sample, for sound that is stored sample by sample."""
    if found := _PCM_BITS.match(codec.name):
        return int(found[1])
    return codec.format.bytes * 8 if codec.name in {"flac", "alac"} else 0


def _track_name(tags: Mapping[str, str]) -> str:
    said = tags.get("title") or tags.get("handler_name") or ""
    return "" if said in {"SoundHandler", "Core Media Audio", "Apple Sound Media Handler"} else said


# The clip


def _duration(
    container: InputContainer, video: Iterable[VideoTrack], audio: Iterable[AudioTrack]
) -> Fraction:
    durations = [*(track.duration for track in video), *(track.duration for track in audio)]
    longest = max(durations, default=Fraction(0))
    return longest or Fraction(container.duration or 0, av.time_base)


def _seconds(duration: int | None, base: Fraction | None) -> Fraction:
    return duration * base if duration and base else Fraction(0)


def _start(container: InputContainer, video: tuple[VideoTrack, ...]) -> tuple[Timecode | None, str]:
    """The start timecode and where it stands: a timecode track before a tag of the file."""
    rate = video[0].rate if video else Fraction(0)
    places = [(s.metadata, "tmcd track") for s in container.streams if s.type == "data"]
    kind = _where(container)
    places += [(s.metadata, kind) for s in container.streams if s.type == "video"]
    places.append((container.metadata, kind))
    for tags, where in places:
        text = next((v for k, v in tags.items() if k.lower() == "timecode"), "")
        if text and rate:
            try:
                return Timecode.parse(text, rate), where
            except BadInput:
                continue
    return None, ""


def _where(container: InputContainer) -> str:
    """Where what stands beside the tracks is said to come from."""
    return "MXF" if container.format.name == "mxf" else "tag"


def _reel(container: InputContainer) -> str:
    tags = [stream.metadata for stream in container.streams] + [container.metadata]
    names = ("reel_name", "com.apple.proapps.reel")
    return next((one[name].strip() for one in tags for name in names if one.get(name)), "")


def _cut_off(path: Path, container: InputContainer, size: int) -> Iterable[str]:
    """A sentence where the index knows of pictures behind the end of the file."""
    for stream in container.streams.video[:1]:
        entries = stream.index_entries
        beyond = sum(1 for entry in entries if entry.pos + entry.size > size)
        if beyond:
            of = count_text(len(entries), "frame")
            yield f"{path.name} is cut off: {beyond:,} of {of} lie behind its end."


def _other(container: InputContainer) -> Iterable[str]:
    for stream in container.streams:
        if stream.type not in {"video", "audio"}:
            handler = stream.metadata.get("handler_name", "")
            named = "tmcd" if "timecode" in stream.metadata else handler
            yield f"{stream.type} {named}".strip()


def _camera(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if key in _PLAIN or key.startswith(_CAMERA)}
