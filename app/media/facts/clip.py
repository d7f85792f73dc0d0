"""Facts of the whole clip that a file belongs to, put together from its files. Runs in a child."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av

from app.errors import BadInput, MediaFault, NotFound
from app.media.facts.beside import Beside, told_beside
from app.media.facts.container import read_facts
from app.media.facts.guess import said_rate
from app.media.facts.header import PictureHeader
from app.media.facts.mxf import picture_coding
from app.media.facts.opened import opened
from app.media.facts.picture_track import picture_streams, seconds_of, told_length
from app.media.facts.red import red_header
from app.media.facts.refused import empty
from app.media.facts.row import ending
from app.media.facts.sequence import row_facts, with_header
from app.media.facts.values import ClipFacts, VideoTrack
from app.media.facts.whole import Whole, whole_clip
from app.places.cards.rows import roll_of
from app.timecode import Timecode, frame_rate

_ReadHeader = Callable[[Path], PictureHeader | None]
_HEADERS: Mapping[str, _ReadHeader] = {"r3d": red_header}
"""Movies that FFmpeg does not open, or does not know well enough."""
_Length = tuple[int, Fraction]
"""Frames and seconds."""


def read_clip(path: Path) -> ClipFacts:
    """Everything that a clip tells of itself, its other files and sidecars included.

    *path* is any of its media files, or a folder of it alone. Raises av.FFmpegError, OSError,
    MediaFault and BadInput.
    """
    whole = whole_clip(path)
    facts = row_facts(whole.pictures) if whole.pictures else _file_facts(whole)
    for beside in told_beside(whole.name, whole.sidecars):
        facts = _with_beside(facts, beside)
    logs = [(log, told) for log in whole.logs for told in told_beside(whole.name, [log])]
    for _, told in logs:
        facts = _with_beside(facts, told)
    named = roll_of(whole.name)
    if not facts.reel and named:
        facts = replace(facts, reel=named, reel_from="name")
    spans = len(whole.parts) + len(whole.sounds) > 1
    return replace(
        facts,
        name=facts.name or whole.name,
        parts=tuple(one.name for one in (*whole.parts, *whole.sounds)) if spans else (),
        sidecars=tuple(one.name for one in (*whole.sidecars, *(log for log, _ in logs))),
        missing=whole.missing,
    )


def check_path(path: Path) -> None:
    """Refuse what is neither a file with anything in it nor a folder.

    Raises NotFound, BadInput and MediaFault.
    """
    if path.is_dir():
        return
    if not path.exists():
        raise NotFound(f"There is no file {path}.", path=path)
    if not path.is_file():
        raise BadInput(f"{path} is no file.", path=path)
    if not path.stat().st_size:
        raise MediaFault(empty(str(path)), path=path)


def _file_facts(whole: Whole) -> ClipFacts:
    first = whole.first
    if read := _HEADERS.get(ending(first.name)):
        return _header_facts(whole.parts, read)
    facts = read_facts(first)
    if facts.container == "MXF" and facts.picture and not facts.picture.decodable:
        facts = _with_coding(first, facts)
    for part in whole.parts[1:]:
        facts = _with_part(facts, part)
    for sound in whole.sounds:
        facts = _with_sound(facts, sound)
    return facts


def _header_facts(parts: Sequence[Path], read: _ReadHeader) -> ClipFacts:
    """What headers alone tell: of the clip the first one, of its length all of them."""
    first = parts[0]
    header = read(first)
    if header is None:
        kind = first.suffix[1:].upper()
        raise MediaFault(f"{first} is no {kind} file, or its header is damaged.", path=first)
    frames, remarks = [header.frames], []
    for part in parts[1:]:
        if further := read(part):
            frames.append(further.frames)
        else:
            remarks.append(f"{part.name} cannot be read and is not counted.")
    told = header.rate and all(frames)
    duration = sum(frames) / header.rate if told else Fraction(0)
    track = VideoTrack(
        index=0,
        codec=header.codec,
        codec_name=header.codec_name,
        decodable=False,
        width=header.width,
        height=header.height,
        rate=header.rate,
        frames=sum(frames) if told else 0,
        counted=bool(told),
        duration=duration,
    )
    facts = ClipFacts(
        container=header.container,
        size=sum(part.stat().st_size for part in parts),
        duration=duration,
        video=(track,),
        remarks=tuple(remarks),
    )
    return with_header(facts, header)


def _with_coding(path: Path, facts: ClipFacts) -> ClipFacts:
    """A picture of an MXF file that FFmpeg has no name for, named by its coding label."""
    coding = picture_coding(path)
    if coding is None:
        return facts
    track = replace(
        facts.video[0],
        codec=coding.codec,
        codec_name=coding.name,
        width=coding.width,
        height=coding.height,
    )
    return replace(facts, video=(track, *facts.video[1:]))


# Several files


def _with_part(facts: ClipFacts, part: Path) -> ClipFacts:
    """The clip with a file that goes on where the ones before it end."""
    try:
        video, audio, whole = _lengths(part)
    except (av.FFmpegError, OSError, EOFError) as error:
        words = getattr(error, "strerror", None) or "it is damaged"
        remark = f"{part.name} cannot be read and is not counted: {words}."
        size = part.stat().st_size if part.exists() else 0
        return replace(facts, size=facts.size + size, remarks=(*facts.remarks, remark))
    if len(video) != len(facts.video) or len(audio) != len(facts.audio):
        remark = f"{part.name} has other tracks than the first file."
        facts = replace(facts, remarks=(*facts.remarks, remark))
    return replace(
        facts,
        size=facts.size + part.stat().st_size,
        duration=facts.duration + whole,
        video=tuple(map(_longer, facts.video, _filled_up(video, len(facts.video)))),
        audio=tuple(
            replace(track, duration=track.duration + more)
            for track, (_, more) in zip(
                facts.audio, _filled_up(audio, len(facts.audio)), strict=True
            )
        ),
    )


def _lengths(part: Path) -> tuple[list[_Length], list[_Length], Fraction]:
    """Frames and seconds of each picture and sound track, and the seconds of the whole file."""
    with opened(part) as container:
        video = [
            told_length(container, stream, said_rate(container, stream))
            for stream in picture_streams(container)
        ]
        audio = [
            (0, seconds_of(stream.duration, stream.time_base)) for stream in container.streams.audio
        ]
        all_of_it = Fraction(container.duration or 0, av.time_base)
    longest = max((seconds for _, seconds in video[:1] or audio), default=all_of_it)
    return video, audio, longest


def _filled_up(lengths: list[_Length], count: int) -> list[_Length]:
    """As many as the first file has tracks; nothing for those that a further file lacks."""
    return [*lengths[:count], *[(0, Fraction(0))] * (count - len(lengths))]


def _longer(track: VideoTrack, more: _Length) -> VideoTrack:
    frames, seconds = more
    return replace(
        track,
        frames=track.frames + (frames or round(seconds * track.rate)),
        counted=track.counted and bool(frames),
        duration=track.duration + seconds,
    )


def _with_sound(facts: ClipFacts, sound: Path) -> ClipFacts:
    """The clip with a file of sound beside its picture."""
    try:
        heard = read_facts(sound)
    except (av.FFmpegError, OSError, EOFError, MediaFault):
        remark = f"{sound.name} cannot be read; its sound is not told."
        return replace(facts, remarks=(*facts.remarks, remark))
    count = len(facts.video) + len(facts.audio)
    tracks = tuple(replace(one, index=count + n) for n, one in enumerate(heard.audio))
    return replace(facts, size=facts.size + heard.size, audio=(*facts.audio, *tracks))


# Sidecars


def _with_beside(facts: ClipFacts, beside: Beside) -> ClipFacts:
    """The clip with what a sidecar tells where its own files tell nothing."""
    if facts.picture is not None:
        facts = replace(facts, video=(_filled(facts.picture, beside), *facts.video[1:]))
    rate = facts.picture.rate if facts.picture else Fraction(0)
    start = None if facts.start else _start(beside, rate)
    told_reel = beside.reel if not facts.reel else ""
    return replace(
        facts,
        duration=facts.duration or (facts.picture.duration if facts.picture else Fraction(0)),
        start=start or facts.start,
        start_from=beside.source if start else facts.start_from,
        reel=told_reel or facts.reel,
        reel_from=beside.source if told_reel else facts.reel_from,
        scene=facts.scene or beside.scene,
        take=facts.take or beside.take,
        project=facts.project or beside.project,
        recorded=facts.recorded or beside.recorded,
        camera={**beside.camera, **facts.camera},
    )


def _filled(track: VideoTrack, beside: Beside) -> VideoTrack:
    rate = track.rate or beside.rate
    frames = track.frames or beside.frames
    named = track.codec_name if track.decodable or track.codec else beside.codec
    return replace(
        track,
        rate=rate,
        frames=frames,
        duration=track.duration or (frames / rate if rate else Fraction(0)),
        codec_name=named or track.codec_name,
    )


def _start(beside: Beside, rate: Fraction) -> Timecode | None:
    """The start by a sidecar, where that counts as the picture does."""
    if not beside.start or not rate or (beside.rate and beside.rate != frame_rate(rate)):
        return None
    try:
        return Timecode.parse(beside.start, rate)
    except BadInput:
        return None
