"""Reading ASC MHL manifests and chains: one record at a time, and nothing that XML can hide.

Entities are never resolved and a document type is refused; any namespace prefix is accepted;
elements that we don't know are skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from lxml import etree

from app.errors import ManifestDamaged, ManifestMissing
from app.integrity.hashing import CUSTODY_KINDS, HashKind
from app.integrity.mhl.values import (
    Action,
    Author,
    ChainEntry,
    Creator,
    DirectoryDigests,
    FileRecord,
    FolderRecord,
    HashRecord,
    Header,
    Manifest,
    Process,
    Reference,
)
from app.integrity.mhl.wording import checked_digest, moment_from

NAMESPACE = "urn:ASC:MHL:v2.0"
CHAIN_NAMESPACE = "urn:ASC:MHL:DIRECTORY:v2.0"
MAX_BYTES = 1_000_000_000
"""Larger manifests (some three million files) are refused rather than read into memory."""

_NS = f"{{{NAMESPACE}}}"
_KINDS = {_NS + kind.value: kind for kind in CUSTODY_KINDS}
_ACTIONS = {action.value: action for action in Action}
_PATH = _NS + "path"
_PREVIOUS = _NS + "previousPath"
_PARTS = ("hash", "directoryhash", "creatorinfo", "processinfo", "hashlistreference")
_HOLDERS = {
    "hash": "hashes",
    "directoryhash": "hashes",
    "creatorinfo": "hashlist",
    "processinfo": "hashlist",
    "hashlistreference": "references",
}

Record = FileRecord | FolderRecord


class _Malformed(Exception):
    """What is wrong with a part of the file, in words."""


def scan_manifest(path: Path, take: Callable[[Record], None]) -> Header:
    """Hand every record of the manifest at *path* to *take* as it is read; give back the rest.

    Raises ManifestDamaged or ManifestMissing; memory does not grow with the number of records.
    """
    creator: Creator | None = None
    process: _ProcessInfo = (Process.IN_PLACE, None, ())
    references: list[Reference] = []
    for name, element in elements(path, NAMESPACE, "hashlist", _PARTS, _HOLDERS):
        try:
            if name == "hash":
                take(_file_record(element))
            elif name == "directoryhash":
                take(_folder_record(element))
            elif name == "creatorinfo":
                creator = _creator(element)
            elif name == "processinfo":
                process = _process(element)
            else:
                references.append(_reference(element))
        except _Malformed as fault:
            raise damaged(path, f"near line {element.sourceline}: {fault}") from fault
    if creator is None:
        raise damaged(path, "it does not say who made it (no creatorinfo)")
    kind, root, ignore = process
    return Header(
        creator=creator, process=kind, root=root, ignore=ignore, references=tuple(references)
    )


def read_manifest(path: Path) -> Manifest:
    """The whole manifest at *path*; raises ManifestDamaged or ManifestMissing."""
    files: list[FileRecord] = []
    folders: list[FolderRecord] = []

    def take(record: Record) -> None:
        if isinstance(record, FileRecord):
            files.append(record)
        else:
            folders.append(record)

    header = scan_manifest(path, take)
    return Manifest(header=header, files=tuple(files), folders=tuple(folders))


def read_chain(path: Path) -> tuple[ChainEntry, ...]:
    """The entries of the chain file at *path*, as they stand there; raises like read_manifest."""
    entries = []
    holders = {"hashlist": "ascmhldirectory"}
    for _, element in elements(path, CHAIN_NAMESPACE, "ascmhldirectory", ("hashlist",), holders):
        space = f"{{{CHAIN_NAMESPACE}}}"
        name = element.findtext(space + "path") or ""
        c4 = checked_digest(HashKind.C4, element.findtext(space + "c4"))
        number = element.get("sequencenr", "")
        if not name or name != Path(name).name or name in {".", ".."}:
            raise damaged(path, f"an entry names no manifest ({name!r})")
        if c4 is None:
            raise damaged(path, f"the entry of {name} has no valid C4")
        if not number.strip().isdecimal():
            raise damaged(path, f"the entry of {name} has no sequence number")
        entries.append(ChainEntry(number=int(number), name=name, c4=c4))
    return tuple(entries)


def elements(
    path: Path, space: str | None, root: str, names: tuple[str, ...], holders: dict[str, str]
) -> Iterator[tuple[str, etree._Element]]:
    """Each finished element of *names* that lies in its holder; forgotten once it was used.

    *space* is the namespace, *root* the outermost element. Raises ManifestDamaged, ManifestMissing.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise damaged(path, f"it is larger than {MAX_BYTES // 1_000_000} MB")
        with path.open("rb") as file:
            yield from _streamed(path, file, space, root, names, holders)
    except etree.XMLSyntaxError as error:
        raise damaged(path, f"it is no complete XML ({error.msg})") from error
    except FileNotFoundError as error:
        raise ManifestMissing(f"{path.name} is missing in {path.parent}.", path=path) from error
    except OSError as error:
        raise damaged(path, f"it cannot be read ({error.strerror})") from error


def _streamed(
    path: Path,
    file: BinaryIO,
    space: str | None,
    root: str,
    names: tuple[str, ...],
    holders: dict[str, str],
) -> Iterator[tuple[str, etree._Element]]:
    prefix = f"{{{space}}}" if space else ""
    checked = False
    events = etree.iterparse(
        _Nameless(file),
        events=("end",),
        tag=[prefix + name for name in names],
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    for _, element in events:
        if not checked:
            _check_root(path, element.getroottree(), prefix, root)
            checked = True
        name = element.tag[len(prefix) :]
        holder = element.getparent()
        if holder is None or holder.tag != prefix + holders[name]:
            continue  # a like-named element inside metadata
        yield name, element
        element.clear()
        while element.getprevious() is not None:
            del holder[0]
    if not checked:
        _check_root(path, events.root.getroottree(), prefix, root)


class _Nameless:
    """A file without its name, which lxml would put into UTF-8 whether it can or not."""

    def __init__(self, file: BinaryIO) -> None:
        self.read = file.read


def _check_root(path: Path, tree: etree._ElementTree, prefix: str, root: str) -> None:
    top = tree.getroot()
    document: Any = tree.docinfo  # its type hints lack half of it
    if document.doctype or document.internalDTD is not None:
        raise damaged(path, "it declares a document type, which no MHL file has")
    if top.tag == prefix + root:
        version = top.get("version", "")
        if root == "hashlist" and not version.startswith("2." if prefix else "1."):
            raise damaged(path, f"its version {version!r} is not known")
    elif top.tag == "hashlist":
        raise damaged(path, "it is a legacy MHL, not an ASC MHL manifest")
    elif top.tag == _NS + "hashlist":
        raise damaged(path, "it is an ASC MHL manifest, which belongs into an ascmhl folder")
    else:
        raise damaged(path, f"it is no MHL file (it begins with {top.tag})")


def damaged(path: Path, what: str) -> ManifestDamaged:
    """The error for a manifest or chain with something wrong in it."""
    return ManifestDamaged(f"{path.name} in {path.parent} cannot be trusted: {what}.", path=path)


def _relative(text: str | None, what: str) -> str:
    """A path that stays inside its folder, or _Malformed."""
    if not text:
        raise _Malformed(f"{what} without a path")
    if text.startswith("/") or ".." in text.split("/"):
        raise _Malformed(f"{what} outside of the folder ({text!r})")
    return text.removeprefix("./")


def _file_record(element: etree._Element) -> FileRecord:
    node, previous, found = None, None, []
    for child in element:  # one pass: this runs for every file of a library
        kind = _KINDS.get(child.tag)
        if kind is not None:
            found.append((kind, child))
        elif child.tag == _PATH:
            node = child
        elif child.tag == _PREVIOUS:
            previous = child.text
    if node is None:
        raise _Malformed("a file without a path")
    path = _relative(node.text, "a file")
    size = node.get("size")
    if size is not None and not size.strip().isdecimal():
        raise _Malformed(f"the size of {path!r} is no number")
    return FileRecord(
        path=path,
        size=None if size is None else int(size),
        mtime=moment_from(node.get("lastmodificationdate")),
        hashes=tuple(_hash_record(child, kind, path) for kind, child in found),
        previous_path=_relative(previous, "a file's earlier name") if previous else None,
    )


def _hash_record(element: etree._Element, kind: HashKind, path: str) -> HashRecord:
    text = checked_digest(kind, element.text)
    if text is None:
        raise _Malformed(f"the {kind} of {path!r} is malformed")
    action = element.get("action")
    if action is not None and action not in _ACTIONS:
        raise _Malformed(f"the action {action!r} of {path!r} is not known")
    return HashRecord(
        kind=kind,
        text=text,
        action=None if action is None else _ACTIONS[action],
        at=moment_from(element.get("hashdate")),
    )


def _folder_record(element: etree._Element) -> FolderRecord:
    node = element.find(_NS + "path")
    path = _relative(None if node is None else node.text, "a directory")
    assert node is not None
    digests = _directory_digests(element, path)
    previous = element.findtext(_NS + "previousPath")
    return FolderRecord(
        path=path,
        content=digests.content,
        structure=digests.structure,
        mtime=moment_from(node.get("lastmodificationdate")),
        previous_path=_relative(previous, "a directory's earlier name") if previous else None,
    )


def _directory_digests(element: etree._Element, path: str) -> DirectoryDigests:
    found: dict[str, dict[HashKind, str]] = {"content": {}, "structure": {}}
    for part, digests in found.items():
        holder = element.find(_NS + part)
        for child in () if holder is None else holder:
            kind = _KINDS.get(child.tag)
            if kind is None:
                continue
            text = checked_digest(kind, child.text)
            if text is None:
                raise _Malformed(f"the {kind} of directory {path!r} is malformed")
            digests[kind] = text
    return DirectoryDigests(content=found["content"], structure=found["structure"])


def _creator(element: etree._Element) -> Creator:
    tool = element.find(_NS + "tool")
    return Creator(
        tool="" if tool is None else tool.text or "",
        version=None if tool is None else tool.get("version"),
        hostname=element.findtext(_NS + "hostname") or "",
        created=moment_from(element.findtext(_NS + "creationdate")),
        authors=tuple(_author(author) for author in element.iterfind(_NS + "author")),
        location=element.findtext(_NS + "location"),
        comment=element.findtext(_NS + "comment"),
    )


def _author(element: etree._Element) -> Author:
    # Tools of before version 2.0 wrote the parts as elements instead of attributes.
    parts = {
        part: element.get(part) or element.findtext(_NS + part)
        for part in ("email", "phone", "role")
    }
    name = (element.text or "").strip() or element.findtext(_NS + "name") or ""
    return Author(name=name, **parts)


_ProcessInfo = tuple[Process, DirectoryDigests | None, tuple[str, ...]]


def _process(element: etree._Element) -> _ProcessInfo:
    kind = (element.findtext(_NS + "process") or "").strip()
    if kind not in set(Process):
        raise _Malformed(f"the process {kind!r} is not known")
    root = element.find(_NS + "roothash")
    patterns = element.iterfind(f"{_NS}ignore/{_NS}pattern")
    return (
        Process(kind),
        None if root is None else _directory_digests(root, "."),
        tuple(pattern.text for pattern in patterns if pattern.text),
    )


def _reference(element: etree._Element) -> Reference:
    path = _relative(element.findtext(_NS + "path"), "a reference")
    c4 = checked_digest(HashKind.C4, element.findtext(_NS + "c4"))
    if c4 is None:
        raise _Malformed(f"the reference to {path!r} has no valid C4")
    return Reference(path=path, c4=c4)
