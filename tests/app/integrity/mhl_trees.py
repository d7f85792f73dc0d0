"""Real trees, their records, and the public ascmhl tool as the judge of what we write."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lxml import etree

from app.integrity.hashing import HashKind, MultiHash
from app.integrity.mhl import (
    Creator,
    Folder,
    FoundFile,
    History,
    Process,
    compare,
    file_moment,
    next_records,
    write_generation,
)

XSD = Path(__file__).parent / "xsd"
STARTED = datetime(2026, 11, 20, 12, 4, 31, tzinfo=UTC)
CREATOR = Creator(
    tool="Reelkeep",
    version="0.1.0",
    hostname="cart-1",
    created=STARTED,
    comment="card /Volumes/A003 & <two> drives\nsecond line",
)


def digests_of(path: Path, kinds: Iterable[HashKind]) -> dict[HashKind, str]:
    """Digests of a real file."""
    hasher = MultiHash(kinds)
    hasher.update(path.read_bytes())
    return hasher.digests()


def found_in(
    root: Path, kinds: Iterable[HashKind], leave: Iterable[str] = ()
) -> tuple[dict[str, FoundFile], list[Folder]]:
    """All files and folders below *root* but those of histories and those to *leave* out."""
    files, folders = {}, []
    for folder, names, leaves in os.walk(root):
        names[:] = [n for n in names if n != "ascmhl"]
        for name in [*names, *leaves]:
            path = Path(folder) / name
            said = path.relative_to(root).as_posix()
            if said in leave or name == ".DS_Store":
                continue
            mtime = file_moment(path.lstat().st_mtime_ns)
            if name in names:
                folders.append(Folder(path=said, mtime=mtime))
            else:
                digests = digests_of(path, kinds)
                size = path.stat().st_size
                files[said] = FoundFile(size=size, digests=digests, mtime=mtime, at=STARTED)
    return files, folders


def seal(
    root: Path,
    kinds: Iterable[HashKind] = (HashKind.XXH64,),
    *,
    left_out: Iterable[str] = (),
    ignore: Iterable[str] = (),
    started: datetime = STARTED,
) -> Path:
    """Read the tree and append a generation, as a verify job does."""
    history = History.beneath(root)
    left_out = tuple(left_out)
    found, folders = found_in(root, tuple(kinds), left_out)
    found = {path: file for path, file in found.items() if not history.ignores(path)}
    comparison = compare(history, found)
    return write_generation(
        root,
        records=next_records(history, comparison, found),
        folders=folders,
        process=Process.IN_PLACE,
        creator=CREATOR,
        started=started,
        previous=history,
        ignore=ignore,
        left_out=left_out,
    )


@dataclass(frozen=True)
class Judge:
    """The public tool, and its schemas."""

    def run(self, *arguments: str | Path, program: str = "ascmhl") -> tuple[int, str]:
        """Exit code and everything that was said."""
        tool = Path(sys.executable).parent / program
        done = subprocess.run(
            [tool, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONWARNINGS": "ignore", "PYTHONIOENCODING": "utf-8"},
        )
        return done.returncode, done.stdout + done.stderr

    def verify(self, root: Path, *options: str) -> int:
        """What `ascmhl-debug verify` exits with."""
        code, said = self.run("verify", *options, root, program="ascmhl-debug")
        print(said)
        return code

    def diff(self, root: Path) -> int:
        """What `ascmhl diff` exits with."""
        return self.run("diff", root)[0]

    def create(self, root: Path, *options: str) -> int:
        """What `ascmhl create` exits with."""
        code, said = self.run("create", *options, root)
        print(said)
        return code

    def accepts(self, root: Path) -> None:
        """Every way in which the tool can check a history, and the schema for each of its files."""
        assert self.verify(root) == 0
        assert self.diff(root) == 0
        assert self.verify(root, "-dh") == 0
        assert self.run("info", "-v", root)[0] == 0
        for manifest in root.rglob("ascmhl/*.mhl"):
            assert_valid(manifest, "ASCMHL.xsd")
        for chain in root.rglob("ascmhl/ascmhl_chain.xml"):
            assert_valid(chain, "ASCMHLDirectory.xsd")


def assert_valid(path: Path, schema: str) -> None:
    """Fail unless the file at *path* follows the published schema."""
    text = (XSD / schema).read_bytes()
    here = (XSD / "ASCMHL.xsd").as_uri().encode()
    remote = b"https://raw.githubusercontent.com/ascmitc/mhl/master/xsd/ASCMHL.xsd"
    xsd = etree.XMLSchema(etree.fromstring(text.replace(remote, here)))
    xsd.assertValid(etree.parse(path))


def make_files(root: Path, files: dict[str, bytes]) -> None:
    """Write files below *root*."""
    for path, data in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
