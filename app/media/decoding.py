"""A run of a decoder from a key frame on: pictures in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Iterator

import av
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from app.media.frame_index import FrameIndex
from app.media.opened import OpenClip
from app.media.source import ByteSource

Item = tuple[int, VideoFrame]


class Run:
    """Starts at any key frame of *index*, and gives one picture after the other with its number."""

    def __init__(self, source: ByteSource, index: FrameIndex, track: int) -> None:
        self._source = source
        self._index = index
        self._track = track
        self._rows: dict[int, int] = {}
        if not index.intra:
            self._rows = {int(stamp): row for row, stamp in enumerate(index.key_stamps)}
        self._clip = self._opened()
        self._fresh = True
        self._coming: Iterator[Item] | None = None
        self._landed = -1
        self._fault: Exception | None = None

    @property
    def going(self) -> bool:
        """Whether more may come out without a new start."""
        return self._coming is not None

    @property
    def damaged(self) -> bool:
        """Whether what is missing will stay so: the file was read, and it is not whole."""
        return self._fault is None or isinstance(self._fault, av.InvalidDataError)

    @property
    def trouble(self) -> str:
        """What is the matter with a frame that didn't come."""
        if not self.damaged:
            reason = getattr(self._fault, "strerror", None) or str(self._fault)
            return f"reading failed ({reason})"
        return "it is damaged, or a picture that it is made from is"

    def start(self, row: int) -> int:
        """Go to the key frame in *row* of the index, -1 for the beginning of the file.

        Returns the row of the key frame at which reading really begins, which may be another one.
        """
        self._fault = None
        packets = self._packets(row)
        first = next(packets, None)
        self._coming = self._pictures(first, packets)
        return self._landed

    def picture(self) -> Item | None:
        """The next one; None at the end."""
        item = next(self._coming, None) if self._coming is not None else None
        if item is None:
            self._coming = None
        return item

    def key_alone(self, row: int, number: int) -> VideoFrame | None:
        """The key frame in *row* without waiting for what follows it; None where that fails."""
        self._fault = None
        self._coming = None
        packet = next(self._packets(row), None)
        if packet is None or packet.pts != self._index.key_stamps[row]:
            return None
        for frame in [*self._decoded(packet), *self._decoded(None)]:
            if self._index.number_of(frame.pts) == number and not frame.is_corrupt:
                return frame
        return None

    def close(self) -> None:
        """Give everything back."""
        self._coming = None
        self._clip.close()

    def _opened(self) -> OpenClip:
        clip = OpenClip(self._source, self._track)
        # Threads by frame hold pictures back until each has one: three times as long to the first.
        clip.stream.thread_type = "SLICE" if self._index.intra else "AUTO"
        return clip

    # Packets

    def _packets(self, row: int) -> Iterator[Packet[VideoStream]]:
        """From the key frame in *row* on, each stamped as the index has it."""
        self._coming = None
        self._landed = -1
        if row < 0 or self._index.numbered:
            return self._from_the_start(row)
        stamp, byte = int(self._index.key_stamps[row]), int(self._index.key_bytes[row])
        self._fresh = False
        try:
            if byte >= 0:
                self._clip.container.seek(
                    byte, stream=self._clip.stream, backward=False, unsupported_byte_offset=True
                )
            else:
                self._clip.container.seek(stamp, stream=self._clip.stream)
        except av.FFmpegError:
            return self._from_the_start(-1)
        return self._from_a_key()

    def _from_the_start(self, row: int) -> Iterator[Packet[VideoStream]]:
        """Opened anew: for some containers the only way back to the first packet."""
        if not self._fresh:
            self._clip.close()
            self._clip = self._opened()
        self._fresh = False
        if not self._index.numbered:
            return self._read()
        return self._numbered(int(self._index.key_stamps[row]) if row >= 0 else 0)

    def _numbered(self, first: int) -> Iterator[Packet[VideoStream]]:
        for n, packet in enumerate(self._read()):
            if n >= first:
                packet.pts = n
                yield packet

    def _from_a_key(self) -> Iterator[Packet[VideoStream]]:
        """What comes before the first key packet can't be decoded rightly."""
        packets = self._read()
        for packet in packets:
            if packet.is_keyframe:
                self._landed = self._row_of(packet.pts)
                yield packet
                break
        yield from packets

    def _row_of(self, stamp: int | None) -> int:
        """The row of a key packet; one that the index doesn't know is no place to trust."""
        row = self._index.number_of(stamp) if self._index.intra else self._rows.get(stamp or 0)
        return self._index.frames if row is None else row

    def _read(self) -> Iterator[Packet[VideoStream]]:
        try:
            yield from self._clip.packets()
        except (av.FFmpegError, OSError) as error:
            self._fault = error

    # Pictures

    def _pictures(
        self, first: Packet[VideoStream] | None, packets: Iterator[Packet[VideoStream]]
    ) -> Iterator[Item]:
        if first is not None:
            yield from self._numbered_pictures(first)
        for packet in packets:
            yield from self._numbered_pictures(packet)
        yield from self._numbered_pictures(None)

    def _numbered_pictures(self, packet: Packet[VideoStream] | None) -> Iterator[Item]:
        for frame in self._decoded(packet):
            number = self._index.number_of(frame.pts)
            if number is not None and not frame.is_corrupt:
                yield number, frame

    def _decoded(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        try:
            return self._clip.stream.codec_context.decode(packet)
        except av.FFmpegError as error:
            self._fault = error
            return []
