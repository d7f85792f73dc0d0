"""A small picture of each clip for the transfer report, where one can be had without waiting long.

They are there to recognise clips by, and prove nothing: key frames near the middle, read from a
copy or from the card, by a child that may die of a damaged clip. Nothing here ever fails; what
cannot be shown, or not in time, has no picture.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from app.media.frames.look import Looker
from app.places.cards.listing import FRAMES, MOVIES
from app.reports.model import FileRow, TransferReport

log = logging.getLogger(__name__)

MOST = 400
"""Clips that get a picture; the others of a card have none."""
_SHARE = 0.05
"""Of the job's own time that the pictures may take."""
_LEAST, _LONGEST = 5.0, 30.0
"""Seconds that all pictures of a report may always take, and never more than."""
_ONE = 8.0
"""Seconds for one clip."""
_HEADS = (
    b"\x06\x0e\x2b\x34", b"\x1a\x45\xdf\xa3", b"RIFF", b"SDPX", b"XPDS", b"II*\0", b"MM\0*",
    b"\x76\x2f\x31\x01", b"\x89PNG", b"\xff\xd8\xff", b"\x00\x00\x01\xba", b"\x47\x40",
)  # fmt: skip
"""Of files that FFmpeg may show: MXF, Matroska, AVI, DPX, TIFF, EXR, PNG, JPEG, MPEG."""
_ATOMS = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"uuid"}
_WHOLE = {"verified", "already there", "verified through the cache", "written, not verified"}


@dataclass(frozen=True, slots=True)
class _Film:
    """A clip, and the files that show it, best first."""

    name: str
    places: tuple[Path, ...]


def with_posters(
    report: TransferReport, *, seconds: float | None = None, each: float = _ONE, most: int = MOST
) -> TransferReport:
    """*report* with pictures of at most so many clips, as they could be shown within *seconds*.

    *each*: seconds for one clip, on top for the last one.
    """
    films = list(_films(report, most))
    if not films:
        return report
    took = (report.finished - report.started).total_seconds()
    patience = min(max(took * _SHARE, _LEAST), _LONGEST) if seconds is None else seconds
    found = _looked_at(films, patience, each)
    clips = tuple(replace(clip, poster=found.get(clip.name, b"")) for clip in report.clips)
    return replace(report, clips=clips)


def _films(report: TransferReport, most: int) -> Iterator[_Film]:
    """The clips of a report that may have a picture, by the first file of each that holds one."""
    wanted = {clip.name for clip in report.clips}
    for row in report.files:
        if row.clip in wanted and _shows(row.path):
            wanted.remove(row.clip)
            yield _Film(row.clip, tuple(_places(row, report)))
            most -= 1
            if not most or not wanted:
                return


def _shows(path: str) -> bool:
    return path.rpartition(".")[2].lower() in MOVIES | FRAMES


def _places(row: FileRow, report: TransferReport) -> Iterator[Path]:
    for copy in row.copies:
        drive = report.destinations[copy.destination]
        if copy.state in _WHOLE and not copy.trouble and not drive.trouble:
            yield Path(drive.path) / copy.path
    yield Path(report.card) / row.path


def _looked_at(films: Iterable[_Film], seconds: float, each: float) -> dict[str, bytes]:
    """Poster by clip. A drive that does not answer any more costs the time, and holds nobody."""
    found: dict[str, bytes] = {}
    end = time.monotonic() + seconds
    thread = threading.Thread(
        target=_look, args=(films, end, each, found), name="pictures of clips", daemon=True
    )
    thread.start()
    thread.join(seconds + each)
    if thread.is_alive():
        log.info("The pictures of clips were given up: a drive does not answer")
    return dict(found)


def _look(films: Iterable[_Film], end: float, each: float, found: dict[str, bytes]) -> None:
    looker: Looker | None = None
    try:
        for film in films:
            if time.monotonic() >= end:
                break
            place = next(filter(_may_be_shown, film.places), None)
            if place is None:
                continue
            if looker is None:  # nobody is started for a card of sound
                looker = Looker(seconds=each)
            if poster := looker.look(place, "").poster:
                found[film.name] = poster
    except Exception:  # a report without pictures is better than none
        log.exception("The pictures of clips could not be made")
    finally:
        if looker is not None:
            looker.close()


def _may_be_shown(path: Path) -> bool:
    """Whether a file is there and begins like one that holds pictures."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except (OSError, ValueError):
        return False
    return head.startswith(_HEADS) or head[4:8] in _ATOMS
