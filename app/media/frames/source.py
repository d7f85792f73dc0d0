"""Where a clip's bytes come from: a file now, a range of a larger file, later a server or a tape.

Whoever looks inside a clip asks for a `ByteSource` and never for a path, so that a member of an
archive plays like a file.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar, cast

from app.errors import BadInput, MediaFault, NotFound

Answer = TypeVar("Answer")


class ByteSource(Protocol):
    """A range of bytes that can be read from any place in it, and how people call it."""

    @property
    def name(self) -> str:
        """What people and messages call it, in full: a path, `archive.zip!member`, an address."""

    @property
    def size(self) -> int:
        """Bytes. Raises NotFound, MediaFault."""

    @property
    def stamp(self) -> str:
        """Text that is another one when the bytes may have changed. Raises NotFound, MediaFault."""

    def for_av(self) -> str | BinaryIO:
        """What `av.open` takes; a reader among them is the caller's to close."""

    def open(self) -> BinaryIO:
        """A reader of its own, to be closed by the caller. Raises NotFound, MediaFault."""


@dataclass(frozen=True, slots=True)
class FileSource:
    """A whole file. Its size and stamp are asked of the disk each time."""

    path: Path
    """Absolute: `clip:1.mov` would be an address to FFmpeg, and `-` standard input."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", self.path.absolute())

    @property
    def name(self) -> str:
        """The path, as text."""
        return str(self.path)

    @property
    def size(self) -> int:
        """Bytes of the file now. Raises NotFound, MediaFault."""
        return _stat(self.path).st_size

    @property
    def stamp(self) -> str:
        """Size, time of the last change and inode. Raises NotFound, MediaFault."""
        return _stamp(_stat(self.path))

    def for_av(self) -> str | BinaryIO:
        """The path: FFmpeg reads files fastest by itself."""
        return str(self.path)

    def open(self) -> BinaryIO:
        """A reader of the whole file. Raises NotFound, MediaFault."""
        return _asked(self.path, lambda: cast(BinaryIO, self.path.open("rb", buffering=0)))


@dataclass(frozen=True, slots=True)
class FileRange:
    """A range of a larger file that is a clip in itself, as stored members of archives are."""

    path: Path
    offset: int
    length: int
    name: str = field(default="")

    def __post_init__(self) -> None:
        if self.offset < 0 or self.length < 0:
            raise BadInput(f"{self.offset} + {self.length} is no range of {self.path}.")
        object.__setattr__(self, "path", self.path.absolute())
        if not self.name:
            object.__setattr__(self, "name", f"{self.path}!{self.offset}+{self.length}")

    @property
    def size(self) -> int:
        """Bytes of the range."""
        return self.length

    @property
    def stamp(self) -> str:
        """The file's, and the place in it. Raises NotFound, MediaFault."""
        return f"{_stamp(_stat(self.path))}-{self.offset}-{self.length}"

    def for_av(self) -> str | BinaryIO:
        """A reader: FFmpeg's own `subfile:` was slower than one of ours."""
        return self.open()

    def open(self) -> BinaryIO:
        """A reader of the range only. Raises NotFound, MediaFault."""
        file = _asked(self.path, lambda: self.path.open("rb", buffering=0))
        return cast(BinaryIO, RangeReader(file, self.offset, self.length))


class RangeReader(io.RawIOBase):
    """Reads a range of a file as if it were all; closes the file with itself."""

    def __init__(self, file: io.RawIOBase, offset: int, length: int) -> None:
        self._file = file
        self._offset = offset
        self._length = length
        self._at = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The place in the range."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the range; past its end there is nothing to read."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._length}[whence]
        if start + offset < 0:
            raise ValueError(f"There is no place {start + offset}.")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill *buffer* as far as the range and one read of the file go."""
        room = min(len(buffer), self._length - self._at)
        if room <= 0:
            return 0
        self._file.seek(self._offset + self._at)
        got = self._file.readinto(memoryview(buffer)[:room]) or 0
        self._at += got
        return got

    def close(self) -> None:
        """Close the file too."""
        self._file.close()
        super().close()


def _stamp(found: os.stat_result) -> str:
    return f"{found.st_size}-{found.st_mtime_ns}-{found.st_ino}"


def _stat(path: Path) -> os.stat_result:
    return _asked(path, path.stat)


def _asked(path: Path, question: Callable[[], Answer]) -> Answer:
    try:
        return question()
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.", path=path) from error
    except IsADirectoryError as error:
        raise BadInput(f"{path} is no file.", path=path) from error
    except OSError as error:
        raise MediaFault(f"{path} cannot be read: {error.strerror}.", path=path) from error
