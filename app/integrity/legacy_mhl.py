"""Legacy MHL 1.1: one XML file per copy, with one hash per file and no history.

Read with all its kinds of hash (xxhash64be, the byte-swapped xxhash64, xxhash in decimal, md5,
sha1, null for "size only"); elements of other vendors are skipped. Written for tools that know
nothing newer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lxml import etree

from app.errors import BadInput, ManifestDamaged, WriteFailed
from app.integrity.hashing import Digests, HashKind
from app.integrity.mhl.reading import damaged, elements
from app.integrity.mhl.values import MANIFEST_SUFFIX, Creator, FileRecord
from app.integrity.mhl.wording import (
    checked_digest,
    escaped,
    file_name_part,
    holdable,
    made_holdable,
    moment_from,
)
from app.integrity.mhl.writing import write_whole

_WRITTEN = {
    HashKind.XXH64: "xxhash64be",
    HashKind.MD5: "md5",
    HashKind.SHA1: "sha1",
}
_SIZE_ONLY = "    <null/>\n"
_READ = {name: kind for kind, name in _WRITTEN.items()} | {"c4": HashKind.C4}


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyRecord:
    """One file: size in bytes, hashes (none for a `null` entry: only its size is known).

    *xxh32* is the old 32-bit xxHash, which has no kind of its own here.
    """

    path: str
    size: int
    mtime: datetime | None
    digests: Digests
    xxh32: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyManifest:
    """A legacy manifest: who made it, when, and its files relative to the folder it lies in."""

    name: str
    username: str
    hostname: str
    tool: str
    started: datetime | None
    finished: datetime | None
    records: tuple[LegacyRecord, ...]


def read_legacy(path: Path) -> LegacyManifest:
    """The legacy manifest at *path*; raises ManifestDamaged or ManifestMissing."""
    said: dict[str, str] = {}
    records = []
    holders = {"creatorinfo": "hashlist", "hash": "hashlist"}
    for name, element in elements(path, None, "hashlist", tuple(holders), holders):
        if name == "creatorinfo":
            said = {str(child.tag): child.text or "" for child in element}
        else:
            records.append(_record(path, element))
    return LegacyManifest(
        name=said.get("name", ""),
        username=said.get("username", ""),
        hostname=said.get("hostname", ""),
        tool=said.get("tool", ""),
        started=moment_from(said.get("startdate")),
        finished=moment_from(said.get("finishdate")),
        records=tuple(records),
    )


def _record(manifest: Path, element: etree._Element) -> LegacyRecord:
    path = element.findtext("file") or ""
    if not path or path.startswith("/") or ".." in path.split("/"):
        raise _bad(manifest, element, f"a file outside of the folder ({path!r})")
    size = (element.findtext("size") or "").strip()
    if not size.isdecimal():
        raise _bad(manifest, element, f"the size of {path!r} is no number")
    digests: dict[HashKind, str] = {}
    for name, kind in _READ.items():
        written = element.findtext(name)
        if written is not None:
            digests[kind] = _digest(manifest, element, kind, written)
    swapped = element.findtext("xxhash64")
    if swapped is not None:
        text = _digest(manifest, element, HashKind.XXH64, swapped)
        digests.setdefault(HashKind.XXH64, bytes.fromhex(text)[::-1].hex())
    short = element.findtext("xxhash")
    if short is not None and not re.fullmatch(r"\s*[0-9]{1,10}\s*", short):
        raise _bad(manifest, element, f"the xxhash of {path!r} is malformed")
    return LegacyRecord(
        path=path.removeprefix("./"),
        size=int(size),
        mtime=moment_from(element.findtext("lastmodificationdate")),
        digests=digests,
        xxh32=None if short is None else int(short),
        at=moment_from(element.findtext("hashdate")),
    )


def _digest(manifest: Path, element: etree._Element, kind: HashKind, text: str) -> str:
    checked = checked_digest(kind, text)
    if checked is None:
        raise _bad(manifest, element, f"the {kind} of {element.findtext('file')!r} is malformed")
    return checked


def _bad(manifest: Path, element: etree._Element, what: str) -> ManifestDamaged:
    return damaged(manifest, f"near line {element.sourceline}: {what}")


def write_legacy(
    folder: Path,
    records: Iterable[FileRecord],
    creator: Creator,
    started: datetime,
    finished: datetime,
    *,
    username: str = "",
    through: Path | None = None,
) -> Path:
    """Write a legacy manifest into *folder* and give its path; kinds it does not know are left out.

    It is written by way of *through*, another path to *folder*.
    A file without any of its kinds is listed by size only. Raises BadInput, NameTaken, WriteFailed.
    """
    stamp = started.astimezone(UTC).strftime("%Y-%m-%d_%H%M%S")
    tail = f"_{stamp}{MANIFEST_SUFFIX}"
    path = folder / f"{file_name_part(folder, 240 - len(tail))}{tail}"
    listed = sorted(records, key=lambda record: record.path)
    for record in listed:
        if not holdable(record.path):
            raise BadInput(f"A manifest cannot hold the name {record.path!r}.")
    head = _head(creator, started, finished, username)
    try:
        write_whole((through or folder) / path.name, _legacy_xml(head, listed, finished))
    except OSError as error:
        raise WriteFailed(f"{path} cannot be written: {error.strerror}.", path=path) from error
    return path


def _head(creator: Creator, started: datetime, finished: datetime, username: str) -> str:
    name = creator.authors[0].name if creator.authors else ""
    said = {
        "name": name,
        "username": username,
        "hostname": creator.hostname,
        "tool": f"{creator.tool} {creator.version or ''}".strip(),
        "startdate": _moment(started),
        "finishdate": _moment(finished),
        "log": creator.comment or "",
    }
    lines = (f"    <{k}>{escaped(made_holdable(v))}</{k}>\n" for k, v in said.items())
    return f"  <creatorinfo>\n{''.join(lines)}  </creatorinfo>\n"


def _legacy_xml(head: str, records: Iterable[FileRecord], finished: datetime) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<hashlist version="1.1">\n'
    yield head
    for record in records:
        digests = record.digests()
        hashes = [
            f"    <{name}>{digests[kind]}</{name}>\n"
            for kind, name in _WRITTEN.items()
            if kind in digests
        ]
        at = next((entry.at for entry in record.hashes if entry.at), finished)
        yield (
            f"  <hash>\n    <file>{escaped(record.path)}</file>\n"
            f"    <size>{record.size or 0}</size>\n"
            f"{_modified(record)}{''.join(hashes) or _SIZE_ONLY}"
            f"    <hashdate>{_moment(at)}</hashdate>\n  </hash>\n"
        )
    yield "</hashlist>\n"


def _modified(record: FileRecord) -> str:
    if record.mtime is None:
        return ""
    return f"    <lastmodificationdate>{_moment(record.mtime)}</lastmodificationdate>\n"


def _moment(moment: datetime) -> str:
    """Whole seconds in UTC, the one form that every reader of legacy MHL takes."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
