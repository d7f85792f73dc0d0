"""What a recorder writes beside the samples: the bext (EBU Tech 3285) and iXML chunks of a WAV.

FFmpeg shows a part of bext and nothing of iXML.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from app.errors import BadInput
from app.timecode import counts_drop_frames, frame_rate

_FORMS = {b"RIFF", b"RF64", b"BW64"}
_MOST = 16 << 20
"""Bytes of a chunk that is read at all: iXML of a 32-track recorder has some 20 kB."""
_MOST_CHUNKS = 1000
_BEXT = struct.Struct("<256s32s32s10s8sQ")


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundFacts:
    """Of one WAV file."""

    samples_since_midnight: int | None = None
    recorded: str = ""
    originator: str = ""
    description: str = ""
    timecode_rate: Fraction | None = None
    drop: bool = False
    project: str = ""
    scene: str = ""
    take: str = ""
    tape: str = ""
    note: str = ""
    channel_names: tuple[str, ...] = ()
    """In the order of the file's channels."""
    tags: Mapping[str, str] = field(default_factory=dict)


def sound_facts(path: Path) -> SoundFacts | None:
    """What the chunks of a WAV, RF64 or BW64 file say; None for any other file. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(12)
        if len(head) < 12 or head[:4] not in _FORMS or head[8:] != b"WAVE":
            return None
        found = dict(_chunks(file, os.fstat(file.fileno()).st_size))
    facts: dict[str, object] = {}
    if bext := found.get(b"bext"):
        facts |= _bext(bext)
    if ixml := found.get(b"iXML"):
        facts |= _ixml(ixml)
    return SoundFacts(**facts)  # type: ignore[arg-type]


def _chunks(file: BinaryIO, size: int) -> Iterator[tuple[bytes, bytes]]:
    """The chunks that we read; a damaged or cut off file gives those before the damage."""
    at = 12
    large = 0
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return
        name, length = head[:4], int.from_bytes(head[4:], "little")
        if name == b"ds64":
            large = int.from_bytes(file.read(16)[8:16], "little")
        if name == b"data" and length == 0xFFFFFFFF:
            length = large
        if name in {b"bext", b"iXML"} and length <= min(_MOST, size - at):
            file.seek(at + 8)
            yield name, file.read(length)
        at += 8 + length + length % 2


def _bext(data: bytes) -> dict[str, object]:
    if len(data) < _BEXT.size:
        return {}
    description, originator, _, day, time, samples = _BEXT.unpack_from(data)
    return {
        "description": _text(description),
        "originator": _text(originator),
        "recorded": f"{_text(day)} {_text(time)}".strip(),
        "samples_since_midnight": samples,
    }


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace").strip()


def _ixml(data: bytes) -> dict[str, object]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    root = etree.fromstring(data.strip(b"\0 \r\n\t"), parser) if data.strip(b"\0 \r\n\t") else None
    if root is None:
        return {}

    def said(path: str) -> str:
        return (root.findtext(path) or "").strip()

    facts: dict[str, object] = {
        name: said(tag)
        for name, tag in (
            ("project", "PROJECT"), ("scene", "SCENE"), ("take", "TAKE"), ("tape", "TAPE"),
            ("note", "NOTE"),
        )
    }  # fmt: skip
    rate = said("SPEED/TIMECODE_RATE") or said("SPEED/MASTER_SPEED")
    try:
        facts["timecode_rate"] = frame_rate(rate) if rate else None
    except BadInput:
        facts["timecode_rate"] = None
    exact = facts["timecode_rate"]
    drop = said("SPEED/TIMECODE_FLAG").upper() == "DF"
    facts["drop"] = drop and isinstance(exact, Fraction) and counts_drop_frames(exact)
    tracks = sorted(
        (_number(track.findtext("INTERLEAVE_INDEX")), (track.findtext("NAME") or "").strip())
        for track in root.iterfind("TRACK_LIST/TRACK")
    )
    facts["channel_names"] = tuple(name for _, name in tracks)
    return facts


def _number(text: str | None) -> int:
    return int(text) if text and text.strip().isdecimal() else 0
