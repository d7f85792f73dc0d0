"""The packets of a clip from a key frame on, each stamped as the clip's index has it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import av
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from app.media.frames.frame_index import FrameIndex, Way
from app.media.frames.opened import OpenClip
from app.media.frames.source import ByteSource

Packets = Iterator["Packet[VideoStream]"]


class Reading:
    """Goes to any key frame of *index* and reads on from there. Opening raises MediaFault.

    *threads* of the decoder; 0: as many as are good.
    """

    def __init__(
        self, source: ByteSource, index: FrameIndex, track: int, *, threads: int = 0
    ) -> None:
        self._source = source
        self._index = index
        self._track = track
        self._threads = threads
        self._way = index.way
        self._rows: dict[int, int] = {}
        self._by_byte = _rows_by_byte(index)
        if index.way is Way.TIME and (index.numbered or not index.intra):
            self._rows = {int(place): row for row, place in enumerate(index.key_places)}
        self._clip = self._opened()
        self._untouched = True
        self.landed = -1
        """The row of the key frame at which reading began; past the last one where nobody knows."""
        self.fault: Exception | None = None
        """What ended the reading before the end of the file, if anything did."""

    @property
    def stream(self) -> VideoStream:
        """The track that the packets belong to, whose decoder is theirs."""
        return self._clip.stream

    def begin(self, row: int) -> Packets:
        """From the key frame in *row* on, or from an earlier one; -1: from the file's beginning.

        `landed` says from which one, as soon as the first packet was taken.
        """
        if self.unreachable:  # a handle to what was gone may stay useless when it is back
            self._reopen()
        self.fault = None
        if row < 0 or self._way is Way.START:
            return self._from_the_start(row)
        self._untouched = False
        by_byte = self._way is Way.BYTE
        places = self._index.key_stamps if self._way is Way.EVEN else self._index.key_places
        place = int(places[row])
        try:
            self._clip.container.seek(
                place,
                stream=self._clip.stream,
                backward=not by_byte,
                unsupported_byte_offset=by_byte,
            )
        except (av.FFmpegError, OSError) as error:
            self.fault = error
            return iter(()) if self.unreachable else self._from_the_start(row)
        return self._at_byte(row, place) if by_byte else self._from_a_key()

    @property
    def unreachable(self) -> bool:
        """Whether reading ended because the bytes could not be had, and not because of them."""
        return self.fault is not None and not isinstance(self.fault, av.InvalidDataError)

    def close(self) -> None:
        """Give everything back."""
        self._clip.close()

    def _reopen(self) -> None:
        self._clip.close()
        self._clip = self._opened()
        self._untouched = True

    def _opened(self) -> OpenClip:
        clip = OpenClip(self._source, self._track)
        # Threads by frame hold pictures back until each has one: three times as long to the first.
        clip.stream.thread_type = "SLICE" if self._index.intra or self._threads == 1 else "AUTO"
        clip.stream.codec_context.thread_count = self._threads
        return clip

    def _from_the_start(self, row: int) -> Packets:
        """Opened anew: for some containers the only sure way back to the first packet."""
        if not self._untouched:
            self._reopen()
        self._untouched = False
        self.landed = row
        packets = self._read()
        if self._index.numbered:
            packets = _numbered(packets, 0)
        if row < 0:
            return packets
        return itertools.dropwhile(lambda packet: not self._begins(packet, row), packets)

    def _at_byte(self, row: int, place: int) -> Packets:
        packets = self._read()
        first = next(packets, None)
        if first is None or first.pos != place or not first.is_keyframe:
            first = None
        elif self._index.numbered:
            first.pts = int(self._index.key_stamps[row])
        if self.unreachable:
            return iter(())
        if first is None or not self._begins(first, row):
            # It lies in the middle of a larger piece: packets would get their neighbours' times.
            self._way = Way.START
            return self._from_the_start(row)
        self.landed = row
        if self._index.numbered:
            packets = _numbered(packets, int(self._index.key_stamps[row]) + 1)
        return itertools.chain([first], packets)

    def _from_a_key(self) -> Packets:
        """By time: what comes before the first key packet can't be decoded rightly."""
        packets = itertools.dropwhile(lambda packet: not packet.is_keyframe, self._read())
        first = next(packets, None)
        row = self._row_at(first.pts) if first is not None else None
        self.landed = len(self._index.key_frames) if row is None else row
        if first is None or (row is None and self._index.numbered):
            return iter(())
        found = itertools.chain([first], packets)
        if self._index.numbered and row is not None:
            return _numbered(found, int(self._index.key_stamps[row]))
        return found

    def _begins(self, packet: Packet[VideoStream], row: int) -> bool:
        return packet.is_keyframe and packet.pts == self._index.key_stamps[row]

    def _row_at(self, time: int | None) -> int | None:
        """The row of the key packet of this time."""
        if not self._index.intra or self._index.numbered:
            return None if time is None else self._rows.get(time)
        n = self._index.number_of(time)
        row = -1 if n is None else self._index.key_row(n)
        return row if row >= 0 and self._index.key_frames[row] == n else None

    def _read(self) -> Packets:
        packets = self._clip.packets()
        if self._index.way is Way.EVEN:
            packets = _placed(packets, self._index)
        elif self._index.way is Way.TIME and not self._index.numbered:
            packets = self._known_again(packets)
        try:
            yield from packets
        except (av.FFmpegError, OSError) as error:
            self.fault = error

    def _known_again(self, packets: Packets) -> Packets:
        """With the times that the index has, wherever key frames lie where it says.

        Containers without a table guess anew at each search.
        """
        off = 0
        for packet in packets:
            if packet.pts is not None:
                row = self._by_byte.get(packet.pos or -1) if packet.is_keyframe else None
                if row is not None:
                    off = int(self._index.key_stamps[row]) - packet.pts
                packet.pts += off
            yield packet


def _rows_by_byte(index: FrameIndex) -> dict[int, int]:
    """The row of each key frame by its place, where an edit list doesn't show it twice."""
    places, rows, times = np.unique(index.key_bytes, return_index=True, return_counts=True)
    known = (times == 1) & (places >= 0)
    return dict(zip(places[known].tolist(), rows[known].tolist(), strict=True))


def _numbered(packets: Packets, first: int) -> Packets:
    """Stamped with their numbers in the file."""
    for n, packet in enumerate(packets, first):
        packet.pts = n
        yield packet


def _placed(packets: Packets, index: FrameIndex) -> Packets:
    """Stamped by where they lie; a counter would be wrong behind one that was lost."""
    places = index.key_places
    for packet in packets:
        n = -1 if packet.pos is None else int(np.searchsorted(places, packet.pos))
        if 0 <= n < len(places) and places[n] == packet.pos:
            packet.pts = int(index.key_stamps[n])
            yield packet


class Decoded(NamedTuple):
    """What a decoder made of one packet."""

    frames: list[VideoFrame]
    """The whole pictures that came out, mostly of earlier packets."""
    failed: bool = False
    """Whether this packet was of no use."""
    corrupt: bool = False
    """Whether a picture of an earlier packet, or of this one, was left out."""


def decoded(stream: VideoStream, packet: Packet[VideoStream] | None) -> Decoded:
    """Hand *packet* to the decoder, None for the last time; it goes on after a damaged one."""
    codec = stream.codec_context
    try:
        try:
            frames = codec.decode(packet)
        except av.BlockingIOError:  # stuck since a damaged packet; only this gets it going again
            codec.flush_buffers()
            frames = codec.decode(packet)
    except av.FFmpegError:
        return Decoded([], failed=True)
    whole = [frame for frame in frames if not frame.is_corrupt]
    return Decoded(whole, corrupt=len(whole) < len(frames))
