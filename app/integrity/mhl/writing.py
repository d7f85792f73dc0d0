"""Manifests and chains as XML, and how they reach the disk: whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from app.errors import NameTaken
from app.integrity.hashing import CUSTODY_KINDS, Digests
from app.integrity.mhl.reading import CHAIN_NAMESPACE, NAMESPACE
from app.integrity.mhl.values import (
    Action,
    Author,
    ChainEntry,
    Creator,
    FileRecord,
    FolderRecord,
    HashRecord,
    Header,
)
from app.integrity.mhl.wording import escaped, made_holdable, moment_xml

PARTIAL_SUFFIX = ".partial"
_CANNOT_SYNC_FOLDERS = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}
_OPENINGS = {kind: (f"      <{kind}", f"</{kind}>\n") for kind in CUSTODY_KINDS}
_ACTIONS: dict[Action | None, str] = {None: "", **{one: f' action="{one}"' for one in Action}}
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def manifest_xml(header: Header, records: Iterable[FileRecord | FolderRecord]) -> Iterator[str]:
    """The text of a manifest, piece by piece; records without custody hashes are left out."""
    yield f'{_HEAD}<hashlist version="2.0" xmlns="{NAMESPACE}">\n'
    yield from _creator_xml(header.creator)
    yield from _process_xml(header)
    first = True
    for record in records:
        text = _file_xml(record) if isinstance(record, FileRecord) else _folder_xml(record)
        if text and first:  # the schema wants no empty <hashes>
            yield "  <hashes>\n"
            first = False
        yield text
    if not first:
        yield "  </hashes>\n"
    if header.references:
        yield "  <references>\n"
        for reference in header.references:
            yield (
                f"    <hashlistreference>\n      <path>{escaped(reference.path)}</path>\n"
                f"      <c4>{reference.c4}</c4>\n    </hashlistreference>\n"
            )
        yield "  </references>\n"
    yield "</hashlist>\n"


def chain_xml(entries: Iterable[ChainEntry]) -> Iterator[str]:
    """The text of a chain file."""
    yield f'{_HEAD}<ascmhldirectory xmlns="{CHAIN_NAMESPACE}">\n'
    for entry in entries:
        yield (
            f'  <hashlist sequencenr="{entry.number}">\n    <path>{escaped(entry.name)}</path>\n'
            f"    <c4>{entry.c4}</c4>\n  </hashlist>\n"
        )
    yield "</ascmhldirectory>\n"


def _creator_xml(creator: Creator) -> Iterator[str]:
    yield "  <creatorinfo>\n"
    assert creator.created is not None, "a manifest says when it was made"
    yield f"    <creationdate>{moment_xml(creator.created)}</creationdate>\n"
    yield f"    <hostname>{_loose(creator.hostname)}</hostname>\n"
    version = f' version="{_loose(creator.version)}"' if creator.version else ""
    yield f"    <tool{version}>{_loose(creator.tool)}</tool>\n"
    for author in creator.authors:
        yield _author_xml(author)
    if creator.location:
        yield f"    <location>{_loose(creator.location)}</location>\n"
    if creator.comment:
        yield f"    <comment>{_loose(creator.comment)}</comment>\n"
    yield "  </creatorinfo>\n"


def _author_xml(author: Author) -> str:
    name, email = author.name, author.email
    before, at, after = (email or "").partition("@")
    stem, _, ending = after.partition(".")
    if email and not (before and at and stem and ending and "@" not in after):
        name, email = f"{name} ({email})", None  # the schema refuses it as an attribute
    parts = {"email": email, "phone": author.phone, "role": author.role}
    said = "".join(f' {key}="{_loose(value)}"' for key, value in parts.items() if value)
    return f"    <author{said}>{_loose(name)}</author>\n"


def _process_xml(header: Header) -> Iterator[str]:
    yield f"  <processinfo>\n    <process>{header.process}</process>\n"
    if header.root is not None:
        yield "    <roothash>\n"
        yield _digests_xml("content", header.root.content)
        yield _digests_xml("structure", header.root.structure)
        yield "    </roothash>\n"
    if header.ignore:
        yield "    <ignore>\n"
        for line in header.ignore:
            yield f"      <pattern>{_loose(line)}</pattern>\n"
        yield "    </ignore>\n"
    yield "  </processinfo>\n"


def _file_xml(record: FileRecord) -> str:
    lines = [_hash_xml(entry) for entry in _custody(record.hashes)]
    if not lines:
        return ""
    size = "" if record.size is None else f' size="{record.size}"'
    opening = f"    <hash>\n      <path{size}{_time(record.mtime)}>{escaped(record.path)}</path>\n"
    return opening + "".join(lines) + _previous(record.previous_path) + "    </hash>\n"


def _custody(hashes: Sequence[HashRecord]) -> Sequence[HashRecord]:
    """One hash of each kind that the format knows, in the order of its kinds."""
    if len(hashes) == 1 and hashes[0].kind in _OPENINGS:
        return hashes
    by_kind = {entry.kind: entry for entry in hashes}
    return [by_kind[kind] for kind in CUSTODY_KINDS if kind in by_kind]


def _hash_xml(entry: HashRecord) -> str:
    date = f' hashdate="{moment_xml(entry.at, fraction=True)}"' if entry.at else ""
    opening, closing = _OPENINGS[entry.kind]
    return f"{opening}{_ACTIONS[entry.action]}{date}>{entry.text}{closing}"


def _folder_xml(record: FolderRecord) -> str:
    return (
        "    <directoryhash>\n"
        f"      <path{_time(record.mtime)}>{escaped(record.path)}</path>\n"
        f"{_digests_xml('content', record.content)}{_digests_xml('structure', record.structure)}"
        f"{_previous(record.previous_path)}    </directoryhash>\n"
    )


def _digests_xml(name: str, digests: Digests) -> str:
    kinds = [kind for kind in CUSTODY_KINDS if kind in digests]
    inner = "".join(f"        <{kind}>{digests[kind]}</{kind}>\n" for kind in kinds)
    return f"      <{name}>\n{inner}      </{name}>\n" if inner else f"      <{name}/>\n"


def _time(moment: datetime | None) -> str:
    return f' lastmodificationdate="{moment_xml(moment)}"' if moment else ""


def _previous(path: str | None) -> str:
    return f"      <previousPath>{escaped(path)}</previousPath>\n" if path else ""


def _loose(text: str | None) -> str:
    return escaped(made_holdable(text or ""))


def write_whole(path: Path, pieces: Iterable[str]) -> None:
    """Write a file that does not exist yet: whole, synced, or not at all.

    Raises NameTaken, OSError.
    """
    with forgotten_on_failure(path):
        give_name(write_partial(path, pieces), path)
    sync_folder(path.parent)


@contextlib.contextmanager
def forgotten_on_failure(*paths: Path) -> Iterator[None]:
    """Remove the partial files of *paths* when what is done here fails."""
    try:
        yield
    except BaseException:
        for path in paths:
            with contextlib.suppress(OSError):
                partial_of(path).unlink()
        raise


def partial_of(path: Path) -> Path:
    """The name of *path* while it is being written."""
    return path.with_name(path.name + PARTIAL_SUFFIX)


def write_partial(path: Path, pieces: Iterable[str]) -> Path:
    """Write what is to become *path* under its partial name and sync it; gives that name."""
    partial = partial_of(path)
    with partial.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(pieces)
        file.flush()
        os.fsync(file.fileno())
    return partial


def give_name(partial: Path, path: Path, *, replace: bool = False) -> None:
    """Give *partial* its final name; NameTaken if that exists, unless *replace* is given."""
    if replace:
        partial.replace(path)
    else:
        _name_once(partial, path)


def _name_once(partial: Path, path: Path) -> None:
    """Give *partial* the name *path* unless something has it already."""
    try:
        os.link(partial, path)
    except FileExistsError as error:
        raise NameTaken(f"{path} exists already; it was not touched.", path=path) from error
    except OSError as error:  # FAT, exFAT and some shares have no hard links
        if path.exists():
            raise NameTaken(f"{path} exists already; it was not touched.", path=path) from error
        partial.rename(path)
        return
    partial.unlink()


def sync_folder(folder: Path) -> None:
    """Make the names in *folder* durable, where the system can sync a directory."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC_FOLDERS:
            raise
    finally:
        os.close(handle)
