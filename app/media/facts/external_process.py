"""The child that looks at what an external program writes: one picture from standard input."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from fractions import Fraction
from typing import BinaryIO

import av

from app.media.facts.picture_track import video_track
from app.media.facts.probe_process import hold_back
from app.media.facts.values import CONVERTER, VideoTrack

_MOST = 1 << 30
"""Bytes that are read at most; a picture of 16384×8640 in 16 bits has 850 MB."""


class _Bounded:
    """Standard input up to a number of bytes."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file = file
        self._left = most

    def read(self, count: int) -> bytes:
        data = self._file.read(min(count, self._left))
        self._left -= len(data)
        return data


def first_track(file: BinaryIO) -> VideoTrack | None:
    """The first picture of a stream; None where there is none that can be decoded."""
    with av.open(_Bounded(file, _MOST), mode="r") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for picture in container.decode(stream):
            track = video_track(container, stream, None, picture)
            # A row of pictures has no rate; FFmpeg then says 25.
            rate = track.rate if container.format.name == "yuv4mpegpipe" else Fraction(0)
            return replace(track, rate=rate, frames=0, counted=False)
    return None


def main() -> None:
    """Print what the first picture is like, or nothing."""
    hold_back()
    av.logging.set_level(None)
    try:
        track = first_track(sys.stdin.buffer)
    except (av.FFmpegError, OSError, EOFError, MemoryError, IndexError, ValueError):
        return
    if track is not None:
        print(json.dumps(CONVERTER.unstructure(track)))


if __name__ == "__main__":
    main()
