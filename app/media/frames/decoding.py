"""A run of the decoder from a key frame on: pictures in the order in which they are shown."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from app.media.frames.frame_index import FrameIndex
from app.media.frames.reading import Packets, Reading, decoded
from app.media.frames.source import ByteSource

Item = tuple[int, VideoFrame]


class Run:
    """Starts at any key frame of *index*, and gives one picture after the other with its number."""

    def __init__(self, source: ByteSource, index: FrameIndex, track: int) -> None:
        self._index = index
        self._reading = Reading(source, index, track)
        self._coming: Iterator[Item] | None = None
        self._suspect = frozenset(index.suspect.tolist())
        self.alarm = False
        """Whether a packet was damaged; what it was is for others to find out, who reset this."""
        self.read_to = -1
        """The latest frame whose packet was read."""
        self.due = 0
        """The frame that has to come next."""

    @property
    def going(self) -> bool:
        """Whether more may come out without a new start."""
        return self._coming is not None

    @property
    def damaged(self) -> bool:
        """Whether what is missing will stay so: the bytes could be read, and they aren't whole."""
        return not self._reading.unreachable

    @property
    def trouble(self) -> str:
        """What is the matter with a frame that didn't come."""
        if not self.damaged:
            fault = self._reading.fault
            return f"reading failed ({getattr(fault, 'strerror', None) or fault})"
        return "it is damaged, or a picture that it is made from is"

    def start(self, row: int) -> int:
        """Go to the key frame in *row* of the index, -1 for the beginning of the file.

        Returns the row of the key frame at which reading really begins, which may be another one.
        """
        self._coming = None
        self.alarm = False
        self.read_to = -1
        packets = self._reading.begin(row)
        begin = [packet for packet in [next(packets, None)] if packet is not None]
        landed = self._reading.landed
        known = 0 <= landed < len(self._index.key_frames)
        # What comes after a key frame and is shown before it is made from pictures not read here.
        floor = int(self._index.key_frames[landed]) if known else self._index.lost_at_head
        self.due = floor
        self._coming = self._pictures(itertools.chain(begin, packets), floor)
        return landed

    def picture(self) -> Item | None:
        """The next one; None at the end."""
        item = next(self._coming, None) if self._coming is not None else None
        if item is None:
            self._coming = None
        return item

    def key_alone(self, row: int, number: int) -> VideoFrame | None:
        """The key frame in *row* without waiting for what follows it; None where that fails."""
        self._coming = None
        packet = next(self._reading.begin(row), None)
        if packet is None or self._reading.landed != row:
            return None
        for frame in [*self._decoded(packet), *self._decoded(None)]:
            if self._index.number_of(frame.pts) == number:
                return frame
        return None

    def close(self) -> None:
        """Give everything back."""
        self._coming = None
        self._reading.close()

    def _pictures(self, packets: Packets, floor: int) -> Iterator[Item]:
        for packet in itertools.chain(packets, [None]):
            if packet is not None:
                number = self._index.number_of(packet.pts)
                self.read_to = max(self.read_to, -1 if number is None else number)
                self.alarm = self.alarm or number in self._suspect
            for frame in self._decoded(packet):
                number = self._index.number_of(frame.pts)
                if number is not None and number >= floor:
                    # Some decoders swallow a damaged packet without a word.
                    self.alarm = self.alarm or number > self.due
                    yield number, frame

    def _decoded(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        made = decoded(self._reading.stream, packet)
        self.alarm = self.alarm or made.failed or made.corrupt
        return made.frames
