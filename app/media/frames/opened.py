"""A clip that is open for its pictures: container and track, and the way to close them."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import BinaryIO, Self

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard
from av.video.stream import VideoStream

from app.errors import BadInput, MediaFault
from app.media.facts.guess import is_guess
from app.media.facts.packets import packets_of
from app.media.facts.picture_track import picture_streams
from app.media.facts.refused import empty, no_clip, why_refused
from app.media.frames.source import ByteSource

PATIENCE = 60.0
"""Seconds that one step of reading may take before a clip counts as unreadable."""


class OpenClip:
    """One picture track of *source*, open; every other track is left unread.

    *track* counts picture tracks only, cover pictures left out. Raises NotFound for a file that is
    gone, MediaFault for what is no clip, BadInput for a track that it doesn't have.
    """

    def __init__(self, source: ByteSource, track: int = 0) -> None:
        self.source = source
        self.track = track
        self._reader: BinaryIO | None = None
        if not source.size:
            raise MediaFault(empty(source.name))
        given = source.for_av()
        if not isinstance(given, str):
            self._reader = given
        try:
            self.container = _container(source, given)
            self.stream = self._track(track)
        except BaseException:
            self.close()
            raise

    def _track(self, track: int) -> VideoStream:
        streams = picture_streams(self.container)
        if not streams:
            raise MediaFault(f"{self.source.name} holds no picture.")
        if not 0 <= track < len(streams):
            raise BadInput(f"{self.source.name} has no picture track {track + 1}.")
        chosen: VideoStream = streams[track]
        if chosen.codec_context is None:
            raise MediaFault(f"The picture of {self.source.name} cannot be decoded here.")
        for stream in self.container.streams:
            if stream.index != chosen.index:
                stream.discard = Discard.all
        return chosen

    @property
    def kind(self) -> str:
        """FFmpeg's name of the container: `mpegts`, `mxf`, `mov,mp4,m4a,3gp,3g2,mj2`."""
        return self.container.format.name

    @property
    def intra_codec(self) -> bool:
        """Whether every picture of this codec stands for itself, whatever the file says."""
        return bool(self.stream.codec_context.codec.intra_only)

    def packets(self) -> Iterator[Packet[VideoStream]]:
        """Of the track, from where the container stands; raises av.FFmpegError.

        What a movie that was cut off holds of its last picture is none.
        """
        whole, movie = self.source.size, "mov" in self.kind
        for packet in packets_of(self.container, self.stream):
            if movie and packet.is_corrupt and (packet.pos or 0) + packet.size >= whole:
                return
            yield packet

    def close(self) -> None:
        """Give everything back; a second call does nothing."""
        if hasattr(self, "container"):
            self.container.close()
        if self._reader is not None:
            self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _container(source: ByteSource, given: str | BinaryIO) -> InputContainer:
    try:
        container = av.open(
            given,
            mode="r",
            metadata_errors="replace",
            timeout=PATIENCE,
            # A playlist, and a movie with references, could name any file and any server.
            options={"protocol_whitelist": "file"} if isinstance(given, str) else {},
        )
    except (av.FFmpegError, OSError) as error:
        path = getattr(source, "path", None)
        raise MediaFault(why_refused(source.name, error, path)) from error
    if is_guess(container, source.name):
        container.close()
        raise MediaFault(no_clip(source.name))
    return container
