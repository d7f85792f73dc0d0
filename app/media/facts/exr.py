"""The header of an OpenEXR frame: the attributes that the standard names."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from app.media.facts.header import PictureHeader, packed_timecode, told_rate, written_moment

_MAGIC = b"\x76\x2f\x31\x01"
_LONGEST_NAME = 256
_LARGEST = 4096
"""Bytes of an attribute that is read; previews and colour tables are longer, and passed over."""
_MOST = 1000
_CAMERA = {
    "cameraMake": "make", "cameraModel": "model", "cameraSerialNumber": "serial",
    "cameraFirmwareVersion": "firmware", "lensMake": "lens_make", "lensModel": "lens",
    "isoSpeed": "iso", "owner": "owner", "comments": "comments",
}  # fmt: skip


def exr_header(path: Path) -> PictureHeader | None:
    """What an EXR file says of its (first) picture; None for any other file. Raises OSError."""
    with path.open("rb") as file:
        if file.read(4) != _MAGIC or len(file.read(4)) != 4:
            return None
        said: dict[str, object] = {}
        for name, kind, data in _attributes(file):
            said.setdefault(name, _value(kind, data))
    window = said.get("dataWindow")
    width = height = 0
    if isinstance(window, tuple):
        width, height = window[2] - window[0] + 1, window[3] - window[1] + 1
    rate = said.get("framesPerSecond")
    camera = {ours: str(said[theirs]) for theirs, ours in _CAMERA.items() if said.get(theirs)}
    return PictureHeader(
        container="EXR",
        width=max(0, width),
        height=max(0, height),
        rate=told_rate(rate) if isinstance(rate, Fraction) else Fraction(0),
        timecode=_text(said.get("timeCode")),
        reel=_text(said.get("reelName")),
        recorded=written_moment(_text(said.get("capDate"))),
        camera=camera,
    )


def _attributes(file: BinaryIO) -> Iterator[tuple[str, str, bytes]]:
    """Name, type and bytes of each attribute of the first part, up to the end or the damage."""
    for _ in range(_MOST):
        name, kind, length = _word(file), _word(file), file.read(4)
        if not name or not kind or len(length) < 4:
            return
        size = int.from_bytes(length, "little")
        if size <= _LARGEST:
            data = file.read(size)
            if len(data) < size:
                return
            yield name, kind, data
        else:
            file.seek(size, 1)


def _word(file: BinaryIO) -> str:
    """Text up to its zero byte; "" at the end of the header, or where there is none."""
    raw = bytearray()
    while (byte := file.read(1)) and byte != b"\0":
        raw += byte
        if len(raw) >= _LONGEST_NAME:
            return ""
    return raw.decode("utf-8", "replace")


def _value(kind: str, data: bytes) -> object:
    """An attribute of a type that is needed here; None for others and for damaged ones."""
    try:
        return _KINDS[kind](data) if kind in _KINDS else None
    except struct.error:
        return None


def _rational(data: bytes) -> Fraction | None:
    top, bottom = struct.unpack("<iI", data)
    return Fraction(top, bottom) if top > 0 and bottom else None


_KINDS: dict[str, Callable[[bytes], object]] = {
    "string": lambda data: data.decode("utf-8", "replace").rstrip("\0").strip(),
    "box2i": lambda data: struct.unpack("<4i", data),
    "rational": _rational,
    "float": lambda data: f"{struct.unpack('<f', data)[0]:g}",
    "timecode": lambda data: packed_timecode(struct.unpack_from("<I", data)[0]),
}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
