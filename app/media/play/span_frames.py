"""Files that go on one after the other, as a player has them: one clip, numbered through."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import accumulate

import numpy as np
from av.video.frame import VideoFrame

from app.media.frames.decoder import Decoder, Seen
from app.media.frames.frame_index import FrameIndex
from app.media.frames.source import FileSource
from app.media.play.steady import steady_index


class SpanFrames:
    """Files that go on one after the other, numbered through."""

    def __init__(self, spans: Sequence[tuple[FileSource, FrameIndex]]) -> None:
        self._sources = [source for source, _ in spans]
        self._indexes = [index for _, index in spans]
        self._begins = [0, *accumulate(index.frames for index in self._indexes)]
        self._decoder: Decoder | None = None
        self._part = -1
        self.seen: Seen | None = None
        self.abandon: Callable[[], bool] | None = None
        self.index = joined_index(self._indexes)

    def frame(self, n: int) -> VideoFrame:
        """Frame *n*, or FrameFault."""
        decoder, begin = self._at(n)
        return decoder.frame(n - begin)

    def key_frame(self, n: int) -> tuple[int, VideoFrame]:
        """The nearest one of the same file that costs no run-up."""
        decoder, begin = self._at(n)
        number, frame = decoder.key_frame(n - begin)
        return begin + number, frame

    def close(self) -> None:
        """Give the open file back."""
        if self._decoder is not None:
            self._decoder.close()
        self._decoder, self._part = None, -1

    def _at(self, n: int) -> tuple[Decoder, int]:
        part = min(bisect_right(self._begins, n) - 1, len(self._sources) - 1)
        begin = self._begins[part]
        if self._decoder is None or part != self._part:
            self.close()
            self._decoder = Decoder(self._sources[part], self._indexes[part])
            self._part = part
        seen = self.seen
        told = (lambda number, frame: seen(begin + number, frame)) if seen is not None else None
        self._decoder.seen, self._decoder.abandon = told, self.abandon
        return self._decoder, begin


def joined_index(indexes: list[FrameIndex]) -> FrameIndex:
    """One index for files that go on one after the other; it leads to no place in any of them."""
    begins = [0, *accumulate(index.frames for index in indexes)]
    keys = np.concatenate(
        [index.key_frames + begin for index, begin in zip(indexes, begins, strict=False)]
    )
    keys = np.unique(np.concatenate((keys, np.array(begins[:-1], dtype=np.int64))))
    if len({index.rate for index in indexes}) == 1 and all(index.steady for index in indexes):
        return steady_index(begins[-1], indexes[0].rate, keys)
    starts = [Fraction(0), *accumulate(index.duration for index in indexes)]
    times = [
        round((start + index.seconds(n)) * 1_000_000)
        for start, index in zip(starts, indexes, strict=False)
        for n in range(index.frames)
    ]
    pts = np.array(times, dtype=np.int64)
    return FrameIndex(
        pts=pts, time_base=Fraction(1, 1_000_000), rate=begins[-1] / starts[-1], steady=False,
        intra=all(index.intra for index in indexes),
        key_frames=keys, key_stamps=pts[keys], key_places=pts[keys],
    )  # fmt: skip
