"""Reads what a clip's container says of it, with PyAV. Runs in a child process: see `probe`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from app.errors import BadInput, MediaFault
from app.media.facts.atoms import picture_samples
from app.media.facts.cut_off import lost_frames
from app.media.facts.guess import is_guess
from app.media.facts.opened import opened
from app.media.facts.picture_track import picture_streams, seconds_of, video_track
from app.media.facts.refused import no_clip
from app.media.facts.sound import SoundFacts, sound_facts
from app.media.facts.values import AudioTrack, ClipFacts, VideoTrack
from app.timecode import Timecode

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
_PATIENCE = (12.0, 6.0)
"""Seconds for opening a file, and for each further read that looks for something in it."""
_CAMERA = "com."
"""With which the names begin that makers of cameras, of phones and of recorders give."""
_NAME = ("material_package_name", "com.apple.proapps.clipid")
_REEL = ("reel_name", "com.apple.proapps.reel", "com.arri.camera.reelname")
_SCENE = ("com.apple.proapps.scene", "com.arri.camera.scenename")
_TAKE = ("com.apple.proapps.take", "com.apple.proapps.shot", "com.arri.camera.takename")
_NOTE = ("com.apple.proapps.lognote",)
_PLAIN = {"make", "model", "lens", "artist", "software", "firmware", "product_name", "company_name"}


def read_facts(path: Path) -> ClipFacts:
    """Everything that the file tells of itself. Raises av.FFmpegError, OSError, MediaFault."""
    sound = sound_facts(path)
    with opened(path, timeout=_PATIENCE) as container:
        if is_guess(container, path.name):
            raise MediaFault(no_clip(str(path)), path=path)
        samples = iter(picture_samples(path) if _QUICKTIME in container.format.name else ())
        video = tuple(
            video_track(container, stream, next(samples, None))
            for stream in picture_streams(container)
        )
        lost = lost_frames(path, container, video[0]) if video else None
        if lost:
            video = (replace(video[0], lost=lost.frames), *video[1:])
        audio = tuple(
            _audio(stream, sound) for stream in container.streams.audio if stream.codec_context
        )
        tags = _lower(container.metadata)
        start, start_from = start_of(container, video[0].rate if video else Fraction(0))
        reel = _said([*(_lower(one.metadata) for one in container.streams), tags], _REEL)
        facts = ClipFacts(
            container=_container(container, tags),
            name=_said([tags], _NAME),
            size=path.stat().st_size,
            duration=_duration(container, video, audio),
            start=start,
            start_from=start_from,
            reel=reel,
            reel_from=_where(container) if reel else "",
            scene=_said([tags], _SCENE),
            take=_said([tags], _TAKE),
            note=_said([tags], _NOTE),
            recorded=tags.get("creation_time", ""),
            video=video,
            audio=audio,
            other=tuple(_other(container)),
            camera=_camera(container.metadata),
            remarks=(lost.words(path.name),) if lost else (),
        )
    return facts if sound is None else with_sound(facts, sound)


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
        duration=seconds_of(stream.duration, stream.time_base),
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
    """Of the picture; sound that goes on behind it does not make a clip longer."""
    lengths = [track.duration for track in video][:1] or [track.duration for track in audio]
    longest = max(lengths, default=Fraction(0))
    return longest or Fraction(container.duration or 0, av.time_base)


def start_of(container: InputContainer, rate: Fraction) -> tuple[Timecode | None, str]:
    """The start timecode and where it stands: a timecode track before a tag of the file."""
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


def _lower(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags by their names in small letters: Matroska writes them in large ones."""
    return {key.lower(): value for key, value in tags.items()}


def _said(places: Iterable[Mapping[str, str]], names: Iterable[str]) -> str:
    """What the first place says under the first of the names that has any text."""
    return next(
        (text for one in places for name in names if (text := one.get(name, "").strip())), ""
    )


def _other(container: InputContainer) -> Iterable[str]:
    for stream in container.streams:
        if stream.type not in {"video", "audio"}:
            handler = stream.metadata.get("handler_name", "")
            named = "tmcd" if "timecode" in stream.metadata else handler
            yield f"{stream.type} {named}".strip()


def _camera(tags: Mapping[str, str]) -> dict[str, str]:
    """What makers have written under names of their own, but for what is told elsewhere."""
    told = {*_NAME, *_REEL, *_SCENE, *_TAKE, *_NOTE}
    camera = {key: value for key, value in _lower(tags).items() if key in _PLAIN}
    for key, value in tags.items():
        if key.lower().startswith(_CAMERA) and key.lower() not in told:
            camera[key] = value
    return camera
