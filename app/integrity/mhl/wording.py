"""How names, texts and moments are put into XML so that they come back unchanged."""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from app.integrity.hashing import C4_ALPHABET, C4_LENGTH, HashKind

LINE_BREAKERS = frozenset("\n\r\t\x85\u2028\u2029")
"""Characters that some reader of single lines stumbles over."""

_UNHOLDABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\n": "&#10;",
    "\r": "&#13;",
    "\t": "&#9;",
}
_TABLE = str.maketrans(_ESCAPES)
_HEX_LENGTH = {
    HashKind.MD5: 32,
    HashKind.SHA1: 40,
    HashKind.XXH128: 32,
    HashKind.XXH3: 16,
    HashKind.XXH64: 16,
}
_HEX = re.compile(r"[0-9a-f]+")
_C4 = re.compile(rf"c4[{C4_ALPHABET}]{{{C4_LENGTH - 2}}}")


def holdable(name: str) -> bool:
    """Whether XML can hold *name*: no control characters but tab and newlines, no invalid UTF-8."""
    return _UNHOLDABLE.search(name) is None


def file_name_part(folder: Path, room: int) -> str:
    """The name of *folder* as part of a manifest's name, in at most *room* bytes of UTF-8."""
    name = Path(os.path.abspath(folder)).name or "root"
    said = "".join(c if holdable(c) and c not in LINE_BREAKERS else "_" for c in name)
    return said.encode()[:room].decode(errors="ignore")


def escaped(text: str) -> str:
    """*text* for XML; newlines and tabs as references, because parsers would change them."""
    return text.translate(_TABLE)


def made_holdable(text: str) -> str:
    """*text* with `\N{REPLACEMENT CHARACTER}` for what XML cannot hold; for comments, not names."""
    return _UNHOLDABLE.sub("\N{REPLACEMENT CHARACTER}", text)


@lru_cache(maxsize=1024)
def moment_xml(moment: datetime, *, fraction: bool = False) -> str:
    """*moment* as xs:dateTime with its own offset; whole seconds unless *fraction*."""
    offset = moment.utcoffset()
    if offset is None or offset.microseconds or offset.seconds % 60:
        moment = moment.astimezone(UTC)  # local mean time: offsets in seconds are no xs:dateTime
    return moment.isoformat(timespec="microseconds" if fraction else "seconds")


def moment_from(text: str | None) -> datetime | None:
    """The moment behind an xs:dateTime, UTC where it names no offset; None when it is none."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def file_moment(mtime_ns: int) -> datetime | None:
    """A file's time with the offset this place had at that moment; None beyond years 1 to 9999."""
    seconds, rest = divmod(mtime_ns, 1_000_000_000)
    try:
        whole = _in_zone(seconds, time.tzname)
    except (ValueError, OverflowError, OSError):
        return None
    return whole.replace(microsecond=rest // 1000) if rest else whole


@lru_cache(maxsize=1024)
def _in_zone(seconds: int, _zone: tuple[str, str]) -> datetime:
    """Files of one card share their seconds; the zone may be another one the next time."""
    return datetime.fromtimestamp(seconds, UTC).astimezone()


def checked_digest(kind: HashKind, text: str | None) -> str | None:
    """The written digest in its one form (hex in lower case), or None when it is malformed."""
    text = (text or "").strip()
    if kind is HashKind.C4:
        return text if _C4.fullmatch(text) else None
    text = text.lower()
    good = len(text) == _HEX_LENGTH[kind] and _HEX.fullmatch(text)
    return text if good else None
