"""Makes the frame index of a clip.

From the container's own tables where they tell all of it, whatever the size; else in one pass over
its packets, without decoding; and where the file's times are unusable, by decoding once.
"""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream

from app.errors import MediaFault
from app.media.frames.frame_index import FrameIndex, Stamps
from app.media.frames.index_packets import Rows, index_of_packets
from app.media.frames.index_rate import measured_rate
from app.media.frames.index_samples import entries_of, rows_of_samples
from app.media.frames.index_table import header_table
from app.media.frames.opened import OpenClip
from app.media.frames.reading import Decoded, decoded
from app.media.frames.source import ByteSource

__all__ = ["FrameIndex", "IndexBuild", "build_index"]

Checkpoint = Callable[[], object]
Progress = Callable[[float], object]

_OFTEN = 256
"""Packets between two looks at whether somebody still wants the index."""


def build_index(
    source: ByteSource,
    *,
    track: int = 0,
    checkpoint: Checkpoint | None = None,
    progress: Progress | None = None,
) -> FrameIndex:
    """The index of a picture track of *source*.

    *checkpoint* is called often and may raise to give up; *progress* is told from 0 to 1. Raises
    MediaFault for what is no clip or holds no frame, BadInput for a track that isn't there.
    """
    build = IndexBuild(source, track, checkpoint or _nothing, progress or _nothing)
    try:
        index = build.from_tables() or build.from_packets()
    except av.FFmpegError as error:
        raise MediaFault(f"{source.name} cannot be read: {error.strerror}.") from error
    if not index.frames:
        raise MediaFault(f"{source.name} holds no picture that could be shown.")
    return index


def _nothing(*_: object) -> None:
    """Nobody asked."""


@dataclass(frozen=True, slots=True)
class IndexBuild:
    """One index in the making; each way leads to the same one, or to none."""

    source: ByteSource
    track: int = 0
    checkpoint: Checkpoint = _nothing
    progress: Progress = _nothing

    # From the container's tables

    def from_tables(self) -> FrameIndex | None:
        """From what the container says, proven by some of its packets; None: it won't do."""
        self.checkpoint()
        with OpenClip(self.source, self.track) as clip:
            entries = entries_of(clip)
            table = header_table(clip, entries)
            if table is None:
                rows = rows_of_samples(clip, entries) if entries is not None else None
                return None if rows is None else index_of_packets(clip, rows)
            stamps = table.stamps
            rate, steady = measured_rate(clip, stamps)
            count = np.arange(len(stamps), dtype=np.int64)
            return FrameIndex(
                pts=stamps,
                time_base=Fraction(clip.stream.time_base or 1),
                rate=rate,
                steady=steady,
                intra=True,
                key_frames=count,
                key_stamps=stamps,
                way=table.way,
                key_places=stamps if table.places is None else table.places,
                missing_at_end=table.missing_at_end,
            )

    # One pass over the packets

    def from_packets(self) -> FrameIndex:
        """From one pass over all packets."""
        with OpenClip(self.source, self.track) as clip:
            rows = Rows()
            for packet in self._passing(clip):
                rows.add(packet)
            return index_of_packets(clip, rows) or self._counted(rows)

    def _passing(self, clip: OpenClip) -> Iterator[Packet[VideoStream]]:
        """All packets; a file that is cut off or damaged ends where it does."""
        size = max(self.source.size, 1)
        with contextlib.suppress(av.FFmpegError):
            for n, packet in enumerate(clip.packets()):
                if n % _OFTEN == 0:
                    self.checkpoint()
                    self.progress(min((packet.pos or 0) / size, 1.0))
                yield packet
        self.progress(1.0)

    # Times that are unusable

    def _counted(self, rows: Rows) -> FrameIndex:
        """By decoding everything once: each picture tells which packet it came from."""
        with OpenClip(self.source, self.track) as clip:
            way, places = rows.way(clip)
            order = array("q")
            if clip.intra_codec:
                order.extend(n for n, hidden in enumerate(rows.hidden) if not hidden)
            else:
                order.extend(self._decoded_order(clip))
            rate = rows.rate(clip)
        packets = np.array(order, dtype=np.int64)
        keys = np.flatnonzero(rows.keys)
        numbers = {int(packet): n for n, packet in enumerate(packets)}
        shown = [(numbers[int(key)], int(key)) for key in keys if int(key) in numbers]
        shown.sort()
        return FrameIndex(
            pts=np.arange(len(packets), dtype=np.int64),
            time_base=1 / rate,
            rate=rate,
            steady=True,
            intra=len(shown) == len(packets),
            stamped_by=Stamps.ORDER,
            packet_of=packets,
            key_frames=np.array([number for number, _ in shown], dtype=np.int64),
            key_stamps=np.array([key for _, key in shown], dtype=np.int64),
            key_places=places[[key for _, key in shown]],
            way=way,
        )

    def _decoded_order(self, clip: OpenClip) -> Iterator[int]:
        clip.stream.thread_type = "AUTO"
        for n, packet in enumerate(self._passing(clip)):
            packet.pts = n
            yield from _stamps(decoded(clip.stream, packet))
        yield from _stamps(decoded(clip.stream, None))


def _stamps(made: Decoded) -> Iterator[int]:
    return (frame.pts for frame in made.frames if frame.pts is not None)
