"""The small texts that cameras write beside their media: read with a bound, never written."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

from lxml import etree

from app.places.cards.listing import Found
from app.places.cards.moments import moment

LARGEST = 1 << 20
"""Bytes; a larger sidecar is not looked into."""
MOST = 3000
"""Sidecars read per card, so that a look at a card stays quick."""
_HEAD = 4096


class Sidecars:
    """Reads the small texts of one card; what cannot be read or understood tells nothing."""

    def __init__(self, root: Path | None) -> None:
        """Below *root*; None reads nothing at all."""
        self._root = root
        self._left = MOST

    def read(self, found: Found | None, *, head: bool = False) -> bytes:
        """The bytes of a sidecar (of a media file's head only), b"" where there are none."""
        if self._root is None or found is None or self._left <= 0:
            return b""
        if found.entry.size > LARGEST and not head:
            return b""
        self._left -= 1
        try:
            return _read(self._root / found.path, _HEAD if head else LARGEST)
        except (OSError, ValueError):
            return b""

    def text(self, found: Found | None) -> str:
        """A sidecar as text, whatever its encoding."""
        data = self.read(found)
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return data.decode("utf-16", "replace")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return data.decode("latin-1")

    def xml(self, found: Found | None) -> etree._Element | None:
        """The root element of an XML sidecar, mended where it is damaged."""
        data = self.read(found)
        if not data:
            return None
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False
        )
        try:
            root: etree._Element | None = etree.fromstring(data, parser)
        except (etree.XMLSyntaxError, ValueError):
            return None
        return root


def _read(path: Path, most: int) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        # Reading must not even touch the access time of a file on a card.
        number = os.open(path, flags | getattr(os, "O_NOATIME", 0))
    except PermissionError:
        number = os.open(path, flags)
    with os.fdopen(number, "rb") as opened:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            return b""
        return opened.read(most)


def local_name(element: etree._Element) -> str:
    """An element's name without its name space, "" for comments and the like."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def elements(root: etree._Element | None, name: str) -> Iterator[etree._Element]:
    """Every element of this name, whatever its name space."""
    if root is None:
        return
    for element in root.iter():
        if local_name(element) == name:
            yield element


def value_of(root: etree._Element | None, name: str) -> str:
    """The text of the first element of this name, "" where there is none."""
    for element in elements(root, name):
        return (element.text or "").strip()
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipNote:
    """What a Sony clip's XML tells."""

    model: str = ""
    first: datetime | None = None
    last: datetime | None = None
    codec: str = ""


def clip_note(root: etree._Element | None) -> ClipNote:
    """Camera, codec, beginning and end out of a NonRealTimeMeta document."""
    device = next(elements(root, "Device"), None)
    created = next(elements(root, "CreationDate"), None)
    frame = next(elements(root, "VideoFrame"), None)
    first = moment(created.get("value", "")) if created is not None else None
    return ClipNote(
        model="" if device is None else device.get("modelName", "").strip(),
        first=first,
        last=_end(root, first, frame),
        codec="" if frame is None else frame.get("videoCodec", ""),
    )


def _end(
    root: etree._Element | None, first: datetime | None, frame: etree._Element | None
) -> datetime | None:
    length = next(elements(root, "Duration"), None)
    if first is None or frame is None or length is None:
        return None
    rate = re.match(r"\d+(\.\d+)?", frame.get("formatFps", ""))
    frames = length.get("value", "")
    if not rate or not frames.isdecimal() or not Fraction(rate[0]):
        return None
    try:
        return first + timedelta(seconds=float(int(frames) / Fraction(rate[0])))
    except OverflowError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class AleRow:
    """One clip in an Avid log that the camera wrote onto the card."""

    name: str
    reel: str = ""
    model: str = ""
    frames: int = 0
    """Frames it should have, 0 when not told."""
    first: datetime | None = None
    start: str = ""
    """Timecode of its first frame."""
    rate: str = ""
    """Frames a second, as the log writes it."""
    scene: str = ""
    take: str = ""


def ale_rows(text: str) -> list[AleRow]:
    """The clips of an Avid Log Exchange text; an empty list when it is none."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    labels = [line.strip().lower() for line in lines]
    if "column" not in labels or "data" not in labels:
        return []
    rate = next((line.split("\t")[-1].strip() for line in lines if line.startswith("FPS\t")), "")
    columns = [_plain(name) for name in lines[labels.index("column") + 1].split("\t")]
    rows = []
    for line in lines[labels.index("data") + 1 :]:
        cells = dict(zip(columns, (cell.strip() for cell in line.split("\t")), strict=False))
        if cells.get("name"):
            rows.append(_ale_row(cells, rate))
    return rows


def _ale_row(cells: dict[str, str], rate: str) -> AleRow:
    model = cells.get("cameramodel", "")
    day, time = cells.get("datecamera", ""), cells.get("timecamera", "")
    rate = cells.get("projectfps") or rate
    return AleRow(
        name=cells["name"],
        reel=cells.get("reelname") or cells.get("tape") or cells.get("reel", ""),
        model=model,
        frames=_frames(cells.get("duration", ""), rate),
        first=moment(f"{day} {time}".strip()) if day and time else None,
        start=cells.get("start", ""),
        rate=rate,
        scene=cells.get("scene", ""),
        take=cells.get("take", ""),
    )


def _plain(name: str) -> str:
    return re.sub(r"[\s_.#]+", "", name).lower()


def _frames(timecode: str, rate: str) -> int:
    match = re.fullmatch(r"(\d+):(\d\d):(\d\d):(\d\d)", timecode)
    per_second = re.match(r"\d+(\.\d+)?", rate)
    if not match or not per_second:
        return 0
    hours, minutes, seconds, frames = (int(group) for group in match.groups())
    return (hours * 3600 + minutes * 60 + seconds) * round(float(per_second[0])) + frames


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundNote:
    """What the head of a Broadcast Wave file tells."""

    recorder: str = ""
    first: datetime | None = None


def sound_note(head: bytes) -> SoundNote:
    """Recorder and beginning out of the bext chunk of a wave file's first bytes."""
    if head[:4] not in (b"RIFF", b"RF64", b"BW64") or head[8:12] != b"WAVE":
        return SoundNote()
    at = 12
    while at + 8 <= len(head):
        name, size = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
        if name == b"bext" and len(head) >= at + 8 + 338:
            body = head[at + 8 :]
            recorder = body[256:288].split(b"\0")[0].decode("ascii", "replace").strip()
            day = body[320:330].decode("ascii", "replace")
            time = body[330:338].decode("ascii", "replace")
            told = re.sub(r"[^0-9]", "-", day) + "T" + re.sub(r"[^0-9]", ":", time)
            return SoundNote(recorder=recorder, first=moment(told))
        at += 8 + size + size % 2
    return SoundNote()
