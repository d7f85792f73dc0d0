"""How an MXF file's picture is coded, where FFmpeg has no name for it (SMPTE ST 377-1)."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

_LABEL = bytes.fromhex("060e2b3404010100")
"""With which every coding label begins, its version (the eighth byte) apart."""
_CODINGS = {
    bytes.fromhex("0401020102010100"): ("arriraw", "ARRIRAW"),
    bytes.fromhex("0401020102010200"): ("arriraw-hde", "ARRIRAW HDE"),
    bytes.fromhex("0401020102010203"): ("arriraw", "ARRIRAW"),
}
_SET = bytes.fromhex("060e2b34025301010d010101")
"""With which the key of every set of the header metadata begins."""
_CODING = 0x3201
_WIDTHS, _HEIGHTS = (0x3209, 0x3205, 0x3203), (0x3208, 0x3204, 0x3202)
"""Properties for the picture that is shown, else that is sampled, else that is stored."""
_HEADER = 4 << 20
"""Bytes at the beginning in which the descriptors stand."""


class PictureCoding(NamedTuple):
    """Of the first picture track."""

    codec: str
    name: str
    width: int
    height: int


def picture_coding(path: Path) -> PictureCoding | None:
    """By the label in the first picture's descriptor; None where it has none. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(_HEADER)
    at = head.find(_SET)
    while at >= 0:
        said = _properties(head, at + 16)
        label = said.get(_CODING, b"")
        if label[:7] == _LABEL[:7]:
            found = _CODINGS.get(label[8:], ("", "unknown"))
            return PictureCoding(*found, _side(said, _WIDTHS), _side(said, _HEIGHTS))
        at = head.find(_SET, at + 1)
    return None


def _side(said: dict[int, bytes], tags: tuple[int, ...]) -> int:
    sides = (int.from_bytes(said.get(tag, b""), "big") for tag in tags)
    return next((side for side in sides if side), 0)


def _properties(head: bytes, at: int) -> dict[int, bytes]:
    """The values of a set by their local tags; *at* is the place of its length."""
    size, at = _length(head, at)
    end = min(at + size, len(head))
    said = {}
    while at + 4 <= end:
        tag, length = (int.from_bytes(head[at + n : at + n + 2], "big") for n in (0, 2))
        said[tag] = head[at + 4 : at + 4 + length]
        at += 4 + length
    return said


def _length(head: bytes, at: int) -> tuple[int, int]:
    """A length in the basic encoding rules, and the place behind it."""
    first = head[at] if at < len(head) else 0
    if first < 0x80:
        return first, at + 1
    count = first & 0x7F
    return int.from_bytes(head[at + 1 : at + 1 + count], "big"), at + 1 + count
