"""The child of `streams`: reads all packets of a file and reports as ffmpeg does."""

from __future__ import annotations

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
from app.media.facts.probe import CONVERTER
from app.media.facts.probe_process import hold_back, told
from app.media.facts.values import ClipFacts
from app.media.transcode.streams import Inventory, Stream, times_file

_EVERY = 0.25
_GAP = Fraction(1, 20)
"""Seconds between two packets of sound that are heard as a hole."""


def main(path: Path, wish: str) -> None:
    """Report until the end."""
    hold_back()
    av.logging.set_level(None)
    facts = told(path)
    try:
        if "facts" not in facts:
            _report(fault=facts["fault"])
            return
        known = CONVERTER.structure(facts["facts"], ClipFacts)
        found = _looked_at(path, known, wish)
    except (av.FFmpegError, OSError) as error:
        words = getattr(error, "strerror", None) or "it is damaged"
        _report(fault=f"{path} cannot be read to its end: {words}.")
        return
    except MediaFault as fault:
        _report(fault=str(fault))
        return
    except Exception:
        _report(bug=json.dumps(traceback.format_exc()))
        return
    _report(streams=json.dumps(CONVERTER.unstructure(found)), end=True)


def _report(*, end: bool = False, **facts: object) -> None:
    for name, value in facts.items():
        print(f"{name}={value}")
    print("progress=end" if end or {"fault", "bug"} & facts.keys() else "progress=continue")
    sys.stdout.flush()


def _looked_at(path: Path, facts: ClipFacts, wish: str) -> Inventory:
    with av.open(os.fspath(path), metadata_errors="replace") as container:
        streams = [_described(stream, facts) for stream in container.streams]
        found = Inventory(
            path=path,
            start=Fraction(container.start_time or 0, av.time_base),
            chapters=len(container.chapters()),
            timecode=str(facts.start) if facts.start is not None else "",
            reel=facts.reel if facts.reel_from != "name" else "",
            tags=dict(container.metadata),
            quick=wish == "quick",
        )
        if wish == "quick":
            return replace(found, streams=tuple(streams))
        read = _Packets(container)
        read.through()
        starts = {
            one.index: _first_heard(path, one.index) for one in streams if one.kind == "audio"
        }
    done = tuple(_with_packets(one, read.of(one.index), starts.get(one.index)) for one in streams)
    if wish:
        for one in done:
            if one.kind == "video":
                _keep_times(Path(wish), one.index, read.of(one.index))
    return replace(found, streams=done)


def _described(stream: Any, facts: ClipFacts) -> Stream:
    flags = stream.disposition
    cover = stream.type == "video" and bool(flags & av.stream.Disposition.attached_pic)
    codec = stream.codec_context
    base = Fraction(stream.time_base or 1)
    start = Fraction(stream.start_time or 0) * base
    made = Stream(
        index=stream.index,
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
        made = replace(
            made,
            codec=picture.codec,
            decodable=picture.decodable,
            rate=picture.rate,
            width=picture.width,
            height=picture.height,
            rotation=picture.rotation,
            interlaced=picture.interlaced,
            steady=picture.steady,
            packets=picture.frames,
            end=made.end if made.end > start else start + picture.duration,
        )
    if sound is not None:
        made = replace(
            made,
            codec=sound.codec,
            rate=Fraction(sound.rate),
            channels=sound.channels,
            layout=sound.layout,
            name=sound.name,
            end=made.end if made.end > start else start + sound.duration,
        )
    return made


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
        for packet in self._packets():
            read += packet.size
            if time.monotonic() - self._since > _EVERY:
                self._since = time.monotonic()
                _report(total_size=read)
            self._take(packet, self.of(packet.stream_index))

    def _packets(self) -> Iterator[Any]:
        yield from (packet for packet in self._container.demux() if packet.size)

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


def _first_heard(path: Path, index: int) -> Fraction | None:
    """When the first sample that is heard comes: what only warms a decoder up is none."""
    with av.open(os.fspath(path), metadata_errors="replace") as container:
        stream: Any = container.streams[index]
        if stream.codec_context is None:
            return None
        try:
            frame: Any = next(iter(container.decode(stream)))
        except (av.FFmpegError, StopIteration):
            return None
        return None if frame.pts is None else Fraction(frame.pts * frame.time_base)


def _with_packets(one: Stream, row: _Row, heard: Fraction | None) -> Stream:
    if not row.packets:
        return replace(one, bytes=row.bytes, packets=0)
    start = min(row.times) * one.time_base if row.times else one.start
    return replace(
        one,
        bytes=row.bytes,
        packets=row.packets,
        start=start if heard is None else heard,
        end=max(row.ends or one.end, start),
        gaps=row.gaps,
        digest=row.digest.hexdigest(),
    )


def _keep_times(folder: Path, index: int, row: _Row) -> None:
    path = times_file(folder, index)
    for place, numbers in ((path, row.times), (path.with_suffix(".keys"), row.keys)):
        place.write_bytes(array("q", sorted(numbers)).tobytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
