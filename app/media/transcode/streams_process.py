"""The child of `streams`: reads all packets of a file and reports as ffmpeg does."""

from __future__ import annotations

import errno
import json
import os
import sys
import time
import traceback
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from blake3 import blake3

from app.errors import MediaFault
from app.media.facts.clip import read_clip
from app.media.facts.container import read_facts
from app.media.facts.packets import packets_of
from app.media.facts.probe import CONVERTER
from app.media.facts.probe_process import hold_back, told
from app.media.facts.row import ending
from app.media.facts.values import AudioTrack, ClipFacts, VideoTrack, cut_off_words
from app.media.facts.whole import whole_clip
from app.media.transcode.high_range import light_of, mastering_of
from app.media.transcode.original import Reading
from app.media.transcode.streams import Inventory, Stream, times_file
from app.places.cards.listing import MEDIA

_EVERY = 0.25
_PASSING = {
    getattr(errno, name)
    for name in (
        *("EIO", "ESTALE", "ENOTCONN", "ETIMEDOUT", "ENODEV", "ENXIO", "ENOENT", "EACCES"),
        *("EHOSTDOWN", "EHOSTUNREACH", "EMFILE", "ENFILE"),
    )
    if hasattr(errno, name)
}
_GAP = Fraction(1, 20)
"""Seconds between two packets of sound that are heard as a hole."""


def main(path: Path, order: str) -> None:
    """Report until the end."""
    hold_back()
    av.logging.set_level(None)
    wish = json.loads(order)
    alone = bool(wish["readings"]) and not wish["times"]
    facts = told(path) if alone else told(path, read_clip)
    try:
        if "facts" not in facts:
            _report(fault=facts["fault"], passing=False)
            return
        known = CONVERTER.structure(facts["facts"], ClipFacts)
        readings = CONVERTER.structure(wish["readings"], tuple[Reading, ...])
        found = _looked_at(path, known, readings, wish["times"])
    except (av.FFmpegError, OSError) as error:
        words = getattr(error, "strerror", None) or "it is damaged"
        _report(fault=f"{path} cannot be read to its end: {words}.", passing=_passes(error))
        return
    except MediaFault as fault:
        _report(fault=str(fault), passing=False)
        return
    except Exception:
        _report(bug=traceback.format_exc())
        return
    _report(streams=CONVERTER.unstructure(found), end=True)


def _passes(error: Exception) -> bool:
    """Whether a drive, a share or the machine is to blame, and not what is in the file."""
    return getattr(error, "errno", None) in _PASSING


def _report(*, end: bool = False, **facts: object) -> None:
    for name, value in facts.items():  # as JSON: one line of ASCII, whatever is in a name
        print(f"{name}={json.dumps(value)}")
    print("progress=end" if end or {"fault", "bug"} & facts.keys() else "progress=continue")
    sys.stdout.flush()


def _looked_at(
    path: Path, facts: ClipFacts, readings: tuple[Reading, ...], times: str
) -> Inventory:
    """Through *readings*, packet by packet; without any, the headers of the clip's files."""
    quick = not readings
    if quick:
        whole = whole_clip(path)
        readings = tuple(Reading(name=os.fspath(one)) for one in (whole.first, *whole.sounds))
    track = facts.picture
    found = Inventory(
        path=path,
        cut_off=cut_off_words(track.lost, track.frames) if track and track.lost else "",
        timecode=str(facts.start) if facts.start is not None else "",
        reel=facts.reel if facts.reel_from != "name" else "",
        missing=tuple(name for name in facts.missing if ending(name) in MEDIA),
        quick=quick,
    )
    for n, reading in enumerate(readings):
        of = facts if n == 0 else read_facts(Path(reading.name))
        found = _with_reading(found, reading, of, times)
    if track and track.counted and not (quick or facts.row or facts.parts or track.lost):
        there = next((one.packets for one in found.of("video") if one.index == track.index), 0)
        found = replace(found, left_out=max(0, track.frames - there) if there else 0)
    return found


def _with_reading(found: Inventory, reading: Reading, facts: ClipFacts, times: str) -> Inventory:
    """The clip with one more of its readings."""
    n, before = len(found.readings), len(found.streams)
    with opened(reading) as container:
        if not reading.options:  # a list, or a row, counts from zero, whatever comes before it
            reading = replace(reading, start=Fraction(container.start_time or 0, av.time_base))
        streams = [
            replace(_described(one, facts, reading), index=before + one.index, reading=n)
            for one in container.streams
        ]
        if reading.options.get("format") == "concat":
            streams = list(_as_in_first(found.path, streams))
        found = replace(
            found,
            readings=(*found.readings, reading),
            chapters=found.chapters or len(container.chapters()),
            tags=found.tags or dict(container.metadata),
        )
        if not found.quick:
            read = _Packets(container)
            read.through()
    if not found.quick:
        streams = [_counted(one, reading, read.of(one.number), times) for one in streams]
    return replace(found, streams=(*found.streams, *streams))


def _as_in_first(path: Path, streams: list[Stream]) -> Iterator[Stream]:
    """Streams of a list of files with what only the first of these says of them."""
    with opened(Reading(name=os.fspath(path))) as container:
        told_of = {
            one.index: (str(one.type or "data"), dict(one.metadata)) for one in container.streams
        }
    for one in streams:
        kind, tags = told_of.get(one.number, (one.kind, one.tags))
        known = one.kind in {"video", "audio"}
        yield one if known else replace(one, kind=kind, tags=tags)


def opened(reading: Reading) -> Any:
    """A reading as PyAV opens it. Raises av.FFmpegError, OSError."""
    options = dict(reading.options)
    form = options.pop("format", None)
    return av.open(reading.name, format=form, options=options, metadata_errors="replace")


def _described(stream: Any, facts: ClipFacts, reading: Reading) -> Stream:
    flags = stream.disposition
    cover = stream.type == "video" and bool(flags & av.stream.Disposition.attached_pic)
    codec = stream.codec_context
    base = Fraction(stream.time_base or 1)
    start = Fraction(stream.start_time or 0) * base - reading.start
    made = Stream(
        index=stream.index,
        number=stream.index,
        kind="cover" if cover else str(stream.type or "data"),
        codec=codec.name if codec else "",
        decodable=codec is not None,
        time_base=base,
        start=start,
        end=start + Fraction(stream.duration or 0) * base,
        packets=stream.frames if stream.type == "video" else 0,
        disposition=tuple(one.name for one in av.stream.Disposition if one.name and flags & one),
        tags=dict(stream.metadata),
    )
    picture = next((one for one in facts.video if one.index == stream.index), None)
    sound = next((one for one in facts.audio if one.index == stream.index), None)
    if picture is not None:
        made = _of_picture(made, picture, Fraction(stream.average_rate or 0))
    elif sound is not None:
        made = _of_sound(made, sound)
    track = picture or sound
    several = facts.row is not None or bool(facts.parts)
    if track is not None and (several or made.end <= start):
        made = replace(made, end=start + track.duration)
    return made


def _of_picture(made: Stream, track: VideoTrack, rate: Fraction) -> Stream:
    """*rate* is that at which it is opened, for a track that does not tell one."""
    return replace(
        made,
        codec=track.codec,
        decodable=track.decodable,
        rate=track.rate or rate,
        width=track.width,
        height=track.height,
        pixel_format=track.pixel_format,
        rotation=track.rotation,
        interlaced=track.interlaced,
        steady=track.steady,
        packets=track.frames,
    )


def _of_sound(made: Stream, track: AudioTrack) -> Stream:
    return replace(
        made,
        codec=track.codec,
        rate=Fraction(track.rate),
        channels=track.channels,
        layout=track.layout,
        name=track.name,
    )


@dataclass(slots=True)
class _Row:
    """The packets of one stream."""

    bytes: int = 0
    packets: int = 0
    times: array[int] = field(default_factory=lambda: array("q"))
    keys: array[int] = field(default_factory=lambda: array("q"))
    ends: Fraction | None = None
    gaps: bool = False
    digest: Any = field(default_factory=blake3)


class _Packets:
    """All packets of a file."""

    def __init__(self, container: Any) -> None:
        self._container = container
        self._rows: dict[int, _Row] = {}
        self._since = time.monotonic()

    def of(self, index: int) -> _Row:
        """What was found of one stream."""
        return self._rows.setdefault(index, _Row())

    def through(self) -> None:
        """Read them all."""
        read = 0
        for packet in packets_of(self._container):
            read += packet.size
            if time.monotonic() - self._since > _EVERY:
                self._since = time.monotonic()
                _report(total_size=read)
            self._take(packet, self.of(packet.stream_index))

    def _take(self, packet: Any, row: _Row) -> None:
        row.bytes += packet.size
        row.digest.update(bytes(packet))
        base = Fraction(packet.time_base or 1)
        when = packet.pts if packet.pts is not None else packet.dts
        if packet.stream.type == "video":
            if packet.is_discard:
                return
            row.times.append(row.packets if when is None else when)
            if packet.is_keyframe:
                row.keys.append(row.times[-1])
        row.packets += 1
        if when is None:
            return
        end = (when + (packet.duration or 0)) * base
        if packet.stream.type == "audio" and row.ends is not None:
            row.gaps = row.gaps or abs(when * base - row.ends) > _GAP
        row.ends = end if row.ends is None else max(row.ends, end)


def _counted(one: Stream, reading: Reading, row: _Row, times: str) -> Stream:
    """A stream with what was found of its packets, and of its first picture or sound."""
    if not row.packets:
        return replace(one, bytes=row.bytes, packets=0)
    start = min(row.times) * one.time_base - reading.start if row.times else one.start
    first = _first_of(reading, one) if one.kind in {"video", "audio"} else None
    if one.kind == "audio" and first is not None and first.pts is not None:
        start = Fraction(first.pts * first.time_base) - reading.start
    if one.kind == "video" and times:
        _keep_times(Path(times), one.index, row)
    made = replace(
        one,
        bytes=row.bytes,
        packets=row.packets,
        start=start,
        end=max(one.end if row.ends is None else row.ends - reading.start, start),
        gaps=row.gaps,
        digest=row.digest.hexdigest(),
    )
    if one.kind == "video" and first is not None:
        made = replace(made, mastering=mastering_of(first), light=light_of(first))
    return made


def _first_of(reading: Reading, one: Stream) -> Any:
    """The first picture, or the first sound that is heard: what only warms a decoder up is none."""
    with opened(reading) as container:
        stream: Any = container.streams[one.number]
        if stream.codec_context is None:
            return None
        try:
            return next(iter(container.decode(stream)), None)
        except av.FFmpegError:
            return None


def _keep_times(folder: Path, index: int, row: _Row) -> None:
    path = times_file(folder, index)
    for place, numbers in ((path, row.times), (path.with_suffix(".keys"), row.keys)):
        place.write_bytes(array("q", sorted(numbers)).tobytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
