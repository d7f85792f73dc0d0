"""What people mark in clips, kept by the clip's own bytes: it is found again wherever it moves.

A file of another name that has the same bytes has the same marks, and their origin can be told.

One small file for each clip, in a folder of the profile.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from blake3 import blake3

from app.errors import EnvironmentFault, ReelkeepError, WriteFailed
from app.media.frames.source import ByteSource, FileRange, FileSource

log = logging.getLogger(__name__)

_FORM = 1
_WHOLE = 32 << 20
"""Bytes up to which a file is known by all of it."""
_SAMPLE = 64 << 10
_SAMPLES = 64
"""A larger one is known by so many samples, from its beginning to its end, besides its size."""
_FILES = 16
"""Files of a clip of many that are looked into; the sizes of all of them count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One frame with what somebody had to say about it."""

    frame: int
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipMarks:
    """All that was marked in a clip, by frame numbers from 0."""

    first: int | None = None
    """The first frame that is kept."""
    end: int | None = None
    """The one behind the last that is kept: out points are exclusive."""
    marks: tuple[Mark, ...] = field(default=())
    """In the order of their frames."""

    @property
    def empty(self) -> bool:
        """Whether nothing was marked."""
        return self.first is None and self.end is None and not self.marks

    def kept_from(self, frame: int) -> ClipMarks:
        """With *frame* as the first that is kept; an end before it goes."""
        end = self.end if self.end is not None and self.end > frame else None
        return replace(self, first=frame, end=end)

    def kept_to(self, frame: int) -> ClipMarks:
        """With *frame* as the last that is kept; a beginning behind it goes."""
        first = self.first if self.first is not None and self.first <= frame else None
        return replace(self, first=first, end=frame + 1)

    def marked(self, frame: int, text: str) -> ClipMarks:
        """With a mark at *frame* that says *text*, also where there was another one."""
        marks = (*self.without(frame).marks, Mark(frame=frame, text=text))
        return replace(self, marks=tuple(sorted(marks, key=lambda mark: mark.frame)))

    def without(self, frame: int) -> ClipMarks:
        """With no mark at *frame*."""
        return replace(self, marks=tuple(mark for mark in self.marks if mark.frame != frame))

    def text_at(self, frame: int) -> str:
        """What was said of *frame*; "" for nothing."""
        return next((mark.text for mark in self.marks if mark.frame == frame), "")

    def beyond(self, frame: int, way: int) -> int | None:
        """The nearest mark, in or out point behind *frame*, or with a negative *way* before it."""
        places = {mark.frame for mark in self.marks}
        if self.first is not None:
            places.add(self.first)
        if self.end is not None:
            places.add(self.end - 1)
        ahead = [place for place in places if (place - frame) * way > 0]
        return min(ahead, key=lambda place: abs(place - frame), default=None)


def merged(kept: ClipMarks, new: ClipMarks) -> ClipMarks:
    """What was *kept*, with what was marked before anybody had read that."""
    said = {mark.frame: mark for mark in (*kept.marks, *new.marks)}
    return ClipMarks(
        first=kept.first if new.first is None else new.first,
        end=kept.end if new.end is None else new.end,
        marks=tuple(said[frame] for frame in sorted(said)),
    )


def content_stamp(*sources: ByteSource) -> str:
    """What the clip in *sources* is known by: all sizes, and a digest of what is in the files.

    Of a large file that is a digest of samples: damage between them goes unnoticed, but no two
    takes are the same in all of them. Raises NotFound, MediaFault.
    """
    sizes = [source.size for source in sources]
    digest = blake3(repr(sizes).encode())
    for place in sorted(set(_spread(len(sources) - 1, _FILES))):
        with sources[place].open() as file:
            _take(file, sizes[place], digest)
    return f"{sum(sizes)}-{digest.hexdigest(16)}"


def _take(file: BinaryIO, size: int, digest: blake3) -> None:
    if size <= _WHOLE:
        while data := file.read(1 << 20):
            digest.update(data)
        return
    for place in _spread(size - _SAMPLE, _SAMPLES):
        file.seek(place)
        digest.update(file.read(_SAMPLE))


def _spread(last: int, count: int) -> list[int]:
    """Numbers from 0 to *last*, evenly: *count* of them."""
    return [last * n // (count - 1) for n in range(count)]


class MarksUnreadable(EnvironmentFault):
    """What was marked is there and cannot be read now; nothing may be written over it."""

    title = "Marks cannot be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What lay under a clip's name when it was last looked at."""

    now: str = ""
    """Of names, sizes and times: while these stay, nothing is read."""
    stamp: str = ""
    files: int = 0
    last: int = 0
    """Bytes of the last file."""

    @classmethod
    def of(cls, text: str) -> _Seen:
        now, stamp, *more = text.split("\n")
        files, last = map(int, more) if more else (0, 0)
        return cls(now=now, stamp=stamp, files=files, last=last)

    def __str__(self) -> str:
        return f"{self.now}\n{self.stamp}\n{self.files}\n{self.last}"


class MarkStore:
    """Keeps marks below *folder*, which is made when there is something to keep."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def stamp_of(self, *files: Path) -> str:
        """What the clip in *files* is known by; while it is offline, what it was known by last.

        What was marked while it was still being copied or recorded comes with it: see `_grown`.
        Raises NotFound, MediaFault for one that was never seen, and what `load` and `save` do.
        """
        name = blake3(os.fsencode(files[0].absolute())).hexdigest(16)
        place = self._folder / "places" / name
        before = _Seen()
        with contextlib.suppress(OSError, ValueError):
            before = _Seen.of(place.read_text("ascii"))
        sources = [FileSource(file) for file in files]
        try:
            now = blake3("\0".join(one.stamp for one in sources).encode()).hexdigest(16)
            if before.now == now:
                return before.stamp
            last = FileRange(sources[-1].path, 0, sources[-1].size)  # it may grow just now
            stamp = content_stamp(*sources[:-1], last)
        except ReelkeepError:
            if before.stamp:
                return before.stamp
            raise
        if stamp != before.stamp and (marks := self._grown(before, sources)) is not None:
            both = merged(self.load(stamp), marks)
            self.save(stamp, both, name=self.origin(before.stamp))
        with contextlib.suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            _write(place, str(_Seen(now=now, stamp=stamp, files=len(files), last=last.size)))
        return stamp

    def _grown(self, before: _Seen, sources: list[FileSource]) -> ClipMarks | None:
        """The marks of a clip that has only grown: all that it was is its beginning now.

        None where nothing was marked, or where that cannot be shown: then it is another clip.
        """
        if not 0 < before.files <= len(sources):
            return None
        marks = self.load(before.stamp)
        last = FileRange(sources[before.files - 1].path, 0, before.last)
        try:
            begins_alike = content_stamp(*sources[: before.files - 1], last) == before.stamp
        except ReelkeepError:  # it is shorter now, or cannot be read
            return None
        return marks if begins_alike and not marks.empty else None

    def load(self, stamp: str) -> ClipMarks:
        """What was marked in the clip of this stamp.

        A damaged file is put aside, and nothing was marked. Raises MarksUnreadable.
        """
        place = self._place(stamp)
        try:
            found = place.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return ClipMarks()
        except OSError as error:
            raise MarksUnreadable(
                f"The marks in {place} cannot be read: {error.strerror}.", path=place
            ) from error
        try:
            kept = json.loads(found.decode("utf-8", "surrogatepass"))
            if kept["form"] == _FORM:
                return _marks(kept)
            newer = isinstance(kept["form"], int) and kept["form"] > _FORM
        except (ValueError, KeyError, TypeError):
            newer = False
        if newer:
            raise MarksUnreadable(
                f"The marks in {place} were made by a newer version of this program.",
                path=place,
                hint="Use that version.",
            )
        _put_aside(place)
        return ClipMarks()

    def origin(self, stamp: str) -> str:
        """The name of the file in which the clip of this stamp was marked first; "" for none."""
        try:
            return str(json.loads(self._place(stamp).read_text("utf-8"))["name"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def save(self, stamp: str, marks: ClipMarks, *, name: str = "") -> None:
        """Keep *marks* in place of what was kept; *name* tells people in which file they were made.

        That of the file in which they were made first stays. Raises WriteFailed, and
        MarksUnreadable where what was kept can't be read.
        """
        self.load(stamp)
        place = self._place(stamp)
        name = self.origin(stamp) or name
        try:
            if marks.empty:
                place.unlink(missing_ok=True)
                return
            place.parent.mkdir(parents=True, exist_ok=True)
            _write(place, json.dumps(_plain(marks, name), indent=1, ensure_ascii=False))
        except OSError as error:
            raise WriteFailed(
                f"The marks in {name or stamp} could not be kept: {error.strerror}.", path=place
            ) from error

    def _place(self, stamp: str) -> Path:
        return self._folder / f"{stamp}.json"


def _put_aside(place: Path) -> None:
    aside = place.with_suffix(".damaged")
    try:
        place.replace(aside)
    except OSError as error:
        raise MarksUnreadable(
            f"The marks in {place} are damaged, and cannot be put aside: {error.strerror}.",
            path=place,
        ) from error
    log.warning("The marks in %s are damaged and were put aside as %s", place, aside.name)


def _plain(marks: ClipMarks, name: str) -> dict[str, object]:
    listed = [{"frame": mark.frame, "text": mark.text} for mark in marks.marks]
    return {
        "form": _FORM, "name": name, "first": marks.first, "end": marks.end, "marks": listed,
    }  # fmt: skip


def _marks(kept: dict[str, Any]) -> ClipMarks:
    listed = [Mark(frame=int(m["frame"]), text=str(m["text"])) for m in kept["marks"]]
    return ClipMarks(
        first=None if kept["first"] is None else int(kept["first"]),
        end=None if kept["end"] is None else int(kept["end"]),
        marks=tuple(sorted(listed, key=lambda mark: mark.frame)),
    )


def _write(place: Path, text: str) -> None:
    """Whole or not at all, whatever happens to the power."""
    part = place.with_name(f"{place.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(place)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
