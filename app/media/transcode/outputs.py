"""Where the transcode of a clip goes, and whose it is: two originals never share one.

Beside each finished file lies its sheet, which names the original; it counts for that file only.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from app.errors import NameTaken, WriteFailed
from app.jobs.spec import CONVERTER, to_json
from app.media.facts.stamp import Stamp
from app.media.products.partial import PART, sync_folder
from app.media.products.sources import Source
from app.media.transcode.recipe import TranscodeRecipe
from app.media.transcode.spec import TranscodeSheet, TranscodeSpec
from app.media.transcode.work import write_safely

_GENERATION = 1
"""Grows when transcodes come out differently, so that finished ones are not taken for these."""
_HEAD = 1 << 20
"""Bytes by which an original is known again that has only grown: two recordings differ by then."""
_CLAIM = "clip.json"
_SHEET = "sheet.json"
"""In the work folder: what is to be said of the file once its final name is its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One file to be made."""

    path: Path
    work: Path
    """Its streams in the making."""
    of: Source
    stamp: Stamp
    """Of all its files."""
    digest: str
    anew: bool = False

    @property
    def source(self) -> Path:
        """The file that speaks for the original."""
        return self.of.path

    @property
    def originals(self) -> set[Path]:
        """Each may have spoken for it: of a clip that has grown, another file may be the first."""
        return {self.source, *self.of.files}

    @property
    def part(self) -> Path:
        """Its name until it is checked."""
        return self.path.with_name(self.path.name + PART)

    @property
    def sheet(self) -> Path:
        """What is said of it."""
        return sheet_of(self.path)

    @property
    def begun(self) -> bool:
        """Whether some of it is encoded already."""
        return (self.work / _CLAIM).exists()


def sheet_of(path: Path) -> Path:
    """Where the sheet of a finished file lies."""
    return path.with_name(path.name + ".json")


def read_sheet(path: Path) -> TranscodeSheet | None:
    """The sheet of a file that is there as it was made; else None."""
    return _read_of(path, sheet_of(path))


def _read_of(path: Path, sheet: Path) -> TranscodeSheet | None:
    found = _read(sheet)
    with contextlib.suppress(OSError):
        stat = path.stat()
        if found is not None and (found.bytes, found.changed) == (stat.st_size, stat.st_mtime_ns):
            return found
    return None


def head_of(path: Path) -> str:
    """Stands for the beginning of an original. OSError."""
    with path.open("rb") as file:
        return hashlib.sha256(file.read(_HEAD)).hexdigest()[:24]


def digest_of(recipe: TranscodeRecipe) -> str:
    """Stands for everything that a transcode is made by."""
    whole = json.dumps([_GENERATION, json.loads(to_json(recipe))], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:24]


def output_of(spec: TranscodeSpec, of: Source, name: PurePath) -> Output:
    """Where a clip goes; OSError where it can't be looked at."""
    stamp, digest = Stamp.of_all(of.files), digest_of(spec.recipe)
    names = [f"{name}{spec.recipe.suffix}"]
    ending = of.path.suffix.lstrip(".")
    if ending and not str(name).endswith(f"_{ending}"):
        names.append(f"{name}_{ending}{spec.recipe.suffix}")
    found = []
    for one in names:
        path = spec.to / one
        mine = Output(
            path=path,
            work=_work_of(path, spec.work),
            of=of,
            stamp=stamp,
            digest=digest,
            anew=spec.anew,
        )
        found.append(mine)
        if not _is_anothers(mine):
            return mine
    return found[0]


def _work_of(path: Path, folder: Path | None) -> Path:
    if folder is None:
        return path.with_name(f".{path.name}.work")
    return folder / f"{path.name}.{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"


def _is_anothers(output: Output) -> bool:
    """Whether the name is, or is being, used for another original."""
    claim = _read_claim(output.work)
    if claim is not None and Path(claim) not in output.originals:
        return True
    if not output.path.exists():
        return False
    _take_up(output)
    sheet = read_sheet(output.path)
    return sheet is None or sheet.source not in output.originals


def _take_up(output: Output) -> None:
    """Say of a file what was to be said, where only that was missing when a job was cut off."""
    sheet = _read_of(output.path, output.work / _SHEET)
    if sheet is None or read_sheet(output.path) is not None:
        return
    write_safely(output.sheet, to_json(sheet))
    if output.part.exists() and output.part.samefile(output.path):
        output.part.unlink()
    shutil.rmtree(output.work, ignore_errors=True)


def known(output: Output) -> TranscodeSheet | None:
    """The sheet of the file, where it is finished and just what is asked."""
    sheet = read_sheet(output.path)
    if sheet is None or sheet.source != output.source or sheet.digest != output.digest:
        return None
    same = (sheet.source_bytes, sheet.source_changed) == (output.stamp.size, output.stamp.changed)
    return sheet if same else None


def _may_replace(output: Output) -> bool:
    """Whether a finished file may go: it is asked for, or its original has only grown."""
    if output.anew:
        return True
    sheet = read_sheet(output.path)
    if sheet is None or sheet.source not in output.originals or sheet.digest != output.digest:
        return False
    if len(output.of.files) > sheet.source_files:
        return True
    grown = output.stamp.size > sheet.source_bytes >= _HEAD
    with contextlib.suppress(OSError):
        return grown and sheet.source_head == head_of(output.source)
    return False


def claim(output: Output) -> None:
    """Make the folders; raises NameTaken where something else lies there, WriteFailed."""
    if _is_anothers(output):
        raise NameTaken(
            f"{output.path} is there already, or in the making, and not from {output.source}.",
            path=output.path,
            hint="Choose another folder, or take that file away.",
        )
    if output.path.exists() and not _may_replace(output):
        raise NameTaken(
            f"{output.path} was made from another state of {output.source}, or by another recipe.",
            path=output.path,
            hint="Take it away, choose another folder, or make it anew (--anew).",
        )
    words = json.dumps({
        "source": str(output.source),
        "size": output.stamp.size,
        "changed": output.stamp.changed,
        "digest": output.digest,
    })  # fmt: skip
    place = output.work / _CLAIM
    try:
        output.path.parent.mkdir(parents=True, exist_ok=True)
        output.work.mkdir(parents=True, exist_ok=True)
        if place.exists() and place.read_text("ascii", "replace") != words:
            for path in _below(output.work):
                path.unlink(missing_ok=True)
        if not place.exists():
            write_safely(place, words)
    except OSError as error:
        raise WriteFailed(
            f"The folder {output.work} could not be made: {error.strerror}.", path=output.work
        ) from error


def _below(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if not path.is_dir())


def _read_claim(work: Path) -> str | None:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads((work / _CLAIM).read_bytes())["source"])
    return None


def finish(output: Output, sheet: TranscodeSheet) -> None:
    """Give the checked file its final name, with its sheet; never in the place of another."""
    replaces = _may_replace(output)
    try:
        with output.part.open("rb+") as file:
            os.fsync(file.fileno())
        write_safely(output.work / _SHEET, to_json(sheet))
        if replaces:
            output.part.replace(output.path)
        else:
            _rename_unless_there(output.part, output.path)
        write_safely(output.sheet, to_json(sheet))  # not before: it may be another file's
    except OSError as error:
        raise WriteFailed(
            f"{output.path} could not be kept: {error.strerror}.", path=output.path
        ) from error
    sync_folder(output.path.parent)


def _rename_unless_there(part: Path, path: Path) -> None:
    try:
        os.link(part, path)
    except FileExistsError as error:
        raise _taken(path) from error
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}:
            raise
        if path.exists():  # a file system without links
            raise _taken(path) from error
        part.rename(path)
    else:
        part.unlink()


def _taken(path: Path) -> NameTaken:
    return NameTaken(
        f"{path} has come into being meanwhile.",
        path=path,
        hint="Choose another folder, or take that file away.",
    )


def _read(path: Path) -> TranscodeSheet | None:
    try:
        return CONVERTER.structure(json.loads(path.read_bytes()), TranscodeSheet)
    except Exception:  # cattrs raises groups of anything: a damaged sheet is none
        return None
