"""Frame indexes that were made once, in a folder of the profile: a few bytes for each frame."""

from __future__ import annotations

import hashlib
import json
import logging
import struct
import tempfile
import zlib
from fractions import Fraction
from pathlib import Path

import numpy as np

from app.media.frames.frame_index import FrameIndex, Numbers, Stamps, Way
from app.media.frames.index import Checkpoint, Progress, build_index
from app.media.frames.memory import wanted
from app.media.frames.source import ByteSource

_log = logging.getLogger(__name__)
_FORM = b"reelkeep frames 6\n"
"""Raised whenever what is built, or how it is kept, becomes another one."""
_HEAD = struct.Struct("<16sI")
"""Digest of all that follows it, and the length of the facts."""
_ARRAYS = ("pts", "packet_of", "key_frames", "key_stamps", "key_places", "key_bytes", "suspect")


class IndexCache:
    """Keeps the index of every clip that was looked into, in *folder*, which it makes.

    An entry counts as long as name and stamp of the source are the same; one that is damaged, or of
    an earlier form, counts for nothing and is written anew. A folder that can't be written costs
    time at the next look, and nothing else.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def index(
        self,
        source: ByteSource,
        *,
        track: int = 0,
        checkpoint: Checkpoint | None = None,
        progress: Progress | None = None,
    ) -> FrameIndex:
        """The kept index, or one that is built now, see `build_index`, and kept."""
        found = self.kept(source, track=track)
        if found is not None:
            wanted(self.place(source, track))
            return found
        stamp = source.stamp
        built = build_index(source, track=track, checkpoint=checkpoint, progress=progress)
        if source.stamp == stamp:  # else it grew meanwhile, and nobody knows which half this is
            self._keep(source, track, stamp, built)
        return built

    def kept(self, source: ByteSource, *, track: int = 0) -> FrameIndex | None:
        """The index as it was kept; None where there is none that counts."""
        try:
            data = self.place(source, track).read_bytes()
        except OSError:
            return None
        return _unpacked(data, _key(source.name, source.stamp, track))

    def place(self, source: ByteSource, track: int = 0) -> Path:
        """The file of an entry; one per name, so that a changed clip replaces its own."""
        name = f"{source.name}\0{track}".encode("utf-8", "surrogateescape")
        return self.folder / f"{hashlib.blake2b(name, digest_size=16).hexdigest()}.frames"

    def _keep(self, source: ByteSource, track: int, stamp: str, index: FrameIndex) -> None:
        place = self.place(source, track)
        data = _packed(index, _key(source.name, stamp, track))
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
                partial = Path(file.name)
                try:
                    file.write(data)
                    file.close()
                    partial.replace(place)
                except OSError:
                    partial.unlink(missing_ok=True)
                    raise
        except OSError as error:
            _log.info("The frame index of %s was not kept: %s", source.name, error.strerror)


def _key(name: str, stamp: str, track: int) -> str:
    return json.dumps([name, stamp, track])


def _digest(*parts: bytes) -> bytes:
    return hashlib.blake2b(b"".join(parts), digest_size=16).digest()


def _packed(index: FrameIndex, key: str) -> bytes:
    """Steps instead of values, because they are nearly always the same, and zlib then."""
    arrays: list[Numbers | None] = [getattr(index, name) for name in _ARRAYS]
    facts = {
        "key": key,
        "time_base": str(index.time_base),
        "rate": str(index.rate),
        "steady": index.steady,
        "intra": index.intra,
        "stamped_by": index.stamped_by.value,
        "way": index.way.value,
        "lost_at_head": index.lost_at_head,
        "missing_at_end": index.missing_at_end,
        "lengths": [None if array is None else len(array) for array in arrays],
    }
    head = json.dumps(facts).encode()
    steps = [np.diff(array, prepend=np.int64(0)) for array in arrays if array is not None]
    body = zlib.compress(b"".join(step.astype("<i8").tobytes() for step in steps))
    size = struct.pack("<I", len(head))
    return _FORM + _HEAD.pack(_digest(size, head, body), len(head)) + head + body


def _unpacked(data: bytes, key: str) -> FrameIndex | None:
    """The index in *data*; None where it is not whole or belongs to other bytes."""
    start = len(_FORM) + _HEAD.size
    if not data.startswith(_FORM) or len(data) < start:
        return None
    digest, length = _HEAD.unpack_from(data, len(_FORM))
    head, body = data[start : start + length], data[start + length :]
    if digest != _digest(struct.pack("<I", length), head, body):
        return None
    facts = json.loads(head)
    if facts["key"] != key:
        return None
    values = np.frombuffer(zlib.decompress(body), dtype="<i8").astype(np.int64)
    arrays: dict[str, Numbers | None] = {}
    for name, count in zip(_ARRAYS, facts["lengths"], strict=True):
        arrays[name] = None if count is None else np.cumsum(values[:count])
        values = values[count or 0 :]
    return FrameIndex(
        **arrays,  # type: ignore[arg-type]
        time_base=Fraction(facts["time_base"]),
        rate=Fraction(facts["rate"]),
        steady=facts["steady"],
        intra=facts["intra"],
        stamped_by=Stamps(facts["stamped_by"]),
        way=Way(facts["way"]),
        lost_at_head=facts["lost_at_head"],
        missing_at_end=facts["missing_at_end"],
    )
